// Polls whose answer is held until the decision (standards.md section 9): how many, for how long, and what ends them.
// Holding changes when an answer comes, never what it says. Who decides the answer is endpoints/token-device-code.ts.

import type { PlainRequest } from './http.ts'
import type { Store } from './store/store.ts'
import { network } from './throttle.ts'

export interface HeldPolls {
  /** Whether a poll for this record is being held by this node. */
  has(id: string): boolean
  /**
   * Waits until a notice for the record, the end of `seconds`, the caller's leaving or the server's stop, whichever is first.
   * Undefined when the poll may not be held: the caller answers at once (LP-09).
   */
  hold(id: string, holder: Holder): Promise<'woken' | 'over'> | undefined
  /** Ends every hold and allows no more: the server stops (LP-12). */
  release(): void
  readonly size: number
}

export interface Holder {
  readonly clientId: string
  readonly request: PlainRequest
  readonly seconds: number
  /** Ends the hold from outside, where its end is known in another way than by a notice. */
  readonly signal?: AbortSignal
}

/** LP-09: bounds per client and address, and overall. */
const mostPerHolder = 20
const mostOverall = 10_000

export function createHeldPolls(store: Store): HeldPolls {
  const held = new Map<string, () => void>()
  const perHolder = new Map<string, number>()
  let stopped = false

  return {
    has: (id) => held.has(id),
    hold(id, { clientId, request, seconds, signal }) {
      const holder = `${clientId} ${network(request.address)}`
      const count = perHolder.get(holder) ?? 0
      if (stopped || held.has(id) || count >= mostPerHolder || held.size >= mostOverall) return undefined
      return new Promise((resolve) => {
        const end = (why: 'woken' | 'over') => {
          if (!held.delete(id)) return
          clearTimeout(timer)
          unwatch()
          const left = (perHolder.get(holder) ?? 1) - 1
          if (left === 0) perHolder.delete(holder)
          else perHolder.set(holder, left)
          resolve(why)
        }
        const timer = setTimeout(() => end('over'), seconds * 1000)
        const unwatch = store.watch(id, () => end('woken'))
        held.set(id, () => end('over'))
        perHolder.set(holder, count + 1)
        request.onGone(() => end('over'))
        signal?.addEventListener('abort', () => end('woken'))
      })
    },
    release() {
      stopped = true
      for (const end of [...held.values()]) end()
    },
    get size() {
      return held.size
    },
  }
}
