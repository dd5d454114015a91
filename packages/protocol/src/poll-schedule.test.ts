// Tables and random walks over the client's poll schedule. The loop that obeys it is tested with real
// sockets in packages/client.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clampInterval, nextPoll, type PollEvent, type PollSchedule, startPolling } from './poll-schedule.ts'

const base: PollSchedule = { intervalSeconds: 5, hold: true, holdFailures: 0, strayInARow: 0, endsAt: 600 }

test('DC-04 F-22 an interval that is missing or no number means 5, and numbers are clamped to 1..60', () => {
  const table: [unknown, number][] = [
    [undefined, 5],
    [null, 5],
    ['7', 5],
    [Number.NaN, 5],
    [{}, 5],
    [0, 1],
    [-3, 1],
    [0.2, 1],
    [1, 1],
    [7, 7],
    [60, 60],
    [61, 60],
    [1e308, 60],
    [Number.POSITIVE_INFINITY, 60],
  ]
  for (const [value, expected] of table) assert.equal(clampInterval(value), expected, String(value))
})

test('DC-09 the first poll comes after one interval and asks the server to hold', () => {
  const { step } = startPolling({ interval: 7, expiresIn: 600 }, 1000)
  assert.deepEqual(step, { next: 'poll', waitSeconds: 7, hold: true })
})

test('DC-10 F-21 the gaps after slow_down are 5, 10, 10, 15', () => {
  const events: PollEvent[] = [{ type: 'slow_down' }, { type: 'pending' }, { type: 'slow_down' }]
  const gaps: number[] = []
  let { schedule, step } = startPolling({ expiresIn: 600 }, 0)
  if (step.next === 'poll') gaps.push(step.waitSeconds)
  for (const event of events) {
    const after = nextPoll(schedule, event, 0)
    schedule = after.schedule
    step = after.step
    if (step.next === 'poll') gaps.push(step.waitSeconds)
  }
  assert.deepEqual(gaps, [5, 10, 10, 15])
})

test('DC-10 a larger interval sent with slow_down is obeyed, a smaller or broken one is not', () => {
  const table: [unknown, number][] = [
    [undefined, 10],
    [30, 30],
    [1, 10],
    [-5, 10],
    ['99', 10],
    [9999, 60],
  ]
  for (const [interval, expected] of table)
    assert.equal(nextPoll(base, { type: 'slow_down', interval }, 0).schedule.intervalSeconds, expected)
})

test('DC-10 slow_down still adds five seconds above sixty', () => {
  const slow = { ...base, intervalSeconds: 60 }
  assert.equal(nextPoll(slow, { type: 'slow_down' }, 0).schedule.intervalSeconds, 65)
})

test('DC-12 each transport failure doubles the interval up to sixty, and it stays', () => {
  let schedule = base
  const seen: number[] = []
  for (let i = 0; i < 5; i += 1) {
    schedule = nextPoll(schedule, { type: 'transport_failure' }, 0).schedule
    seen.push(schedule.intervalSeconds)
  }
  assert.deepEqual(seen, [10, 20, 40, 60, 60])
  assert.equal(nextPoll(schedule, { type: 'pending' }, 0).schedule.intervalSeconds, 60)
})

test('LP-14 after two failed holds in a row the wait hint is dropped for the rest of the flow', () => {
  const once = nextPoll(base, { type: 'transport_failure' }, 0)
  assert.equal(once.schedule.hold, true)
  const twice = nextPoll(once.schedule, { type: 'transport_failure' }, 0)
  assert.equal(twice.schedule.hold, false)
  assert.equal(nextPoll(twice.schedule, { type: 'pending' }, 0).schedule.hold, false)
})

test('LP-14 a held answer between two failures keeps the hint', () => {
  const failed = nextPoll(base, { type: 'transport_failure' }, 0).schedule
  const answered = nextPoll(failed, { type: 'pending' }, 0).schedule
  assert.equal(nextPoll(answered, { type: 'transport_failure' }, 0).schedule.hold, true)
})

test('DC-13 stray answers back off, honour Retry-After, and end the flow after ten in a row', () => {
  const first = nextPoll(base, { type: 'stray_answer' }, 0)
  assert.deepEqual(first.step, { next: 'poll', waitSeconds: 5, hold: true })
  const second = nextPoll(first.schedule, { type: 'stray_answer' }, 0)
  assert.deepEqual(second.step, { next: 'poll', waitSeconds: 10, hold: true })
  const told = nextPoll(base, { type: 'stray_answer', retryAfterSeconds: 42 }, 0)
  assert.deepEqual(told.step, { next: 'poll', waitSeconds: 42, hold: true })
  const broken = nextPoll(base, { type: 'stray_answer', retryAfterSeconds: 'soon' }, 0)
  assert.deepEqual(broken.step, { next: 'poll', waitSeconds: 5, hold: true })
  const ninth = { ...base, strayInARow: 9 }
  assert.deepEqual(nextPoll(ninth, { type: 'stray_answer' }, 0).step, { next: 'give_up' })
  assert.deepEqual(nextPoll(ninth, { type: 'transport_failure' }, 0).step, { next: 'give_up' })
  assert.equal(nextPoll(ninth, { type: 'pending' }, 0).schedule.strayInARow, 0)
})

test('DC-14 a wait that would pass the end of the code becomes the wait until the end', () => {
  assert.deepEqual(nextPoll(base, { type: 'pending' }, 594.9).step, {
    next: 'poll',
    waitSeconds: 5,
    hold: true,
  })
  assert.deepEqual(nextPoll(base, { type: 'pending' }, 595).step, { next: 'expire', waitSeconds: 5 })
  assert.deepEqual(nextPoll(base, { type: 'pending' }, 700).step, { next: 'expire', waitSeconds: 0 })
})

const anyValue = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.constant(undefined), fc.constant(null))
const anyEvent: fc.Arbitrary<PollEvent> = fc.oneof(
  fc.constant<PollEvent>({ type: 'pending' }),
  fc.record({ type: fc.constant('slow_down' as const), interval: anyValue }),
  fc.constant<PollEvent>({ type: 'transport_failure' }),
  fc.record({ type: fc.constant('stray_answer' as const), retryAfterSeconds: anyValue }),
)

test('DC-09 DC-10 DC-12 F-22 whatever the server says, no wait is below the interval and no interval shrinks', () => {
  fc.assert(
    fc.property(anyValue, anyValue, fc.array(anyEvent, { maxLength: 60 }), (interval, expiresIn, events) => {
      let now = 0
      let { schedule, step } = startPolling({ interval, expiresIn }, now)
      for (const event of events) {
        if (step.next !== 'poll') return
        assert.ok(step.waitSeconds >= schedule.intervalSeconds && step.waitSeconds <= 365)
        now += step.waitSeconds
        assert.ok(now < schedule.endsAt)
        const after = nextPoll(schedule, event, now)
        assert.ok(after.schedule.intervalSeconds >= schedule.intervalSeconds)
        assert.ok(!after.schedule.hold || schedule.hold)
        assert.equal(after.schedule.endsAt, schedule.endsAt)
        schedule = after.schedule
        step = after.step
      }
    }),
  )
})

test('DC-10 slow_down cannot livelock: a server that wants N seconds between polls is satisfied', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), (told, wanted) => {
      let { schedule } = startPolling({ interval: told, expiresIn: 3600 }, 0)
      let polls = 0
      while (schedule.intervalSeconds < wanted) {
        schedule = nextPoll(schedule, { type: 'slow_down' }, 0).schedule
        polls += 1
      }
      assert.ok(polls <= 12)
    }),
  )
})

test('DC-14 every walk ends: polling stops by the end of the code', () => {
  fc.assert(
    fc.property(fc.infiniteStream(anyEvent), fc.integer({ min: 1, max: 900 }), (events, expiresIn) => {
      let now = 0
      let { schedule, step } = startPolling({ interval: 1, expiresIn }, now)
      let polls = 0
      while (step.next === 'poll') {
        now += step.waitSeconds
        polls += 1
        assert.ok(polls <= expiresIn)
        const after = nextPoll(schedule, events.next().value, now)
        schedule = after.schedule
        step = after.step
      }
      if (step.next === 'expire') assert.equal(now + step.waitSeconds, Math.max(now, schedule.endsAt))
    }),
    { numRuns: 50 },
  )
})
