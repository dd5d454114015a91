// Renews an access token exactly once, however many processes and calls want it: lock, read again, compare,
// refresh, write, unlock. Not here: when a token needs it (freshness in credentials.ts), the lock itself.
import * as oauth from 'oauth4webapi'
import {
  type Credential,
  type CredentialKey,
  type CredentialStore,
  freshness,
  type LiveCredential,
} from './credentials.ts'
import { discover, type MetadataCache } from './discover.ts'
import { AnswerError, isTransient, OAuthError, SignInRequiredError } from './errors.ts'
import { finishFirst } from './finish-first.ts'
import { guardedFetch } from './http.ts'
import { sharedFailure, shareFailure } from './refresh-failure.ts'
import { withRefreshLock } from './refresh-lock.ts'
import type { System } from './system.ts'
import { instantOf, readTokens, type Tokens } from './tokens.ts'

export type RefreshOptions = {
  store: CredentialStore
  key: CredentialKey
  system: System
  cache?: MetadataCache
  /** An access token that a server has just refused: renew even if it looks fresh. */
  refused?: string
}

/** Returns a credential whose access token can be used now, renewing it if necessary. */
export async function freshCredential(options: RefreshOptions): Promise<LiveCredential> {
  const usable = usableNow(options)
  if (usable) return usable
  const since = options.system.now()
  const before = (): LiveCredential | undefined => {
    const renewed = usableNow(options)
    if (renewed) return renewed
    const failure = sharedFailure(failurePath(options), since, options.system)
    if (failure) throw failure
    return undefined
  }
  return withRefreshLock(
    { ...refreshLock(options), alreadyDone: before },
    async () => before() ?? (await renew(options)),
  )
}

function failurePath({ store, key }: RefreshOptions): string | undefined {
  return store.lockOf(key)?.replace(/\.lock$/, '.failed')
}

/** Held by whoever spends the refresh token, for whatever purpose. */
export function refreshLock({ store, key, system }: Pick<RefreshOptions, 'store' | 'key' | 'system'>): {
  path: string | undefined
  system: System
  timeoutSeconds: number
} {
  return { path: store.lockOf(key), system, timeoutSeconds: LOCK_SECONDS }
}

/** Reads the file each time: another process may have renewed since. */
function usableNow(options: RefreshOptions): LiveCredential | undefined {
  const stored = options.store.read(options.key)
  if (!stored) throw new SignInRequiredError('not_signed_in')
  // The tombstone ends retries here, without a request: a dead token is never sent twice.
  if (stored.state === 'ended') throw new SignInRequiredError('ended_by_server', stored.account.email)
  if (stored.accessToken === options.refused) return undefined
  return freshness(stored, options.system.now()) === 'stale' ? undefined : stored
}

async function renew(options: RefreshOptions): Promise<LiveCredential> {
  const { kept } = await spendRefreshToken(options, {}, mergeTokens)
  options.system.log({ event: 'refreshed', issuer: options.key.issuer })
  return kept
}

/**
 * One use of the refresh token, to be called under the lock. What `keep` makes of the answer is stored before anything
 * else happens: it holds the rotated token, without which the sign-in would be lost.
 */
export async function spendRefreshToken(
  options: RefreshOptions,
  parameters: Record<string, string>,
  keep: (stored: LiveCredential, tokens: Tokens) => LiveCredential,
): Promise<{ tokens: Tokens; kept: LiveCredential }> {
  const { store, key } = options
  const stored = store.read(key)
  if (stored?.state !== 'live') throw new SignInRequiredError('not_signed_in')
  if (stored.refreshToken === undefined) throw new SignInRequiredError('expired', stored.account.email)
  // Before the token is spent, not after: a rotated token that cannot be written would be lost.
  store.probe()
  try {
    const { refreshToken } = stored
    return await finishFirst(async () => {
      const tokens = await requestWithRetries(options, refreshToken, parameters)
      const kept = keep(stored, tokens)
      if (stillThere(options, stored)) store.write(kept)
      return { tokens, kept }
    }, options.system)
  } catch (error) {
    shareFailure(failurePath(options), error, options.system)
    if (error instanceof OAuthError && error.error === 'invalid_grant') bury(options, stored)
    if (error instanceof OAuthError && error.error === 'invalid_grant')
      throw new SignInRequiredError('ended_by_server', stored.account.email, error)
    throw error
  }
}

/** Only if the stored token is still the one that was refused (somebody may have signed in meanwhile). */
function bury(options: RefreshOptions, refused: LiveCredential): void {
  if (!stillThere(options, refused)) return
  const { version, issuer, clientId, account, signedInAt, deviceName } = refused
  options.store.write({
    version,
    issuer,
    clientId,
    account,
    signedInAt,
    ...(deviceName === undefined ? {} : { deviceName }),
    state: 'ended',
    endedAt: options.system.now(),
    reason: 'invalid_grant',
  })
}

function stillThere(options: RefreshOptions, seen: LiveCredential): boolean {
  const stored: Credential | undefined = options.store.read(options.key)
  return stored?.state === 'live' && stored.refreshToken === seen.refreshToken
}

/** No abort signal on purpose: once the refresh token is sent, its answer must be waited for and kept. */
async function requestWithRetries(
  options: RefreshOptions,
  refreshToken: string,
  parameters: Record<string, string>,
): Promise<Tokens> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await requestOnce(options, refreshToken, parameters)
    } catch (error) {
      if (!isTransient(error) || attempt === ATTEMPTS) throw error
      if (error instanceof AnswerError && error.status === 404) options.cache?.forget(options.key.issuer)
      const asked = error instanceof AnswerError ? error.retryAfterSeconds : undefined
      // The lock is held meanwhile; whoever must wait longer is told how long, and comes back.
      if (asked !== undefined && asked > LONGEST_WAIT_SECONDS) throw error
      await options.system.sleep(asked ?? 0.3 * 3 ** (attempt - 1))
    }
  }
}

async function requestOnce(
  options: RefreshOptions,
  refreshToken: string,
  parameters: Record<string, string>,
): Promise<Tokens> {
  const { key, system, cache } = options
  const metadata = await discover(key.issuer, { system, ...(cache ? { cache } : {}) })
  const response = await oauth.refreshTokenGrantRequest(
    metadata,
    { client_id: key.clientId },
    oauth.None(),
    refreshToken,
    {
      additionalParameters: parameters,
      [oauth.customFetch]: guardedFetch({ system }),
      [oauth.allowInsecureRequests]: true,
    },
  )
  return readTokens(metadata, key.clientId, response, 'refresh_token', system.now())
}

function mergeTokens(before: LiveCredential, tokens: Tokens): LiveCredential {
  const { expiresAt: _old, ...kept } = before
  return { ...kept, ...tokenMembers(tokens, before) }
}

/** RFC 6749 §6: a refresh token or scope that the answer leaves out stays what it was, and so does the end of it all. */
export function tokenMembers(
  tokens: Tokens,
  before?: LiveCredential,
): Omit<LiveCredential, 'version' | 'issuer' | 'clientId' | 'account' | 'signedInAt'> {
  const refreshToken = tokens.refreshToken ?? before?.refreshToken
  const scope = tokens.scope ?? before?.scope
  const end = instantOf(tokens, tokens.authorizationExpiresIn) ?? before?.authorizationExpiresAt
  const expiresAt = instantOf(tokens, tokens.expiresIn)
  return {
    state: 'live',
    accessToken: tokens.accessToken,
    receivedAt: tokens.receivedAt,
    clockOffset: tokens.clockOffset,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(scope === undefined ? {} : { scope }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(end === undefined ? {} : { authorizationExpiresAt: end }),
  }
}

const ATTEMPTS = 3
const LONGEST_WAIT_SECONDS = 5
// Longer than three slow attempts of the holder.
const LOCK_SECONDS = 60
