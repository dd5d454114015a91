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
import { discover, type MetadataCache, type ServerMetadata } from './discover.ts'
import { AnswerError, isTransient, OAuthError, SignInRequiredError } from './errors.ts'
import { guardedFetch, refusalOf } from './http.ts'
import { withRefreshLock } from './refresh-lock.ts'
import type { System } from './system.ts'
import { readTokens, type Tokens } from './tokens.ts'

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
  return withRefreshLock(
    {
      path: options.store.pathOf(options.key).replace(/\.json$/, '.lock'),
      system: options.system,
      timeoutSeconds: LOCK_SECONDS,
      alreadyDone: () => usableNow(options),
    },
    async () => usableNow(options) ?? (await renew(options)),
  )
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
  const { store, key, system } = options
  const stored = store.read(key)
  if (stored?.state !== 'live') throw new SignInRequiredError('not_signed_in')
  if (stored.refreshToken === undefined) throw new SignInRequiredError('expired', stored.account.email)
  // Before the token is spent, not after: a rotated token that cannot be written would be lost.
  store.probe()
  try {
    const tokens = await requestWithRetries(options, stored.refreshToken)
    const renewed = mergeTokens(stored, tokens)
    if (stillThere(options, stored)) store.write(renewed)
    system.log({ event: 'refreshed', issuer: key.issuer })
    return renewed
  } catch (error) {
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
async function requestWithRetries(options: RefreshOptions, refreshToken: string): Promise<Tokens> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await requestOnce(options, refreshToken)
    } catch (error) {
      if (!isTransient(error) || attempt === ATTEMPTS) throw error
      if (error instanceof AnswerError && error.status === 404) options.cache?.forget(options.key.issuer)
      await options.system.sleep(0.3 * 3 ** (attempt - 1))
    }
  }
}

async function requestOnce(options: RefreshOptions, refreshToken: string): Promise<Tokens> {
  const { key, system, cache } = options
  const metadata = await discover(key.issuer, { system, ...(cache ? { cache } : {}) })
  const response = await oauth.refreshTokenGrantRequest(
    metadata,
    { client_id: key.clientId },
    oauth.None(),
    refreshToken,
    { [oauth.customFetch]: guardedFetch({ system }), [oauth.allowInsecureRequests]: true },
  )
  const refusal = await refusalOf(response)
  if (refusal && refusal.status < 500 && refusal.status !== 429) throw new OAuthError(refusal)
  if (response.status !== 200) throw unavailable(metadata, response.status)
  return readTokens(metadata, key.clientId, response, 'refresh_token', system.now())
}

function unavailable(metadata: ServerMetadata, status: number): AnswerError {
  const { host } = new URL(metadata.issuer)
  return new AnswerError('server_unavailable', `${host} is not available (status ${status})`, {
    host,
    status,
  })
}

function mergeTokens(before: LiveCredential, tokens: Tokens): LiveCredential {
  const { expiresAt: _old, ...kept } = before
  return { ...kept, ...tokenMembers(tokens, before) }
}

/** RFC 6749 §6: a refresh token or scope that the answer leaves out stays what it was. */
export function tokenMembers(
  tokens: Tokens,
  before?: LiveCredential,
): Omit<LiveCredential, 'version' | 'issuer' | 'clientId' | 'account' | 'signedInAt'> {
  const refreshToken = tokens.refreshToken ?? before?.refreshToken
  const scope = tokens.scope ?? before?.scope
  return {
    state: 'live',
    accessToken: tokens.accessToken,
    receivedAt: tokens.receivedAt,
    clockOffset: tokens.clockOffset,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(scope === undefined ? {} : { scope }),
    ...(tokens.expiresIn === undefined
      ? {}
      : { expiresAt: tokens.receivedAt + tokens.clockOffset + tokens.expiresIn }),
  }
}

const ATTEMPTS = 3
// Longer than three slow attempts of the holder.
const LOCK_SECONDS = 60
