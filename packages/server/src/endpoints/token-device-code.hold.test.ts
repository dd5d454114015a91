// Polls that are held (standards.md section 9, LP). The server's clock stands still, so whatever ends a hold here
// is the event under test; where a real timer must fire, it is set to a second or less.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  approveDevice,
  bodyOf,
  denyDevice,
  errorOf,
  pollDevice,
  startDevice,
} from '../testing/device-flow.ts'
import { createProver } from '../testing/dpop.ts'
import {
  type CallOptions,
  createTestServerWith,
  type TestOptions,
  type TestServer,
  testClient,
} from '../testing/services.ts'
import { deviceCodeId } from '../tokens.ts'
import { deviceGrantType } from './device-authorize.ts'

const withClient = (options: TestOptions = {}) => createTestServerWith([testClient], options)

const prefer = (value: string, more: CallOptions = {}): CallOptions => ({
  ...more,
  headers: { prefer: value },
})

/** Resolves once `count` polls are held, so that what comes next meets them held. */
async function whileHeld(server: TestServer, count = 1): Promise<void> {
  while (server.services.held.size < count) await new Promise((resolve) => setImmediate(resolve))
}

test('LP-01 without the header the answer comes at once and confirms nothing', async () => {
  const server = await withClient()
  const { device_code: code } = await startDevice(server)
  const response = await pollDevice(server, code)
  assert.equal(errorOf(response), '400 authorization_pending')
  assert.ok(!('preference-applied' in response.headers))
  assert.equal(server.services.held.size, 0)
})

test('LP-02 LP-04 an approval ends the hold at once, and the answer confirms the hint', async () => {
  const server = await withClient()
  const { device_code: code } = await startDevice(server)
  const poll = pollDevice(server, code, {}, prefer('wait=20'))
  await whileHeld(server)
  await approveDevice(server, code)
  const response = await poll
  assert.equal(response.status, 200)
  assert.equal(response.headers['preference-applied'], 'wait=20')
  assert.equal(server.services.held.size, 0)
})

test('LP-02 a denial ends it', async () => {
  const server = await withClient()
  const { device_code: code } = await startDevice(server)
  const poll = pollDevice(server, code, {}, prefer('wait=20'))
  await whileHeld(server)
  await denyDevice(server, code)
  assert.equal(errorOf(await poll), '400 access_denied')
})

test('LP-02 expiry ends it, and is told at once', async () => {
  const server = await withClient()
  const { device_code: code } = await startDevice(server)
  server.advance(599.9)
  const poll = pollDevice(server, code, {}, prefer('wait=20'))
  await whileHeld(server)
  server.advance(0.1)
  assert.equal(errorOf(await poll), '400 expired_token')
})

test('LP-02 the cap is 25 seconds, and a setting; zero switches holding off', async () => {
  const server = await withClient()
  const { device_code: code } = await startDevice(server)
  const poll = pollDevice(server, code, {}, prefer('wait=100000'))
  await whileHeld(server)
  await denyDevice(server, code)
  assert.equal((await poll).headers['preference-applied'], 'wait=25')
  const off = await withClient({ settings: { holdSeconds: 0 } })
  const { device_code: other } = await startDevice(off)
  const response = await pollDevice(off, other, {}, prefer('wait=20'))
  assert.equal(errorOf(response), '400 authorization_pending')
  assert.ok(!('preference-applied' in response.headers))
})

test('LP-03 at the end of the hold it is the ordinary answer', async () => {
  const server = await withClient()
  const { device_code: code } = await startDevice(server)
  const poll = pollDevice(server, code, {}, prefer('wait=1'))
  await whileHeld(server)
  server.advance(1)
  const response = await poll
  assert.equal(errorOf(response), '400 authorization_pending')
  assert.equal(response.headers['preference-applied'], 'wait=1')
})

test('LP-05 what is malformed or unknown is ignored without error', async () => {
  const server = await withClient()
  for (const value of [
    'wait',
    'wait=',
    'wait=-1',
    'wait=x',
    'wait=0',
    'respond-async',
    'wait=1.5',
    ',;=',
    'wait=99999999999',
  ]) {
    const { device_code: code } = await startDevice(server)
    const response = await pollDevice(server, code, {}, prefer(value))
    assert.equal(errorOf(response), '400 authorization_pending', value)
    assert.ok(!('preference-applied' in response.headers), value)
  }
})

test('LP-06 the hint touches no other state and no other grant', async () => {
  const server = await withClient()
  const { device_code: code } = await startDevice(server)
  await denyDevice(server, code)
  const denied = await pollDevice(server, code, {}, prefer('wait=20'))
  assert.equal(errorOf(denied), '400 access_denied')
  const form = { client_id: testClient.id, grant_type: 'refresh_token', refresh_token: 'csr_x' }
  const refreshed = await server.call('POST', '/oauth/token', { form, ...prefer('wait=20') })
  assert.equal(errorOf(refreshed), '400 invalid_grant')
  for (const { headers } of [denied, refreshed]) assert.ok(!('preference-applied' in headers))
})

test('LP-07 who polls again right after a hold longer than the interval is not slowed', async () => {
  const server = await withClient({ settings: { pollIntervalSeconds: 1 } })
  const { device_code: code } = await startDevice(server)
  for (let i = 0; i < 2; i++) {
    const poll = pollDevice(server, code, {}, prefer('wait=1'))
    await whileHeld(server)
    server.advance(1)
    assert.equal(errorOf(await poll), '400 authorization_pending')
  }
  const record = await server.services.store.read('deviceAuthorization', deviceCodeId(code))
  assert.equal(record?.interval, 1)
})

test('LP-08 a second poll of a held code gets slow_down, however late it comes, and the first goes on', async () => {
  const server = await withClient()
  const { device_code: code } = await startDevice(server)
  const first = pollDevice(server, code, {}, prefer('wait=20'))
  await whileHeld(server)
  server.advance(19)
  assert.equal(errorOf(await pollDevice(server, code, {}, prefer('wait=20'))), '400 slow_down')
  assert.equal(server.services.held.size, 1)
  await approveDevice(server, code)
  assert.equal((await first).status, 200)
})

test('LP-09 above twenty per client and address the answer comes at once, unconfirmed', async () => {
  const server = await withClient()
  const codes = await Promise.all(Array.from({ length: 21 }, () => startDevice(server)))
  const held = codes
    .slice(0, 20)
    .map(({ device_code: code }) => pollDevice(server, code, {}, prefer('wait=20')))
  await whileHeld(server, 20)
  const last = codes[20]?.device_code ?? ''
  const response = await pollDevice(server, last, {}, prefer('wait=20'))
  assert.equal(errorOf(response), '400 authorization_pending')
  assert.ok(!('preference-applied' in response.headers))
  server.advance(5)
  const elsewhere = pollDevice(server, last, {}, prefer('wait=20', { address: '192.0.2.77' }))
  await whileHeld(server, 21)
  server.services.held.release()
  await Promise.all([...held, elsewhere])
})

test('LP-10 the grant of a caller who has left is not consumed', async () => {
  const server = await withClient()
  const { device_code: code } = await startDevice(server)
  await approveDevice(server, code)
  await pollDevice(server, code, {}, { gone: () => true })
  const record = await server.services.store.read('deviceAuthorization', deviceCodeId(code))
  assert.equal(record?.status, 'approved')
  assert.equal((await pollDevice(server, code)).status, 200)
})

test('LP-11 proof and nonce are judged when the poll arrives, however long it is held', async () => {
  const server = await withClient()
  const prover = await createProver()
  const { device_code: code } = await startDevice(server)
  const form = { grant_type: deviceGrantType, device_code: code, client_id: testClient.id }
  const poll = prover.post(server, '/oauth/token', form, prefer('wait=20'))
  await whileHeld(server)
  // By now the proof is too old and its nonce forgotten.
  server.advance(500)
  await approveDevice(server, code)
  const response = await poll
  assert.equal(response.status, 200, response.body)
  assert.equal(bodyOf(response).token_type, 'DPoP')
})

test('LP-12 the stop of the server releases what is held, with the ordinary answer', async () => {
  const server = await withClient()
  const { device_code: code } = await startDevice(server)
  const poll = pollDevice(server, code, {}, prefer('wait=20'))
  await whileHeld(server)
  server.services.held.release()
  assert.equal(errorOf(await poll), '400 authorization_pending')
  server.advance(30)
  const after = await pollDevice(server, code, {}, prefer('wait=20'))
  assert.ok(!('preference-applied' in after.headers))
})

test('LP-17 the metadata says nothing of it', async () => {
  const server = await withClient()
  const response = await server.call('GET', '/.well-known/oauth-authorization-server')
  assert.ok(Object.keys(bodyOf(response)).every((name) => !/prefer|wait|poll/.test(name)))
})
