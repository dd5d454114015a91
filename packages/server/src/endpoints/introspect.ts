// The introspection endpoint (RFC 7662): an authenticated client asks whether a token counts, and what it says.
// A token that is not the caller's business is answered like one that does not exist.

import { type AccessToken, accessToken, acrOf, type Client, grant as grantRules } from '@countersign/protocol'
import { emailOf } from '../accounts/email.ts'
import { authenticateClient, isConfidential } from '../client-auth.ts'
import { readForm, required } from '../form.ts'
import { comeBack, type PlainRequest, type PlainResponse } from '../http.ts'
import { standing } from '../live-token.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import { decodeAccessToken, decodeRefreshToken, refreshTokenPrefix } from '../tokens.ts'
import { answerIntrospection } from './introspect-answer.ts'

export async function introspectEndpoint(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const read = readForm(request)
  if (!read.ok) return refuse(services, request, read.refusal)
  const caller = await authenticateClient(services, request, read.form)
  if (!caller.ok) {
    // RFC 7662 §2.3: whoever does not say who it is gets a 401 here, not the 400 of the token endpoint.
    const unidentified = caller.refusal.reason === 'client_unidentified'
    return refuse(
      services,
      request,
      unidentified ? { reason: 'client_authentication_failed' } : caller.refusal,
    )
  }
  // A public client proves nothing, and tokens would be there for anybody to scan (RFC 7662 §4).
  if (!isConfidential(caller.client)) {
    return refuse(services, request, { reason: 'client_authentication_failed', clientId: caller.client.id })
  }
  const token = required(read.form, 'token')
  if (typeof token !== 'string') return refuse(services, request, token)
  const described = await describe(services, caller.client, token)
  if (described !== undefined) return answerIntrospection(services, request, caller.client, described)
  // Only what was never a token is a sign of scanning; a resource server meets expired ones all day (RFC 7662 §4).
  const wasOurs = decodeAccessToken(services, token) ?? decodeRefreshToken(services, token)
  const braked = wasOurs ? undefined : await services.throttle.invalid.note(request.address)
  if (braked) return comeBack(429, braked.retryAfterSeconds)
  return answerIntrospection(services, request, caller.client, { active: false })
}

// The hint is not needed: a token shows of which kind it is (RFC 7662 §2.1).
function describe(services: Services, caller: Client, token: string): Promise<object | undefined> {
  return token.startsWith(refreshTokenPrefix)
    ? describeRefreshToken(services, caller, token)
    : describeAccessToken(services, caller, token)
}

async function describeAccessToken(
  services: Services,
  caller: Client,
  text: string,
): Promise<object | undefined> {
  const token = decodeAccessToken(services, text)
  if (token === undefined || !mayAskAbout(caller, token)) return undefined
  const live = await standing(services, token)
  if (live === undefined) return undefined
  return {
    active: true,
    scope: token.scopes.join(' ') || undefined,
    client_id: token.clientId,
    // A resource server learns no more of the person than the program was given (RFC 7662 §5).
    username: token.scopes.includes('email') && live.account ? emailOf(live.account) : undefined,
    token_type: token.jkt === null ? 'Bearer' : 'DPoP',
    exp: token.expiresAt,
    iat: token.issuedAt,
    sub: accessToken.subjectOf(token),
    sub_kind: accessToken.subjectKindOf(token),
    aud: token.audience,
    iss: services.config.issuer,
    jti: token.jti,
    auth_time: token.authTime ?? undefined,
    acr: token.authTime === null ? undefined : acrOf(token.amr),
    amr: token.authTime === null ? undefined : token.amr,
    cnf: token.jkt === null ? undefined : { jkt: token.jkt },
    act: token.act ?? undefined,
  }
}

function mayAskAbout(caller: Client, token: AccessToken): boolean {
  return caller.id === token.clientId || caller.introspectsAll || caller.resources.includes(token.audience)
}

// Only to the client that holds it (standards.md IN-09), and only the one that would work now.
async function describeRefreshToken(
  services: Services,
  caller: Client,
  text: string,
): Promise<object | undefined> {
  const token = decodeRefreshToken(services, text)
  if (token === undefined) return undefined
  const found = await services.store.readWithAccount('grant', token.grantId)
  const now = services.system.now()
  if (!grantRules.isLive(found?.record, found?.account, now) || found === undefined) return undefined
  const { record } = found
  if (record.clientId !== caller.id || record.refresh === null) return undefined
  if (record.refresh.hash !== token.hash || now >= record.refresh.idleExpiresAt) return undefined
  return {
    active: true,
    scope: record.scopes.join(' ') || undefined,
    client_id: record.clientId,
    exp: record.refresh.idleExpiresAt,
    iat: record.lastUsedAt,
    sub: record.accountId,
    iss: services.config.issuer,
  }
}
