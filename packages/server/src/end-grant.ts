// Ending a grant by hand, with the entry in the audit log: from the account page, the administration and its API alike.
// What ends with it is the protocol's grant.ts; ends that come with another decision (a reuse, a consent taken back) are told
// where that decision is applied.

import { type Grant, grant as grantRules } from '@countersign/protocol'
import { type By, tellOfEnds } from './audit.ts'
import { forgetNetworks } from './network-memory.ts'
import { decideAndApply, type Store } from './store/store.ts'
import type { System } from './system.ts'

export interface End {
  readonly by: By
  readonly why: 'person' | 'admin'
  /** Whose it must be; a grant of somebody else is as unknown as one that never was. */
  readonly accountId?: string
}

// A program that refreshes without a pause moves its grant again and again.
const tries = 20

/** The grant as it is after its end; undefined when there is none. */
export async function endGrant(
  { store, system }: { readonly store: Store; readonly system: System },
  id: string,
  { by, why, accountId }: End,
): Promise<Grant | 'busy' | undefined> {
  const done = await decideAndApply(
    store,
    async () => {
      const found = await store.read('grant', id)
      const grant = accountId === undefined || found?.accountId === accountId ? found : undefined
      const writes = grant === undefined ? [] : grantRules.revoke(grant, why, system.now())
      if (grant === undefined || writes.length === 0) return { grant, writes }
      return {
        grant,
        writes: [...tellOfEnds({ system }, writes, by), ...(await forgetNetworks(store, grant))],
      }
    },
    tries,
  )
  if (!done.applied) return 'busy'
  return done.decision.grant && store.read('grant', id)
}
