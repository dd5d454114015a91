// The token endpoint (RFC 6749 §3.2): form, then client, then grant type; the grants are one file each.
// What they share is token-call.ts and issue-tokens.ts, what a refusal looks like speak.ts.

import type { GrantType } from '@countersign/protocol'
import { authenticateClient } from '../client-auth.ts'
import { readForm } from '../form.ts'
import type { PlainRequest, PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import type { GrantEndpoint } from './token-call.ts'
import { deviceCodeGrant } from './token-device-code.ts'
import { refreshTokenGrant } from './token-refresh.ts'

const grants: { readonly [type: string]: GrantEndpoint } = {
  'urn:ietf:params:oauth:grant-type:device_code': deviceCodeGrant,
  refresh_token: refreshTokenGrant,
}

export async function tokenEndpoint(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const read = readForm(request)
  if (!read.ok) return refuse(services, request, read.refusal)
  const { form } = read
  const caller = await authenticateClient(services, request, form)
  if (!caller.ok) return refuse(services, request, caller.refusal)
  const grantType = form.get('grant_type')
  if (grantType === undefined) {
    return refuse(services, request, {
      reason: 'malformed_request',
      detail: 'missing_parameter',
      parameter: 'grant_type',
    })
  }
  const grant = Object.hasOwn(grants, grantType) ? grants[grantType] : undefined
  if (grant === undefined) return refuse(services, request, { reason: 'grant_type_unsupported' })
  if (!caller.client.grantTypes.includes(grantType as GrantType)) {
    return refuse(services, request, {
      reason: 'grant_type_not_allowed',
      clientId: caller.client.id,
      grantType,
    })
  }
  return grant(services, { request, form, client: caller.client })
}
