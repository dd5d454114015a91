// Tokens that are bound to a key, at the one resource that this server is itself (standards.md section 14, DP-09 to DP-13; section 17,
// RS-04; section 21, the table of challenges). The rest of UserInfo is userinfo.test.ts.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { trustedProxyList } from '../config.ts'
import { dpopNonce } from '../dpop.ts'
import type { PlainResponse } from '../http.ts'
import { createNodeServer } from '../node.ts'
import { clientAlgs } from '../offered.ts'
import { bodyOf, refresh, signIn } from '../testing/device-flow.ts'
import { createProver, type Prover } from '../testing/dpop.ts'
import { createTestServerWith, type TestServer, testAccount, testClient } from '../testing/services.ts'

const path = '/oauth/userinfo'

async function withBound(dpopNonces = false) {
  const server = await createTestServerWith([testClient], { settings: { dpopNonces } })
  const prover = await createProver()
  const plain = await signIn(server)
  const form = { grant_type: 'refresh_token', refresh_token: plain.refresh_token, client_id: testClient.id }
  const { access_token: token } = bodyOf<{ access_token: string }>(
    await prover.post(server, '/oauth/token', form),
  )
  return { server, prover, token, bearer: (await signIn(server)).access_token }
}

const call = (server: TestServer, headers: Record<string, string>, method = 'GET') =>
  server.call(method, path, { headers })

async function withProof(
  server: TestServer,
  prover: Prover,
  token: string,
  said: Omit<Parameters<Prover['prove']>[1], 'path'> = {},
  method = 'GET',
) {
  const dpop = await prover.prove(server, { path, method, token, ...said })
  return call(server, { authorization: `DPoP ${token}`, dpop }, method)
}

/** The challenges by scheme, each with its parameters. */
function challenges({ headers }: PlainResponse): Record<string, Record<string, string>> {
  const lines = [headers['www-authenticate'] ?? []].flat()
  return Object.fromEntries(
    lines.map((line) => {
      const [, scheme = '', rest = ''] = /^(\w+) (.*)$/.exec(line) ?? []
      const pairs = [...rest.matchAll(/(\w+)="([^"\\]*)"(?:, |$)/g)]
      assert.equal(pairs.map(([whole]) => whole).join(''), rest, 'nothing but quoted parameters')
      assert.equal(new Set(pairs.map(([, name]) => name)).size, pairs.length, 'each once')
      return [scheme, Object.fromEntries(pairs.map(([, name, value]) => [name, value]))]
    }),
  )
}

const errors = (response: PlainResponse) => {
  const { Bearer, DPoP } = challenges(response)
  return [response.status, Bearer?.error, DPoP?.error]
}

test('DP-10 US-07 a bound token with a proof of its key opens UserInfo, by GET and POST', async () => {
  const { server, prover, token } = await withBound()
  for (const method of ['GET', 'POST']) {
    const response = await withProof(server, prover, token, {}, method)
    assert.equal(response.status, 200, response.body)
    assert.equal(bodyOf(response).sub, testAccount.id)
  }
  const dpop = await prover.prove(server, { path, method: 'GET', token })
  assert.equal((await call(server, { authorization: `dPOP ${token}`, dpop })).status, 200)
})

test('DP-10 DP-12 a proof that is missing, of another key, token, method or address, or seen before is a 401', async () => {
  const { server, prover, token, bearer } = await withBound()
  const authorization = `DPoP ${token}`
  const dpop = await prover.prove(server, { path, method: 'GET', token })
  assert.equal((await call(server, { authorization, dpop })).status, 200)
  const refused = [
    await call(server, { authorization }),
    await call(server, { authorization, dpop: '' }),
    await call(server, { authorization, dpop }),
    await withProof(server, await createProver(), token),
    await withProof(server, prover, token, { token: bearer }),
    await withProof(server, prover, token, { claims: { ath: undefined } }),
    await withProof(server, prover, token, { method: 'POST' }),
    await withProof(server, prover, token, { claims: { htu: 'https://login.example/oauth/token' } }),
    await withProof(server, prover, token, { claims: { iat: server.services.system.now() - 61 } }),
  ]
  for (const response of refused) {
    assert.deepEqual(errors(response), [401, undefined, 'invalid_dpop_proof'])
    assert.equal(challenges(response).DPoP?.algs, clientAlgs.join(' '))
    assert.equal(bodyOf(response).error, 'invalid_dpop_proof')
  }
})

test('DP-11 section 21 a bound token as a bearer token is refused there, with the other scheme offered', async () => {
  const { server, prover, token, bearer } = await withBound()
  const dpop = await prover.prove(server, { path, method: 'GET', token })
  for (const headers of [{ authorization: `Bearer ${token}` }, { authorization: `Bearer ${token}`, dpop }]) {
    const response = await call(server, headers)
    assert.deepEqual(errors(response), [401, 'invalid_token', undefined])
    assert.ok(challenges(response).DPoP?.algs)
  }
  assert.deepEqual(errors(await withProof(server, prover, bearer)), [401, undefined, 'invalid_token'])
  assert.deepEqual(errors(await withProof(server, prover, 'nonsense')), [401, undefined, 'invalid_token'])
})

test('DP-12 DP-13 RS-05 without credentials both schemes are offered, and neither names an error', async () => {
  const { server, prover } = await withBound()
  const dpop = await prover.prove(server, { path, method: 'GET' })
  for (const headers of [{}, { dpop }, { authorization: 'Basic YTpi' }, { authorization: 'DPoPx y' }]) {
    const response = await call(server, headers)
    assert.equal(response.status, 401)
    assert.deepEqual(challenges(response), {
      Bearer: { realm: 'countersign' },
      DPoP: { algs: clientAlgs.join(' ') },
    })
    assert.equal(response.body, '{}')
  }
})

test('DP-13 RS-04 two tokens, or one in two ways, are a 400 on both schemes', async () => {
  const { server, token, bearer } = await withBound()
  const authorization = `Bearer ${bearer}`
  const wrong = [
    await call(server, { authorization: `${authorization}, DPoP ${token}` }),
    await call(server, { authorization: `${authorization} ${token}` }),
    await call(server, { authorization: 'DPoP' }),
    await server.call('POST', path, { headers: { authorization }, form: { access_token: bearer } }),
    await server.call('GET', `${path}?access_token=${bearer}`, { headers: { authorization } }),
  ]
  for (const response of wrong)
    assert.deepEqual(errors(response), [400, 'invalid_request', 'invalid_request'])
})

test('DP-13 RS-04 two Authorization headers, as they arrive from a socket', async () => {
  const { server, bearer } = await withBound()
  const node = createNodeServer(() => server.handler, trustedProxyList([]))
  const address = await node.listen({ host: '127.0.0.1', port: 0 })
  const answer = async (lines: readonly string[]) => {
    const socket = connect(Number(new URL(address).port), '127.0.0.1')
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines.join('\r\n')}\r\n\r\n`)
    let text = ''
    for await (const chunk of socket.setEncoding('utf8')) text += chunk
    return text
  }
  const header = `Authorization: Bearer ${bearer}`
  try {
    assert.match(await answer([header]), /^HTTP\/1\.1 200 /)
    for (const second of [header, 'Authorization: DPoP x'])
      assert.match(await answer([header, second]), /^HTTP\/1\.1 400 [\s\S]*invalid_request/)
  } finally {
    await node.close()
  }
})

test('DP-09 the resource asks for a nonce of its own with a 401, and rides the next one on a success', async () => {
  const { server, prover, token } = await withBound(true)
  const first = await withProof(server, prover, token)
  assert.deepEqual(errors(first), [401, undefined, 'use_dpop_nonce'])
  assert.equal(first.headers['cache-control'], 'no-store')
  const nonce = String(first.headers['dpop-nonce'])
  assert.notEqual(nonce, dpopNonce(server.services, 'server'))
  const ofServer = await withProof(server, prover, token, { nonce: dpopNonce(server.services, 'server') })
  assert.deepEqual(errors(ofServer), [401, undefined, 'use_dpop_nonce'])
  const good = await withProof(server, prover, token, { nonce })
  assert.deepEqual([good.status, good.headers['dpop-nonce']], [200, undefined])
  server.advance(180)
  const riding = await withProof(server, prover, token, { nonce })
  assert.equal(riding.status, 200)
  assert.equal(riding.headers['dpop-nonce'], dpopNonce(server.services, 'resource'))
  assert.match(String(riding.headers['access-control-expose-headers']), /DPoP-Nonce/)
})

test('DP-06 RT-09 a token from a refresh without a proof is a bearer token again', async () => {
  const { server } = await withBound()
  const { refresh_token: token } = await signIn(server)
  const again = bodyOf<{ access_token: string; token_type: string }>(await refresh(server, token))
  assert.equal(again.token_type, 'Bearer')
  assert.equal((await call(server, { authorization: `Bearer ${again.access_token}` })).status, 200)
})
