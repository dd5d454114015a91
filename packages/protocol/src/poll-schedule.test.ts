// Tables and random walks over the client's poll schedule. The loop that obeys it is tested with real
// sockets in packages/client.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clampInterval, nextPoll, type PollEvent, type PollSchedule, startPolling } from './poll-schedule.ts'

const base: PollSchedule = { intervalSeconds: 5, hold: true, holdFailures: 0, strayInARow: 0, endsAt: 600 }
const pending: PollEvent = { type: 'pending', lastedSeconds: 0.1 }

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

test('LP-14 the first poll goes out at once and asks the server to hold it', () => {
  const { step } = startPolling({ interval: 7, expiresIn: 600 }, 1000)
  assert.deepEqual(step, { next: 'poll', waitSeconds: 0, holdSeconds: 20 })
})

test('DC-09 without a confirmed hold the whole interval follows the answer, however long it took', () => {
  for (const lastedSeconds of [0, 0.2, 4, 5, 20, 29]) {
    const event: PollEvent = { type: 'pending', lastedSeconds }
    assert.deepEqual(nextPoll(base, event, 0).step, { next: 'poll', waitSeconds: 5, holdSeconds: 20 })
  }
})

test('LP-15 after a confirmed hold only what is left of the interval follows, counted from the sending', () => {
  const table: [lasted: number, applied: number, interval: number, wait: number][] = [
    [20.01, 20, 5, 0],
    [20.01, 20, 10, 0],
    [5.2, 20, 5, 0],
    // Ended before the interval: the rest of it, and a tenth of a second for timers that fire early.
    [2, 20, 5, 3.1],
    [20.5, 20, 25, 5.1],
    [5.01, 5, 5, 0.1],
    // The way there and back (three seconds here) is no part of what the server held.
    [5, 2, 5, 3.1],
    // Confirmed, but answered at once: that was no hold.
    [0, 20, 5, 5],
    [0.3, 0, 5, 5],
  ]
  for (const [lastedSeconds, appliedWaitSeconds, intervalSeconds, wait] of table) {
    const event: PollEvent = { type: 'pending', lastedSeconds, appliedWaitSeconds }
    const { step } = nextPoll({ ...base, intervalSeconds }, event, 0)
    assert.ok(step.next === 'poll')
    assert.ok(Math.abs(step.waitSeconds - wait) < 1e-9, `${JSON.stringify(event)}: ${step.waitSeconds}`)
  }
})

test('DC-10 F-21 the gaps after slow_down are 5, 10, 10, 15', () => {
  const events: PollEvent[] = [pending, { type: 'slow_down' }, pending, { type: 'slow_down' }]
  const gaps: number[] = []
  let { schedule } = startPolling({ expiresIn: 600 }, 0)
  for (const event of events) {
    const after = nextPoll(schedule, event, 0)
    schedule = after.schedule
    if (after.step.next === 'poll') gaps.push(after.step.waitSeconds)
  }
  assert.deepEqual(gaps, [5, 10, 10, 15])
})

test('DC-10 X-17 a larger interval sent with slow_down is obeyed, a smaller or broken one is not', () => {
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
  assert.equal(nextPoll(schedule, pending, 0).schedule.intervalSeconds, 60)
})

test('LP-14 after two failed holds in a row the wait hint is dropped for the rest of the flow', () => {
  const once = nextPoll(base, { type: 'transport_failure' }, 0)
  assert.equal(once.schedule.hold, true)
  const twice = nextPoll(once.schedule, { type: 'transport_failure' }, 0)
  assert.equal(twice.schedule.hold, false)
  assert.equal(nextPoll(twice.schedule, pending, 0).schedule.hold, false)
})

test('LP-14 a held answer between two failures keeps the hint', () => {
  const failed = nextPoll(base, { type: 'transport_failure' }, 0).schedule
  const answered = nextPoll(failed, pending, 0).schedule
  assert.equal(nextPoll(answered, { type: 'transport_failure' }, 0).schedule.hold, true)
})

test('DC-13 stray answers back off, honour Retry-After, and end the flow after ten in a row', () => {
  const first = nextPoll(base, { type: 'stray_answer' }, 0)
  assert.deepEqual(first.step, { next: 'poll', waitSeconds: 5, holdSeconds: 20 })
  const second = nextPoll(first.schedule, { type: 'stray_answer' }, 0)
  assert.deepEqual(second.step, { next: 'poll', waitSeconds: 10, holdSeconds: 20 })
  const told = nextPoll(base, { type: 'stray_answer', retryAfterSeconds: 42 }, 0)
  assert.deepEqual(told.step, { next: 'poll', waitSeconds: 42, holdSeconds: 20 })
  const broken = nextPoll(base, { type: 'stray_answer', retryAfterSeconds: 'soon' }, 0)
  assert.deepEqual(broken.step, { next: 'poll', waitSeconds: 5, holdSeconds: 20 })
  const ninth = { ...base, strayInARow: 9 }
  assert.deepEqual(nextPoll(ninth, { type: 'stray_answer' }, 0).step, { next: 'give_up' })
  assert.deepEqual(nextPoll(ninth, { type: 'transport_failure' }, 0).step, { next: 'give_up' })
  assert.equal(nextPoll(ninth, pending, 0).schedule.strayInARow, 0)
})

test('DC-14 a wait that would pass the end of the code becomes the wait until the end, and so does a hold', () => {
  assert.deepEqual(nextPoll(base, pending, 594.9).step, {
    next: 'poll',
    waitSeconds: 5,
    holdSeconds: 1,
  })
  assert.deepEqual(nextPoll(base, pending, 595).step, { next: 'expire', waitSeconds: 5 })
  assert.deepEqual(nextPoll(base, pending, 700).step, { next: 'expire', waitSeconds: 0 })
})

const anyValue = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.constant(undefined), fc.constant(null))
const anyEvent: fc.Arbitrary<PollEvent> = fc.oneof(
  fc.record({
    type: fc.constant('pending' as const),
    lastedSeconds: fc.double({ min: 0, max: 40, noNaN: true }),
    appliedWaitSeconds: fc.option(fc.integer({ min: 0, max: 9999 }), { nil: undefined }),
  }),
  fc.record({ type: fc.constant('slow_down' as const), interval: anyValue }),
  fc.constant<PollEvent>({ type: 'transport_failure' }),
  fc.record({ type: fc.constant('stray_answer' as const), retryAfterSeconds: anyValue }),
)

test('DC-09 DC-10 DC-12 F-22 whatever the server says, requests are an interval apart and no interval shrinks', () => {
  fc.assert(
    fc.property(anyValue, anyValue, fc.array(anyEvent, { maxLength: 60 }), (interval, expiresIn, events) => {
      let now = 0
      let { schedule, step } = startPolling({ interval, expiresIn }, now)
      for (const event of events) {
        if (step.next !== 'poll') return
        assert.ok(step.waitSeconds >= 0 && step.waitSeconds <= 365)
        assert.equal(step.holdSeconds > 0, schedule.hold)
        now += step.waitSeconds
        assert.ok(now < schedule.endsAt)
        assert.ok(now + step.holdSeconds < schedule.endsAt + 1)
        const sentAt = now
        now += event.type === 'pending' ? event.lastedSeconds : 0
        const after = nextPoll(schedule, event, now)
        if (after.step.next === 'poll')
          assert.ok(now + after.step.waitSeconds - sentAt >= after.schedule.intervalSeconds - 1e-9)
        assert.ok(after.schedule.intervalSeconds >= schedule.intervalSeconds)
        assert.ok(!after.schedule.hold || schedule.hold)
        assert.equal(after.schedule.endsAt, schedule.endsAt)
        schedule = after.schedule
        step = after.step
      }
    }),
  )
})

test('LP-07 LP-15 a server that measures from arrival to arrival never finds a poll early, on any network', () => {
  const seconds = fc.double({ min: 0, max: 9, noNaN: true })
  const limits = fc.record({
    interval: fc.integer({ min: 1, max: 60 }),
    longestHold: fc.integer({ min: 0, max: 30 }),
  })
  const polls = fc.array(fc.record({ there: seconds, back: seconds, canHold: fc.boolean() }), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(limits, polls, ({ interval, longestHold }, ways) => {
      let now = 0
      let { schedule, step } = startPolling({ interval, expiresIn: 3600 }, now)
      let arrivedBefore = Number.NEGATIVE_INFINITY
      for (const { there, back, canHold } of ways) {
        if (step.next !== 'poll') return
        const sentAt = now + step.waitSeconds
        const arrived = sentAt + there
        assert.ok(arrived - arrivedBefore >= interval - 1e-9, `${arrived - arrivedBefore} s`)
        arrivedBefore = arrived
        const held = canHold ? Math.min(step.holdSeconds, longestHold) : 0
        now = arrived + held + back
        const event: PollEvent = {
          type: 'pending',
          lastedSeconds: now - sentAt,
          appliedWaitSeconds: held > 0 ? held : undefined,
        }
        const after = nextPoll(schedule, event, now)
        // The point of it: a server that holds for longer than its interval always has a poll to answer.
        if (held > interval && after.step.next === 'poll') assert.equal(after.step.waitSeconds, 0)
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
        assert.ok(polls <= expiresIn + 1)
        const event = events.next().value
        now += event.type === 'pending' ? event.lastedSeconds : 0
        const after = nextPoll(schedule, event, now)
        schedule = after.schedule
        step = after.step
      }
      if (step.next === 'expire') assert.equal(now + step.waitSeconds, Math.max(now, schedule.endsAt))
    }),
    { numRuns: 50 },
  )
})
