// DPoP at the token endpoint against standards.md section 14 (DP): used once, by a nonce, and what is bound by it. What makes a proof is
// dpop-proof.test.ts; bound grants are in the tests of each grant, proofs at a resource in endpoints/userinfo.dpop.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dpopNonce } from './dpop.ts'
import type { PlainResponse } from './http.ts'
import { createSecrets } from './secrets.ts'
import {
  approveDevice,
  basic,
  bodyOf,
  claimsOf,
  errorOf,
  introspect,
  pollDevice,
  refresh,
  signIn,
  startDevice,
} from './testing/device-flow.ts'
import { createProver } from './testing/dpop.ts'
import {
  createTestServer,
  createTestServerWith,
  type TestOptions,
  type TestServer,
  testClient,
  testConfidentialClient,
} from './testing/services.ts'

const path = '/oauth/token'
const resources = ['https://api.example']

async function withToken(options: TestOptions = { settings: { dpopNonces: false } }) {
  const clients = [{ resources }, { ...testConfidentialClient, introspectsAll: true }]
  const server = await createTestServerWith(clients, options)
  const { refresh_token: token } = await signIn(server)
  const send = (dpop: string) => refresh(server, token, {}, { headers: { dpop } })
  return { server, token, send }
}

/** What becomes of a refresh with the proof: the kind of token that it gives, or the error. */
async function outcome(server: TestServer, token: string, dpop: string): Promise<string> {
  const response = await refresh(server, token, {}, { headers: { dpop } })
  return response.status === 200 ? String(bodyOf(response).token_type) : errorOf(response)
}

const bad = '400 invalid_dpop_proof'

test('DP-05 JK-18 a proof works once: later, on another node, and of twenty at once exactly one', async () => {
  const { server, token, send } = await withToken()
  const prover = await createProver()
  const dpop = await prover.prove(server, { path })
  const all = await Promise.all(Array.from({ length: 20 }, () => send(dpop)))
  assert.equal(all.filter(({ status }) => status === 200).length, 1)
  const { store } = server.services
  const node = await createTestServer({ store, settings: { dpopNonces: false } })
  assert.equal(await outcome(node, token, dpop), bad)
  server.advance(60)
  assert.equal(await outcome(server, token, dpop), bad)
})

test('DP-05 the same jti is no replay at another address or by another key', async () => {
  const { server, token } = await withToken()
  const [a, b] = [await createProver(), await createProver()]
  const claims = { jti: 'one' }
  assert.equal(await outcome(server, token, await a.prove(server, { path, claims })), 'DPoP')
  assert.equal(await outcome(server, token, await b.prove(server, { path, claims })), 'DPoP')
  assert.equal(await outcome(server, token, await a.prove(server, { path, claims })), bad)
  const elsewhere = '/oauth/device/authorize'
  const dpop = await a.prove(server, { path: elsewhere, claims })
  const form = { client_id: testClient.id }
  assert.equal((await server.call('POST', elsewhere, { form, headers: { dpop } })).status, 200)
})

test('DP-05 what is remembered of proofs is swept when nobody could use them any more', async () => {
  const { server, token } = await withToken()
  const { store, system } = server.services
  const prover = await createProver()
  const dpop = await prover.prove(server, { path, claims: { iat: system.now() + 10 } })
  await outcome(server, token, dpop)
  server.advance(70)
  await store.sweep(system.now())
  assert.equal(await outcome(server, token, dpop), bad)
  server.advance(31)
  await store.sweep(system.now())
  assert.equal((await store.list('spent')).length, 0)
})

test('DP-06 AT-02 TK-05 the answer says DPoP, and the token its key: signed, sealed, and in introspection', async () => {
  const { server } = await withToken()
  await server.addClient({ ...testClient, id: 'opaque', accessTokenFormat: 'opaque' })
  const prover = await createProver()
  for (const client_id of [testClient.id, 'opaque']) {
    const { refresh_token: token } = await signInAs(server, client_id)
    const response = await prover.post(server, path, {
      grant_type: 'refresh_token',
      refresh_token: token,
      client_id,
    })
    const { access_token: bound, token_type: type } = bodyOf<{ access_token: string; token_type: string }>(
      response,
    )
    assert.equal(type, 'DPoP')
    if (client_id === testClient.id) assert.deepEqual(claimsOf(bound).claims.cnf, { jkt: prover.jkt })
    const said = await introspect(server, bound, 'api')
    assert.deepEqual([said.token_type, said.cnf], ['DPoP', { jkt: prover.jkt }])
  }
})

async function signInAs(server: TestServer, clientId: string): Promise<{ refresh_token: string }> {
  const { device_code: code } = await startDevice(server, { client_id: clientId })
  await approveDevice(server, code)
  return bodyOf(await pollDevice(server, code, { client_id: clientId }))
}

test('DP-07 a client that must prove a key does, and nothing is consumed when it does not', async () => {
  const { server } = await withToken()
  await server.addClient({ ...testConfidentialClient, id: 'bound', requiresDpop: true })
  const headers = basic('bound')
  const prover = await createProver()
  const { device_code: code } = await startDevice(server, '', { headers })
  await approveDevice(server, code)
  const missing = await pollDevice(server, code, {}, { headers })
  assert.equal(errorOf(missing), bad)
  assert.match(String(bodyOf(missing).error_description), /must send/)
  const form = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: code }
  const answer = await prover.post(server, path, form, { headers })
  const tokens = bodyOf<{ refresh_token: string; token_type: string }>(answer)
  assert.equal(tokens.token_type, 'DPoP')
  assert.equal(errorOf(await refresh(server, tokens.refresh_token, {}, { headers })), bad)
})

const nonceOf = ({ headers }: PlainResponse) => {
  const value = headers['dpop-nonce']
  assert.ok(value === undefined || typeof value === 'string', 'one header')
  return value
}

test('DP-08 section 21 without our nonce a proof is answered with one, in one header that nobody stores', async () => {
  const { server, token, send } = await withToken({})
  const prover = await createProver()
  const first = await send(await prover.prove(server, { path }))
  assert.equal(errorOf(first), '400 use_dpop_nonce')
  const nonce = nonceOf(first)
  assert.match(String(nonce), /^[A-Za-z0-9_-]{43}$/)
  assert.match(String(first.headers['access-control-expose-headers']), /DPoP-Nonce/)
  for (const wrong of ['', 'x', `${nonce}x`]) {
    const again = await send(await prover.prove(server, { path, nonce: wrong }))
    assert.equal(errorOf(again), '400 use_dpop_nonce')
    assert.equal(nonceOf(again), nonce)
  }
  const good = await send(await prover.prove(server, { path, nonce }))
  assert.equal(good.status, 200)
  assert.equal(nonceOf(good), undefined)
  assert.equal(await outcome(server, token, await prover.prove(server, { path })), '400 use_dpop_nonce')
})

test('DP-08 a nonce of another server, or of the resources of this one, is none here', async () => {
  const { server, token } = await withToken({})
  const prover = await createProver()
  const { services } = server
  const foreign = { ...services, secrets: createSecrets(Buffer.alloc(32, 9), services.system) }
  for (const nonce of [dpopNonce(foreign, 'server'), dpopNonce(services, 'resource')])
    assert.equal(
      await outcome(server, token, await prover.prove(server, { path, nonce })),
      '400 use_dpop_nonce',
    )
})

test('DP-08 a nonce ages: the next one rides on a success, and the one before it ends', async () => {
  const { server, token } = await withToken({})
  const prover = await createProver()
  let current = token
  const withNonce = async (nonce: string | undefined) => {
    const response = await refresh(
      server,
      current,
      {},
      { headers: { dpop: await prover.prove(server, { path, nonce }) } },
    )
    if (response.status === 200) current = String(bodyOf(response).refresh_token)
    return response
  }
  const first = nonceOf(await withNonce(undefined))
  server.advance(180)
  const riding = await withNonce(first)
  assert.equal(riding.status, 200)
  const second = nonceOf(riding)
  assert.ok(second !== undefined && second !== first)
  assert.equal(riding.headers['cache-control'], 'no-store')
  assert.equal(nonceOf(await withNonce(second)), undefined)
  server.advance(180)
  assert.equal(errorOf(await withNonce(first)), '400 use_dpop_nonce')
  assert.equal((await withNonce(second)).status, 200)
})

test('DP-08 being asked for a nonce spends neither the proof nor the token', async () => {
  const { server, send } = await withToken({})
  const prover = await createProver()
  for (let i = 0; i < 3; i++)
    assert.equal(errorOf(await send(await prover.prove(server, { path }))), '400 use_dpop_nonce')
  assert.equal((await server.services.store.list('spent')).length, 0)
  assert.equal((await send('')).status, 400)
})

test('DP-08 without the setting no nonce is asked for, and one that comes is not looked at', async () => {
  const { server, token } = await withToken()
  const prover = await createProver()
  assert.equal(await outcome(server, token, await prover.prove(server, { path, nonce: 'any' })), 'DPoP')
})

test('G-20 neither proof nor nonce is in the log', async () => {
  const lines: string[] = []
  const note = (...said: unknown[]) => void lines.push(JSON.stringify(said))
  const log = { error: note, warn: note, info: note }
  const { server, token } = await withToken({ log: log as never })
  const prover = await createProver()
  const dpop = await prover.prove(server, { path })
  await outcome(server, token, dpop)
  await outcome(server, token, `${dpop}x`)
  for (const line of lines) assert.ok(!line.includes(dpop.slice(0, 40)) && !line.includes(dpop.slice(-40)))
})
