// The only place of this process that reads the clock and draws random bytes; everything else gets them from here as an argument.
// Tests hand in a clock of their own (testing/services.ts).

import { randomFillSync } from 'node:crypto'

export interface System {
  /** Seconds since the epoch, with a fraction. */
  readonly clock: () => number
  /** Whole seconds since the epoch. */
  readonly now: () => number
  /** Bytes from the operating system's generator; the caller owns them. */
  readonly random: (length: number) => Buffer
}

// One call for 8 KiB costs little more than one for 32 bytes, and bytes leave the pool only once.
const poolSize = 8192

export function createSystem(): System {
  const pool = Buffer.alloc(poolSize)
  let used = poolSize
  return {
    clock: () => Date.now() / 1000,
    now: () => Math.floor(Date.now() / 1000),
    random(length) {
      if (length > poolSize) return randomFillSync(Buffer.alloc(length))
      if (used + length > poolSize) {
        randomFillSync(pool)
        used = 0
      }
      const bytes = Buffer.from(pool.subarray(used, used + length))
      pool.fill(0, used, used + length)
      used += length
      return bytes
    },
  }
}
