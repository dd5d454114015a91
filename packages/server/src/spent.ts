// What was used and counts no more, remembered in the store for all nodes until nobody could use it anyway: assertions and proofs
// that are good once, tokens without a grant that were revoked. What is used up, and under which name, is for the callers.

import type { Write } from '@countersign/protocol'
import type { Services } from './services.ts'

type Around = Pick<Services, 'store' | 'config'>

/** The write that uses it up; it conflicts where that has been done. `endsAt` is its last instant by our clock. */
export function spent(id: string, endsAt: number): Write {
  return { op: 'insert', kind: 'spent', record: { id, version: 0, expiresAt: endsAt } }
}

/** The same for what a clock that differs from ours may take for good a little longer. */
export function spentByAnyClock({ config }: Pick<Around, 'config'>, id: string, endsAt: number): Write {
  return spent(id, Math.ceil(endsAt) + config.clockToleranceSeconds + 1)
}

/** Uses it up by itself; false when it was used before, on any node (standards.md JK-18). */
export async function spendOnce(around: Around, id: string, endsAt: number): Promise<boolean> {
  return (await around.store.apply([spentByAnyClock(around, id, endsAt)])) === 'applied'
}
