// What was used and must not be used again (RFC 9449 §11.1). The memory here is that of one process; a resource on
// several nodes gives one that they share. Not here: what is remembered (proof.ts).

import { UnavailableError } from './errors.ts'
import type { System } from './system.ts'

export type ReplayMemory = {
  /**
   * True the first time only, also when asked from two places at once; `until` is when it may be forgotten. `too_many`
   * where there is no room for more of this key (its thumbprint): it has to come more slowly, and others go on.
   */
  readonly firstTime: (name: string, until: number, key: string) => FirstTime | Promise<FirstTime>
}

export type FirstTime = boolean | 'too_many'

export type ReplayLimits = { readonly all: number; readonly perKey: number }

/** Names are kept for one window at least and two at most, in two halves, so that forgetting costs nothing. */
export function createReplayMemory(
  windowSeconds: number,
  system: System,
  { all, perKey }: ReplayLimits = usualLimits,
): ReplayMemory {
  let current = new Set<string>()
  let previous = new Set<string>()
  let ofKeys = new Map<string, number>()
  let turnAt = system.now() + windowSeconds
  return {
    firstTime: (name, _until, key) => {
      const now = system.now()
      if (now >= turnAt) {
        previous = now < turnAt + windowSeconds ? current : new Set()
        current = new Set()
        ofKeys = new Map()
        turnAt = now + windowSeconds
      }
      if (current.has(name) || previous.has(name)) return false
      const ofKey = ofKeys.get(key) ?? 0
      if (ofKey >= perKey) return 'too_many'
      // Forgetting early would let a proof be used twice; closing is the safe way to be full.
      if (current.size >= all) throw new UnavailableError('memory', 'too many proofs to remember')
      current.add(name)
      ofKeys.set(key, ofKey + 1)
      return true
    },
  }
}

/** In a window of 70 seconds nearly 300 requests per second of one key: no key can take the room of all. */
const usualLimits: ReplayLimits = { all: 200_000, perKey: 20_000 }
