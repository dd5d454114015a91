// The code that a browser carries from page to page: from the link over the sign-in to the decision, so that it is asked for
// once (WCAG 3.3.7) and stands in no address (standards.md DV-19). It rides sealed in a short-lived cookie.

import type { Services } from '../services.ts'
import { cookie, readCookie, type Visit } from './visit.ts'

export interface CarriedCode {
  /** What was typed or linked, as it came. */
  readonly typed: string
  /** The request it led to, once it was looked up; the code need not be guessed at again then. */
  readonly id: string | null
  /** Nothing waits for a decision any more; kept so that the pages behind it can be opened again. */
  readonly decided: boolean
}

// As long as a code may live, plus the time to undo.
const carriedSeconds = 2400

export function carriedCode({ services, request }: Visit): CarriedCode | undefined {
  const sealed = readCookie(services, request, 'code')
  const opened = sealed === undefined ? undefined : services.secrets.unseal('carried code', sealed)
  if (opened === undefined) return undefined
  const { until, ...code } = JSON.parse(opened) as CarriedCode & { until: number }
  return services.system.now() < until ? code : undefined
}

/** The code of a device that waits for this person's decision. */
export function waitingCode(visit: Visit): CarriedCode | undefined {
  const carried = carriedCode(visit)
  return carried?.decided ? undefined : carried
}

/** Where a sign-in leads when no authorization request waits. */
export function placeAfterSignIn(visit: Visit): '/device/approve' | '/account' {
  return waitingCode(visit) === undefined ? '/account' : '/device/approve'
}

/** The Set-Cookie value that carries the code on. */
export function carryCode(services: Services, code: CarriedCode): string {
  const until = services.system.now() + carriedSeconds
  const sealed = services.secrets.seal('carried code', JSON.stringify({ ...code, until }))
  return cookie(services, 'code', sealed, carriedSeconds)
}

export function dropCode(services: Services): string {
  return cookie(services, 'code', '', 0)
}
