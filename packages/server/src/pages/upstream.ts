// Signing in at a provider of identities: the form that leaves, the callback that comes back, and where each outcome leads. Nothing
// that a provider or a stranger wrote is ever shown (OSA-D9), every redirect is a 303 to a page of ours or to a client, and no token
// is in any of them (OSA-D3).
// The trip is accounts/upstream/round-trip.ts, what a person is worth here enter.ts there; linking at the account page is account-identities.ts.

import { isVouchedFor } from '@countersign/protocol'
import { noteRefusedSignIn } from '../accounts/refused-sign-in.ts'
import { enter } from '../accounts/upstream/enter.ts'
import { linkIdentity, provenBy } from '../accounts/upstream/identities.ts'
import { type Upstream, UpstreamFailure, type UpstreamPerson } from '../accounts/upstream/provider.ts'
import {
  type Arrival,
  arrive,
  callbackUri,
  type Departure,
  depart,
  tripSeconds,
} from '../accounts/upstream/round-trip.ts'
import { byPerson } from '../audit.ts'
import { denyRequest } from '../authorization.ts'
import { browserCookie, browserSecret } from '../authorization-requests.ts'
import type { Form } from '../form.ts'
import { type PlainResponse, seeOther } from '../http.ts'
import type { Endpoint } from '../services.ts'
import { isRecent } from './account-form.ts'
import { signedInBy, withCookies } from './after-sign-in.ts'
import { waitingCode } from './carried-code.ts'
import { here } from './links.ts'
import type { Fault } from './messages.ts'
import { leaveNote } from './note.ts'
import { keepPendingLink } from './pending-link.ts'
import { problemPage } from './problem.ts'
import { ofRequest, outdated } from './sign-in-form.ts'
import { openRequest, showOver, withReference } from './transaction.ts'
import { turnAway } from './turned-away.ts'
import { leaveForProvider } from './upstream-buttons.ts'
import { formFromAnybody, isSignedIn, openVisit, type Visit } from './visit.ts'

const below = '/login/upstream/'

export const submitUpstream = formFromAnybody(
  ofRequest,
  async (visit: Visit, form: Form) => {
    const upstream = visit.services.upstreams.find(visit.request.path.slice(below.length))
    if (upstream === undefined) return problemPage(visit.services, 'not_found')
    const reference = form.get('request')
    const open = await openRequest(visit, reference)
    if (reference !== undefined && open === undefined) return showOver(visit)
    const { prompt = [], maxAge = null } = open?.record.parameters ?? {}
    return leaveBy(visit, upstream, {
      purpose: 'sign-in',
      accountId: null,
      returnTo: withReference('/login', reference),
      // Who is signed in here and does it again has a reason, and being signed in there would be no new proof.
      fresh: isSignedIn(visit) || prompt.includes('login') || maxAge !== null,
      device: reference === undefined ? (waitingCode(visit) ?? null) : null,
    })
  },
  outdated,
)

/** Sends the browser to the provider, with a trip that only this browser can end. */
export async function leaveBy(
  visit: Visit,
  upstream: Upstream,
  leaving: Omit<Departure, 'browser'>,
): Promise<PlainResponse> {
  const { services, request } = visit
  const { id, name } = upstream.settings
  const braked = await services.throttle.create(request.address, `provider ${id}`)
  if (braked) return problemPage(services, 'too_many', braked)
  const browser = browserSecret(services, request) ?? services.system.random(32).toString('base64url')
  try {
    const url = await depart(services, upstream, { ...leaving, browser })
    return leaveForProvider(services, url, { name, cookies: [browserCookie(services, browser, tripSeconds)] })
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error
    tell(visit, upstream, error)
    return toPage(visit, leaving.returnTo, error.why)
  }
}

export const upstreamCallback: Endpoint = async (services, request) => {
  const [id = '', end] = request.path.slice(below.length).split('/')
  const upstream = services.upstreams.find(id)
  if (upstream === undefined || end !== 'callback') return problemPage(services, 'not_found')
  const visit = await openVisit(services, request)
  // UI-09: whoever looks whether there is something here has spent nothing.
  if (request.method === 'HEAD') return seeOther(here(services, '/login'))
  const arrival = await arriveHere(visit, upstream)
  if (arrival === undefined) {
    const braked = await services.throttle.invalid.note(request.address)
    return braked ? problemPage(services, 'too_many', braked) : toPage(visit, '/login', 'over')
  }
  const callback = new URL(callbackUri(services, upstream))
  callback.search = request.query
  const state = callback.searchParams.get('state') ?? ''
  try {
    const { codeVerifier, nonce } = arrival
    const person = await upstream.finish({ state, callback, codeVerifier, nonce })
    return arrival.record.purpose === 'link'
      ? await linkHere(visit, upstream, person, arrival)
      : await enterHere(visit, upstream, person, arrival)
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error
    tell(visit, upstream, error)
    return error.why === 'denied'
      ? afterDenial(visit, arrival)
      : toPage(visit, arrival.record.returnTo, error.why)
  }
}

async function arriveHere({ services, request }: Visit, upstream: Upstream): Promise<Arrival | undefined> {
  const states = new URLSearchParams(request.query).getAll('state')
  const browser = browserSecret(services, request)
  const [state] = states
  if (states.length !== 1 || state === undefined || browser === undefined) return undefined
  return arrive(services, upstream, state, browser)
}

async function enterHere(
  visit: Visit,
  upstream: Upstream,
  person: UpstreamPerson,
  { record }: Arrival,
): Promise<PlainResponse> {
  const { services, request, signedIn } = visit
  const entered = await enter(services, request, { upstream, person }, signedIn?.session)
  if (entered.entered) {
    const provider = upstream.settings.id
    services.log.info('browser signed in', { accountId: entered.account.id, provider })
    return signedInBy(visit, entered.secret, referenceIn(record.returnTo))
  }
  const { why, accountId } = entered
  services.log.info('sign-in refused', { accountId, provider: upstream.settings.id, why })
  if (why === 'busy') return problemPage(services, 'busy', { retryAfterSeconds: 1 })
  if (why !== 'exists')
    noteRefusedSignIn(services, request, accountId, 'provider', { provider: upstream.settings.id, why })
  const answer = toPage(visit, record.returnTo, why)
  const browser = browserSecret(services, request)
  if (why !== 'exists' || accountId === undefined || browser === undefined) return answer
  const proven = provenBy(upstream, person)
  return withCookies(answer, [keepPendingLink(services, browser, { proven, accountId })])
}

// Both are proved: who they are there a moment ago, who they are here lately, and as the same who left (OSA-D2).
async function linkHere(
  visit: Visit,
  upstream: Upstream,
  person: UpstreamPerson,
  { record }: Arrival,
): Promise<PlainResponse> {
  const { services, request } = visit
  if (!isSignedIn(visit) || visit.signedIn.account.id !== record.accountId)
    return toPage(visit, '/account', 'other_account')
  if (!isRecent(visit)) return toPage(visit, '/account', 'over')
  const { account } = visit.signedIn
  const by = byPerson(account.id, request)
  const linked = await linkIdentity(services, account, provenBy(upstream, person), by)
  if (linked !== 'linked') return toPage(visit, '/account', linked)
  services.log.info('identity linked', { accountId: account.id, provider: upstream.settings.id })
  return seeOther(`${here(services, '/account')}#identities`, {
    'set-cookie': [leaveNote(services, 'identity_linked')],
  })
}

// To whom the no was said: to the client that waits, if people may be sent there (AZ-17), or to the device that waits.
async function afterDenial(visit: Visit, { record, device }: Arrival): Promise<PlainResponse> {
  const open = await openRequest(visit, referenceIn(record.returnTo))
  if (open !== undefined && (isVouchedFor(open.client) || isSignedIn(visit))) return denyRequest(visit, open)
  if (device !== null) return turnAway(visit, device, record.provider)
  return toPage(visit, record.returnTo, 'denied')
}

/** One of our pages, which says what happened. */
function toPage({ services }: Visit, path: string, fault: Fault): PlainResponse {
  return seeOther(here(services, path), { 'set-cookie': [leaveNote(services, `fault-${fault}`)] })
}

function referenceIn(path: string): string | undefined {
  return new URLSearchParams(path.split('?')[1] ?? '').get('request') ?? undefined
}

function tell({ services, request }: Visit, { settings }: Upstream, { why, message }: UpstreamFailure): void {
  const facts = { provider: settings.id, why, message, address: request.address }
  if (why === 'denied') services.log.info('sign-in at a provider denied', facts)
  else services.log.warn('sign-in at a provider failed', facts)
}
