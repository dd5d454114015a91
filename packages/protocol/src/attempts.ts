// Guess budgets: how many tries somebody has left (RFC 8628 §5.1, RFC 6749 §2.3.1).
// A try is spent before the guess is looked at and given back when it was right, so that parallel guesses
// cannot outrun the count. Which budgets exist and whom they are for is the server's matter.

import type { Attempts, Write } from './records.ts'

/**
 * `limit` tries for each window of `windowSeconds`, and tries of the window before count in part, as if they had been spread
 * evenly over it. The price of remembering two numbers instead of every try: where they all came at its very end, a
 * span of `windowSeconds` that begins there sees more than `limit`, though always less than twice as many.
 */
export interface Budget {
  readonly limit: number
  readonly windowSeconds: number
}

export type Spent =
  | { readonly allowed: true; readonly writes: readonly Write[] }
  | { readonly allowed: false; readonly retryAfterSeconds: number; readonly writes: readonly [] }

/** Spends one try of the budget named `id`, or says when one will be free again. */
export function spend(record: Attempts | undefined, id: string, budget: Budget, now: number): Spent {
  const current = slide(record, id, budget, now)
  const elapsed = Math.max(0, now - current.windowStartedAt)
  // previousCount * (1 - elapsed / windowSeconds) + count + 1 > limit, without the division: a retry exactly at the
  // promised second must not fail on the last bit of a quotient.
  const carried = current.previousCount * (budget.windowSeconds - elapsed)
  if (carried > (budget.limit - 1 - current.count) * budget.windowSeconds) {
    return { allowed: false, retryAfterSeconds: retryAfter(current, budget, now), writes: [] }
  }
  const spent = {
    ...current,
    count: current.count + 1,
    expiresAt: current.windowStartedAt + 2 * budget.windowSeconds,
  }
  return {
    allowed: true,
    writes: [{ op: record === undefined ? 'insert' : 'update', kind: 'attempts', record: spent }],
  }
}

/** Gives one try back: the guess was right. */
export function giveBack(record: Attempts | undefined): readonly Write[] {
  if (record === undefined || record.count === 0) return []
  return [{ op: 'update', kind: 'attempts', record: { ...record, count: record.count - 1 } }]
}

function slide(record: Attempts | undefined, id: string, budget: Budget, now: number): Attempts {
  const fresh = {
    id,
    version: record?.version ?? 0,
    windowStartedAt: now,
    count: 0,
    previousCount: 0,
    expiresAt: now,
  }
  if (record === undefined) return fresh
  const windows = Math.floor((now - record.windowStartedAt) / budget.windowSeconds)
  // A window that starts far ahead means that a clock was set back: start over rather than lock out. One a little ahead was
  // opened by a node whose clock is ahead of ours: starting over there would hand out the budget again at every edge.
  if (windows < -1) return fresh
  if (windows <= 0) return record
  const windowStartedAt = record.windowStartedAt + windows * budget.windowSeconds
  return { ...fresh, windowStartedAt, previousCount: windows === 1 ? record.count : 0 }
}

// The instant at which enough of the earlier tries have slid out for one more.
function retryAfter(current: Attempts, budget: Budget, now: number): number {
  const room = budget.limit - 1 - current.count
  const afterStart =
    room >= 0
      ? slidOut(current.previousCount, room, budget)
      : budget.windowSeconds + slidOut(current.count, budget.limit - 1, budget)
  return Math.max(1, Math.ceil(current.windowStartedAt + afterStart - now))
}

// How far into a window its predecessor's `count` tries weigh no more than `room`. Multiplied before it is divided, so
// that a whole number of seconds comes out whole.
function slidOut(count: number, room: number, { windowSeconds }: Budget): number {
  return count <= Math.max(0, room) ? 0 : ((count - room) * windowSeconds) / count
}

/**
 * How many wrong user codes all people together may enter per window, so that the chance that anybody hits any live code
 * in one stays below `bound`: the ceiling falls as the number of live codes grows. Halved, because a window may see nearly
 * twice its limit (`Budget`). Never below 20: with so many live codes that the bound would need fewer, a handful of
 * typing errors would shut everybody out, and the bound gives way.
 */
export function globalGuessLimit(liveCodes: number, codeSpace: number, bound: number): number {
  return Math.max(20, Math.min(10_000, Math.floor((bound * codeSpace) / (2 * Math.max(1, liveCodes)))))
}
