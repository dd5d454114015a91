// The client's half of RFC 8628: how long to wait before the next poll, for how long to ask the server to
// hold its answer (RFC 7240 §4.3), and when to stop. Pure; seconds on a monotonic clock that the caller reads.
// The interval is "between polling requests" (RFC 8628 §3.2), so a poll that was truly held for it may be
// followed by the next at once, and an approval is never met by a client that is sleeping.
// Not here: sending the poll and reading its answer (packages/client/src/device-login.ts), and the
// server's half, which measures how early a poll came (device-authorization.ts).

/** Everything the next decision depends on. `intervalSeconds` never shrinks. */
export type PollSchedule = {
  intervalSeconds: number
  /** Ask for `Prefer: wait` from now on. */
  hold: boolean
  holdFailures: number
  /** Answers in a row that were no OAuth answer, or no answer at all. */
  strayInARow: number
  /** Monotonic instant at which the device code ends. */
  endsAt: number
}

export type PollEvent =
  | {
      type: 'pending'
      /** From sending the poll to having its answer. */
      lastedSeconds: number
      /** N of `Preference-Applied: wait=N` (RFC 7240 §3); undefined where the answer carried none. */
      appliedWaitSeconds?: number | undefined
    }
  | { type: 'slow_down'; interval?: unknown }
  /** The connection was refused, reset or timed out. */
  | { type: 'transport_failure' }
  /** Something answered that does not speak OAuth: 5xx, 429, a proxy's page, half a JSON. */
  | { type: 'stray_answer'; retryAfterSeconds?: unknown }

export type PollStep =
  /** `holdSeconds` is what to ask for with `Prefer: wait=`; 0 is to ask for nothing. */
  | { next: 'poll'; waitSeconds: number; holdSeconds: number }
  | { next: 'expire'; waitSeconds: number }
  | { next: 'give_up' }

/** Reads the server's `interval` and `expires_in` (they may be anything) and starts the schedule. */
export function startPolling(
  answer: { interval?: unknown; expiresIn: unknown },
  now: number,
): { schedule: PollSchedule; step: PollStep } {
  const schedule: PollSchedule = {
    intervalSeconds: clampInterval(answer.interval),
    hold: true,
    holdFailures: 0,
    strayInARow: 0,
    endsAt: now + clampLifetime(answer.expiresIn),
  }
  // No request came before the first one, so there is no interval to keep; and the sooner the server holds
  // it, the sooner an approval is heard. A server that does not hold has answered one poll more, that is all.
  return { schedule, step: stepAfter(schedule, 0, now) }
}

/** Takes what the last poll brought; gives the next schedule and what to do. */
export function nextPoll(
  before: PollSchedule,
  event: PollEvent,
  now: number,
): { schedule: PollSchedule; step: PollStep } {
  const schedule = scheduleAfter(before, event)
  if (schedule.strayInARow >= STRAY_LIMIT) return { schedule, step: { next: 'give_up' } }
  return { schedule, step: stepAfter(schedule, waitAfter(schedule, event), now) }
}

function scheduleAfter(before: PollSchedule, event: PollEvent): PollSchedule {
  switch (event.type) {
    case 'pending':
      return { ...before, strayInARow: 0, holdFailures: 0 }
    case 'slow_down': {
      // RFC 8628 §3.5: five seconds more, for this and all later polls. A larger `interval` that came
      // along (GitHub sends one) is obeyed; a smaller one is not.
      const asked = event.interval === undefined ? 0 : clampInterval(event.interval)
      const intervalSeconds = Math.max(before.intervalSeconds + SLOW_DOWN_SECONDS, asked)
      return { ...before, intervalSeconds, strayInARow: 0, holdFailures: 0 }
    }
    case 'transport_failure': {
      // RFC 8628 §3.5: on a connection timeout clients MUST reduce their rate; doubling is its example.
      const doubled = Math.min(before.intervalSeconds * 2, MAX_INTERVAL_SECONDS)
      const holdFailures = before.hold ? before.holdFailures + 1 : before.holdFailures
      return {
        ...before,
        intervalSeconds: Math.max(before.intervalSeconds, doubled),
        holdFailures,
        hold: before.hold && holdFailures < HOLD_FAILURE_LIMIT,
        strayInARow: before.strayInARow + 1,
      }
    }
    case 'stray_answer':
      return { ...before, strayInARow: before.strayInARow + 1 }
  }
}

function waitAfter(schedule: PollSchedule, event: PollEvent): number {
  if (event.type === 'pending') return restOfInterval(schedule.intervalSeconds, event)
  if (event.type !== 'stray_answer') return schedule.intervalSeconds
  const backOff = Math.min(schedule.intervalSeconds * 2 ** (schedule.strayInARow - 1), MAX_BACK_OFF_SECONDS)
  const asked = clampNumber(event.retryAfterSeconds, 0, MAX_RETRY_AFTER_SECONDS, 0)
  return Math.max(schedule.intervalSeconds, backOff, asked)
}

/**
 * RFC 8628 §3.5 can also be read as "after each answer", and a server that did not confirm a hold may measure
 * so: there the whole interval follows. A confirmed hold shows a server that knows better; of the request's time
 * only what was confirmed counts, because the way there and back is not part of the gap that the server sees.
 */
function restOfInterval(
  intervalSeconds: number,
  { lastedSeconds, appliedWaitSeconds }: Extract<PollEvent, { type: 'pending' }>,
): number {
  if (appliedWaitSeconds === undefined) return intervalSeconds
  const held = Math.max(0, Math.min(lastedSeconds, appliedWaitSeconds))
  return Math.min(intervalSeconds, Math.max(0, intervalSeconds + TIMER_MARGIN_SECONDS - held))
}

function stepAfter(schedule: PollSchedule, waitSeconds: number, now: number): PollStep {
  const left = Math.max(0, schedule.endsAt - now)
  if (waitSeconds >= left) return { next: 'expire', waitSeconds: left }
  // A hold that outlasts the code would only delay the news that it has ended.
  const holdSeconds = schedule.hold ? Math.min(HOLD_SECONDS, Math.ceil(left - waitSeconds)) : 0
  return { next: 'poll', waitSeconds, holdSeconds }
}

/** RFC 8628 §3.2: without an interval clients MUST use 5. A broken server can neither hammer nor stall us. */
export function clampInterval(value: unknown): number {
  return clampNumber(value, MIN_INTERVAL_SECONDS, MAX_INTERVAL_SECONDS, DEFAULT_INTERVAL_SECONDS)
}

function clampLifetime(value: unknown): number {
  return clampNumber(value, 1, MAX_LIFETIME_SECONDS, DEFAULT_LIFETIME_SECONDS)
}

function clampNumber(value: unknown, low: number, high: number, fallback: number): number {
  if (typeof value !== 'number' || Number.isNaN(value)) return fallback
  return Math.min(Math.max(value, low), high)
}

const DEFAULT_INTERVAL_SECONDS = 5
const MIN_INTERVAL_SECONDS = 1
const MAX_INTERVAL_SECONDS = 60
const SLOW_DOWN_SECONDS = 5
const DEFAULT_LIFETIME_SECONDS = 600
// Longer than any server we know gives (GitHub 900, Microsoft 900, Okta 600).
const MAX_LIFETIME_SECONDS = 3600
// Below the server's cap of 25 s and below the 30 s after which common proxies cut idle connections.
const HOLD_SECONDS = 20
// Timers fire up to a millisecond early and clocks round; a poll that is early by that much costs five seconds.
const TIMER_MARGIN_SECONDS = 0.1
// A proxy that cuts held requests shows itself within two of them; after that we poll plainly.
const HOLD_FAILURE_LIMIT = 2
// Ten in a row is some minutes with the back-off below: a restart passes, a dead address does not.
const STRAY_LIMIT = 10
const MAX_BACK_OFF_SECONDS = 60
const MAX_RETRY_AFTER_SECONDS = 300
