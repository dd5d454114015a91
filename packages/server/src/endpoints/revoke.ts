// The revocation endpoint (RFC 7009). A refresh token ends its whole grant; an access token ends alone (RV-07, RV-08).
// A device code and a `request_uri` are accepted too: that is how a program whose person pressed Ctrl-C takes its request back,
// and with a device code the tokens that were on their way at that moment.

import {
  type Client,
  deviceAuthorization,
  grant as grantRules,
  type Refusal,
  type Write,
} from '@countersign/protocol'
import { byClient, tellOfEnds } from '../audit.ts'
import { pushedRequestId, requestUriPrefix, withdrawn } from '../authorization-requests.ts'
import { authenticateClient } from '../client-auth.ts'
import { readForm, required } from '../form.ts'
import { comeBack, type PlainRequest, type PlainResponse } from '../http.ts'
import { standing } from '../live-token.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import { spent, spentByAnyClock } from '../spent.ts'
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
  const token = required(read.form, 'token')
  if (typeof token !== 'string') return refuse(services, request, token)
  const revocation = revocationOf(token)
  const by = byClient(caller.client.id, request)
  const done = await decideAndApply(services.store, async () => {
    const decided = await revocation(services, caller.client, token)
    return { ...decided, writes: tellOfEnds(services, decided.writes, by) }
  })
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
  if (token.startsWith(requestUriPrefix)) return cancelPushedRequest
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
  const live = await standing(services, token)
  if (live === undefined) return nothing
  const writes =
    live.grant === undefined
      ? [spent(grantRules.revokedTokenId(token.jti), token.expiresAt)]
      : grantRules.revokeAccessToken(live.grant, token, services.system.now())
  return { writes: writes.map((write) => outlasting(services, write)) }
}

// The node that sweeps may have a fast clock: on the others what was revoked would count again until it ends.
function outlasting(services: Services, write: Write): Write {
  if (write.op !== 'insert' || write.kind !== 'spent') return write
  return spentByAnyClock(services, write.record.id, write.record.expiresAt)
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

async function cancelPushedRequest(
  { store }: Services,
  client: Client,
  requestUri: string,
): Promise<Revocation> {
  const record = await store.read('authorizationRequest', pushedRequestId(requestUri))
  if (record === undefined) return nothing
  return record.clientId === client.id ? { writes: withdrawn(record) } : foreign(client)
}
