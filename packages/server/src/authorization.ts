// An authorization by redirect from the moment it is opened in a browser to the answer to the client: on to the next page, and what the
// person decided. Only the record counts; nothing of it is ever taken from a page (standards.md AZ-25).
// Reading the request is endpoints/authorize.ts and endpoints/par.ts, the pages are pages/sign-in.ts and pages/consent.ts,
// what comes next is authorization-steps.ts, and how an answer travels authorization-answer.ts.

import { authorizationCode, consent, isVouchedFor, type Refusal, type Write } from '@countersign/protocol'
import { audit, byPerson } from './audit.ts'
import { answerWithCode, answerWithRefusal, offerRefusal } from './authorization-answer.ts'
import { authorizationCodeId, newAuthorizationCode } from './authorization-codes.ts'
import { mayStillAsk } from './authorization-reading.ts'
import { findOpenRecord, isOpen } from './authorization-requests.ts'
import { nextStep, type OpenAuthorization } from './authorization-steps.ts'
import { firstUse } from './client-first-use.ts'
import { aboutOf, consentId, findConsent, keysHashOf } from './consents.ts'
import { onlyLookedAt, type PlainResponse, seeOther } from './http.ts'
import { here } from './pages/links.ts'
import { problemPage } from './pages/problem.ts'
import { isSignedIn, type SignedVisit, type Visit } from './pages/visit.ts'
import { observedIn } from './request-context.ts'
import { decideAndApply } from './store/store.ts'
import { newGrantId } from './tokens.ts'

export { type NextStep, nextStep, type OpenAuthorization } from './authorization-steps.ts'

/** Undefined when it is another browser's, over, decided, or was never there: one page for all of these. */
export async function findOpenRequest(
  visit: Visit,
  reference: string,
): Promise<OpenAuthorization | undefined> {
  const record = await findOpenRecord(visit, reference)
  if (record === undefined) return undefined
  const client = await visit.services.clients.find(record.clientId)
  if (client === undefined || !(await mayStillAsk(visit.services, client, record.parameters)))
    return undefined
  return { record, client, reference }
}

/** The page of a step, below the issuer. */
function pageOf(step: 'sign_in' | 'consent', { reference }: OpenAuthorization): string {
  return `${step === 'sign_in' ? '/login' : '/consent'}?request=${reference}`
}

/** To the page of the next step, `/login?request=REF` or `/consent?request=REF`; or the answer to the client. */
export async function continueRequest(visit: Visit, open: OpenAuthorization): Promise<PlainResponse> {
  const next = await nextStep(visit, open)
  const decides = next.step === 'refuse' || next.step === 'answer'
  if (decides && visit.request.method === 'HEAD') return onlyLookedAt
  if (next.step === 'refuse') {
    const answer = isVouchedFor(open.client) ? answerWithRefusal : offerRefusal
    return refuseRequest(visit, open, next.refusal, { answer })
  }
  if (next.step === 'answer' && isSignedIn(visit)) return answerUnasked(visit, open)
  return seeOther(here(visit.services, pageOf(next.step === 'consent' ? 'consent' : 'sign_in', open)))
}

/**
 * The person allows it, with these of the scopes of the request: those agreed to now and before. The consent, the code and the
 * audit entry are one step; then the browser goes back to the client.
 */
export async function allowRequest(
  visit: SignedVisit,
  open: OpenAuthorization,
  scopes: readonly string[],
): Promise<PlainResponse> {
  const next = await nextStep(visit, open)
  // Another account may be signed in since the page was shown, or none that suffices.
  if (next.step !== 'consent' && next.step !== 'answer') return continueRequest(visit, open)
  const wanted = open.record.parameters.scopes
  const given = wanted.filter((scope) => scopes.includes(scope))
  return issueCode(visit, open, given, async () => {
    const about = aboutOf(visit.signedIn.account.id, open.client.id, open.record.parameters)
    const keysHash = keysHashOf(open.client)
    const now = visit.services.system.now()
    const before = await findConsent(visit.services, about)
    return consent.give(before, { about, keysHash, wanted, given, now }, { consentId: consentId(about) })
  })
}

// What was agreed to before is agreed to still. The consent is written as it stands, so that a withdrawal at this very moment
// is a conflict, and is asked about again.
function answerUnasked(visit: SignedVisit, open: OpenAuthorization): Promise<PlainResponse> {
  const { services, signedIn } = visit
  return issueCode(visit, open, open.record.parameters.scopes, async () => {
    if ((await nextStep(visit, open)).step !== 'answer') return undefined
    const given = await findConsent(
      services,
      aboutOf(signedIn.account.id, open.client.id, open.record.parameters),
    )
    return given === undefined ? [] : [{ op: 'update', kind: 'consent', record: given }]
  })
}

async function issueCode(
  visit: SignedVisit,
  open: OpenAuthorization,
  scopes: readonly string[],
  /** What is written with it; undefined when it cannot be issued after all. */
  alongside: () => Promise<readonly Write[] | undefined>,
): Promise<PlainResponse> {
  const { services, request, signedIn } = visit
  const { client } = open
  const { system, config } = services
  const code = newAuthorizationCode(system)
  const codeId = authorizationCodeId(code) ?? ''
  const grantId = newGrantId(system)
  const { parameters } = open.record
  const event = {
    clientId: client.id,
    accountId: signedIn.account.id,
    parameters,
    scopes,
    authTime: signedIn.session.authenticatedAt,
    amr: signedIn.session.amr,
    context: {
      observed: observedIn(request),
      reported: open.record.context?.reported ?? nothingReported,
    },
    now: system.now(),
    lifetimeSeconds: config.authorizationCodeSeconds,
  }
  const issued = authorizationCode.issue(event, { codeId, grantId })
  const done = await decideAndApply(services.store, async () => {
    const ends = await endOfRequest(visit, open)
    const more = ends && (await alongside())
    if (ends === undefined || more === undefined) return { issued: false, writes: [] }
    const said = audit(services, {
      event: 'authorization.allowed',
      ...byPerson(signedIn.account.id, request),
      accountId: signedIn.account.id,
      clientId: client.id,
      grantId,
      detail: { scopes: issued.record.scopes, resources: parameters.resources },
    })
    const used = await firstUse(services, client)
    return { issued: true, writes: [...ends, ...more, ...issued.writes, ...used, said] }
  })
  if (!done.applied) return problemPage(services, 'busy', { retryAfterSeconds: 1 })
  if (!done.decision.issued) return afterAll(visit, open)
  await services.throttle.completed(request.address)
  return answerWithCode(services, parameters, code)
}

const nothingReported = { deviceName: null, clientVersion: null, agent: null }

/** The person does not allow it, and the client hears so. */
export async function denyRequest(visit: Visit, open: OpenAuthorization): Promise<PlainResponse> {
  const { services, request, signedIn } = visit
  const { scopes, resources } = open.record.parameters
  const accountId = signedIn?.account.id ?? null
  const said = audit(services, {
    event: 'authorization.denied',
    ...byPerson(accountId, request),
    accountId,
    clientId: open.client.id,
    detail: { scopes, resources },
  })
  // Whoever turns away from the only sign-in that would have done leaves it unmet, whatever they think of the client (SU-04).
  const next = await nextStep(visit, open)
  const isUnmet = next.step === 'sign_in' && next.why === 'stronger'
  const refusal: Refusal = { reason: isUnmet ? 'authentication_unmet' : 'request_denied' }
  return refuseRequest(visit, open, refusal, { told: [said] })
}

interface RefusalWith {
  readonly answer?: typeof offerRefusal
  readonly told?: readonly Write[]
}

async function refuseRequest(
  visit: Visit,
  open: OpenAuthorization,
  refusal: Refusal,
  { answer = answerWithRefusal, told = [] }: RefusalWith,
): Promise<PlainResponse> {
  const { services } = visit
  const done = await decideAndApply(services.store, async () => {
    const ends = await endOfRequest(visit, open)
    return { ended: ends !== undefined, writes: ends === undefined ? [] : [...ends, ...told] }
  })
  if (!done.applied) return problemPage(services, 'busy', { retryAfterSeconds: 1 })
  if (!done.decision.ended) return afterAll(visit, open)
  services.log.info('authorization refused', { reason: refusal.reason, clientId: open.client.id })
  return answer(services, open.record.parameters, refusal, open.client.name)
}

// A request is decided once, in whatever tab that was (AZ-25). One that never had to be stored is answered where it was read.
async function endOfRequest(
  { services }: Visit,
  { record }: OpenAuthorization,
): Promise<readonly Write[] | undefined> {
  if (record.version === 0) return []
  const current = await services.store.read('authorizationRequest', record.id)
  if (!isOpen(current, services.system.now())) return undefined
  return [{ op: 'update', kind: 'authorizationRequest', record: { ...current, status: 'decided' } }]
}

// Somebody was faster, in another tab or elsewhere: the page says what has become of it. One that was never stored is read anew.
function afterAll({ services, request }: Visit, open: OpenAuthorization): PlainResponse {
  const page = open.record.version === 0 ? `/oauth/authorize?${request.query}` : pageOf('consent', open)
  return seeOther(here(services, page))
}
