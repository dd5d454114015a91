// Signing in where a host application does it: people are sent there, and come back to where they were. What the host says about
// them is accounts/host.ts.

import { html } from 'hono/html'
import type { Host } from '../accounts/host-application.ts'
import { continueRequest, nextStep, type OpenAuthorization } from '../authorization.ts'
import { type PlainResponse, seeOther } from '../http.ts'
import { placeAfterSignIn } from './carried-code.ts'
import { text } from './messages.ts'
import type { Html } from './page.ts'
import { problemPage } from './problem.ts'
import { withReference } from './transaction.ts'
import { leaveForProvider } from './upstream-buttons.ts'
import type { Visit } from './visit.ts'

/** What the sign-in page answers under a host; undefined when there is something to read first, or no host. */
export async function atHost(
  visit: Visit,
  open: OpenAuthorization | undefined,
): Promise<PlainResponse | undefined> {
  const { host } = visit.services
  if (host === undefined) return undefined
  // Sent there they would come back at once, for ever.
  if (visit.isRefused) return problemPage(visit.services, 'not_admitted')
  if (visit.signedIn === undefined) return toHost(visit, new URL(signInUrl(visit, host, open?.reference)))
  if (open === undefined || (await nextStep(visit, open)).step === 'sign_in') return undefined
  return continueRequest(visit, open)
}

// A form of ours may have led here, and may not lead to another origin by redirects (leave.ts).
function toHost({ services }: Visit, url: URL): PlainResponse | Promise<PlainResponse> {
  return url.origin === new URL(services.config.issuer).origin
    ? seeOther(url.href)
    : leaveForProvider(services, url, { name: url.host, cookies: [] })
}

export function hostButton(visit: Visit, host: Host, reference: string | undefined): Html {
  const url = signInUrl(visit, host, reference)
  return html`<p><a class="button primary" href="${url}">${text.needs.signIn}</a></p>`
}

function signInUrl(visit: Visit, host: Host, reference: string | undefined): string {
  const path = reference === undefined ? placeAfterSignIn(visit) : withReference('/login', reference)
  const { issuer } = visit.services.config
  // The host may give a path of its own.
  return new URL(host.signInUrl(issuer.replace(/\/$/, '') + path), issuer).href
}
