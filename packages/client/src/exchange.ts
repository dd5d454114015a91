// A smaller token for a child, a tool or another API: less scope, one audience, its own end. First by the refresh token
// (RFC 6749 §6, RFC 8707 §2.2), which public clients may always do; where there is none, by token exchange (RFC 8693). It is
// short-lived, so it is not stored. Not here: the commands that hand it out (commands/token-for.ts, commands/exec.ts).
import * as oauth from 'oauth4webapi'
import type { CredentialKey, CredentialStore, LiveCredential } from './credentials.ts'
import { discover, type MetadataCache } from './discover.ts'
import {
  type AccessNeeds,
  MoreAccessError,
  OAuthError,
  SignInEndedError,
  SignInRequiredError,
} from './errors.ts'
import { guardedFetch } from './http.ts'
import { refreshLock, spendRefreshToken } from './refresh.ts'
import { withRefreshLock } from './refresh-lock.ts'
import { type RevocationOutcome, revoke } from './revoke.ts'
import { grantedScopes, unitedScopes } from './scopes.ts'
import type { System } from './system.ts'
import { instantOf, readTokens, type Tokens } from './tokens.ts'

export type Narrowing = {
  /** The API that it is for (RFC 8707). */
  resource?: string | undefined
  /** What it may do, separated by spaces; everything that the sign-in may, unless said. */
  scope?: string | undefined
}

export type ChildToken = {
  accessToken: string
  scope?: string
  /** By the server's clock; absent means that nobody knows. */
  expiresAt?: number
  receivedAt: number
  clockOffset: number
}

export type ChildTokenOptions = Narrowing & {
  store: CredentialStore
  key: CredentialKey
  system: System
  cache?: MetadataCache
}

/** @throws MoreAccessError when the sign-in does not reach that far; SignInRequiredError when there is none. */
export async function childToken(options: ChildTokenOptions): Promise<ChildToken> {
  const stored = options.store.read(options.key)
  if (!stored) throw new SignInRequiredError('not_signed_in')
  if (stored.state === 'ended') throw new SignInRequiredError('ended_by_server', stored.account.email)
  try {
    return stored.refreshToken === undefined
      ? await exchangeToken({ ...options, ...options.key, subjectToken: stored.accessToken })
      : await byRefreshToken(options)
  } catch (error) {
    if (error instanceof OAuthError && OUT_OF_REACH.has(error.error))
      throw new MoreAccessError(needsOf(stored, options), stored.account.email, error)
    throw error
  }
}

/** The rotated refresh token is kept, and the access token of the sign-in stays what it was. */
async function byRefreshToken(options: ChildTokenOptions): Promise<ChildToken> {
  return withRefreshLock(refreshLock(options), async () => {
    const { tokens } = await spendRefreshToken(options, parametersOf(options), keepRotated)
    return asChild(tokens)
  })
}

function keepRotated(stored: LiveCredential, tokens: Tokens): LiveCredential {
  return { ...stored, ...(tokens.refreshToken === undefined ? {} : { refreshToken: tokens.refreshToken }) }
}

function parametersOf({ resource, scope }: Narrowing): Record<string, string> {
  return { ...(resource ? { resource } : {}), ...(scope ? { scope } : {}) }
}

function asChild(tokens: Tokens): ChildToken {
  const { accessToken, scope, expiresIn, receivedAt, clockOffset } = tokens
  const expiresAt = instantOf(tokens, expiresIn)
  return {
    accessToken,
    receivedAt,
    clockOffset,
    ...(scope === undefined ? {} : { scope }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
}

export type ExchangeParties = {
  issuer: string
  clientId: string
  subjectToken: string
  system: System
  cache?: MetadataCache
}

export type ExchangeOptions = ExchangeParties & Narrowing

/** RFC 8693 §2.1. Servers let few clients do this, and ours none without a secret; the refusal says so. */
export async function exchangeToken(options: ExchangeOptions): Promise<ChildToken> {
  const parameters = { requested_token_type: ACCESS_TOKEN, ...parametersOf(options) }
  try {
    return await requestExchange(options, parameters)
  } catch (error) {
    throw asPolicy(
      error,
      'this program may not exchange its token for a smaller one. Without --for and --scope it needs none.',
    )
  }
}

export async function requestExchange(
  { issuer, clientId, subjectToken, system, cache }: ExchangeParties,
  parameters: Record<string, string>,
): Promise<ChildToken> {
  const metadata = await discover(issuer, { system, ...(cache ? { cache } : {}) })
  const response = await oauth.genericTokenEndpointRequest(
    metadata,
    { client_id: clientId },
    oauth.None(),
    TOKEN_EXCHANGE,
    { subject_token: subjectToken, subject_token_type: ACCESS_TOKEN, ...parameters },
    { [oauth.customFetch]: guardedFetch({ system }), [oauth.allowInsecureRequests]: true },
  )
  return asChild(await readTokens(metadata, clientId, response, 'token_exchange', system.now()))
}

/** A refusal of the client itself is no mistake that trying again would mend. */
export function asPolicy(refusal: unknown, description: string): unknown {
  if (!(refusal instanceof OAuthError && NOT_ALLOWED.has(refusal.error))) return refusal
  return new SignInEndedError('refused_by_policy', refusal.message, {
    description,
    uri: refusal.uri,
    cause: refusal,
  })
}

/** Tells the server that the child is done with it. Bounded, never throws. */
export async function endChildToken(
  options: { issuer: string; clientId: string; system: System; cache?: MetadataCache },
  accessToken: string,
): Promise<RevocationOutcome> {
  const { issuer, clientId, system, cache } = options
  try {
    const metadata = await discover(issuer, { system, timeoutSeconds: 2, ...(cache ? { cache } : {}) })
    const what = { token: accessToken, hint: 'access_token' as const }
    return await revoke(metadata, clientId, what, { system, timeoutSeconds: 2 })
  } catch {
    return 'unreachable'
  }
}

/** CL-18: the next sign-in asks for what there is and what is missing. */
function needsOf(stored: LiveCredential, { resource, scope }: Narrowing): AccessNeeds {
  return { ...unitedScopes(grantedScopes(stored), scope), resource: resource ?? stored.resource }
}

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const OUT_OF_REACH = new Set(['invalid_scope', 'invalid_target'])
const NOT_ALLOWED = new Set([
  'unauthorized_client',
  'invalid_client',
  'unsupported_grant_type',
  'access_denied',
])
