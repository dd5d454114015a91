// What holds for every provider, whichever vendor it is: one suite, called once per wire. Everything goes over a real socket.
// Not here: the vendors' own words (vendor-wires.ts), hostile answers (oauth-server.hostile.test.ts).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Handler, json, page, reset, text, truncated } from '@countersign/client/testing'
import type { Renewed } from '../provider.ts'
import type { ProviderWire } from './provider-wire.ts'
import { asked, openVendor, type VendorWorld } from './vendor-world.ts'

export function providerContract(name: string, wire: ProviderWire): void {
  const scene = (title: string, scenario: (world: VendorWorld) => Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      const world = await openVendor(wire)
      try {
        await scenario(world)
        assert.doesNotMatch(JSON.stringify(world.notes), /canary/i, 'no secret is noted')
      } finally {
        await world.server.close()
      }
    })
  }
  describe(`the provider ${name}`, () => {
    beginning(wire, scene)
    waiting(wire, scene)
    connecting(wire, scene)
    renewing(wire, scene)
  })
}

type Scene = (title: string, scenario: (world: VendorWorld) => Promise<void>) => void

function beginning(wire: ProviderWire, scene: Scene): void {
  scene('is known by its id, and keeps what is secret from what is shown', async ({ provider, context }) => {
    assert.equal(provider.id, wire.expected.id)
    assert.equal(provider.refreshGraceSeconds, wire.expected.refreshGraceSeconds)
    assert.match(provider.docs, /^https:\/\//)
    const begun = await provider.begin(context, asked)
    assert.equal(begun.type, 'begun')
    if (begun.type !== 'begun') return
    assert.equal(begun.shown.kind, provider.kind)
    assert.doesNotMatch(JSON.stringify(begun.shown), /DEVICE-CODE|SECRET|VERIFIER/)
    if (begun.remembered.verifier)
      assert.doesNotMatch(JSON.stringify(begun.shown), new RegExp(begun.remembered.verifier))
  })

  if (wire.beginPath === undefined) return
  const { beginPath } = wire
  scene('S3-4 says when it cannot begin now, and for how long', async ({ provider, context, server }) => {
    server.on(beginPath, json(429, { error: 'slow_down' }, { 'retry-after': '17' }))
    assert.deepEqual(await provider.begin(context, asked), { type: 'trouble', retryAfterSeconds: 17 })
    for (const handler of [json(503, {}), page(403, 'Just a moment...'), reset]) {
      server.on(beginPath, handler)
      assert.equal((await provider.begin(context, asked)).type, 'trouble')
    }
  })
  scene('tells a refusal and an answer without its fields apart', async ({ provider, context, server }) => {
    server.on(beginPath, json(401, { error: 'invalid_client' }))
    assert.deepEqual(await provider.begin(context, asked), { type: 'problem', problem: 'provider_refused' })
    server.on(beginPath, json(404, {}))
    assert.deepEqual(await provider.begin(context, asked), { type: 'problem', problem: 'provider_refused' })
    server.on(beginPath, json(200, {}))
    assert.deepEqual(await provider.begin(context, asked), { type: 'problem', problem: 'missing_fields' })
  })
}

function waiting(wire: ProviderWire, scene: Scene): void {
  scene('DC-10 passes on what the vendor says of the decision', async (world) => {
    const remembered = await world.begin()
    const said = async (handler: Handler | undefined): Promise<string | undefined> => {
      if (handler === undefined) return undefined
      world.answer(handler)
      return (await world.provider.poll(world.context, remembered)).type
    }
    assert.equal((await said(wire.pending)) ?? 'pending', 'pending')
    assert.equal((await said(wire.slowDown)) ?? 'slow_down', 'slow_down')
    assert.equal((await said(wire.denied)) ?? 'denied', 'denied')
    assert.equal((await said(wire.expired)) ?? 'expired', 'expired')
  })
  scene('S3-4 trouble on the way ends nothing', async (world) => {
    const remembered = await world.begin()
    world.answer(json(429, {}, { 'retry-after': '9' }))
    const { provider, context } = world
    assert.deepEqual(await provider.poll(context, remembered), { type: 'trouble', retryAfterSeconds: 9 })
    for (const handler of [json(500, {}), page(502, 'Bad gateway'), text(403, '<html>Blocked</html>')]) {
      world.answer(handler)
      assert.equal((await provider.poll(context, remembered)).type, 'trouble')
    }
    world.answer(wire.granted(world.server.issuer, remembered.nonce))
    assert.match((await provider.poll(context, remembered)).type, /^(tokens|further)$/)
  })
}

function connecting(wire: ProviderWire, scene: Scene): void {
  scene('brings tokens, their scopes, and who it is', async (world) => {
    const { provider, context, server } = world
    const before = context.system.now()
    const remembered = await world.begin()
    world.answer(wire.granted(server.issuer, remembered.nonce))
    const first = await provider.poll(context, remembered)
    const last = first.type === 'further' ? await provider.poll(context, first.remembered) : first
    assert.equal(last.type, 'tokens', JSON.stringify(last))
    if (last.type !== 'tokens') return
    assert.deepEqual(last.account, wire.expected.account)
    assert.deepEqual(last.tokens.scopes, wire.expected.scopes)
    assert.equal(last.tokens.accessToken, 'ACCESS-canary-1')
    assert.equal(last.tokens.refreshToken, 'REFRESH-canary-1')
    const { expiresAt } = last.tokens
    assert.ok(expiresAt === null || (expiresAt > before + 3000 && expiresAt < before + 50_000))
  })
  scene('an account that is not told fails nothing', async (world) => {
    for (const path of Object.keys(wire.others('')))
      if (/user|auth\.test/.test(path)) world.server.on(path, page(500, 'Oops'))
    assert.equal((await world.connect()).accessToken, 'ACCESS-canary-1')
  })
  scene('ends the tokens where the vendor has a way to', async (world) => {
    const { provider, context, server } = world
    const tokens = await world.connect()
    const seen = server.received.length
    assert.equal(await provider.revoke?.(context, tokens), wire.expected.revokes)
    const sent = JSON.stringify(server.received.slice(seen))
    assert.equal(/(ACCESS|REFRESH)-canary-1/.test(sent), wire.expected.revokes)
    for (const { path } of server.received) assert.doesNotMatch(path, /canary-1/)
  })
}

function renewing(wire: ProviderWire, scene: Scene): void {
  scene('CL-09 CL-10 renews, and knows a refresh token that is of no use', async (world) => {
    const { provider, context, server } = world
    const tokens = await world.connect()
    server.on(wire.tokenPath, wire.renewed)
    const renewed = await provider.refresh(context, tokens)
    assert.equal(renewed.type, 'tokens')
    if (renewed.type !== 'tokens') return
    assert.equal(renewed.tokens.accessToken, 'ACCESS-canary-2')
    assert.match(renewed.tokens.refreshToken ?? '', /^REFRESH-canary-[12]$/)
    assert.deepEqual(renewed.tokens.scopes, tokens.scopes)
    const { form } = server.at(wire.tokenPath).at(-1) ?? {}
    assert.deepEqual([form?.grant_type, form?.refresh_token], ['refresh_token', 'REFRESH-canary-1'])
    server.on(wire.tokenPath, wire.spent)
    assert.deepEqual(await provider.refresh(context, tokens), { type: 'ended' })
  })
  scene('tells a refresh token that was not looked at from one that may be spent', async (world) => {
    const { provider, context, server } = world
    const tokens = await world.connect()
    const after = async (handler: Handler): Promise<Renewed> => {
      server.on(wire.tokenPath, handler)
      return await provider.refresh(context, tokens)
    }
    assert.deepEqual(await after(json(429, {}, { 'retry-after': '30' })), {
      type: 'trouble',
      retryAfterSeconds: 30,
    })
    for (const handler of [
      json(503, {}),
      page(200, 'Sign in to the Wi-Fi'),
      json(401, { error: 'invalid_client' }),
    ])
      assert.equal((await after(handler)).type, 'trouble')
    for (const handler of [reset, truncated, json(200, { ok: true }), text(200, '{"access_t')])
      assert.equal((await after(handler)).type, 'answer_lost')
    await server.close()
    assert.equal((await provider.refresh(context, tokens)).type, 'trouble')
  })
}
