// What became of a request that this account decided, and the page that tells it.
// Deciding is decision.ts; the pages are connected.ts and denied.ts.

import type { DeviceAuthorization, Grant } from '@countersign/protocol'
import type { SignedVisit } from './visit.ts'

export type Outcome = 'connected' | 'denied' | 'reported' | 'undone'

export interface Decided {
  readonly outcome: Outcome
  readonly record: DeviceAuthorization
  readonly grant: Grant | undefined
}

/** Undefined unless the signed-in account decided it: nobody learns about others' requests. */
export async function findDecided(
  { services, signedIn }: SignedVisit,
  id: string,
): Promise<Decided | undefined> {
  const record = await services.store.read('deviceAuthorization', id)
  if (record === undefined || record.decision?.accountId !== signedIn.account.id) return undefined
  const grant = record.grantId === null ? undefined : await services.store.read('grant', record.grantId)
  return { outcome: outcomeOf(record, grant), record, grant }
}

function outcomeOf({ status, decision }: DeviceAuthorization, grant: Grant | undefined): Outcome {
  if (status === 'denied') return decision?.reportedAsAttack ? 'reported' : 'denied'
  if (status === 'cancelled' || (grant !== undefined && grant.revokedAt !== null)) return 'undone'
  return 'connected'
}

export async function decidedPlace(visit: SignedVisit, id: string): Promise<string | undefined> {
  const decided = await findDecided(visit, id)
  if (decided === undefined) return undefined
  return decided.outcome === 'connected' ? '/device/connected' : '/device/denied'
}
