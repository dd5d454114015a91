// Reads the answer of the token endpoint, for every grant: validated by oauth4webapi, then turned into our
// own words. Also the measured difference between the server's clock and ours. Not here: when tokens are
// fresh enough to use (credential.ts).
import * as oauth from 'oauth4webapi'
import type { ServerMetadata } from './discover.ts'
import { AnswerError, OAuthError } from './errors.ts'
import { isTrouble, jsonOf, refusalOf, unavailable } from './http.ts'

export type Tokens = {
  accessToken: string
  refreshToken?: string
  scope?: string
  /** Seconds from `receivedAt`; absent means that nobody knows (CL-11). */
  expiresIn?: number
  /** Seconds from `receivedAt` until only the person can go on; absent means that nobody knows. */
  authorizationExpiresIn?: number
  /** Our wall clock when the answer came, in seconds. */
  receivedAt: number
  /** Server clock minus ours, in seconds; 0 when they agree within two. */
  clockOffset: number
  /** From the ID token, when there was one. */
  subject?: string
  email?: string
  name?: string
}

/** @throws OAuthError for a refusal, AnswerError for an answer that is neither that nor tokens. */
export async function readTokens(
  metadata: ServerMetadata,
  clientId: string,
  response: Response,
  grant: keyof typeof processors,
  now: number,
  /** Of the authorization request; an ID token that answers it holds the same (OIDC Core §3.1.3.7). */
  nonce?: string,
): Promise<Tokens> {
  await assertGranted(metadata, response)
  const clockOffset = measureOffset(response, now)
  // An ID token is judged by the server's clock: a machine whose clock is a day wrong still signs in.
  const client = { client_id: clientId, [oauth.clockSkew]: clockOffset, [oauth.clockTolerance]: 60 }
  const process = processors[grant]
  const arrived = await jsonOf(response)
  try {
    const expected = nonce !== undefined && arrived.id_token !== undefined ? { expectedNonce: nonce } : {}
    const answer = await process(metadata, client, response, expected)
    if (answer.token_type !== 'bearer') throw new TypeError('token_type is not Bearer')
    if (answer.expires_in !== undefined && answer.expires_in <= 0)
      throw new TypeError('expires_in is not positive')
    // Tokens are printed and put into headers: only RFC 6749's VSCHAR (App. A.12, A.17) may reach either.
    for (const token of [answer.access_token, answer.refresh_token])
      if (token !== undefined && !/^[\x20-\x7e]+$/.test(token))
        throw new TypeError('no token looks like this')
    const claims = oauth.getValidatedIdTokenClaims(answer)
    return {
      accessToken: answer.access_token,
      receivedAt: now,
      clockOffset,
      ...(answer.refresh_token === undefined ? {} : { refreshToken: answer.refresh_token }),
      ...(answer.scope === undefined ? {} : { scope: answer.scope }),
      ...(answer.expires_in === undefined ? {} : { expiresIn: answer.expires_in }),
      ...authorizationEnd(arrived.authorization_expires_in),
      ...(claims ? { subject: claims.sub, ...textClaims(claims) } : {}),
    }
  } catch (cause) {
    throw new UnusableTokens(metadata.issuer, arrived, cause)
  }
}

/** A server in trouble refuses nothing, even where it says so in the form of RFC 6749 §5.2. */
async function assertGranted({ issuer }: ServerMetadata, response: Response): Promise<void> {
  if (response.status === 200) return
  const refusal = await refusalOf(response)
  if (refusal && !isTrouble(refusal.status)) throw new OAuthError(refusal)
  throw unavailable(new URL(issuer).host, response)
}

/** draft-ietf-oauth-refresh-token-expiration. What makes no sense there counts as not said: tokens are not lost for it. */
function authorizationEnd(seconds: unknown): { authorizationExpiresIn?: number } {
  if (typeof seconds !== 'number' || !(seconds > 0 && seconds <= LONGEST_SECONDS)) return {}
  return { authorizationExpiresIn: seconds }
}

/** By the server's clock. */
export function instantOf(
  { receivedAt, clockOffset }: Pick<Tokens, 'receivedAt' | 'clockOffset'>,
  seconds: number | undefined,
): number | undefined {
  return seconds === undefined ? undefined : receivedAt + clockOffset + seconds
}

/** Carries what arrived, so that the caller can revoke it; never printed or serialised. */
export class UnusableTokens extends AnswerError {
  readonly arrived: () => string | undefined
  constructor(issuer: string, body: Record<string, unknown>, cause: unknown) {
    const detail = cause instanceof Error ? cause.message : 'unknown shape'
    const { host } = new URL(issuer)
    super('malformed_answer', `${host} issued a token that cannot be used (${detail})`, { host, status: 200 })
    const token = body.refresh_token ?? body.access_token
    this.arrived = () => (typeof token === 'string' && token !== '' ? token : undefined)
  }
}

export function textClaims(claims: Record<string, unknown>): { email?: string; name?: string } {
  return {
    ...(typeof claims.email === 'string' ? { email: claims.email } : {}),
    ...(typeof claims.name === 'string' ? { name: claims.name } : {}),
  }
}

function measureOffset(response: Response, now: number): number {
  const server = Date.parse(response.headers.get('date') ?? '') / 1000
  if (Number.isNaN(server)) return 0
  // The header has whole seconds; on average half of one has passed.
  const offset = Math.round(server + 0.5 - now)
  return Math.abs(offset) < 2 ? 0 : offset
}

const processors = {
  device_code: oauth.processDeviceCodeResponse,
  refresh_token: oauth.processRefreshTokenResponse,
  authorization_code: oauth.processAuthorizationCodeResponse,
  token_exchange: oauth.processGenericTokenEndpointResponse,
}
// A century: what is longer is for ever, or a mistake.
const LONGEST_SECONDS = 100 * 365.25 * 86_400
