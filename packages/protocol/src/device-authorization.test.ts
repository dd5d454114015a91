// Every state of a device authorization x every event x the edges of its life, as tables.
// Sequences of events are in device-authorization.walks.test.ts, pacing in device-authorization.pacing.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { approve, cancel, deny, poll, redeem, start, statusAt } from './device-authorization.ts'
import type { DeviceAuthorization, Write } from './records.ts'
import { speakRefusal } from './refusal.ts'
import { account, client, context, decision, request, t0 } from './testing/sample-records.ts'

const mia = account()
const end = t0 + 600
const fresh = { grantId: 'grant-1', refreshHash: 'refresh-1' }

function redeemed(record: DeviceAuthorization, now: number, changes = {}) {
  const event = {
    account: mia,
    now,
    refresh: { idleSeconds: 1000 },
    absoluteSeconds: 5000,
    jkt: null,
    ...changes,
  }
  return redeem(record, event, fresh)
}

const stored: Record<DeviceAuthorization['status'] | 'returning', DeviceAuthorization> = {
  pending: request(),
  approved: request({ status: 'approved', decision: decision(), accountId: 'usr_mia' }),
  // Allowed, and waiting for the return code: what a guess does to it is device-authorization.return-code.test.ts.
  returning: request({
    status: 'approved',
    decision: decision(),
    accountId: 'usr_mia',
    returnCode: { hash: 'right', wrong: [] },
  }),
  denied: request({ status: 'denied', decision: decision(), accountId: 'usr_mia' }),
  cancelled: request({ status: 'cancelled' }),
  redeemed: request({
    status: 'redeemed',
    decision: decision(),
    accountId: 'usr_mia',
    grantId: 'grant-0',
  }),
}

// Each event gives one word: the state it moved to, the answer of a poll, or the error that goes over the wire.
const events: Record<
  string,
  (record: DeviceAuthorization, now: number) => { word: string; writes: readonly Write[] }
> = {
  approve(record, at) {
    const { outcome, writes } = approve(record, decision({ at }), mia)
    return { word: outcome, writes }
  },
  deny(record, at) {
    const { outcome, writes } = deny(record, decision({ at }))
    return { word: outcome, writes }
  },
  cancel(record, now) {
    const { outcome, writes } = cancel(record, { clientId: client.id, now })
    return { word: outcome, writes }
  },
  poll(record, now) {
    const polled = poll(record, { clientId: client.id, jkt: null, now, previousPollAt: now - 5 })
    return {
      word: polled.outcome === 'refused' ? speakRefusal(polled.refusal).error : polled.outcome,
      writes: polled.writes,
    }
  },
  hasty(record, now) {
    const polled = poll(record, { clientId: client.id, jkt: null, now, previousPollAt: now })
    return {
      word: polled.outcome === 'refused' ? speakRefusal(polled.refusal).error : polled.outcome,
      writes: polled.writes,
    }
  },
  redeem(record, now) {
    const result = redeemed(record, now)
    return {
      word: result.outcome === 'refused' ? speakRefusal(result.refusal).error : result.outcome,
      writes: result.writes,
    }
  },
}

const before = [t0, t0 + 1, end - 1, end - 0.001]
const after = [end, end + 0.001, end + 1, end + 86_400]
const always = [...before, ...after]
// approve, deny, cancel, poll, poll too early, redeem.
const closed = 'not_pending not_pending not_pending'
const table: [keyof typeof stored, number[], string][] = [
  ['pending', before, 'decided decided decided pending slow_down invalid_grant'],
  ['pending', after, `${closed} expired_token expired_token expired_token`],
  ['approved', before, 'not_pending not_pending decided approved approved granted'],
  ['approved', after, `${closed} expired_token expired_token expired_token`],
  ['returning', before, 'not_pending not_pending decided return_code slow_down invalid_grant'],
  ['returning', after, `${closed} expired_token expired_token expired_token`],
  ['denied', always, `${closed} access_denied access_denied access_denied`],
  ['cancelled', always, `${closed} access_denied access_denied access_denied`],
  ['redeemed', always, `${closed} invalid_grant invalid_grant invalid_grant`],
]

for (const [status, times, row] of table) {
  const when = times === always ? 'at any time' : times === before ? 'before the end' : 'from the end on'
  test(`DV-10 DT-04 DT-05 DT-06 DT-07 DT-09 DT-10 DT-13 F-04 ${status} ${when}`, () => {
    for (const now of times) {
      const answers = Object.values(events).map((event) => event(stored[status], now))
      assert.equal(answers.map(({ word }) => word).join(' '), row, `at ${now - t0} s`)
      for (const { word, writes } of answers) {
        const moves = ['decided', 'slow_down', 'granted'].includes(word)
        assert.equal(writes.length > 0, moves, `${word} at ${now - t0} s writes ${writes.length}`)
      }
    }
  })
}

function written(writes: readonly Write[], kind: 'deviceAuthorization' | 'grant') {
  return writes.flatMap((write) => (write.op !== 'notify' && write.kind === kind ? [write] : []))
}

test('DA-17 DA-20 a start stores digests, what was asked for, and the context; never a code', () => {
  const event = {
    client,
    scopes: ['openid'],
    resources: ['https://api.example'],
    context,
    now: t0,
    expiresInSeconds: 600,
    intervalSeconds: 5,
    jkt: null,
    acrValues: [],
    maxAge: null,
    takesReturnCode: false,
  }
  const { record, writes } = start(event, { deviceCodeHash: 'dch', userCodeHash: 'uch' })
  assert.deepEqual(writes, [{ op: 'insert', kind: 'deviceAuthorization', record }])
  assert.deepEqual(
    record,
    request({ id: 'dch', version: 0, userCodeHash: 'uch', resources: ['https://api.example'] }),
  )
})

test('DV-10 each decision moves to its own state, names the version it saw and wakes who waits', () => {
  const seen = request({ version: 7 })
  const table = [
    [approve(seen, decision(), mia), 'approved'],
    [deny(seen, decision({ reportedAsAttack: true })), 'denied'],
    [cancel(seen, { clientId: client.id, now: t0 + 10 }), 'cancelled'],
  ] as const
  for (const [decided, status] of table) {
    assert.equal(decided.outcome, 'decided')
    const [update] = written(decided.writes, 'deviceAuthorization')
    assert.equal(update?.op, 'update')
    assert.equal(update?.record.version, 7)
    assert.equal(statusAt({ ...seen, ...decided.record }, t0 + 10), status)
    assert.deepEqual(decided.writes.at(-1), { op: 'notify', topic: seen.id })
  }
})

test('DV-22 the decision is kept apart from the context of the machine that asked', () => {
  const decided = approve(request(), decision(), mia)
  assert.ok(decided.outcome === 'decided')
  assert.deepEqual(decided.record.context, context)
  assert.equal(decided.record.decision?.address, '198.51.100.4')
})

test('DV-11 DT-14 only the account that decides can approve, and not while it is disabled', () => {
  const disabled = account({ disabledAt: t0 })
  const other = account({ id: 'usr_eve' })
  for (const who of [disabled, other]) {
    assert.deepEqual(approve(request(), decision(), who), { outcome: 'not_pending', writes: [] })
  }
})

test('DT-03 a foreign client learns the same in every state and moves nothing', () => {
  for (const record of Object.values(stored)) {
    for (const now of [t0 + 20, end]) {
      const polled = poll(record, { clientId: 'other', jkt: null, now, previousPollAt: now })
      assert.ok(polled.outcome === 'refused')
      assert.deepEqual(speakRefusal(polled.refusal), speakRefusal({ reason: 'device_code_unknown' }))
      assert.deepEqual(polled.writes, [])
      assert.equal(cancel(record, { clientId: 'other', now }).outcome, 'not_pending')
    }
  }
})

test('DA-19 DT-18 a request that a key made answers to that key alone, in every state', () => {
  for (const [status, plain] of Object.entries(stored)) {
    const record = { ...plain, jkt: 'key-1' }
    for (const now of [t0 + 20, end]) {
      for (const jkt of [null, 'key-2']) {
        const polled = poll(record, { clientId: client.id, jkt, now, previousPollAt: now })
        assert.deepEqual(polled, {
          outcome: 'refused',
          refusal: { reason: 'dpop_key_mismatch' },
          writes: [],
        })
      }
      const event = { clientId: client.id, now, previousPollAt: undefined }
      const answer = (from: DeviceAuthorization, jkt: string | null) => poll(from, { ...event, jkt }).outcome
      assert.equal(answer(record, 'key-1'), answer(plain, null), status)
    }
  }
})

test('DA-19 the key of the request is no obstacle to its redemption, and the grant has the key that it is told', () => {
  const record = { ...stored.approved, jkt: 'key-1' }
  const result = redeemed(record, t0 + 20, { jkt: 'key-1' })
  assert.ok(result.outcome === 'granted')
  assert.equal(result.grant.jkt, 'key-1')
})

test('DT-03 an unknown code', () => {
  const polled = poll(undefined, { clientId: client.id, jkt: null, now: t0, previousPollAt: undefined })
  assert.deepEqual(polled, { outcome: 'refused', refusal: { reason: 'device_code_unknown' }, writes: [] })
})

test('DT-05 LP-07 a poll is early only when less than the interval passed between two arrivals', () => {
  const gaps: [number | undefined, string][] = [
    [undefined, 'pending'],
    [0, 'slow_down'],
    [0.001, 'slow_down'],
    [4.999, 'slow_down'],
    [5, 'pending'],
    [5.001, 'pending'],
    [3600, 'pending'],
    // The clock was set back between the two: nothing is known of the gap.
    [-0.001, 'pending'],
    [-3600, 'pending'],
  ]
  for (const [gap, outcome] of gaps) {
    const now = t0 + 100
    const previousPollAt = gap === undefined ? undefined : now - gap
    const polled = poll(request(), { clientId: client.id, jkt: null, now, previousPollAt })
    assert.equal(polled.outcome, outcome, `gap ${gap}`)
  }
})

test('DT-05 each early poll adds five seconds, up to sixty and for the rest of the code', () => {
  let record = request()
  const intervals: number[] = []
  for (let i = 0; i < 14; i += 1) {
    const polled = poll(record, { clientId: client.id, jkt: null, now: t0 + i, previousPollAt: t0 + i })
    assert.ok(polled.outcome === 'slow_down')
    const [update] = written(polled.writes, 'deviceAuthorization')
    assert.deepEqual(update?.record ?? record, polled.record)
    record = polled.record
    intervals.push(record.interval)
  }
  assert.deepEqual(intervals, [10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 60, 60, 60])
  const patient = poll(record, { clientId: client.id, jkt: null, now: t0 + 100, previousPollAt: t0 + 40 })
  assert.ok(patient.outcome === 'pending')
  assert.equal(patient.record.interval, 60)
})

test('DT-05 an interval that was configured above the cap never shrinks', () => {
  const record = request({ interval: 90 })
  const polled = poll(record, { clientId: client.id, jkt: null, now: t0, previousPollAt: t0 })
  assert.ok(polled.outcome === 'slow_down')
  assert.equal(polled.record.interval, 90)
})

test('DT-08 redeeming ends the request and begins the grant in one set of writes', () => {
  const record = { ...stored.approved, version: 4 }
  const result = redeemed(record, t0 + 30)
  assert.ok(result.outcome === 'granted')
  assert.deepEqual(
    result.writes.map((write) => (write.op === 'notify' ? write.op : `${write.op} ${write.kind}`)),
    ['update deviceAuthorization', 'insert grant'],
  )
  const [request] = written(result.writes, 'deviceAuthorization')
  assert.deepEqual(request?.record, { ...record, status: 'redeemed', grantId: 'grant-1' })
  const { grant } = result
  assert.equal(grant.accountId, 'usr_mia')
  assert.equal(grant.clientId, client.id)
  assert.deepEqual(grant.scopes, record.scopes)
  assert.equal(grant.deviceName, 'mia@aurora')
  assert.equal(grant.authTime, t0 - 100, 'the login in the browser, not the redemption')
  assert.deepEqual(grant.amr, ['pwd'])
})

test('RT-07 a new grant is idle no later than it is over; without refresh it has no family', () => {
  const table: [number, number][] = [
    [1000, t0 + 1030],
    [9000, t0 + 5030],
  ]
  for (const [idleSeconds, idleExpiresAt] of table) {
    const result = redeemed(stored.approved, t0 + 30, { refresh: { idleSeconds } })
    assert.ok(result.outcome === 'granted')
    assert.equal(result.grant.expiresAt, t0 + 5030)
    assert.deepEqual(result.grant.refresh, {
      hash: 'refresh-1',
      generation: 1,
      idleExpiresAt,
      previous: null,
    })
  }
  const without = redeemed(stored.approved, t0 + 30, { refresh: null })
  assert.ok(without.outcome === 'granted')
  assert.equal(without.grant.refresh, null)
})

test('DT-14 an account that is gone, disabled or another one gets no token, and the request ends denied', () => {
  for (const who of [undefined, account({ disabledAt: t0 + 15 }), account({ id: 'usr_eve' })]) {
    const result = redeemed(stored.approved, t0 + 30, { account: who })
    assert.ok(result.outcome === 'refused')
    assert.equal(speakRefusal(result.refusal).error, 'access_denied')
    assert.deepEqual(result.refusal, { reason: 'account_disabled', accountId: 'usr_mia' })
    assert.equal(written(result.writes, 'grant').length, 0)
    const [denied] = written(result.writes, 'deviceAuthorization')
    assert.deepEqual(denied?.record, { ...stored.approved, status: 'denied' })
  }
})

test('DT-15 a rule changes nothing by itself: the same record can be redeemed again', () => {
  const record = Object.freeze({ ...stored.approved })
  const first = redeemed(record, t0 + 30)
  assert.deepEqual(redeemed(record, t0 + 30), first)
})
