// What was used and must not be used again (RFC 9449 §11.1). The memory here is that of one process; a resource on
// several nodes gives one that they share. Not here: what is remembered (proof.ts).

import { UnavailableError } from './errors.ts'
import type { System } from './system.ts'

export type ReplayMemory = {
  /** True the first time only, also when asked from two places at once; `until` is when it may be forgotten. */
  readonly firstTime: (name: string, until: number) => boolean | Promise<boolean>
}

/** Names are kept for one window at least and two at most, in two halves, so that forgetting costs nothing. */
export function createReplayMemory(windowSeconds: number, system: System, limit = 200_000): ReplayMemory {
  let current = new Set<string>()
  let previous = new Set<string>()
  let turnAt = system.now() + windowSeconds
  return {
    firstTime: (name) => {
      const now = system.now()
      if (now >= turnAt) {
        previous = now < turnAt + windowSeconds ? current : new Set()
        current = new Set()
        turnAt = now + windowSeconds
      }
      if (current.has(name) || previous.has(name)) return false
      // Forgetting early would let a proof be used twice; closing is the safe way to be full.
      if (current.size >= limit) throw new UnavailableError('memory', 'too many proofs to remember')
      current.add(name)
      return true
    },
  }
}
