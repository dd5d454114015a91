// Tells the server that something shall end: a token (RFC 7009), or a request that nobody will come back for.
// Always bounded in time, never throws: the caller reports the outcome and goes on. Not here: erasing what
// is stored (sign-out.ts).
import * as oauth from 'oauth4webapi'
import type { ServerMetadata } from './discover.ts'
import { guardedFetch } from './http.ts'
import type { System } from './system.ts'

export type RevocationOutcome = 'revoked' | 'unreachable' | 'refused' | 'unsupported'

export async function revoke(
  metadata: ServerMetadata,
  clientId: string,
  what: { token: string; hint: 'refresh_token' | 'access_token' | 'device_code' | 'request_uri' },
  options: { system: System; timeoutSeconds: number },
): Promise<RevocationOutcome> {
  if (!metadata.revocation_endpoint) return 'unsupported'
  try {
    const response = await oauth.revocationRequest(
      metadata,
      { client_id: clientId },
      oauth.None(),
      what.token,
      {
        additionalParameters: { token_type_hint: what.hint },
        [oauth.customFetch]: guardedFetch({ ...options, expect: 'any' }),
        [oauth.allowInsecureRequests]: true,
      },
    )
    if (response.ok) return 'revoked'
    // RFC 7009 §2.2.1: after 503 the client must assume that the token still lives.
    if (response.status >= 500) return 'unreachable'
    return 'refused'
  } catch {
    return 'unreachable'
  }
}
