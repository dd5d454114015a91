// The revocation endpoint (RFC 7009). A refresh token ends its whole grant; an access token ends alone (RV-07, RV-08).
// A device code is accepted too: that is how a program whose person pressed Ctrl-C takes its request back, and with it the
// tokens that were on their way at that moment.

import {
  accessToken,
  type Client,
  deviceAuthorization,
  grant as grantRules,
  type Refusal,
  type Write,
} from '@countersign/protocol'
import { authenticateClient } from '../client-auth.ts'
import { readForm } from '../form.ts'
import { comeBack, type PlainRequest, type PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import { decideAndApply } from '../store/store.ts'
import {
  decodeAccessToken,
  decodeRefreshToken,
  deviceCodeId,
  deviceCodePrefix,
  refreshTokenPrefix,
} from '../tokens.ts'

interface Revocation {
  readonly refusal?: Refusal
  readonly writes: readonly Write[]
}

const nothing: Revocation = { writes: [] }

export async function revokeEndpoint(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const read = readForm(request)
  if (!read.ok) return refuse(services, request, read.refusal)
  const caller = await authenticateClient(services, request, read.form)
  if (!caller.ok) return refuse(services, request, caller.refusal)
  const token = read.form.get('token')
  if (token === undefined) {
    return refuse(services, request, {
      reason: 'malformed_request',
      detail: 'missing_parameter',
      parameter: 'token',
    })
  }
  const revocation = revocationOf(token)
  const done = await decideAndApply(services.store, () => revocation(services, caller.client, token))
  // The client must assume that the token still lives (RFC 7009 §2.2.1).
  if (!done.applied) return comeBack(503, 1)
  if (done.decision.refusal) return refuse(services, request, done.decision.refusal)
  // RFC 7009 §2.2: unknown and already invalid tokens are a success as well.
  return { status: 200, headers: { 'cache-control': 'no-store', pragma: 'no-cache' }, body: '' }
}

type Revoke = (services: Services, client: Client, token: string) => Promise<Revocation>

// The token shows its kind, so a wrong or unknown hint changes nothing (RFC 7009 §2.1).
function revocationOf(token: string): Revoke {
  if (token.startsWith(refreshTokenPrefix)) return revokeRefreshToken
  if (token.startsWith(deviceCodePrefix)) return cancelDeviceCode
  return revokeAccessToken
}

const foreign = (client: Client): Revocation => ({
  refusal: { reason: 'token_foreign', clientId: client.id },
  writes: [],
})

async function revokeRefreshToken(services: Services, client: Client, text: string): Promise<Revocation> {
  const token = decodeRefreshToken(services, text)
  const record = token && (await services.store.read('grant', token.grantId))
  if (record === undefined) return nothing
  // RFC 7009 §2.1: "verifies whether the token was issued to the client making the revocation request".
  if (record.clientId !== client.id) return foreign(client)
  return { writes: grantRules.revoke(record, 'client', services.system.now()) }
}

async function revokeAccessToken(services: Services, client: Client, text: string): Promise<Revocation> {
  const token = decodeAccessToken(services, text)
  if (token === undefined) return nothing
  if (token.clientId !== client.id) return foreign(client)
  const found = await services.store.readWithAccount('grant', token.grantId)
  const now = services.system.now()
  if (found === undefined || !accessToken.counts(token, found.record, found.account, now)) return nothing
  return { writes: grantRules.revokeAccessToken(found.record, token, now) }
}

async function cancelDeviceCode(services: Services, client: Client, deviceCode: string): Promise<Revocation> {
  const record = await services.store.read('deviceAuthorization', deviceCodeId(deviceCode))
  if (record === undefined) return nothing
  if (record.clientId !== client.id) return foreign(client)
  const now = services.system.now()
  if (record.grantId === null) return deviceAuthorization.cancel(record, { clientId: client.id, now })
  const grant = await services.store.read('grant', record.grantId)
  return grant === undefined ? nothing : { writes: grantRules.revoke(grant, 'client', now) }
}
