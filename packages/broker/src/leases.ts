// Leases in the store: taking one over, giving it back, and taking back what a failing store may have written. The rules are
// connection.ts; what is done under a lease, renewal.ts and connections.ts.

import { type Connection, endLease, isHeld, type Lease, leaveLease, takeLease } from './connection.ts'
import type { Parts } from './parts.ts'
import { digest } from './seal.ts'

/** Several places may have the same id for different connections; the store has one name for each. */
export function leaseIdOf({ place, id }: Pick<Connection, 'place' | 'id'>): string {
  return place === '' ? id : digest(JSON.stringify([place, id]))
}

/** Undefined: after all this time somebody living holds it still, and goes on to hold it. */
export async function waitForLease(parts: Parts, id: string, seconds: number): Promise<Lease | undefined> {
  const { store, system, holder, closing } = parts
  const end = system.monotonic() + seconds
  for (;;) {
    const last = await store.leases.find(id)
    const now = system.now()
    if (last === undefined || !isHeld(last, now)) {
      const lease = takeLease(last, id, holder, now)
      if (await store.leases.put(lease)) return lease
    }
    if (closing.aborted || system.monotonic() >= end) return undefined
    await system.sleep(lookSeconds, closing)
  }
}

/** For a holder that sent nothing itself; what the one before sent without an answer (`still`) stays known. */
export function unsentLease(lease: Lease, still: string | null, now: number): Lease {
  return lease.sent !== null && lease.sent === still ? leaveLease(lease, now) : endLease(lease)
}

/** Where this fails the lease runs out by itself; until then others wait. */
export async function giveBack(parts: Parts, lease: Lease): Promise<void> {
  try {
    await parts.store.leases.put(lease)
  } catch {
    parts.log('warn', 'lease.not_given_back', {})
  }
}

/**
 * The store failed while `wanted` was written, in place of `before`: it may be there, saying that something was sent which was
 * not. Tried until the store answers, or somebody else has the lease.
 */
export async function takeBack(parts: Parts, before: Lease, still: string | null): Promise<void> {
  const { store, system, closing } = parts
  for (let pause = 0.1; ; pause = Math.min(pause * 2, 5)) {
    try {
      const there = await store.leases.find(before.id)
      if (there?.holder !== before.holder || there.version > before.version + 1) return
      const back = unsentLease(before, still, system.now())
      if (await store.leases.put({ ...back, version: there.version + 1 })) return
    } catch {
      if (closing.aborted) return
    }
    await system.sleep(pause, closing)
  }
}

const lookSeconds = 0.1
