// Every state of a flow against every event at every edge of its time. Random walks are in flow.walks.test.ts; who applies the
// rules, and races for it, is tested with flows.ts.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  claimSeconds,
  decide,
  type Flow,
  type FlowEvent,
  interval,
  keptSeconds,
  lifetime,
  purgeAt,
  secondsLeft,
  shownState,
  slotOf,
} from './flow.ts'
import { sampleFlow, sampleTime as start } from './testing/samples.ts'

const end = start + 900
const shown = { kind: 'redirect', authorizationUrl: 'https://provider.example/authorize' } as const
const code = { ...sampleFlow().shown } as Extract<Flow['shown'], { kind: 'code' }>

const pending = sampleFlow({ version: 7 })
const final = (state: Flow['state'], changes: Partial<Flow> = {}) =>
  sampleFlow({ version: 7, state, secrets: null, dueAt: null, ...changes })
const onItsWay = final('success', { delivery: 'sealed', dueAt: start })
const over: readonly Flow[] = [
  final('success'),
  final('denied'),
  final('expired'),
  final('cancelled'),
  final('error', { problem: 'provider_answer' }),
]

const events: readonly FlowEvent[] = [
  { type: 'looked_at' },
  { type: 'claimed', seconds: 30 },
  { type: 'begun', shown, secrets: 'first', interval: 5, lifetime: 900 },
  { type: 'pending' },
  { type: 'slow_down' },
  { type: 'trouble' },
  { type: 'further', secrets: 'more' },
  { type: 'answered', delivery: 'sealed' },
  { type: 'delivered' },
  { type: 'denied' },
  { type: 'expired' },
  { type: 'problem', problem: 'provider_refused' },
  { type: 'cancelled' },
]

const changed = (flow: Flow, changes: Partial<Flow>): Flow => ({
  ...flow,
  version: flow.version + 1,
  ...changes,
})
const endedAs = (state: Flow['state'], now: number, changes: Partial<Flow> = {}): Flow =>
  changed(pending, { state, secrets: null, dueAt: null, updatedAt: now, ...changes })

/** What becomes of a pending flow that has time left. */
const inTime: Record<FlowEvent['type'], (now: number) => Flow> = {
  looked_at: () => pending,
  delivered: () => pending,
  claimed: (now) => changed(pending, { dueAt: now + 30 }),
  begun: (now) =>
    changed(pending, { shown, secrets: 'first', expiresAt: now + 900, dueAt: now + 900, updatedAt: now }),
  pending: (now) => changed(pending, { dueAt: Math.min(now + 5, end) }),
  slow_down: (now) => changed(pending, { intervalSeconds: 10, dueAt: Math.min(now + 10, end) }),
  trouble: (now) => changed(pending, { troubles: 1, dueAt: Math.min(now + 10, end) }),
  further: (now) => changed(pending, { secrets: 'more', dueAt: now, updatedAt: now }),
  answered: (now) => endedAs('success', now, { delivery: 'sealed', dueAt: now + claimSeconds }),
  denied: (now) => endedAs('denied', now),
  expired: (now) => endedAs('expired', now),
  problem: (now) => endedAs('error', now, { problem: 'provider_refused' }),
  cancelled: (now) => endedAs('cancelled', now),
}

describe('S3 3.2 every state, every event, every edge of time', () => {
  for (const event of events) {
    test(`pending, ${event.type}: as the protocol says before the end, expired at the end and after`, () => {
      for (const now of [start, end - 1, end - 0.001])
        assert.deepEqual(decide(pending, event, now), { flow: inTime[event.type](now), late: false })
      for (const now of [end, end + 1, end + 1e6])
        assert.deepEqual(decide(pending, event, now), { flow: endedAs('expired', now), late: true })
    })

    test(`S3-1 a final state, ${event.type}: nothing changes, and what it brought is late`, () => {
      for (const flow of over)
        for (const now of [start, end - 1, end, end + 1])
          assert.deepEqual(decide(flow, event, now), { flow, late: true }, flow.state)
    })

    test(`a credential on its way, ${event.type}: only its arrival ends that, however late`, () => {
      for (const now of [start, end - 1, end, end + 1e6]) {
        const expected = {
          claimed: { flow: changed(onItsWay, { dueAt: now + 30 }), late: false },
          delivered: {
            flow: changed(onItsWay, { delivery: null, dueAt: null, updatedAt: now }),
            late: false,
          },
        }[event.type as string] ?? { flow: onItsWay, late: true }
        assert.deepEqual(decide(onItsWay, event, now), expected)
      }
    })
  }
})

describe('S3-1 S3-3 of two who decide at once the second decides again, on what the first has left', () => {
  const answered: FlowEvent = { type: 'answered', delivery: 'sealed' }
  const cancelled: FlowEvent = { type: 'cancelled' }

  test('a cancel before the answer: nothing is delivered, and the answer is late', () => {
    const first = decide(pending, cancelled, start + 10).flow
    assert.deepEqual(decide(first, answered, start + 10), { flow: first, late: true })
    assert.equal(first.delivery, null)
  })

  test('the answer before a cancel: the cancel finds a success', () => {
    const first = decide(pending, answered, start + 10).flow
    const second = decide(first, cancelled, start + 10)
    assert.deepEqual(second, { flow: first, late: true })
    assert.equal(second.flow.state, 'success')
    assert.equal(shownState(decide(second.flow, { type: 'delivered' }, start + 11).flow), 'success')
  })

  test('an answer that was on its way across the end: expired, and the answer is late', () => {
    const claimed = decide(pending, { type: 'claimed', seconds: 30 }, end - 1).flow
    const { flow, late } = decide(claimed, answered, end + 4)
    assert.deepEqual([flow.state, flow.delivery, flow.secrets, late], ['expired', null, null, true])
  })

  test('a start whose provider answers after the cancel stays cancelled', () => {
    const starting = sampleFlow({ shown: null, secrets: null, dueAt: start + 30 })
    const gone = decide(starting, cancelled, start + 3).flow
    assert.deepEqual(
      decide(gone, { type: 'begun', shown, secrets: 's', interval: 5, lifetime: 900 }, start + 4),
      {
        flow: gone,
        late: true,
      },
    )
  })
})

test('S3-2 an expired flow keeps its answer for 300 s after it was found to be expired, whenever that was', () => {
  const found = end + 86_400
  const { flow } = decide(pending, { type: 'looked_at' }, found)
  assert.equal(flow.state, 'expired')
  assert.equal(purgeAt(flow), found + keptSeconds)
  const again = decide(flow, { type: 'looked_at' }, found + 299).flow
  assert.equal(purgeAt(again), found + keptSeconds)
})

test('purgeAt: never while it is unfinished or its credential on its way, 300 s after any end', () => {
  assert.equal(purgeAt(pending), null)
  assert.equal(purgeAt(onItsWay), null)
  for (const flow of over) assert.equal(purgeAt(flow), start + 300)
  const delivered = decide(onItsWay, { type: 'delivered' }, start + 40).flow
  assert.equal(purgeAt(delivered), start + 340)
})

test('shownState: a success is shown once its credential is in the vault', () => {
  assert.equal(shownState(onItsWay), 'pending')
  assert.equal(shownState(pending), 'pending')
  for (const flow of over) assert.equal(shownState(flow), flow.state)
})

test('secondsLeft: whole seconds, rounded up, never below 0', () => {
  const left = (now: number) => secondsLeft(pending, now)
  assert.deepEqual([left(start), left(start + 0.5), left(end - 0.01)], [900, 900, 1])
  assert.deepEqual([left(end), left(end + 1), left(end + 1e9)], [0, 0, 0])
})

test('S3-7 slotOf: one per person and provider, only while the flow is unfinished', () => {
  const slot = slotOf(pending)
  assert.equal(slot, slotOf(sampleFlow({ id: 'other', session: 'other', label: 'other' })))
  assert.notEqual(slot, slotOf(sampleFlow({ person: 'bob' })))
  assert.notEqual(slot, slotOf(sampleFlow({ provider: 'gitlab' })))
  assert.notEqual(
    slotOf(sampleFlow({ person: 'a","b', provider: 'c' })),
    slotOf(sampleFlow({ person: 'a', provider: 'b","c' })),
  )
  for (const flow of [...over, onItsWay]) assert.equal(slotOf(flow), null)
})

test('S3-5 any interval that a provider sends is one: within 3 and 60 seconds, 5 where there is none', () => {
  const readings: readonly (readonly [unknown, number])[] = [
    [5, 5],
    ['5', 5],
    ['5s', 5],
    [' 7 seconds', 7],
    [2.9, 3],
    [3.5, 3.5],
    [1, 3],
    [0, 5],
    ['0', 5],
    [-1, 5],
    ['-1', 5],
    [60, 60],
    [61, 60],
    [1e9, 60],
    ['1e9', 60],
    [Number.NaN, 5],
    [Number.POSITIVE_INFINITY, 5],
    ['Infinity', 5],
    ['', 5],
    ['soon', 5],
    [undefined, 5],
    [null, 5],
    [true, 5],
    [[9], 5],
    [{ seconds: 9 }, 5],
  ]
  for (const [sent, expected] of readings) assert.equal(interval(sent), expected, JSON.stringify(sent))
  assert.equal(interval(undefined, 20), 20)
})

test('S3 3.2 any lifetime that a provider sends is one: within 60 and 900 seconds, 900 where there is none', () => {
  const readings: readonly (readonly [unknown, number])[] = [
    [600, 600],
    ['600', 600],
    ['600s', 600],
    [59, 60],
    [0, 60],
    [-5, 60],
    [900.5, 900],
    [1e9, 900],
    [Number.NaN, 900],
    [Number.NEGATIVE_INFINITY, 900],
    ['never', 900],
    [undefined, 900],
    [null, 900],
    [{}, 900],
  ]
  for (const [sent, expected] of readings) assert.equal(lifetime(sent), expected, JSON.stringify(sent))
})

test('begun: a code is asked for after its interval, a redirect only at its end', () => {
  const starting = sampleFlow({ shown: null, secrets: null, dueAt: start + 30 })
  const begun = (event: Partial<Extract<FlowEvent, { type: 'begun' }>>) =>
    decide(
      starting,
      { type: 'begun', shown: code, secrets: 's', interval: 5, lifetime: 900, ...event },
      start + 2,
    ).flow
  assert.equal(begun({}).dueAt, start + 7)
  assert.equal(begun({ interval: 1 }).dueAt, start + 5)
  assert.equal(begun({ interval: 1e9, lifetime: 1 }).dueAt, start + 62)
  assert.equal(begun({ interval: Number.NaN }).intervalSeconds, 5)
  assert.equal(begun({ lifetime: 300 }).expiresAt, start + 302)
  assert.equal(begun({ lifetime: Number.NaN }).expiresAt, start + 902)
  assert.equal(begun({ shown, lifetime: 300 }).dueAt, start + 302)
})

test('RFC 8628 §3.5 slow_down adds five seconds for good, and more where the provider says so', () => {
  const after = (...all: FlowEvent[]) =>
    all.reduce((flow, event) => decide(flow, event, start + 1).flow, pending)
  const slow: FlowEvent = { type: 'slow_down' }
  assert.equal(after(slow).intervalSeconds, 10)
  assert.equal(after(slow, slow).intervalSeconds, 15)
  assert.equal(after({ type: 'slow_down', interval: 30 }).intervalSeconds, 30)
  assert.equal(after({ type: 'slow_down', interval: 1 }).intervalSeconds, 10)
  assert.equal(after({ type: 'slow_down', interval: Number.NaN }).intervalSeconds, 10)
  assert.equal(after(slow, { type: 'pending' }).intervalSeconds, 10)
  assert.equal(
    after(slow, { type: 'pending', interval: 5 }).intervalSeconds,
    10,
    'a plain answer takes nothing back',
  )
  assert.equal(
    after({ type: 'slow_down', interval: 60 }, slow).intervalSeconds,
    65,
    'beyond any bound of ours',
  )
})

test('S3-4 trouble waits twice as long each time up to a minute, or as the provider says, and is forgotten by any answer', () => {
  const waits: number[] = []
  let flow = pending
  for (let i = 0; i < 6; i++) {
    flow = decide(flow, { type: 'trouble' }, start).flow
    waits.push((flow.dueAt ?? 0) - start)
  }
  assert.deepEqual(waits, [10, 20, 40, 60, 60, 60])
  assert.equal(flow.state, 'pending')
  assert.equal(flow.secrets, pending.secrets)
  assert.equal(decide(flow, { type: 'pending' }, start).flow.troubles, 0)
  const told = (retryAfterSeconds: number, from = pending) =>
    (decide(from, { type: 'trouble', retryAfterSeconds }, start).flow.dueAt ?? 0) - start
  assert.equal(told(120), 120)
  assert.equal(told(1), 5, 'never sooner than the interval')
  assert.equal(told(0), 5)
  assert.equal(told(1e9), 900, 'looked at when its time is up')
  assert.equal(told(Number.POSITIVE_INFINITY), 900)
  assert.equal(told(-1), 10)
  assert.equal(told(Number.NaN), 10)
  assert.equal(told(0, sampleFlow({ intervalSeconds: 65 })), 65)
  const slow = decide(sampleFlow({ intervalSeconds: 65 }), { type: 'trouble' }, start).flow
  assert.equal((slow.dueAt ?? 0) - start, 65, 'trouble makes nobody quicker')
})
