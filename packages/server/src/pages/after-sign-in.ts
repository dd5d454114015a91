// Where a sign-in leads, by whatever means it was done: to an account elsewhere that waits to be connected, to the authorization
// request or the device that waits, or to the account page; never to an address from the request (standards.md UI-15).

import { findSignedIn } from '../accounts/browser-session.ts'
import { type PlainResponse, seeOther } from '../http.ts'
import { placeAfterSignIn } from './carried-code.ts'
import { here } from './links.ts'
import { pendingLink } from './pending-link.ts'
import { goOn, openRequest, showOver, withReference } from './transaction.ts'
import { sessionCookie, type Visit } from './visit.ts'

/** The browser has a new session with this secret; `reference` is the authorization request that waits. */
export async function signedInBy(
  before: Visit,
  secret: string,
  reference: string | undefined,
): Promise<PlainResponse> {
  const signedIn = await findSignedIn(before.services, secret)
  const visit: Visit = { ...before, browser: secret, isNew: false, signedIn }
  const answer =
    pendingLink(visit) === undefined ? await whatWaits(visit, reference) : toConnect(visit, reference)
  return withCookies(answer, [sessionCookie(visit.services, secret)])
}

/** On to what waits for this person, who is signed in by now. */
export async function whatWaits(visit: Visit, reference: string | undefined): Promise<PlainResponse> {
  if (reference !== undefined) {
    const open = await openRequest(visit, reference)
    return open === undefined ? showOver(visit) : goOn(visit, open)
  }
  return seeOther(here(visit.services, placeAfterSignIn(visit)))
}

function toConnect({ services }: Visit, reference: string | undefined): PlainResponse {
  return seeOther(here(services, withReference('/login/connect', reference)))
}

export function withCookies(answer: PlainResponse, cookies: readonly string[]): PlainResponse {
  const more = [answer.headers['set-cookie'] ?? []].flat()
  return { ...answer, headers: { ...answer.headers, 'set-cookie': [...more, ...cookies] } }
}
