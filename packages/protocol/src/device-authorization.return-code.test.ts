// A request that was allowed from another network and waits for its return code: polls, guesses, redemption.
// The other states are device-authorization.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { approve, cancel, deny, poll, redeem } from './device-authorization.ts'
import type { DeviceAuthorization, Write } from './records.ts'
import { speakRefusal } from './refusal.ts'
import { account, client, decision, request, t0 } from './testing/sample-records.ts'

const mia = account()
const allowed = approve(request(), decision(), mia, 'right')
assert.ok(allowed.outcome === 'decided')
const waiting = allowed.record

const pollWith = (
  record: DeviceAuthorization,
  returnCode?: string,
  now = t0 + 20,
  previousPollAt: number | undefined = undefined,
) => poll(record, { clientId: client.id, jkt: null, now, previousPollAt, returnCode })

function redeemWith(record: DeviceAuthorization, returnCode: string | undefined, changes = {}) {
  const event = {
    account: mia,
    now: t0 + 20,
    refresh: null,
    absoluteSeconds: 5000,
    jkt: null,
    returnCode,
    ...changes,
  }
  return redeem(record, event, { grantId: 'grant-1', refreshHash: '' })
}

const stored = (writes: readonly Write[]) =>
  writes.flatMap((write) =>
    write.op !== 'notify' && write.kind === 'deviceAuthorization' ? [write.record] : [],
  )[0]

test('DV-18 an approval from elsewhere wakes the poll, which is asked for the code and nothing else', () => {
  assert.deepEqual(waiting.returnCode, { hash: 'right', wrong: [] })
  assert.deepEqual(allowed.writes.at(-1), { op: 'notify', topic: waiting.id })
  assert.deepEqual(pollWith(waiting), { outcome: 'return_code', record: waiting, wrong: false, writes: [] })
  assert.deepEqual(redeemWith(waiting, undefined), {
    outcome: 'refused',
    refusal: { reason: 'device_code_used' },
    writes: [],
  })
})

test('DV-18 the right code redeems in the same step, and the network is remembered with it', () => {
  const polled = pollWith(waiting, 'right')
  assert.equal(polled.outcome, 'approved')
  const memory = {
    id: 'm',
    version: 0,
    accountId: 'usr_mia',
    clientId: client.id,
    createdAt: t0,
    expiresAt: t0 + 90,
  }
  const result = redeemWith(waiting, 'right', { memory })
  assert.ok(result.outcome === 'granted')
  assert.deepEqual(
    result.writes.map((write) => (write.op === 'notify' ? 'notify' : `${write.op} ${write.kind}`)),
    ['update deviceAuthorization', 'insert grant', 'insert networkMemory'],
  )
  const again = redeemWith(waiting, 'right', { memory: { ...memory, version: 3 } })
  assert.deepEqual(again.writes.at(-1), {
    op: 'update',
    kind: 'networkMemory',
    record: { ...memory, version: 3 },
  })
})

test('DV-18 three wrong codes end the request for good; one that is repeated is not counted twice', () => {
  let record: DeviceAuthorization = waiting
  for (const [code, left] of [
    ['a', 2],
    ['a', 2],
    ['unreadable', 2],
    ['b', 1],
  ] as const) {
    const polled = pollWith(record, code)
    assert.ok(polled.outcome === 'return_code' && polled.wrong)
    assert.equal(
      polled.writes.length,
      code === 'unreadable' || record.returnCode?.wrong.includes(code) ? 0 : 1,
    )
    record = stored(polled.writes) ?? record
    assert.equal(3 - (record.returnCode?.wrong.length ?? 0), left)
  }
  const last = pollWith(record, 'c')
  assert.ok(last.outcome === 'refused')
  assert.deepEqual(last.refusal, { reason: 'return_code_wrong' })
  assert.deepEqual(last.writes.at(-1), { op: 'notify', topic: record.id })
  const denied = stored(last.writes)
  assert.ok(denied)
  assert.equal(denied.status, 'denied')
  for (const code of [undefined, 'right', 'd']) {
    const after = pollWith(denied, code)
    assert.deepEqual(after, { outcome: 'refused', refusal: { reason: 'return_code_wrong' }, writes: [] })
    assert.equal(redeemWith(denied, code).outcome, 'refused')
  }
})

test('DV-18 only who asks is paced, whoever types is not', () => {
  const early = t0 + 19
  assert.equal(pollWith(waiting, undefined, t0 + 20, early).outcome, 'slow_down')
  assert.equal(pollWith(waiting, 'wrong', t0 + 20, early).outcome, 'return_code')
  assert.equal(pollWith(waiting, 'right', t0 + 20, early).outcome, 'approved')
})

test('DV-18 a code that comes before anybody has decided, or for an approval without one, is no guess', () => {
  assert.equal(pollWith(request(), 'wrong').outcome, 'pending')
  assert.deepEqual(pollWith(request(), 'wrong').writes, [])
  const near = approve(request(), decision(), mia)
  assert.ok(near.outcome === 'decided')
  assert.equal(pollWith(near.record, 'wrong').outcome, 'approved')
})

test('DV-18 it expires with the code, and can be taken back', () => {
  const end = waiting.expiresAt
  for (const code of [undefined, 'right', 'wrong']) {
    const polled = pollWith(waiting, code, end)
    assert.ok(polled.outcome === 'refused')
    assert.deepEqual(polled, { outcome: 'refused', refusal: { reason: 'device_code_expired' }, writes: [] })
  }
  const taken = cancel(waiting, { clientId: client.id, now: t0 + 20 })
  assert.ok(taken.outcome === 'decided')
  assert.equal(pollWith(taken.record, 'right').outcome, 'refused')
})

test('DT-03 DA-19 who has the code of another client, or lacks its key, spends no try', () => {
  for (const record of [waiting, { ...waiting, jkt: 'key-1' }]) {
    const clientId = record.jkt === null ? 'other' : client.id
    const polled = poll(record, {
      clientId,
      jkt: null,
      now: t0 + 20,
      previousPollAt: undefined,
      returnCode: 'x',
    })
    assert.equal(polled.outcome, 'refused')
    assert.deepEqual(polled.writes, [])
  }
})

test('DV-13 a refusal by policy is told as such, and one by the person or by report is not', () => {
  const answers = [
    deny(request(), decision(), 'network'),
    deny(request(), decision()),
    deny(request(), decision({ reportedAsAttack: true })),
  ].map((decided) => {
    assert.ok(decided.outcome === 'decided')
    const polled = pollWith(decided.record)
    assert.ok(polled.outcome === 'refused')
    assert.equal(speakRefusal(polled.refusal).error, 'access_denied')
    return polled.refusal.reason
  })
  assert.deepEqual(answers, ['device_network_refused', 'device_code_denied', 'device_code_reported'])
})

test('a request that was stored before there were return codes is redeemed as before', () => {
  const { returnCode, deniedFor, takesReturnCode, ...older } = request({
    status: 'approved',
    decision: decision(),
    accountId: 'usr_mia',
  })
  const record = older as DeviceAuthorization
  assert.equal(pollWith(record).outcome, 'approved')
  assert.equal(redeemWith(record, undefined).outcome, 'granted')
})
