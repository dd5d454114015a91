// The revocation endpoint against standards.md section 15 (RV).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryStore } from '../store/memory.ts'
import { StoreUnavailable } from '../store/store.ts'
import {
  basic,
  bodyOf,
  errorOf,
  introspect,
  refresh,
  signIn,
  startDevice,
  type TokenAnswer,
} from '../testing/device-flow.ts'
import {
  type CallOptions,
  createTestServerWith,
  type TestOptions,
  testClient,
  testConfidentialClient,
} from '../testing/services.ts'

async function withClients(options: TestOptions = {}) {
  const clients = [
    testClient,
    { ...testClient, id: 'other' },
    { ...testConfidentialClient, introspectsAll: true },
  ]
  const server = await createTestServerWith(clients, options)
  const revoke = (form: Record<string, string>, more: CallOptions = {}) =>
    server.call('POST', '/oauth/revoke', { form, ...more })
  const isActive = async (token: string) => (await introspect(server, token, 'api')).active
  return { server, revoke, isActive }
}

test('RV-01 RV-04 confidential clients authenticate, public ones say who they are, everybody sends a token', async () => {
  const { server, revoke } = await withClients()
  const { refresh_token: token } = await signIn(server, '', { headers: basic('api') })
  assert.equal(errorOf(await revoke({ token })), '400 invalid_request')
  assert.equal(errorOf(await revoke({ token, client_id: 'api' })), '401 invalid_client')
  assert.equal(errorOf(await revoke({ token }, { headers: basic('api', 'wrong') })), '401 invalid_client')
  assert.equal(errorOf(await revoke({ client_id: testClient.id })), '400 invalid_request')
  assert.equal((await revoke({ token }, { headers: basic('api') })).status, 200)
})

test('RV-02 RV-07 RV-10 a refresh token ends the whole grant at once', async () => {
  const { server, revoke, isActive } = await withClients()
  const first = await signIn(server)
  const second = bodyOf<TokenAnswer>(await refresh(server, first.refresh_token))
  assert.equal((await revoke({ client_id: testClient.id, token: second.refresh_token })).status, 200)
  assert.equal(await isActive(first.access_token), false)
  assert.equal(await isActive(second.access_token), false)
  assert.equal(errorOf(await refresh(server, second.refresh_token)), '400 invalid_grant')
})

test('RV-07 an older refresh token of the family ends it, too', async () => {
  const { server, revoke, isActive } = await withClients()
  const first = await signIn(server)
  const second = bodyOf<TokenAnswer>(await refresh(server, first.refresh_token))
  assert.equal((await revoke({ client_id: testClient.id, token: first.refresh_token })).status, 200)
  assert.equal(await isActive(second.access_token), false)
})

test('RV-02 RV-08 an access token ends alone', async () => {
  const { server, revoke, isActive } = await withClients()
  const first = await signIn(server)
  assert.equal((await revoke({ client_id: testClient.id, token: first.access_token })).status, 200)
  assert.equal(await isActive(first.access_token), false)
  const second = bodyOf<TokenAnswer>(await refresh(server, first.refresh_token))
  assert.equal(await isActive(second.access_token), true)
})

test('RV-08 TX-07 whoever makes many small tokens of a grant and revokes them all ends nothing else', async () => {
  const exchangeGrantType = 'urn:ietf:params:oauth:grant-type:token-exchange'
  const service = {
    ...testConfidentialClient,
    id: 'service',
    grantTypes: [...testConfidentialClient.grantTypes, exchangeGrantType] as const,
    exchange: { audiences: [], foreignTokens: true },
    introspectsAll: true,
  }
  const server = await createTestServerWith([testClient, service])
  const { access_token: token, refresh_token: refreshToken } = await signIn(server)
  const call = (path: string, form: Record<string, string>) =>
    server.call('POST', path, { form, headers: basic('service') })
  const type = 'urn:ietf:params:oauth:token-type:access_token'
  const subject = { subject_token: token, subject_token_type: type }
  const small: string[] = []
  for (let i = 0; i < 250; i++) {
    const answer = await call('/oauth/token', { grant_type: exchangeGrantType, ...subject, expires_in: '60' })
    assert.equal(answer.status, 200, answer.body)
    small.push(String(bodyOf(answer).access_token))
  }
  for (const one of small) assert.equal((await call('/oauth/revoke', { token: one })).status, 200)
  for (const one of small) assert.equal((await introspect(server, one, 'service')).active, false)
  assert.equal((await introspect(server, token, 'service')).active, true)
  assert.equal((await refresh(server, refreshToken)).status, 200)
  // What is remembered of them goes when nobody could use them anyway, by any node's clock.
  const { store, system, config } = server.services
  server.advance(50)
  await store.sweep(system.now() + config.clockToleranceSeconds)
  for (const one of small) assert.equal((await introspect(server, one, 'service')).active, false)
  server.advance(60 + config.clockToleranceSeconds)
  await store.sweep(system.now())
  assert.equal((await store.counts()).spent, 0)
})

test('RV-03 G-10 unknown and already invalid tokens are a success with an empty body that nobody stores', async () => {
  const { server, revoke } = await withClients()
  const { refresh_token: token } = await signIn(server)
  await revoke({ client_id: testClient.id, token })
  for (const text of [token, 'x', 'csr_x', 'csd_x', 'cst_x', 'a.b.c', 'x'.repeat(20_000)]) {
    const response = await revoke({ client_id: testClient.id, token: text })
    assert.deepEqual([response.status, response.body], [200, ''], text.slice(0, 20))
    assert.equal(response.headers['cache-control'], 'no-store')
  }
})

test('RV-05 X-15 the token of another client is refused and goes on, of whatever kind it is', async () => {
  const { server, revoke, isActive } = await withClients()
  const tokens = await signIn(server)
  const { device_code: code } = await startDevice(server)
  for (const token of [tokens.refresh_token, tokens.access_token, code])
    assert.equal(errorOf(await revoke({ client_id: 'other', token })), '400 invalid_grant')
  assert.equal(await isActive(tokens.access_token), true)
  assert.equal((await refresh(server, tokens.refresh_token)).status, 200)
})

test('RV-06 a wrong hint changes nothing', async () => {
  const { server, revoke, isActive } = await withClients()
  const tokens = await signIn(server)
  const form = { client_id: testClient.id, token: tokens.refresh_token, token_type_hint: 'access_token' }
  assert.equal((await revoke(form)).status, 200)
  assert.equal(await isActive(tokens.access_token), false)
})

test('RV-09 F-11 when the store cannot, the client hears that the token may live', async () => {
  const store = openMemoryStore()
  const { server, revoke, isActive } = await withClients({ store })
  const tokens = await signIn(server)
  const { apply } = store
  Object.assign(store, { apply: () => Promise.reject(new StoreUnavailable(new Error('disk full'))) })
  const failed = await revoke({ client_id: testClient.id, token: tokens.refresh_token })
  assert.equal(failed.status, 503)
  assert.ok(Number(failed.headers['retry-after']) > 0)
  Object.assign(store, { apply: async () => 'conflict' })
  assert.equal((await revoke({ client_id: testClient.id, token: tokens.refresh_token })).status, 503)
  Object.assign(store, { apply })
  assert.equal(await isActive(tokens.access_token), true)
})

test('RV-11 browsers may call it, and there is no JSONP', async () => {
  const { server, revoke } = await withClients()
  const response = await revoke({ client_id: testClient.id, token: 'x', callback: 'alert' })
  assert.deepEqual([response.status, response.body], [200, ''])
  assert.equal(response.headers['access-control-allow-origin'], '*')
  assert.equal((await server.call('GET', '/oauth/revoke?callback=alert')).status, 405)
})
