// Health and metrics: what is said, and that no label is an identifier.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryStore } from '../store/memory.ts'
import { approveDevice, bodyOf, pollDevice, startDevice } from '../testing/device-flow.ts'
import { createTestServer, createTestServerWith, testAccount } from '../testing/services.ts'

test('live says that the process answers, ready that the store does', async () => {
  const store = openMemoryStore()
  const server = await createTestServer({ store })
  assert.deepEqual(bodyOf(await server.call('GET', '/health/live')), { status: 'live' })
  assert.deepEqual(bodyOf(await server.call('GET', '/health/ready')), { status: 'ready' })
  Object.assign(store, { ready: () => Promise.reject(new Error('connection lost')) })
  const response = await server.call('GET', '/health/ready')
  assert.equal(response.status, 503)
  assert.ok(Number(response.headers['retry-after']) > 0)
  assert.ok(!response.body.includes('connection'))
  assert.equal((await server.call('GET', '/health/live')).status, 200)
})

test('G-20 metrics count answers by endpoint and status, and name nobody', async () => {
  const server = await createTestServerWith()
  const device = await startDevice(server)
  await approveDevice(server, device.device_code)
  await pollDevice(server, device.device_code)
  await server.call('GET', `/device-that-is-not-there/${device.user_code}`)
  const { body, headers } = await server.call('GET', '/metrics')
  assert.match(String(headers['content-type']), /^text\/plain/)
  assert.match(body, /countersign_responses_total\{endpoint="token",status="200"\} 1/)
  assert.match(body, /countersign_responses_total\{endpoint="unknown",status="404"\} 1/)
  assert.match(body, /countersign_records\{kind="grant"\} 1/)
  for (const name of [device.device_code, device.user_code, testAccount.id, 'countersign-cli'])
    assert.ok(!body.includes(name), name)
})

test('records are counted at most every few seconds', async () => {
  const store = openMemoryStore()
  const server = await createTestServer({ store })
  let counted = 0
  const { counts } = store
  Object.assign(store, {
    counts: () => {
      counted++
      return counts()
    },
  })
  for (let i = 0; i < 5; i++) await server.call('GET', '/metrics')
  assert.equal(counted, 1)
  server.advance(5)
  await server.call('GET', '/metrics')
  assert.equal(counted, 2)
})
