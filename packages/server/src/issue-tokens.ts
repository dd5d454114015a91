// The successful answer of the token endpoint (RFC 6749 §5.1), the same for every grant type.
// Everything is made before anything is stored: a failure here leaves the code or token that was presented as it was (DT-15).

import { type Account, accessToken, type Client, type Grant } from '@countersign/protocol'
import { json, type PlainResponse } from './http.ts'
import type { Services } from './services.ts'
import { encodeAccessToken, encodeIdToken } from './tokens.ts'

export interface Issue {
  readonly client: Client
  readonly grant: Grant
  readonly account: Account
  readonly scopes: readonly string[]
  readonly audience: string
  readonly refreshToken: string | undefined
}

export function issueTokens(services: Services, issue: Issue): PlainResponse {
  const { client, grant, account, scopes } = issue
  const now = services.system.now()
  const event = { grant, scopes, audience: issue.audience, now, lifetimeSeconds: client.accessTokenSeconds }
  const token = accessToken.mint(event, { jti: services.system.random(16).toString('base64url') })
  return json(200, {
    access_token: encodeAccessToken(services, token, client),
    token_type: 'Bearer',
    expires_in: token.expiresAt - now,
    // Left out when there is none: RFC 6749 §3.3 knows no empty scope.
    scope: scopes.join(' ') || undefined,
    refresh_token: issue.refreshToken,
    id_token: scopes.includes('openid') ? encodeIdToken(services, grant, account, client, now) : undefined,
  })
}

/** The audience of a token that names no resource: the server itself, whose UserInfo it opens (RFC 9068 §3). */
export function defaultAudience({ config }: Services): string {
  return config.issuer
}
