// A program's use of a sign-in: an access token that is fresh, and a `fetch` that carries it, renews it, and asks for more
// access where an API demands it. Not here: signing in (sign-in.ts), renewing (refresh.ts), the request (authorized-fetch.ts),
// what a challenge says (challenge.ts).
import { type Answer, follow, type SessionRequest } from './authorized-fetch.ts'
import { needsOf, type Refused } from './challenge.ts'
import { type CredentialKey, type CredentialStore, type LiveCredential, openStore } from './credentials.ts'
import { createMetadataCache } from './discover.ts'
import { type AccessNeeds, SignInRequiredError } from './errors.ts'
import type { Narrowing } from './exchange.ts'
import { grantedScopes } from './scopes.ts'
import { system as realSystem, type System } from './system.ts'
import { createTokenSource, type TokenSource } from './token-source.ts'

export type { SessionRequest } from './authorized-fetch.ts'

/** `retry` when the person has signed in with what is needed; `give-up` hands the refusal to the caller. May throw. */
export type OnStepUp = (needs: AccessNeeds, key: CredentialKey) => Promise<'retry' | 'give-up'>

/** With `resource` or `scope` its tokens are narrowed to them; they are not stored. */
export type SessionOptions = Narrowing & {
  issuer: string
  clientId: string
  /** The account's id; without it the current one. */
  account?: string
  store?: CredentialStore
  system?: System
  onStepUp?: OnStepUp
}

export type Session = {
  credential: () => Promise<LiveCredential>
  /** `refused` is a token that was just refused: another one is got, however fresh it looks. */
  accessToken: (refused?: string) => Promise<string>
  fetch: (url: string | URL, request?: SessionRequest) => Promise<Response>
}

export function createSession(options: SessionOptions): Session {
  const system = options.system ?? realSystem
  const store = options.store ?? openStore({ env: process.env, system })
  const cache = createMetadataCache(system)
  const narrowing = { resource: options.resource, scope: options.scope }
  const sources = new Map<string, TokenSource>()
  const source = (): TokenSource => {
    const key = currentKey(options, store)
    const found = sources.get(key.account) ?? createTokenSource({ store, key, system, cache, narrowing })
    sources.set(key.account, found)
    return found
  }
  return {
    credential: async () => source().credential(),
    accessToken: async (refused) => source().token(refused),
    fetch: async (url, request = {}) =>
      fetchWithToken(new URL(url), request, { source: source(), system, onStepUp: options.onStepUp }),
  }
}

function currentKey(options: SessionOptions, store: CredentialStore): CredentialKey {
  const { issuer, clientId } = options
  const account = options.account ?? store.current(issuer, clientId)
  if (account === undefined) throw new SignInRequiredError('not_signed_in')
  return { issuer, clientId, account }
}

type Means = { source: TokenSource; system: System; onStepUp: OnStepUp | undefined }

/** The source stays that of one account, whoever signs in meanwhile: nothing is begun as one person and ended as another. */
async function fetchWithToken(url: URL, request: SessionRequest, means: Means): Promise<Response> {
  const { source, system } = means
  const token = await source.token()
  let answer = await follow(url, request, token, system)
  // Each once only: what is refused again, fresh from the server, will not get better.
  if (answer.refused?.type === 'invalid_token')
    answer = await again(url, request, system, answer, await source.token(token))
  const better = await tokenForMore(answer.refused, means)
  if (better !== undefined) answer = await again(url, request, system, answer, better)
  return answer.response
}

async function again(
  url: URL,
  request: SessionRequest,
  system: System,
  before: Answer,
  token: string,
): Promise<Answer> {
  await before.response.body?.cancel()
  return follow(url, request, token, system)
}

/** A token that may get further, or undefined: then the refusal is the caller's to read. */
async function tokenForMore(
  refused: Refused | undefined,
  { source, onStepUp }: Means,
): Promise<string | undefined> {
  if (refused === undefined || refused.type === 'invalid_token') return undefined
  const credential = await source.credential()
  const needs = needsOf(refused, grantedScopes(credential), source.resource ?? credential.resource)
  const wanted = refused.type === 'insufficient_scope' ? refused.scope : undefined
  // The sign-in reaches far enough; it is the token that was made too small.
  if (wanted !== undefined && needs.missing.length === 0) return source.widen(wanted)
  if (onStepUp === undefined || (await onStepUp(needs, source.key)) === 'give-up') return undefined
  return source.widen(wanted) ?? source.token()
}
