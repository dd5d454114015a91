// An authorization request as our pages carry it: by a reference in the address, which is worth nothing in another browser
// (standards.md AZ-25). Here is how pages find it, how a form's answer goes on with it, and the page for one that is over.
// What a request is and what happens to it is ../authorization.ts; leaving for the client is leave.ts.

import type { AuthorizationRequest } from '@countersign/protocol'
import { html } from 'hono/html'
import { continueRequest, findOpenRequest, type OpenAuthorization } from '../authorization.ts'
import type { PlainResponse } from '../http.ts'
import { decideAndApply } from '../store/store.ts'
import { leaveBy } from './leave.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import { type Html, renderPage } from './page.ts'
import { problemPage } from './problem.ts'
import { signOutCorner } from './sign-out.ts'
import { isSignedIn, type Visit } from './visit.ts'

/** The reference in the address of a page; undefined when there is none. */
export function referenceOf({ request }: Visit): string | undefined {
  return new URLSearchParams(request.query).get('request') ?? undefined
}

/** The path of a page of ours that goes on with this request, if there is one. */
export function withReference(path: string, reference: string | undefined): string {
  return reference === undefined ? path : `${path}?request=${encodeURIComponent(reference)}`
}

/** The address of the sign-in or the consent page for this request. */
export function pageFor({ services }: Visit, page: '/login' | '/consent', reference: string): string {
  return here(services, withReference(page, reference))
}

/** The request behind a reference, whatever somebody wrote in its place. */
export async function openRequest(
  visit: Visit,
  reference: string | undefined,
): Promise<OpenAuthorization | undefined> {
  return reference !== undefined && /^[\w-]{16,128}$/.test(reference)
    ? findOpenRequest(visit, reference)
    : undefined
}

export function referenceField(reference: string | undefined): Html | string {
  return reference === undefined ? '' : html`<input type="hidden" name="request" value="${reference}">`
}

/** On to the next step, after the person said who they are: whoever signs in or goes on has chosen an account. */
export async function goOn(visit: Visit, open: OpenAuthorization): Promise<PlainResponse> {
  const record = await withoutChoice(visit, open)
  if (record === undefined) return problemPage(visit.services, 'busy', { retryAfterSeconds: 1 })
  return leaveBy(visit.services, await continueRequest(visit, { ...open, record }))
}

// Which account to use is asked once; what else the client wants still stands (OIDC Core §3.1.2.1).
async function withoutChoice(
  { services: { store } }: Visit,
  { record: before }: OpenAuthorization,
): Promise<AuthorizationRequest | undefined> {
  const done = await decideAndApply(store, async () => {
    const record = (await store.read('authorizationRequest', before.id)) ?? before
    const { prompt, loginHint } = record.parameters
    const asks = prompt.includes('select_account') || loginHint !== null
    if (record.status !== 'open' || !asks) return { record, writes: [] }
    const settled = prompt.filter((value) => value !== 'select_account')
    const parameters = { ...record.parameters, prompt: settled, loginHint: null }
    const chosen = { ...record, parameters }
    const write = { op: 'update', kind: 'authorizationRequest', record: chosen } as const
    return { record: { ...chosen, version: record.version + 1 }, writes: [write] }
  })
  return done.applied ? done.decision.record : undefined
}

/** One page for a request that expired, was answered, is another browser's or never was: which of these it is tells nobody anything. */
export function showOver(visit: Visit, cookies: readonly string[] = []): Promise<PlainResponse> {
  const { services } = visit
  const { title, says, next } = text.over
  const main = html`<h1>${title}</h1>
<p class="lead">${says}</p>
<p>${next}</p>
<p><a href="${here(services, '/')}">${text.toStart}</a></p>`
  const corner = isSignedIn(visit) ? { corner: signOutCorner(visit) } : {}
  return renderPage(services, { title, main, status: 400, cookies, ...corner })
}
