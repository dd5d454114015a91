// An authorization code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.5). A code works once and not for long, so it is sent
// again only where the first try cannot have arrived. Not here: where the code comes from (loopback-login.ts).
import * as oauth from 'oauth4webapi'
import type { ServerMetadata } from './discover.ts'
import { AnswerError, cancelled, NetworkError } from './errors.ts'
import { guardedFetch, neverConnected } from './http.ts'
import { revoke } from './revoke.ts'
import type { System } from './system.ts'
import { readTokens, type Tokens, UnusableTokens } from './tokens.ts'

export type RedeemEvent =
  | { type: 'offline'; seconds: number; error: NetworkError | AnswerError }
  | { type: 'online' }

export type Redemption = {
  metadata: ServerMetadata
  clientId: string
  system: System
  /** As `validateAuthResponse` of oauth4webapi gave them back. */
  parameters: URLSearchParams
  redirectUri: string
  verifier: string
  nonce: string
  resource?: string
  signal?: AbortSignal
  onEvent?: (event: RedeemEvent) => void
}

/** Aborting wins, and what arrives all the same is revoked. */
export async function redeemCode(redemption: Redemption): Promise<Tokens> {
  const { signal, system } = redemption
  const work = redeem(redemption)
  const stopped = Promise.withResolvers<'aborted'>()
  const stop = (): void => stopped.resolve('aborted')
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const first = await Promise.race([work, stopped.promise])
    if (first !== 'aborted' && !signal?.aborted) return first
    await Promise.race([
      work.then((late) => end(redemption, late)).catch(() => {}),
      system.sleep(CANCEL_SECONDS),
    ])
    throw cancelled()
  } finally {
    signal?.removeEventListener('abort', stop)
    work.catch(() => {})
  }
}

async function redeem(redemption: Redemption): Promise<Tokens> {
  const { system, signal, onEvent } = redemption
  const until = system.monotonic() + RETRY_SECONDS
  for (let attempt = 0; ; attempt += 1) {
    try {
      const tokens = await tryOnce(redemption)
      if (attempt > 0) onEvent?.({ type: 'online' })
      return tokens
    } catch (error) {
      if (signal?.aborted || !isUnspent(error)) throw error
      const asked = error instanceof AnswerError ? error.retryAfterSeconds : undefined
      const seconds = asked ?? Math.min(2 ** attempt, 8)
      if (system.monotonic() + seconds > until) throw error
      onEvent?.({ type: 'offline', seconds, error })
      await system.sleep(seconds, signal)
    }
  }
}

async function tryOnce(redemption: Redemption): Promise<Tokens> {
  const { metadata, clientId, system, parameters, redirectUri, verifier, nonce, resource } = redemption
  const response = await oauth.authorizationCodeGrantRequest(
    metadata,
    { client_id: clientId },
    oauth.None(),
    parameters,
    redirectUri,
    verifier,
    {
      additionalParameters: resource ? { resource } : {},
      [oauth.customFetch]: guardedFetch({ system, timeoutSeconds: TIMEOUT_SECONDS }),
      [oauth.allowInsecureRequests]: true,
    },
  )
  try {
    return await readTokens(metadata, clientId, response, 'authorization_code', system.now(), nonce)
  } catch (error) {
    const token = error instanceof UnusableTokens ? error.arrived() : undefined
    const what = { token: token ?? '', hint: 'refresh_token' as const }
    if (token) await revoke(metadata, clientId, what, { system, timeoutSeconds: 2 })
    throw error
  }
}

/** Nobody got the code, or who got it says that they could not look at it. */
function isUnspent(error: unknown): error is NetworkError | AnswerError {
  if (error instanceof AnswerError) return error.status === 503 || error.status === 429
  return error instanceof NetworkError && neverConnected(error)
}

async function end({ metadata, clientId, system }: Redemption, tokens: Tokens): Promise<void> {
  const what = tokens.refreshToken
    ? { token: tokens.refreshToken, hint: 'refresh_token' as const }
    : { token: tokens.accessToken, hint: 'access_token' as const }
  await revoke(metadata, clientId, what, { system, timeoutSeconds: CANCEL_SECONDS })
}

// Codes of our server live a minute (RFC 6749 §4.1.2 recommends ten at most).
const RETRY_SECONDS = 45
const TIMEOUT_SECONDS = 20
const CANCEL_SECONDS = 0.25
