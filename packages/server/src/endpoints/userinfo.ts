// UserInfo (OIDC Core §5.3): who signed in, as far as the token's scopes reach. Guarded like any resource (RFC 6750 §3).
// What a token says is tokens.ts, whether it counts protocol/access-token.ts.

import { type Account, accessToken } from '@countersign/protocol'
import { json, type PlainRequest, type PlainResponse } from '../http.ts'
import { defaultAudience } from '../issue-tokens.ts'
import type { Services } from '../services.ts'
import { decodeAccessToken } from '../tokens.ts'

export async function userinfoEndpoint(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const { authorization } = request.headers
  // RFC 6750 §3.1: without credentials, or with some of another kind, the challenge names no error.
  if (authorization === undefined || !/^bearer( |$)/i.test(authorization)) return challenge(401)
  const bearer = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization.trim())?.[1]
  if (bearer === undefined) return challenge(400, 'invalid_request', 'The Authorization header is malformed.')
  const token = decodeAccessToken(services, bearer)
  const found = token && (await services.store.readWithAccount('grant', token.grantId))
  const account = found?.account
  if (token === undefined || account === undefined || token.audience !== defaultAudience(services))
    return invalidToken()
  if (!accessToken.counts(token, found?.record, account, services.system.now())) return invalidToken()
  if (!token.scopes.includes('openid')) {
    return challenge(403, 'insufficient_scope', 'The token lacks the openid scope.', ', scope="openid"')
  }
  return json(200, claims(account, token.scopes))
}

function claims(account: Account, scopes: readonly string[]): object {
  return {
    sub: account.id,
    ...(scopes.includes('profile') && account.name !== '' ? { name: account.name } : {}),
    // Nobody has proved yet that the address is theirs, and the claim says so.
    ...(scopes.includes('email') ? { email: account.email, email_verified: false } : {}),
  }
}

const invalidToken = () => challenge(401, 'invalid_token', 'The access token is unknown, expired or revoked.')

function challenge(status: 400 | 401 | 403, error?: string, description?: string, more = ''): PlainResponse {
  const details = error === undefined ? '' : `, error="${error}", error_description="${description}"${more}`
  const body = error === undefined ? {} : { error, error_description: description }
  return json(status, body, { 'www-authenticate': `Bearer realm="countersign"${details}` })
}
