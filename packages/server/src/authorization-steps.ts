// What has to happen next with an open authorization request: sign in, agree, or nothing more (OIDC Core §3.1.2.3, §3.1.2.4).
// Asked anew at every page and at the decision itself, for whoever is signed in then; what follows is authorization.ts.

import {
  type AuthorizationRequest,
  acrOf,
  acrValues,
  type Client,
  canSatisfyAcr,
  consent,
  isVouchedFor,
  mustAuthenticateAgain,
  type Refusal,
  satisfiesAcr,
} from '@countersign/protocol'
import type { SignedIn } from './accounts/browser-session.ts'
import { normalizeEmail } from './accounts/email.ts'
import { aboutOf, findConsent, keysHashOf } from './consents.ts'
import type { Visit } from './pages/visit.ts'
import type { Services } from './services.ts'

/** A request that this browser opened and that nobody has decided. */
export interface OpenAuthorization {
  readonly record: AuthorizationRequest
  readonly client: Client
  /** Names the record in the address of our pages; worth nothing in another browser. */
  readonly reference: string
}

export type NextStep =
  /**
   * `nobody` is signed in here; the sign-in was too long ago or the client wants a new one (`again`); the client wants another
   * account, or the person to choose one (`choose`); or a stronger kind of sign-in, a passkey (`stronger`).
   */
  | { readonly step: 'sign_in'; readonly why: 'nobody' | 'again' | 'choose' | 'stronger' }
  /** What to ask: scopes to decide about, and those that were agreed to before. */
  | { readonly step: 'consent'; readonly question: consent.Question }
  /** Nothing is left to ask. */
  | { readonly step: 'answer' }
  /** What no page can bring about: the client hears it. */
  | { readonly step: 'refuse'; readonly refusal: Refusal }

export async function nextStep(visit: Visit, { record, client }: OpenAuthorization): Promise<NextStep> {
  const { services, signedIn } = visit
  // Of a client that nobody vouches for, who is here is asked first: an answer without a word would lead anybody anywhere.
  const silent = record.parameters.prompt.includes('none') && (signedIn !== undefined || isVouchedFor(client))
  const unlessSilent = (step: NextStep, reason: SilentReason): NextStep =>
    silent ? { step: 'refuse', refusal: { reason } } : step
  if (record.refusal !== null && (silent || signedIn !== undefined))
    return { step: 'refuse', refusal: record.refusal }
  if (signedIn === undefined) return unlessSilent({ step: 'sign_in', why: 'nobody' }, 'login_required')
  const signIn = await signInStep(services, signedIn, record)
  const question = await questionFor(services, signedIn, record, client)
  // Whether `login_hint` is their address, and how and when they signed in, is for clients that were let in: to others a
  // silent request would tell it without a question.
  if (silent && question !== undefined && signIn?.step === 'sign_in')
    return { step: 'refuse', refusal: { reason: 'consent_required' } }
  if (signIn?.step === 'sign_in') return unlessSilent(signIn, silentReasons[signIn.why])
  if (signIn !== undefined) return signIn
  return question === undefined
    ? { step: 'answer' }
    : unlessSilent({ step: 'consent', question }, 'consent_required')
}

type SilentReason =
  | 'login_required'
  | 'consent_required'
  | 'interaction_required'
  | 'account_selection_required'

// OIDC Core §3.1.2.6: what a client hears that asked for no page.
const silentReasons = {
  nobody: 'login_required',
  again: 'login_required',
  choose: 'account_selection_required',
  stronger: 'interaction_required',
} as const

async function signInStep(
  services: Services,
  { session, account }: SignedIn,
  { parameters, sessionId, createdAt }: AuthorizationRequest,
): Promise<NextStep | undefined> {
  const { prompt, hintedAccountId, loginHint } = parameters
  // Who has signed in since the request was opened has another session; that is as new as a sign-in can be, and asking for
  // it by age would ask for ever (`max_age=0`). An old session whose cookie was only held back at the beginning is not new.
  const isNew = session.id !== sessionId && session.authenticatedAt >= createdAt
  if (hintedAccountId !== null && hintedAccountId !== account.id) {
    // OIDC Core §3.1.2.1: somebody else is signed in, and no sign-in here made it the one that the client means.
    if (isNew || prompt.includes('none')) return { step: 'refuse', refusal: { reason: 'login_required' } }
    return { step: 'sign_in', why: 'choose' }
  }
  if (!isNew) {
    if (prompt.includes('login')) return { step: 'sign_in', why: 'again' }
    const hinted = loginHint === null ? undefined : normalizeEmail(loginHint)
    if (prompt.includes('select_account') || (hinted !== undefined && hinted !== account.email))
      return { step: 'sign_in', why: 'choose' }
    const signedIn = { authTime: session.authenticatedAt, amr: session.amr }
    const wanted = { maxAge: parameters.maxAge, acrValues: [] }
    if (mustAuthenticateAgain(signedIn, wanted, services.system.now()) || parameters.maxAge === 0)
      return { step: 'sign_in', why: 'again' }
  }
  return acrStep(services, { session, account }, parameters)
}

// RFC 9470 §5. In an OpenID request `acr_values` is a wish (OIDC Core §3.1.2.1), so there a class that nobody knows is none.
async function acrStep(
  { store }: Services,
  { session, account }: SignedIn,
  { acrValues: wanted, scopes }: AuthorizationRequest['parameters'],
): Promise<NextStep | undefined> {
  if (satisfiesAcr(acrOf(session.amr), wanted)) return undefined
  const isKnown = wanted.some((value) => (acrValues as readonly string[]).includes(value))
  if (!isKnown && scopes.includes('openid')) return undefined
  const unmet = { step: 'refuse', refusal: { reason: 'authentication_unmet' } } as const
  if (!canSatisfyAcr(wanted)) return unmet
  const [passkey] = await store.find('passkey', 'accountId', account.id, 1)
  return passkey === undefined ? unmet : { step: 'sign_in', why: 'stronger' }
}

/** What there is to ask; undefined when the person has said it all, or an administrator for everybody. */
async function questionFor(
  services: Services,
  { account }: SignedIn,
  { parameters }: AuthorizationRequest,
  client: Client,
): Promise<consent.Question | undefined> {
  const given = await findConsent(services, aboutOf(account.id, client.id, parameters))
  return consent.question(given, {
    client,
    keysHash: keysHashOf(client),
    redirectUri: parameters.redirectUri,
    scopes: parameters.scopes,
    askAgain: parameters.prompt.includes('consent'),
  })
}
