// What somebody wants to connect, read from a request and checked, and the record of a flow that nobody has begun yet.
// Not here: who may start one and when (start-flow.ts).

import type { System } from '@countersign/client/system'
import type { Owner, StartRequest } from './broker.ts'
import type { Connection } from './connection.ts'
import { RequestError } from './errors.ts'
import { claimSeconds, type Flow, interval } from './flow.ts'
import { labelOf } from './label.ts'
import { ownPath } from './own-path.ts'
import { requireOwner } from './owner.ts'
import type { Parts } from './parts.ts'
import type { Provider } from './provider.ts'
import { providerNamed } from './provider-named.ts'
import { digest } from './seal.ts'
import { requestSentences } from './sentences.ts'

export interface Wanted {
  readonly owner: Owner
  readonly provider: Provider
  readonly place: string
  readonly label: string | null
  readonly scopes: readonly string[]
  readonly renewed: Connection | undefined
  readonly returnTo: string | null
}

export async function readWanted(parts: Parts, owner: Owner, request: StartRequest): Promise<Wanted> {
  requireOwner(owner)
  const provider = providerNamed(parts, request.provider)
  const { scopes = [], returnTo = null } = request
  if (scopes.length > 50 || !scopes.every(isScope))
    throw new RequestError('invalid_request', requestSentences.scopes)
  if (returnTo !== null && !isOwnPath(returnTo))
    throw new RequestError('invalid_request', requestSentences.returnTo)
  const place = parts.vault.placeOf(owner.person)
  const renewed = await connectionToRenew(parts, place, owner.person, provider, request.connection)
  const all = new Set([...(renewed?.tokens.scopes ?? []), ...scopes])
  const label = labelOf(request.label)
  return { owner, provider, place, label, scopes: [...all], renewed, returnTo }
}

async function connectionToRenew(
  { vault }: Parts,
  place: string,
  person: string,
  provider: Provider,
  id: string | undefined,
): Promise<Connection | undefined> {
  if (id === undefined) return undefined
  const connection = await vault.find(place, person, id)
  if (connection?.provider === provider.id) return connection
  throw new RequestError('connection_not_found', requestSentences.connection_not_found)
}

/** RFC 6749 §3.3. */
function isScope(scope: string): boolean {
  return /^[\x21\x23-\x5B\x5D-\x7E]{1,200}$/.test(scope)
}

/** As it can stand in a header, and no longer than an address is. */
function isOwnPath(path: string): boolean {
  return /^\/(?![/\\])[\x21-\x7E]{0,2000}$/.test(path) && ownPath(path) !== undefined
}

export function isSame(flow: Flow, { owner, place, label, scopes, renewed }: Wanted): boolean {
  return (
    flow.session === digest(owner.session) &&
    // Who has changed to another profile meanwhile wants the credential there (S3-8).
    flow.place === place &&
    flow.label === label &&
    (renewed === undefined ? !flow.renews : flow.connectionId === renewed.id) &&
    flow.scopes.length === scopes.length &&
    scopes.every((scope) => flow.scopes.includes(scope))
  )
}

/** Starts in this process that are the same share one answer. */
export function whatOf({ owner, place, label, scopes, renewed }: Wanted): string {
  return JSON.stringify([digest(owner.session), place, label, renewed?.id, [...scopes].sort()])
}

/** Whoever starts it has its claim; should the starter die, it expires with it. */
export function newFlow(wanted: Wanted, system: Pick<System, 'now' | 'randomBytes'>): Flow {
  const { owner, provider, place, label, scopes, renewed, returnTo } = wanted
  const now = system.now()
  return {
    id: hex(system.randomBytes(16)),
    version: 1,
    provider: provider.id,
    person: owner.person,
    session: digest(owner.session),
    place,
    connectionId: renewed?.id ?? hex(system.randomBytes(16)),
    renews: renewed !== undefined,
    label,
    scopes,
    returnTo,
    state: 'pending',
    problem: null,
    shown: null,
    secrets: null,
    delivery: null,
    createdAt: now,
    updatedAt: now,
    expiresAt: now + claimSeconds,
    dueAt: now + claimSeconds,
    intervalSeconds: interval(undefined),
    troubles: 0,
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
