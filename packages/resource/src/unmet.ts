// Whether a valid token has what an operation asks for, and if not, what is missing first. Pure.
// Not here: what can be asked for (requirements.ts), how the refusal is said (refusal.ts, challenge.ts).

import { acrValues as knownAcrValues, satisfiesAcr } from '@countersign/protocol'
import type { Identity } from './identity.ts'
import type { Refusal } from './refusal.ts'
import type { Requirements } from './requirements.ts'

/** Undefined when the identity may pass. */
export function unmet(identity: Identity, required: Requirements, now: number): Refusal | undefined {
  if (required.subject !== undefined && required.subject !== identity.kind)
    return { reason: 'subject_wrong', kind: identity.kind }
  const missing = (required.scopes ?? []).filter((scope) => !identity.scopes.includes(scope))
  if (missing.length > 0) return { reason: 'scope_insufficient', missing }
  if (!reaches(identity.acr, required.acrValues)) return { reason: 'authentication_insufficient', why: 'acr' }
  if (required.maxAge !== undefined && !isRecent(identity.authTime, required.maxAge, now))
    return { reason: 'authentication_insufficient', why: 'age' }
  return undefined
}

function reaches(acr: string | undefined, wanted: readonly string[] | undefined): boolean {
  if (wanted === undefined || wanted.length === 0) return true
  if (acr === undefined) return false
  if (wanted.includes(acr)) return true
  // The classes of a Countersign server have an order; those of others are only names.
  const known = knownAcrValues.find((value) => value === acr)
  return known !== undefined && satisfiesAcr(known, wanted)
}

function isRecent(authTime: number | undefined, maxAge: number, now: number): boolean {
  return authTime !== undefined && now - authTime <= maxAge
}
