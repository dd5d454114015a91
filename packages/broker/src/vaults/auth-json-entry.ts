// One entry of the credential pool in an auth.json, and the connection that it is. What the layout has no place for (whose it
// is, account, scopes, flow) is in one member more, `countersign`; entries that other programs made do without. Pure.
// Not here: which entry, and the rest of the file (auth-json-document.ts).

import { hash } from 'node:crypto'
import type { Connection, EndedWhy } from '../connection.ts'
import { claimsOf } from '../oauth-claims.ts'
import { digest } from '../seal.ts'
import { isRow, numberOf, type Row, textOf } from './exact-json.ts'

/** How the connections of one provider look in the file. */
export interface PoolShape {
  /** The name that other programs know it by: a key of `credential_pool`. */
  readonly pool: string
  /** What new entries are called there; by default what the person calls the connection. */
  readonly label?: string
  readonly baseUrl?: string
  /** What the id of a new entry begins with; by default the pool's name and `-oauth`. */
  readonly idPrefix?: string
}

/** Entries that may be taken over by a new sign-in: what this layout calls a device login, now and formerly. */
export function isDeviceLogin(entry: Row): boolean {
  return entry.source === source || entry.source === 'oauth_device'
}

/** Undefined for an entry without tokens, and for one that was made for another person. */
export function connectionOf(
  entry: Row,
  place: string,
  person: string,
  provider: string,
): Connection | undefined {
  const ours = isRow(entry.countersign) ? entry.countersign : {}
  const id = textOf(ours.id) ?? textOf(entry.id)
  const accessToken = textOf(entry.access_token)
  if (id === undefined || accessToken === undefined) return undefined
  if (ours.person !== undefined && ours.person !== person) return undefined
  // Another program may have renewed the tokens: then what we knew about the old ones is over.
  const current = ours.token === digest(accessToken)
  const createdAt = secondsOf(entry.created_at) ?? secondsOf(entry.updated_at) ?? 0
  return {
    id,
    version: versionOf(entry),
    person,
    place,
    provider: textOf(ours.provider) ?? provider,
    account: accountOf(ours),
    label: textOf(ours.label) ?? textOf(entry.label) ?? '',
    tokens: {
      accessToken,
      refreshToken: textOf(entry.refresh_token) ?? null,
      expiresAt: (current ? numberOf(ours.expires_at) : undefined) ?? expiryOf(entry, accessToken),
      scopes: scopesOf(ours, entry),
    },
    flow: textOf(ours.flow) ?? '',
    ended: current && isEndedWhy(ours.ended) ? ours.ended : null,
    createdAt,
    updatedAt: secondsOf(entry.updated_at) ?? createdAt,
  }
}

/** `before`: the entry that is renewed or, where `fresh`, taken over by a new sign-in. */
export function entryOf(
  connection: Connection,
  before: Row | undefined,
  shape: PoolShape,
  fresh: boolean,
): Row {
  const { id, tokens, person, provider, flow, account, label, ended } = connection
  const updated = isoOf(connection.updatedAt)
  const renewed = before?.access_token !== tokens.accessToken
  return {
    ...(before === undefined
      ? newEntry(connection, shape)
      : { ...before, id: before.id ?? entryIdOf(id, shape) }),
    ...(fresh || before === undefined ? namesOf(connection, shape) : renamed(connection, before)),
    auth_type: 'oauth',
    source,
    access_token: tokens.accessToken,
    refresh_token: tokens.refreshToken ?? '',
    last_refresh: renewed ? updated : (before?.last_refresh ?? updated),
    updated_at: updated,
    ...(before === undefined ? {} : followers(before, connection, renewed)),
    countersign: {
      ...(isRow(before?.countersign) ? before.countersign : {}),
      ...{ id, person, provider, flow, account, label, scopes: tokens.scopes },
      expires_at: tokens.expiresAt,
      ended,
      token: digest(tokens.accessToken),
    },
  }
}

/** True where both say who they are and do not agree: then the one must not overwrite the other. */
export function isAnotherAccount(entry: Row, connection: Connection): boolean {
  const ours = isRow(entry.countersign) ? entry.countersign : {}
  if (ours.person !== undefined && ours.person !== connection.person) return true
  const there = [accountOf(ours)?.id, subjectOf(textOf(entry.access_token))]
  const here = [connection.account?.id, subjectOf(connection.tokens.accessToken)]
  return there.some((one, i) => one !== undefined && here[i] !== undefined && one !== here[i])
}

/** Of the entry as it stands, so that what other programs write is noticed too. */
export function versionOf(entry: Row): string {
  return digest(JSON.stringify(entry))
}

/** Always the same for one connection: it is found again even after a program dropped the member that it does not know. */
export function entryIdOf(id: string, { pool, idPrefix = `${pool}-oauth` }: PoolShape): string {
  return `${idPrefix}-${hash('sha256', id, 'hex').slice(0, 12)}`
}

export function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}

const source = 'manual:device_code'

/** In the order of members that the layout has. */
function newEntry({ id, label, createdAt }: Connection, shape: PoolShape): Row {
  return {
    id: entryIdOf(id, shape),
    label,
    auth_type: 'oauth',
    priority: 0,
    source,
    ...(shape.baseUrl === undefined ? {} : { base_url: shape.baseUrl }),
    created_at: isoOf(createdAt),
  }
}

function namesOf({ label }: Connection, shape: PoolShape): Row {
  return { label: shape.label ?? label, ...(shape.baseUrl === undefined ? {} : { base_url: shape.baseUrl }) }
}

/** A renewal leaves the name alone, which another program may show or have changed; only a new one is written. */
function renamed({ label }: Connection, before: Row): Row {
  const ours = isRow(before.countersign) ? before.countersign : {}
  return label === (textOf(ours.label) ?? textOf(before.label)) ? {} : { label }
}

/** Members of other programs that speak of the tokens, and would be wrong about new ones. */
function followers(before: Row, { tokens }: Connection, renewed: boolean): Row {
  const { expiresAt } = tokens
  const fresh: Row = {
    expires_at: expiresAt === null ? null : isoOf(expiresAt),
    expires_at_ms: expiresAt === null ? null : Math.round(expiresAt * 1000),
    // hermes-agent leaves an entry alone that it has marked as exhausted or dead.
    last_status: null,
    last_status_at: null,
    last_error_code: null,
    last_error_reason: null,
    last_error_message: null,
    last_error_reset_at: null,
  }
  return renewed ? Object.fromEntries(Object.entries(fresh).filter(([name]) => name in before)) : {}
}

function accountOf(ours: Row): Connection['account'] {
  if (!isRow(ours.account)) return null
  const id = textOf(ours.account.id)
  return id === undefined ? null : { id, name: textOf(ours.account.name) ?? id }
}

function scopesOf(ours: Row, entry: Row): readonly string[] {
  const found = ours.scopes ?? textOf(entry.scope)?.split(' ') ?? []
  return Array.isArray(found) ? found.filter((scope) => textOf(scope) !== undefined) : []
}

function isEndedWhy(value: unknown): value is EndedWhy {
  return value === 'refused' || value === 'answer_lost'
}

function expiryOf(entry: Row, accessToken: string): number | null {
  const milliseconds = numberOf(entry.expires_at_ms)
  if (milliseconds !== undefined) return milliseconds / 1000
  return secondsOf(entry.expires_at) ?? numberOf(claimsOf(accessToken).exp) ?? null
}

function secondsOf(value: unknown): number | undefined {
  const milliseconds = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000
}

function subjectOf(accessToken: string | undefined): string | undefined {
  return accessToken === undefined ? undefined : textOf(claimsOf(accessToken).sub)
}
