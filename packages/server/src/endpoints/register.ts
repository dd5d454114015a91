// Dynamic client registration (RFC 7591): with an initial access token, or open to anybody where the settings say so.
// A client that manages itself afterwards (RFC 7592) is register-client.ts; the record is made in register-record.ts.

import {
  type ClientMetadata,
  type InitialAccessToken,
  readClientMetadata,
  speakMetadataRefusal,
  type Write,
} from '@countersign/protocol'
import { audit, byClient } from '../audit.ts'
import { comeBack, type PlainRequest, type PlainResponse } from '../http.ts'
import { digest } from '../secrets.ts'
import type { Services } from '../services.ts'
import { oauthError } from '../speak.ts'
import { decideAndApply } from '../store/store.ts'
import { addressGuesses } from '../throttle.ts'
import {
  badRequest,
  bearerOf,
  type Members,
  readMembers,
  refuseToken,
  tokenMissing,
} from './register-body.ts'
import {
  answerWith,
  ownRecord,
  type Registered,
  registrationPolicy,
  sharedRecord,
} from './register-record.ts'

/** New clients per network where anybody may register. */
const openBudget = { limit: 20, windowSeconds: 3600 }

export async function registerEndpoint(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const bearer = bearerOf(request)
  if (bearer === undefined && services.config.registration !== 'open') return tokenMissing
  const tokenId = bearer === undefined ? undefined : digest(bearer)
  // Looked at first: who may not register learns nothing about what could be registered.
  if (tokenId !== undefined && (await findToken(services, tokenId)) === undefined)
    return refuseToken(services, request)
  const body = readMembers(request)
  if (!body.ok) return body.response
  const statement = statementFault(body.members)
  if (statement !== undefined) return statement
  const policy = registrationPolicy(services, tokenId === undefined ? 'anybody' : 'token_holder')
  const read = readClientMetadata(body.members, policy)
  if (!read.ok) return oauthError(speakMetadataRefusal(read.refusal))
  return tokenId === undefined
    ? registerOpenly(services, request, read.metadata)
    : registerWithToken(services, request, read.metadata, tokenId)
}

// RFC 7591 §3.2.2. Nobody's statements are trusted here, so it is only told whether this could be one at all.
function statementFault({ software_statement: statement }: Members): PlainResponse | undefined {
  if (statement === undefined || statement === null) return undefined
  const isSigned = typeof statement === 'string' && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(statement)
  return isSigned
    ? badRequest('unapproved_software_statement', 'Software statements are not accepted here.')
    : badRequest('invalid_software_statement', 'The software statement is not a signed JWT.')
}

async function findToken({ store, system }: Services, id: string): Promise<InitialAccessToken | undefined> {
  const token = await store.read('initialAccessToken', id)
  return token !== undefined && token.usesLeft > 0 && system.now() < token.expiresAt ? token : undefined
}

async function registerWithToken(
  services: Services,
  request: PlainRequest,
  metadata: ClientMetadata,
  tokenId: string,
): Promise<PlainResponse> {
  const made = ownRecord(services, metadata, null)
  const done = await decideAndApply(
    services.store,
    async () => {
      const token = await findToken(services, tokenId)
      if (token === undefined) return { found: false, writes: [] }
      const left = { ...token, usesLeft: token.usesLeft - 1 }
      const spent: Write =
        left.usesLeft === 0
          ? { op: 'delete', kind: 'initialAccessToken', record: token }
          : { op: 'update', kind: 'initialAccessToken', record: left }
      return { found: true, writes: [spent, ...registration(services, request, made, { token: token.name })] }
    },
    tries,
  )
  if (!done.applied) return comeBack(503, 1)
  return done.decision.found ? answerWith(services, 201, made) : refuseToken(services, request)
}

async function registerOpenly(
  services: Services,
  request: PlainRequest,
  metadata: ClientMetadata,
): Promise<PlainResponse> {
  const { store, system, config, throttle } = services
  const expiresAt = system.now() + config.registrationUnusedSeconds
  const isPublic = metadata.authMethods.includes('none')
  const made = isPublic
    ? sharedRecord(services, metadata, expiresAt)
    : ownRecord(services, metadata, expiresAt)
  const known = isPublic ? await registeredBefore(services, made) : undefined
  if (known !== undefined) return answerWith(services, 201, known)
  const budgets = addressGuesses('register', request.address, openBudget)
  const braked = await throttle.spend(budgets)
  if (braked) return comeBack(429, braked.retryAfterSeconds)
  const done = await decideAndApply(
    store,
    async () => {
      const place = await services.registrationPlaces.take()
      if (place === undefined) return { full: true, writes: [] }
      return { full: false, writes: [place, ...registration(services, request, made, {})] }
    },
    tries,
  )
  if (done.applied && done.decision.full) return comeBack(503, fullSeconds)
  if (done.applied) return answerWith(services, 201, made)
  // Somebody registered the same a moment before: nothing was made for it.
  await throttle.giveBack(budgets)
  const other = isPublic ? await registeredBefore(services, made) : undefined
  return other === undefined ? comeBack(503, 1) : answerWith(services, 201, other)
}

/** All who register move one record, the token's or the count; that must not show. */
const tries = 10
const fullSeconds = 3600

function registration(
  services: Services,
  request: PlainRequest,
  { record }: Registered,
  detail: { readonly token?: string },
): readonly Write[] {
  const told = { event: 'client.registered', ...byClient(record.id, request), clientId: record.id }
  return [
    { op: 'insert', kind: 'client', record },
    audit(services, { ...told, detail: { name: record.name, ...detail } }),
  ]
}

/** The same client as it is there already. One that waits to be used has its time again, now that somebody wants it. */
async function registeredBefore(
  services: Services,
  { record: made }: Registered,
): Promise<Registered | undefined> {
  const { store, config } = services
  const shared = { secret: undefined, managementToken: undefined }
  const record = await store.read('client', made.id)
  if (record === undefined) return undefined
  const wanted = made.expiresAt ?? 0
  // Not at every registration: that would be a write for nothing.
  if (record.expiresAt === null || record.expiresAt > wanted - config.registrationUnusedSeconds / 2)
    return { record, ...shared }
  const renewed = { ...record, expiresAt: wanted }
  const applied = await store.apply([{ op: 'update', kind: 'client', record: renewed }])
  return { record: applied === 'applied' ? renewed : record, ...shared }
}
