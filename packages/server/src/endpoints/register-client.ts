// A registered client manages itself (RFC 7592): reading, replacing and ending its registration, with the token that it got when it
// registered. Registering is register.ts; what administrators do with clients, admin/admin-clients.ts.

import {
  type Client,
  type ClientMetadata,
  readClientMetadata,
  speakMetadataRefusal,
} from '@countersign/protocol'
import { audit, byClient } from '../audit.ts'
import { forgetClient } from '../forget-client.ts'
import { comeBack, type PlainRequest, type PlainResponse } from '../http.ts'
import { digest, sameSecret } from '../secrets.ts'
import type { Services } from '../services.ts'
import { oauthError } from '../speak.ts'
import { decideAndApply } from '../store/store.ts'
import {
  badRequest,
  bearerOf,
  type Members,
  readMembers,
  refuseToken,
  tokenMissing,
} from './register-body.ts'
import { answerWith, membersOf, registrationPolicy, usesSecret } from './register-record.ts'

/** RFC 7592 §2.1. Its secret is not shown again: we do not know it. */
export async function readRegistration(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const found = await findOwn(services, request)
  if (!found.ok) return found.response
  const { client: record, token: managementToken } = found
  return answerWith(services, 200, { record, secret: undefined, managementToken })
}

/** RFC 7592 §2.2: everything that the client may choose is replaced; what it leaves out is as if it had never been. */
export async function replaceRegistration(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const found = await findOwn(services, request)
  if (!found.ok) return found.response
  const body = readMembers(request)
  if (!body.ok) return body.response
  const wrong = memberFault(body.members, found.client)
  if (wrong !== undefined) return badRequest('invalid_client_metadata', wrong)
  const read = readClientMetadata(body.members, registrationPolicy(services, found.client))
  if (!read.ok) return oauthError(speakMetadataRefusal(read.refusal))
  const needsSecret = usesSecret(read.metadata) && !usesSecret(found.client)
  const fresh = needsSecret ? services.system.random(32).toString('base64url') : undefined
  const done = await decideAndApply(services.store, async () => {
    const client = await services.store.read('client', found.client.id)
    if (client === undefined) return { record: undefined, writes: [] }
    const record = replaced(client, read.metadata, fresh)
    const told = audit(services, {
      event: 'client.changed',
      ...byClient(client.id, request),
      clientId: client.id,
    })
    return { record, writes: [{ op: 'update', kind: 'client', record }, told] }
  })
  if (!done.applied) return comeBack(503, 1)
  const { record } = done.decision
  if (record === undefined) return refuseToken(services, request)
  const sent = body.members.client_secret
  const secret = fresh ?? (usesSecret(record) && typeof sent === 'string' && sent !== '' ? sent : undefined)
  return answerWith(services, 200, { record, secret, managementToken: found.token })
}

/** RFC 7592 §2.3: with it go its secret, its token, and what people allowed it. */
export async function removeRegistration(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const found = await findOwn(services, request)
  if (!found.ok) return found.response
  const { id } = found.client
  const by = byClient(id, request)
  const done = await decideAndApply(services.store, async () => {
    const record = await services.store.read('client', id)
    if (record === undefined) return { writes: [] }
    const told = audit(services, { event: 'client.removed', ...by, clientId: id })
    return { writes: [{ op: 'delete', kind: 'client', record }, told] }
  })
  if (!done.applied) return comeBack(503, 1)
  // Too busy to be forgotten is nothing that the client could do about: it is gone, and what is left of it is of no use to anybody.
  if ((await forgetClient({ ...services, by }, id)) === 'busy')
    services.log.warn('client not forgotten', { clientId: id })
  return { status: 204, headers: { 'cache-control': 'no-store', pragma: 'no-cache' }, body: '' }
}

type Own =
  | { readonly ok: true; readonly client: Client; readonly token: string }
  | { readonly ok: false; readonly response: PlainResponse }

// RFC 7592 §2: a wrong token and a client that is not there are one answer, so that nobody learns which clients there are.
async function findOwn(services: Services, request: PlainRequest): Promise<Own> {
  const token = bearerOf(request)
  if (token === undefined) return { ok: false, response: tokenMissing }
  const id = request.path.slice('/oauth/register/'.length)
  const client = /^[\w-]{1,100}$/.test(id) ? await services.store.read('client', id) : undefined
  const isLive =
    client !== undefined && (client.expiresAt === null || services.system.now() < client.expiresAt)
  if (!isLive || !sameSecret(client.registration?.tokenHash ?? '', digest(token)))
    return { ok: false, response: await refuseToken(services, request) }
  return { ok: true, client, token }
}

const notToBeSent = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
] as const

function memberFault(members: Members, client: Client): string | undefined {
  if (members.client_id !== client.id) return 'The member client_id must be that of the client.'
  const extra = notToBeSent.find((name) => Object.hasOwn(members, name))
  if (extra !== undefined) return `The member ${extra} cannot be set.`
  const { client_secret: secret } = members
  if (secret === undefined || secret === null || secret === '') return undefined
  const hash = digest(String(secret))
  // RFC 7592 §2.2: "The client MUST NOT be allowed to overwrite its existing client secret with its own value."
  return client.secrets.some((one) => sameSecret(one.hash, hash))
    ? undefined
    : 'The member client_secret must be the current one.'
}

function replaced(client: Client, metadata: ClientMetadata, fresh: string | undefined): Client {
  const next: Client = {
    ...client,
    ...membersOf(metadata, client.id),
    registration: { tokenHash: client.registration?.tokenHash ?? null, echoed: metadata.echoed },
    secrets: secretsOf(client, metadata, fresh),
  }
  // Somebody vouched for what it was; whether that holds for what it calls itself now, and where it wants answers, is open.
  const said = ({ name, redirectUris, pages, jwks, jwksUri }: Client) =>
    JSON.stringify([name, redirectUris, pages, jwks, jwksUri])
  return said(next) === said(client) ? next : { ...next, publisher: null, skipsConsent: false }
}

function secretsOf(client: Client, metadata: ClientMetadata, fresh: string | undefined): Client['secrets'] {
  if (!usesSecret(metadata)) return []
  return fresh === undefined ? client.secrets : [{ hash: digest(fresh), endsAt: null }]
}
