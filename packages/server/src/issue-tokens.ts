// The successful answer of the token endpoint (RFC 6749 §5.1), the same for every grant type of a person, and how long and in which
// form tokens are issued: as the client has it, unless the resource says otherwise.
// Everything is made before anything is stored: a failure here leaves the code or token that was presented as it was (DT-15).

import { type Account, accessToken, type Client, type Grant } from '@countersign/protocol'
import { refreshKey } from './client-auth.ts'
import { json, type PlainResponse } from './http.ts'
import { personClaims } from './person-claims.ts'
import type { Services } from './services.ts'
import { encodeAccessToken, encodeIdToken } from './tokens.ts'

export interface Issue {
  readonly client: Client
  readonly grant: Grant
  readonly account: Account
  readonly scopes: readonly string[]
  readonly audience: string
  readonly refreshToken: string | undefined
  /** The key that the access token is bound to (RFC 9449 §5); null for a bearer token. */
  readonly jkt: string | null
}

export async function issueTokens(services: Services, issue: Issue): Promise<PlainResponse> {
  const { client, grant, account, audience } = issue
  const found = termsFor(services, issue)
  const terms = found instanceof Promise ? await found : found
  const now = services.system.now()
  const event = {
    grant,
    scopes: terms.scopes,
    audience,
    now,
    lifetimeSeconds: terms.accessTokenSeconds,
    jkt: issue.jkt,
  }
  const token = accessToken.mint(event, { jti: services.system.random(16).toString('base64url') })
  const isOpenId = issue.scopes.includes('openid')
  // A token for an API does not open UserInfo, so who signed in is said here (OIDC Core §5.4).
  const claims = audience === defaultAudience(services) ? undefined : personClaims(account, issue.scopes)
  return json(200, {
    access_token: encodeAccessToken(services, token, terms),
    token_type: issue.jkt === null ? 'Bearer' : 'DPoP',
    expires_in: token.expiresAt - now,
    // Left out when there is none: RFC 6749 §3.3 knows no empty scope.
    scope: token.scopes.join(' ') || undefined,
    refresh_token: issue.refreshToken,
    ...(issue.refreshToken === undefined ? undefined : endsOf(grant, now)),
    id_token: isOpenId ? encodeIdToken(services, grant, account, client, { now, claims }) : undefined,
  })
}

/** draft-ietf-oauth-refresh-token-expiration: when this refresh token ends if nobody uses it, and when no other one will follow it. */
function endsOf({ refresh, expiresAt }: Grant, now: number) {
  return {
    refresh_token_expires_in: (refresh?.idleExpiresAt ?? expiresAt) - now,
    authorization_expires_in: expiresAt - now,
  }
}

/** What an access token for an audience is like. */
export interface Terms extends ReturnType<typeof accessToken.shapeFor> {
  readonly scopes: readonly string[]
}

/**
 * The client's own, unless the resource has others (standards.md RI-05). A promise only where a resource has to be looked up. Scopes
 * that mean nothing at a resource are not in a token for it (RFC 9068 §2.2.3, RI-06); one that lists none takes all.
 */
export function termsFor(
  services: Services,
  { client, audience, scopes }: Pick<Issue, 'client' | 'audience' | 'scopes'>,
): Terms | Promise<Terms> {
  const { accessTokenAlg, accessTokenFormat, accessTokenSeconds } = client
  if (audience === defaultAudience(services))
    return { scopes, accessTokenAlg, accessTokenFormat, accessTokenSeconds }
  return termsAt(services, { client, audience, scopes })
}

async function termsAt(
  { resources }: Services,
  { client, audience, scopes }: Pick<Issue, 'client' | 'audience' | 'scopes'>,
): Promise<Terms> {
  const resource = await resources.find(audience)
  const { accessTokenAlg, accessTokenFormat, accessTokenSeconds } = accessToken.shapeFor(client, resource)
  const known = resource?.scopes.map(({ scope }) => scope) ?? []
  return {
    scopes: known.length === 0 ? scopes : scopes.filter((scope) => known.includes(scope)),
    accessTokenAlg,
    accessTokenFormat,
    accessTokenSeconds,
  }
}

/** The audience of a token that names no resource: the server itself, whose UserInfo it opens (RFC 9068 §3). */
export function defaultAudience({ config }: Services): string {
  return config.issuer
}

/** For how long a grant of the client lasts, with or without refresh tokens, and the key that these are bound to. */
export function grantTerms({ config }: Services, client: Client, jkt: string | null) {
  const mayRefresh = client.grantTypes.includes('refresh_token')
  return {
    refresh: mayRefresh ? { idleSeconds: refreshIdleSeconds(config, client) } : null,
    absoluteSeconds: client.refreshAbsoluteSeconds ?? config.refreshAbsoluteSeconds,
    jkt: refreshKey(client, jkt),
  }
}

export function refreshIdleSeconds(config: Services['config'], client: Client): number {
  return client.refreshIdleSeconds ?? config.refreshIdleSeconds
}
