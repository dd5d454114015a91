// Reads the answer of the token endpoint, for every grant: validated by oauth4webapi, then turned into our
// own words. Also the measured difference between the server's clock and ours. Not here: when tokens are
// fresh enough to use (credentials.ts), and errors of the endpoint (refusalOf in http.ts).
import * as oauth from 'oauth4webapi'
import type { ServerMetadata } from './discover.ts'
import { AnswerError } from './errors.ts'
import { jsonOf } from './http.ts'

export type Tokens = {
  accessToken: string
  refreshToken?: string
  scope?: string
  /** Seconds from `receivedAt`; absent means that nobody knows (CL-11). */
  expiresIn?: number
  /** Our wall clock when the answer came, in seconds. */
  receivedAt: number
  /** Server clock minus ours, in seconds; 0 when they agree within two. */
  clockOffset: number
  /** From the ID token, when there was one. */
  subject?: string
  email?: string
  name?: string
}

export async function readTokens(
  metadata: ServerMetadata,
  clientId: string,
  response: Response,
  grant: 'device_code' | 'refresh_token',
  now: number,
): Promise<Tokens> {
  const clockOffset = measureOffset(response, now)
  // An ID token is judged by the server's clock: a machine whose clock is a day wrong still signs in.
  const client = { client_id: clientId, [oauth.clockSkew]: clockOffset, [oauth.clockTolerance]: 60 }
  const process =
    grant === 'device_code' ? oauth.processDeviceCodeResponse : oauth.processRefreshTokenResponse
  const arrived = await jsonOf(response)
  try {
    const answer = await process(metadata, client, response)
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
      ...(claims ? { subject: claims.sub, ...textClaims(claims) } : {}),
    }
  } catch (cause) {
    throw new UnusableTokens(metadata.issuer, arrived, cause)
  }
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
