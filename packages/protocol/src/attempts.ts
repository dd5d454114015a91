// Guess budgets: how many tries somebody has left (RFC 8628 §5.1, RFC 6749 §2.3.1).
// A try is spent before the guess is looked at and given back when it was right, so that parallel guesses
// cannot outrun the count. Which budgets exist and whom they are for is the server's matter.

import type { Attempts, Write } from './records.ts'

/** `limit` tries in any `windowSeconds`, counted over two adjoining windows so that the edge gives no second helping. */
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
  const elapsed = now - current.windowStartedAt
  const carried = current.previousCount * (1 - elapsed / budget.windowSeconds)
  if (carried + current.count + 1 > budget.limit) {
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
  // A window that starts in the future means that a clock was set back: start over rather than lock out.
  if (record === undefined || record.windowStartedAt > now) return fresh
  const windows = Math.floor((now - record.windowStartedAt) / budget.windowSeconds)
  if (windows === 0) return record
  const windowStartedAt = record.windowStartedAt + windows * budget.windowSeconds
  return { ...fresh, windowStartedAt, previousCount: windows === 1 ? record.count : 0 }
}

// The instant at which enough of the earlier tries have slid out for one more.
function retryAfter(current: Attempts, budget: Budget, now: number): number {
  const room = budget.limit - 1 - current.count
  const inThisWindow =
    room >= 0 && current.previousCount > 0
      ? budget.windowSeconds * (1 - room / current.previousCount)
      : undefined
  const inTheNext =
    budget.windowSeconds +
    (current.count === 0 ? 0 : budget.windowSeconds * Math.max(0, 1 - (budget.limit - 1) / current.count))
  const at = current.windowStartedAt + (inThisWindow ?? inTheNext)
  return Math.max(1, Math.ceil(at - now))
}

/**
 * How many wrong user codes all people together may enter in an hour, so that the chance that anybody hits any live code
 * stays below `bound`: the ceiling falls as the number of live codes grows.
 */
export function globalGuessLimit(liveCodes: number, codeSpace: number, bound: number): number {
  return Math.max(20, Math.min(10_000, Math.floor((bound * codeSpace) / Math.max(1, liveCodes))))
}
