// What kind of sign-in a device asks for at its approval, and whether this browser's is one (standards.md SU-07, RFC 9470 §4 by analogy).
// What classes of sign-in there are is protocol/authentication.ts; the redirect flow has its own look at this in ../authorization.ts.

import {
  acrValues,
  canSatisfyAcr,
  type DeviceAuthorization,
  mustAuthenticateAgain,
} from '@countersign/protocol'
import { passkeysPossible } from '../accounts/passkey.ts'
import type { SignedVisit } from './visit.ts'

/** To sign in anew, to do so with a passkey, or nothing that could be done here. */
export type Needed = 'again' | 'stronger' | 'impossible'

/** Undefined when the sign-in of this browser will do. */
export function neededSignIn(
  { services, signedIn }: SignedVisit,
  { acrValues: wanted, maxAge, createdAt }: DeviceAuthorization,
): Needed | undefined {
  const { authenticatedAt: authTime, amr } = signedIn.session
  const now = services.system.now()
  // Whoever signed in for this request is fresh enough, however long the page is looked at: with max_age=0 nobody else is.
  const isForThis = authTime >= createdAt
  if (!isForThis && mustAuthenticateAgain({ authTime, amr }, { maxAge, acrValues: [] }, now)) return 'again'
  if (!mustAuthenticateAgain({ authTime, amr }, { maxAge: null, acrValues: wanted }, now)) return undefined
  const [strongest] = acrValues
  const couldBe = canSatisfyAcr(wanted) && wanted.includes(strongest) && passkeysPossible(services)
  return couldBe ? 'stronger' : 'impossible'
}
