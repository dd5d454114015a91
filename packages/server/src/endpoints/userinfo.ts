// UserInfo (OIDC Core §5.3): who signed in, as far as the token's scopes reach; signed where the client registered that.
// How the token is presented and whether it counts is presented-token.ts.

import { withNonce } from '../dpop.ts'
import { json, type PlainRequest, type PlainResponse } from '../http.ts'
import { personClaims } from '../person-claims.ts'
import { challenge, readPresentedToken } from '../presented-token.ts'
import type { Services } from '../services.ts'

export async function userinfoEndpoint(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const presented = await readPresentedToken(services, request)
  if (!presented.ok) return presented.response
  const { live, scheme, nonce } = presented
  const { token, account } = live
  // A client's own token is about nobody, whatever scopes it has.
  if (account === undefined || !token.scopes.includes('openid')) {
    const complaint = { error: 'insufficient_scope', description: 'The token lacks the openid scope.' }
    return challenge(403, { ...complaint, scope: 'openid' }, [scheme])
  }
  return withNonce(
    await speak(services, token.clientId, { sub: account.id, ...personClaims(account, token.scopes) }),
    nonce,
  )
}

// OIDC Core §5.3.2: signed only if registered, and then with issuer and audience. It has no `typ` and no `exp`, so that it is neither
// an ID token nor an access token to anybody (RFC 8725 §3.11).
async function speak(services: Services, clientId: string, said: object): Promise<PlainResponse> {
  const client = await services.clients.find(clientId)
  const alg = client?.userinfoAlg ?? null
  if (alg === null) return json(200, said)
  const signed = services.keys.sign(alg, {}, { iss: services.config.issuer, aud: clientId, ...said })
  const headers = { 'content-type': 'application/jwt', 'cache-control': 'no-store', pragma: 'no-cache' }
  return { status: 200, headers, body: signed.text }
}
