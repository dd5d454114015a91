// One visit of a browser: which cookie it carries, who is signed in, and whether a form it posts was made for it.
// Sessions themselves are accounts/browser-session.ts; how a page looks is page.ts.

import { findSignedIn, type SignedIn } from '../accounts/browser-session.ts'
import { findHostSignedIn } from '../accounts/host.ts'
import type { Host } from '../accounts/host-application.ts'
import { type Form, readForm } from '../form.ts'
import { type PlainRequest, type PlainResponse, seeOther } from '../http.ts'
import { sameSecret } from '../secrets.ts'
import type { Endpoint, Services } from '../services.ts'
import { here } from './links.ts'
import { problemPage } from './problem.ts'

export interface Visit {
  readonly services: Services
  readonly request: PlainRequest
  /** The secret in the browser's cookie; made now when it brought none. Without a session behind it, it only ties forms to it. */
  readonly browser: string
  readonly isNew: boolean
  readonly signedIn: SignedIn | undefined
  /** The host application knows somebody who may not come in here. */
  readonly isRefused?: boolean
}

export interface SignedVisit extends Visit {
  readonly signedIn: SignedIn
}

export type Respond<V extends Visit = Visit> = (visit: V) => Promise<PlainResponse> | PlainResponse
export type RespondToForm<V extends Visit = Visit> = (
  visit: V,
  form: Form,
) => Promise<PlainResponse> | PlainResponse

/** What a form was made for: its name and, where it decides about a record, that record. */
export type Purpose = string | ((form: Form) => string)

export const forAnybody =
  (respond: Respond): Endpoint =>
  async (services, request) =>
    respond(await openVisit(services, request))

export const forSignedIn =
  (respond: Respond<SignedVisit>): Endpoint =>
  async (services, request) => {
    const visit = await openVisit(services, request)
    return isSignedIn(visit) ? respond(visit) : seeOther(here(services, '/login'))
  }

/**
 * A form posted by one of our own pages in this browser; anything else is refused before it is looked at. `outdated` may show
 * the page anew where the form is ours, but was made before somebody signed in or out.
 */
export const formFromAnybody =
  (purpose: Purpose, respond: RespondToForm, outdated?: RespondToForm): Endpoint =>
  async (services, request) => {
    const visit = await openVisit(services, request)
    const posted = readOwnForm(visit, purpose)
    if (!('refused' in posted)) return respond(visit, posted.form)
    return outdated !== undefined && posted.outdated !== undefined
      ? outdated(visit, posted.outdated)
      : problemPage(services, posted.refused)
  }

export const formFromSignedIn =
  (purpose: Purpose, respond: RespondToForm<SignedVisit>): Endpoint =>
  async (services, request) => {
    const visit = await openVisit(services, request)
    if (!isSignedIn(visit)) return seeOther(here(services, '/login'))
    const posted = readOwnForm(visit, purpose)
    return 'refused' in posted ? problemPage(services, posted.refused) : respond(visit, posted.form)
  }

export function isSignedIn(visit: Visit): visit is SignedVisit {
  return visit.signedIn !== undefined
}

export function openVisit(services: Services, request: PlainRequest): Promise<Visit> {
  const { host } = services
  return host === undefined ? openOwnVisit(services, request) : openHostVisit(services, host, request)
}

// Forms are tied to the session of the host as they are to one of ours; whoever is signed in nowhere has our cookie all the same.
async function openHostVisit(services: Services, host: Host, request: PlainRequest): Promise<Visit> {
  const { signedIn, isRefused } = await findHostSignedIn(services, host, request)
  if (signedIn === undefined) return { ...openStrange(services, request), isRefused }
  const browser = services.secrets.mac('host session', signedIn.session.id)
  return { services, request, browser, isNew: false, signedIn }
}

async function openOwnVisit(services: Services, request: PlainRequest): Promise<Visit> {
  const visit = openStrange(services, request)
  return visit.isNew ? visit : { ...visit, signedIn: await findSignedIn(services, visit.browser) }
}

function openStrange(services: Services, request: PlainRequest): Visit {
  const brought = readCookie(services, request, 'session')
  if (brought === undefined || !/^[\w-]{43}$/.test(brought)) {
    const browser = services.system.random(32).toString('base64url')
    return { services, request, browser, isNew: true, signedIn: undefined }
  }
  return { services, request, browser: brought, isNew: false, signedIn: undefined }
}

/** The hidden value of a form: only this browser, as it is signed in now, can send it, and only for this purpose. */
export function antiForgery({ services, browser }: Visit, purpose: string): string {
  return services.secrets.mac('anti-forgery', JSON.stringify([browser, purpose]))
}

export const antiForgeryField = 'proof'

type OwnForm =
  | { readonly form: Form }
  | { readonly refused: 'malformed' | 'forged'; readonly outdated?: Form }

function readOwnForm(visit: Visit, purpose: Purpose): OwnForm {
  const read = readForm(visit.request)
  if (!read.ok) return { refused: 'malformed' }
  const { form } = read
  if (!isSameOrigin(visit)) return { refused: 'forged' }
  const expected = antiForgery(visit, typeof purpose === 'string' ? purpose : purpose(form))
  if (!sameSecret(form.get(antiForgeryField) ?? '', expected)) return { refused: 'forged', outdated: form }
  return { form }
}

// A second fence beside the anti-forgery token (ASVS 3.5.1). Sec-Fetch-Site cannot be set by scripts; browsers without it send
// Origin, which is "null" here even for our own forms, because of our Referrer-Policy.
function isSameOrigin({ services, request }: Visit): boolean {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  const { origin } = request.headers
  return origin === undefined || origin === 'null' || origin === new URL(services.config.issuer).origin
}

const cookieNames = {
  session: 'countersign',
  /** What authorization requests are bound to; it outlives signing in and out. */
  browser: 'countersign-browser',
  code: 'countersign-code',
  note: 'countersign-note',
  /** Who somebody is elsewhere, until they have proved who they are here. */
  link: 'countersign-link',
} as const
export type CookieName = keyof typeof cookieNames

/**
 * `__Host-` ties the cookie to this host, so that a neighbour's page cannot plant one (RFC 6265bis §4.1.3). Cookies know no ports
 * (§8.5), so on plain http the port is part of the name: two servers on one machine do not sign each other's people out.
 */
export function fullCookieName({ issuer }: { readonly issuer: string }, name: CookieName): string {
  const { protocol, port, pathname } = new URL(issuer)
  // `__Host-` wants Path=/, so of two servers under paths of one host each has names of its own.
  const path = pathname
    .replace(/\/$/, '')
    .replace(/[^\w-]/g, (one) => (one === '/' ? '.' : `%${one.charCodeAt(0)}`))
  if (protocol === 'https:') return `__Host-${cookieNames[name]}${path}`
  return `${cookieNames[name]}-${port || '80'}${path}`
}

export function readCookie(services: Services, request: PlainRequest, name: CookieName): string | undefined {
  const wanted = `${fullCookieName(services.config, name)}=`
  const pair = (request.headers.cookie ?? '').split(';').find((part) => part.trimStart().startsWith(wanted))
  return pair?.trimStart().slice(wanted.length)
}

/** A Set-Cookie value; without `seconds` the cookie ends with the browser, with zero it ends now. */
export function cookie(services: Services, name: CookieName, value: string, seconds?: number): string {
  const secure = services.config.issuer.startsWith('https:') ? '; Secure' : ''
  const age = seconds === undefined ? '' : `; Max-Age=${seconds}`
  return `${fullCookieName(services.config, name)}=${value}; Path=/; HttpOnly; SameSite=Lax${secure}${age}`
}

/** The cookie of a session that has just begun. */
export function sessionCookie(services: Services, secret: string): string {
  return cookie(services, 'session', secret, services.config.sessionAbsoluteSeconds)
}
