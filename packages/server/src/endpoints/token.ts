// The token endpoint (RFC 6749 §3.2): form, then client, then grant type; the grants are one file each.
// What they share is token-call.ts and issue-tokens.ts, what a refusal looks like speak.ts.

import type { GrantType } from '@countersign/protocol'
import { authenticateClient } from '../client-auth.ts'
import { readProof, withNonce } from '../dpop.ts'
import { readForm, required } from '../form.ts'
import type { PlainRequest, PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import { authorizationCodeGrant } from './token-authorization-code.ts'
import type { GrantEndpoint } from './token-call.ts'
import { clientCredentialsGrant } from './token-client-credentials.ts'
import { deviceCodeGrant } from './token-device-code.ts'
import { tokenExchangeGrant } from './token-exchange.ts'
import { jwtBearerGrant } from './token-jwt-bearer.ts'
import { refreshTokenGrant } from './token-refresh.ts'

const grants: { readonly [type: string]: GrantEndpoint } = {
  'urn:ietf:params:oauth:grant-type:device_code': deviceCodeGrant,
  refresh_token: refreshTokenGrant,
  authorization_code: authorizationCodeGrant,
  client_credentials: clientCredentialsGrant,
  'urn:ietf:params:oauth:grant-type:token-exchange': tokenExchangeGrant,
  'urn:ietf:params:oauth:grant-type:jwt-bearer': jwtBearerGrant,
}

export async function tokenEndpoint(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const read = readForm(request)
  if (!read.ok) return refuse(services, request, read.refusal)
  const { form } = read
  const caller = await authenticateClient(services, request, form)
  if (!caller.ok) return refuse(services, request, caller.refusal)
  const grantType = required(form, 'grant_type')
  if (typeof grantType !== 'string') return refuse(services, request, grantType)
  const grant = Object.hasOwn(grants, grantType) ? grants[grantType] : undefined
  if (grant === undefined) return refuse(services, request, { reason: 'grant_type_unsupported' })
  if (!caller.client.grantTypes.includes(grantType as GrantType)) {
    return refuse(services, request, {
      reason: 'grant_type_not_allowed',
      clientId: caller.client.id,
      grantType,
    })
  }
  const proven = readProof(services, request, caller.client)
  if (!proven.ok) return refuse(services, request, proven.refusal)
  const answer = grant(services, {
    request,
    form,
    client: caller.client,
    jkt: proven.jkt,
    proof: proven.proof,
  })
  return proven.nonce === undefined ? answer : withNonce(await answer, proven.nonce)
}
