// A `System` whose time stands still until a test lets it pass; sleepers wake in the order of their times. Randomness is real, the
// network is not there. Not for production.

import { type System, system } from '@countersign/client/system'

export interface VirtualClock extends System {
  /** Lets so many seconds pass, and everything that they wake happen. */
  pass(seconds: number): Promise<void>
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>
  /** Moves the time at once; who sleeps till then wakes all the same. */
  jump(seconds: number): void
  /** Moves the time to when the next sleeper wakes. */
  tick(): void
  /** When they will wake, from now. */
  sleeping(): number[]
}

export function virtualClock(start = 1_700_000_000): VirtualClock {
  let now = start
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()
  const settle = async () => {
    // Between two of these everything that waits for a promise alone has gone on.
    for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve))
  }
  const jump = (to: number) => {
    now = Math.max(now, to)
    for (const sleeper of [...sleepers].filter(({ at }) => at <= now)) sleeper.wake()
  }
  return {
    ...system,
    now: () => now,
    monotonic: () => now,
    fetch: async () => Promise.reject(new TypeError('there is no network here')),
    settle,
    jump: (seconds) => jump(now + seconds),
    tick: () => jump(Math.min(...[...sleepers].map(({ at }) => at))),
    sleeping: () => [...sleepers].map(({ at }) => at - now),
    async pass(seconds) {
      const end = now + seconds
      await settle()
      for (;;) {
        const next = Math.min(...[...sleepers].map(({ at }) => at), end)
        jump(next)
        await settle()
        if (next >= end) return
      }
    },
    sleep: (seconds, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted || !(seconds > 0)) return resolve()
        const sleeper = {
          // At least what a number of this size can hold: who waits for less would wait at the same time for ever.
          at: now + Math.max(seconds, 1e-6),
          wake() {
            sleepers.delete(sleeper)
            signal?.removeEventListener('abort', sleeper.wake)
            resolve()
          },
        }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', sleeper.wake, { once: true })
      }),
  }
}
