// When each device code was polled last: in memory only, because a pending poll must cost no write.
// Only a violation is stored, as a longer interval (protocol/device-authorization.ts). Another node does not know of polls made
// here, so a client that spreads its polls is told to slow down a little later: that changes no answer that matters.

export interface Pacing {
  /** Notes an arrival and returns the one before it, if it was recent enough to matter. Seconds with a fraction. */
  arrived(id: string, at: number): number | undefined
}

/** No interval is longer than this, so an older arrival can never make a poll early. */
const memorySeconds = 60

export function createPacing(): Pacing {
  // Two generations: entries need no timer each, and none outlives twice the memory.
  let recent = new Map<string, number>()
  let older = new Map<string, number>()
  let turnedAt = 0
  return {
    arrived(id, at) {
      if (at - turnedAt >= memorySeconds || at < turnedAt) {
        older = at - turnedAt < 2 * memorySeconds ? recent : new Map()
        recent = new Map()
        turnedAt = at
      }
      const previous = recent.get(id) ?? older.get(id)
      recent.set(id, at)
      return previous
    },
  }
}
