// RP-initiated logout (OIDC RP-Initiated Logout 1.0): a client sends the person here to be signed out of this browser, and back.
// Only what the client can prove with an ID token of the very person is done without asking; the question is a form of ours. What
// ends is the browser's session; programs that the person has signed in go on until they are signed out themselves.

import { authorizationRequest, type Client, isVouchedFor } from '@countersign/protocol'
import { html } from 'hono/html'
import { endSessions } from '../accounts/browser-session.ts'
import { knownAs } from '../accounts/email.ts'
import type { Host } from '../accounts/host-application.ts'
import { withQuery } from '../authorization-answer.ts'
import { readFrontChannel } from '../authorization-reading.ts'
import type { Form } from '../form.ts'
import { onlyLookedAt, type PlainResponse, seeOther } from '../http.ts'
import { dropCode } from '../pages/carried-code.ts'
import { leaveBy } from '../pages/leave.ts'
import { here } from '../pages/links.ts'
import { text } from '../pages/messages.ts'
import { type Html, named, notice, renderPage } from '../pages/page.ts'
import { problemPage } from '../pages/problem.ts'
import {
  antiForgery,
  antiForgeryField,
  cookie,
  forAnybody,
  formFromAnybody,
  isSignedIn,
  type SignedVisit,
  type Visit,
} from '../pages/visit.ts'
import { decodeIdToken } from '../tokens.ts'

const words = text.logout
const parameters = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'] as const

export const logoutEndpoint = forAnybody(async (visit) => {
  if (visit.request.method === 'HEAD') return onlyLookedAt
  const form = readFrontChannel(visit.request)
  if (form === undefined || form.broken.size > 0) return problemPage(visit.services, 'malformed')
  if (isPostWithoutCookies(visit)) return askAgain(visit, form)
  return answer(visit, form)
})

/** The button of the question. */
export const submitLogout = formFromAnybody(
  'end-session',
  async (visit, form) => {
    const asked = await readAsked(visit, form)
    return leaveBy(
      visit.services,
      await (isSignedIn(visit) ? signOut(visit, asked) : finish(visit, forNobody(asked))),
    )
  },
  // Somebody signed in or out since it was shown.
  async (visit, form) => leaveBy(visit.services, await answer(visit, form)),
)

// OIDC-L §2 allows a POST, and a browser sends our cookie along with no POST from elsewhere (SameSite=Lax): it comes again by GET.
function isPostWithoutCookies({ request, isNew, services }: Visit): boolean {
  if (request.method !== 'POST' || !isNew) return false
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site !== undefined) return site !== 'same-origin'
  return origin !== undefined && origin !== new URL(services.config.issuer).origin
}

function askAgain({ services }: Visit, form: Form): PlainResponse {
  const sent = parameters.flatMap((name) => {
    const value = form.get(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  return seeOther(withQuery(here(services, '/oauth/logout'), Object.fromEntries(sent)))
}

interface Asked {
  /** Which client asks, as far as it says so. */
  readonly client: Client | undefined
  /** The person whom its ID token names, if that is ours and for the client. */
  readonly accountId: string | undefined
  /** Where to go afterwards: only what the client registered, to the letter (LO-04). */
  readonly target: { readonly uri: string; readonly state: string | undefined } | undefined
  /** Something in it is not as it must be, so nobody is sent anywhere. */
  readonly isFaulty: boolean
}

async function readAsked(
  { services, request }: Pick<Visit, 'services' | 'request'>,
  form: Pick<Form, 'get'>,
): Promise<Asked> {
  const [hintText, clientId, uri, state] = parameters.map(form.get)
  // OIDC-L §2: an ID token counts however old it is; it is to say who, not to let somebody in.
  const hint = hintText === undefined ? undefined : decodeIdToken(services, hintText)
  const isForAnother = hint !== undefined && clientId !== undefined && clientId !== hint.clientId
  const id = clientId ?? hint?.clientId
  const client = id === undefined ? undefined : await services.clients.find(id, request.address)
  const isRegistered = uri !== undefined && client?.postLogoutRedirectUris.includes(uri) === true
  const isFaulty =
    (hintText !== undefined && hint === undefined) ||
    isForAnother ||
    (clientId !== undefined && client === undefined) ||
    (uri !== undefined && !isRegistered) ||
    (state?.length ?? 0) > authorizationRequest.mostCharacters
  return {
    client,
    accountId: isForAnother ? undefined : hint?.accountId,
    target: isFaulty || !isRegistered ? undefined : { uri, state },
    isFaulty,
  }
}

async function answer(visit: Visit, form: Pick<Form, 'get'>): Promise<PlainResponse> {
  const asked = await readAsked(visit, form)
  if (!isSignedIn(visit)) return finish(visit, forNobody(asked))
  return asked.accountId === visit.signedIn.account.id ? signOut(visit, asked) : ask(visit, asked)
}

// Nobody is signed in, so nobody has to go back: for a client that nobody vouches for it would be a redirect to anywhere.
function forNobody(asked: Asked): Asked {
  return asked.client === undefined || isVouchedFor(asked.client) ? asked : { ...asked, target: undefined }
}

// LO-03, LO-06: a link on any page could lead here.
function ask(visit: SignedVisit, { client, target, isFaulty }: Asked): Promise<PlainResponse> {
  const { services, signedIn } = visit
  const hidden = { client_id: client?.id, post_logout_redirect_uri: target?.uri, state: target?.state }
  const main = html`<h1>${words.title}</h1>
${isFaulty ? notice('warn', words.faulty) : ''}
<p class="lead">${client === undefined || isFaulty ? words.lead : words.askedBy(html`<strong>${named(client.name)}</strong>`)}</p>
<p class="who">${named(knownAs(signedIn.account))}</p>
<form method="post" action="${here(services, '/logout/confirm')}">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, 'end-session')}">
${isFaulty ? '' : Object.entries(hidden).map(([name, value]) => hiddenField(name, value))}
<div class="pair"><a class="button" href="${here(services, '/account')}">${words.stay}</a>
<button class="primary">${words.button}</button></div>
</form>`
  return renderPage(services, { title: words.title, main, status: isFaulty ? 400 : 200 })
}

const hiddenField = (name: string, value: string | undefined): Html | string =>
  value === undefined ? '' : html`<input type="hidden" name="${name}" value="${value}">`

async function signOut(visit: SignedVisit, asked: Asked): Promise<PlainResponse> {
  const { services, signedIn, request } = visit
  const { session, account } = signedIn
  if (services.host !== undefined) return toHost(visit, asked, services.host)
  if (!(await endSessions(services, account.id, ({ id }) => id === session.id, request)))
    return problemPage(services, 'busy', { retryAfterSeconds: 1 })
  return finish(visit, asked, [cookie(services, 'session', '', 0), dropCode(services)])
}

// The session is the host's to end; it sends the person back here, where nobody is signed in any more then.
async function toHost(
  { services }: SignedVisit,
  { client, target, isFaulty }: Asked,
  host: Host,
): Promise<PlainResponse> {
  const { issuer } = services.config
  const sent = { client_id: client?.id, post_logout_redirect_uri: target?.uri, state: target?.state }
  const kept = Object.entries(isFaulty ? {} : sent).filter(
    (one): one is [string, string] => one[1] !== undefined,
  )
  const back = withQuery(`${issuer.replace(/\/$/, '')}/oauth/logout`, Object.fromEntries(kept))
  const url = host.signOutUrl?.(back)
  if (url !== undefined) {
    const { origin, href } = new URL(url, issuer)
    // A form may lead to our own origin by a redirect, and to others by a page (leave.ts).
    const place = origin === new URL(issuer).origin ? href.slice(origin.length) : href
    return seeOther(place, { 'referrer-policy': 'no-referrer' })
  }
  const main = html`<h1>${words.title}</h1><p class="lead">${words.atHost}</p>
<p><a href="${here(services, '/account')}">${text.account.title}</a></p>`
  return renderPage(services, { title: words.title, main })
}

// LO-05: whatever becomes of the way back, the session is over by now.
function finish(
  { services }: Visit,
  { target, isFaulty }: Asked,
  cookies: readonly string[] = [],
): Promise<PlainResponse> | PlainResponse {
  if (target !== undefined) {
    const { uri, state } = target
    const setCookie = cookies.length === 0 ? {} : { 'set-cookie': cookies }
    // The ID token may stand in the address that the browser comes from.
    const headers = { 'referrer-policy': 'no-referrer', ...setCookie }
    return seeOther(state === undefined ? uri : withQuery(uri, { state }), headers)
  }
  const main = html`<h1>${words.doneTitle}</h1>
${isFaulty ? notice('warn', words.faulty) : ''}
<p class="lead">${words.done}</p>
<p><a href="${here(services, '/')}">${text.toStart}</a></p>`
  return renderPage(services, { title: words.doneTitle, main, cookies, status: isFaulty ? 400 : 200 })
}
