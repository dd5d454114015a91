// What became of a request that this account decided, and the page that tells it.
// Deciding is decision.ts; the pages are connected.ts, return-code.ts and denied.ts.

import { type DeviceAuthorization, deviceAuthorization, type Grant, returnCode } from '@countersign/protocol'
import type { SignedVisit } from './visit.ts'

export type Outcome =
  | 'connected'
  /** Allowed, and waiting for the characters that were shown. */
  | 'returning'
  | 'denied'
  | 'reported'
  | 'undone'
  /** Refused by policy. */
  | 'refused'
  | 'mistyped'
  /** Not typed in time. */
  | 'late'

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
  return { outcome: outcomeOf(record, grant, services.system.now()), record, grant }
}

function outcomeOf(record: DeviceAuthorization, grant: Grant | undefined, now: number): Outcome {
  const { status } = record
  if (status === 'denied') return denialOf(record)
  if (returnCode.awaitsReturnCode(record))
    return deviceAuthorization.statusAt(record, now) === 'expired' ? 'late' : 'returning'
  if (status === 'cancelled' || (grant !== undefined && grant.revokedAt !== null)) return 'undone'
  return 'connected'
}

function denialOf({ deniedFor, decision }: DeviceAuthorization): Outcome {
  if (decision?.reportedAsAttack) return 'reported'
  if (deniedFor === 'network') return 'refused'
  return deniedFor === 'return_code' ? 'mistyped' : 'denied'
}

export async function decidedPlace(visit: SignedVisit, id: string): Promise<string | undefined> {
  const decided = await findDecided(visit, id)
  if (decided === undefined) return undefined
  return places[decided.outcome] ?? '/device/denied'
}

const places: Partial<Record<Outcome, string>> = {
  connected: '/device/connected',
  returning: '/device/return-code',
}
