// The server's poll rule and the client's schedule against each other, over networks that delay and lose messages, with plain
// and held polls, and for both readings of the interval (standards.md X-18). Single gaps are in device-authorization.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { approve, poll } from './device-authorization.ts'
import { nextPoll, type PollEvent, startPolling } from './poll-schedule.ts'
import { account, client, decision, request, t0 } from './testing/sample-records.ts'

/** When the next poll is sent: as our schedule says, or a strict reading of the interval on the schedule's number. */
type Reading = 'our schedule' | 'after the answer' | 'from sending'

/** One exchange: how long each way takes, and whether the answer arrives. */
interface Weather {
  readonly there: number
  readonly back: number
  readonly lost: boolean
}

interface Scene {
  readonly reading: Reading
  readonly interval: number
  readonly holdSeconds: number
  readonly approvedAt: number
  /** The weather of each poll in turn, starting over at the end. */
  readonly weather: readonly Weather[]
}

const lifetime = 1800
const clientPatience = 30

/** Plays a whole sign-in; gives what each poll was answered and how long the last one took after the approval. */
function play(scene: Scene) {
  let record = request({ interval: scene.interval, expiresAt: t0 + lifetime })
  const answers: string[] = []
  const intervals = [record.interval]
  let previousPollAt: number | undefined
  let heldUntil = 0
  let now = t0
  let { schedule, step } = startPolling({ interval: scene.interval, expiresIn: lifetime }, now)
  let sentAt = now

  while (step.next === 'poll') {
    now = nextSending(scene.reading, { now, sentAt, waitSeconds: step.waitSeconds }, schedule.intervalSeconds)
    sentAt = now
    const weather = scene.weather[answers.length % scene.weather.length] ?? { there: 0, back: 0, lost: false }
    const arrivedAt = now + weather.there
    if (arrivedAt >= t0 + scene.approvedAt && record.status === 'pending')
      record = approved(record, arrivedAt)
    // LP-08: while the server still holds one poll for this code, the next one counts as early.
    const previous = arrivedAt < heldUntil ? arrivedAt : previousPollAt
    const polled = poll(record, { clientId: client.id, jkt: null, now: arrivedAt, previousPollAt: previous })
    previousPollAt = arrivedAt
    let answeredAt = arrivedAt
    let answer: string = polled.outcome
    if (polled.outcome === 'slow_down') record = polled.record
    let appliedWaitSeconds: number | undefined
    if (polled.outcome === 'pending' && step.holdSeconds > 0 && scene.holdSeconds > 0) {
      appliedWaitSeconds = Math.min(step.holdSeconds, scene.holdSeconds)
      answeredAt = Math.min(arrivedAt + appliedWaitSeconds, Math.max(arrivedAt, t0 + scene.approvedAt))
      heldUntil = answeredAt
      if (answeredAt >= t0 + scene.approvedAt) {
        record = approved(record, answeredAt)
        answer = poll(record, { clientId: client.id, jkt: null, now: answeredAt, previousPollAt }).outcome
      }
    }
    answers.push(answer)
    intervals.push(record.interval)
    if (answer === 'approved' && !weather.lost)
      return { answers, intervals, end: answer, at: answeredAt - t0, schedule }
    now = weather.lost ? Math.max(answeredAt, sentAt + clientPatience) : answeredAt + weather.back
    const pending: PollEvent = { type: 'pending', lastedSeconds: now - sentAt, appliedWaitSeconds }
    const event: PollEvent = answer === 'slow_down' ? { type: 'slow_down' } : pending
    const after = nextPoll(schedule, weather.lost ? { type: 'transport_failure' } : event, now)
    schedule = after.schedule
    step = after.step
  }
  return { answers, intervals, end: step.next, at: now - t0, schedule }
}

function nextSending(
  reading: Reading,
  { now, sentAt, waitSeconds }: { now: number; sentAt: number; waitSeconds: number },
  intervalSeconds: number,
): number {
  if (reading === 'our schedule') return now + waitSeconds
  if (reading === 'after the answer') return now + intervalSeconds
  // What the exchange took is part of the interval here: after a long hold the next poll is sent at once.
  return Math.max(now, sentAt + intervalSeconds)
}

function approved(record: ReturnType<typeof request>, at: number) {
  const decided = approve(record, decision({ at }), account())
  return decided.outcome === 'decided' ? decided.record : record
}

const calm: Weather = { there: 0.02, back: 0.02, lost: false }
const readings: Reading[] = ['our schedule', 'after the answer', 'from sending']
const seconds = (max: number) => fc.integer({ min: 0, max: max * 1000 }).map((ms) => ms / 1000)
const interval = fc.integer({ min: 1, max: 60 })
const holdSeconds = fc.constantFrom(0, 3, 20, 25)
const stormy = fc.array(
  fc.record({ there: seconds(8), back: seconds(8), lost: fc.constantFrom(false, false, false, true) }),
  { minLength: 1, maxLength: 12 },
)

test('LP-07 X-18 DC-09 on a steady network no obedient client is ever told to slow down, in any reading', () => {
  fc.assert(
    fc.property(fc.constantFrom(...readings), interval, holdSeconds, (reading, every, hold) => {
      const scene = { reading, interval: every, holdSeconds: hold, approvedAt: lifetime, weather: [calm] }
      const { answers, end } = play(scene)
      assert.ok(!answers.includes('slow_down'), answers.join(' '))
      assert.equal(end, 'expire')
      assert.ok(answers.length >= Math.floor(lifetime / (every + hold + 1)) - 1)
    }),
  )
})

test('LP-15 DC-09 neither ours nor a client that waits after each answer is told to slow down by delays alone', () => {
  const patient = fc.constantFrom<Reading[]>('our schedule', 'after the answer')
  fc.assert(
    fc.property(patient, interval, holdSeconds, stormy, (reading, every, hold, storm) => {
      const weather = storm.map((exchange) => ({ ...exchange, lost: false }))
      const scene = { reading, interval: every, holdSeconds: hold, weather }
      assert.ok(!play({ ...scene, approvedAt: lifetime }).answers.includes('slow_down'))
    }),
  )
})

// The server stops raising at 60, eleven or twelve answers after any start; the client goes on. Where it lost some of
// those answers it lags, and catches up after as many again; a jitter of j seconds costs one more for each five.
const mostSlowDowns = 12 + 12 + 2

test('DT-05 DC-10 slow_down cannot livelock: it ends for every client that obeys, whatever the network does', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...readings),
      interval,
      holdSeconds,
      stormy,
      (reading, every, hold, weather) => {
        const scene = { reading, interval: every, holdSeconds: hold, approvedAt: lifetime, weather }
        const { answers, intervals } = play(scene)
        const slowed = answers.filter((answer) => answer === 'slow_down').length
        assert.ok(slowed <= mostSlowDowns, `${slowed} times`)
        for (const [index, value] of intervals.entries())
          assert.ok(value >= (intervals[index - 1] ?? 0) && value <= 60, 'the interval shrank or ran away')
      },
    ),
    { numRuns: 1000 },
  )
})

test('DT-10 F-04 the first poll that arrives after the approval brings it, early or not', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...readings),
      interval,
      holdSeconds,
      fc.integer({ min: 0, max: 900 }),
      stormy,
      (reading, every, hold, approvedAt, storm) => {
        const weather = storm.map((exchange) => ({ ...exchange, lost: false }))
        const { end, at, answers, schedule } = play({
          reading,
          interval: every,
          holdSeconds: hold,
          approvedAt,
          weather,
        })
        assert.equal(end, 'approved')
        assert.equal(answers.filter((answer) => answer === 'approved').length, 1)
        assert.ok(
          at <= Math.max(approvedAt, 0) + schedule.intervalSeconds + 16 + 0.001,
          `${at - approvedAt} s`,
        )
      },
    ),
    { numRuns: 500 },
  )
})

test('LP-02 with a hold in place the answer comes at the moment of the decision', () => {
  for (const reading of readings) {
    const { end, at } = play({ reading, interval: 5, holdSeconds: 20, approvedAt: 11, weather: [calm] })
    assert.deepEqual([end, at], ['approved', 11])
  }
})

test('DC-10 F-21 a client that lost every slow_down still comes to rest below the cap', () => {
  // Every second answer is lost and the server holds none, so the client doubles where it should have added.
  const weather = [
    { there: 6, back: 0, lost: true },
    { there: 0, back: 0, lost: false },
  ]
  const { answers, intervals } = play({
    reading: 'from sending',
    interval: 1,
    holdSeconds: 0,
    approvedAt: lifetime,
    weather,
  })
  assert.ok((intervals.at(-1) ?? 0) <= 60)
  assert.equal(answers.at(-1), 'pending')
})
