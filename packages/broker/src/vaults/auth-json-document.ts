// An auth.json as a document: reading connections out of it and putting them into it. Nothing that is not understood is changed
// or dropped: other providers, other entries, members of any name, the spelling of numbers. Pure.
// Not here: one entry (auth-json-entry.ts), and how the file is read, locked and written (auth-json-file.ts).

import type { Connection } from '../connection.ts'
import {
  connectionOf,
  entryIdOf,
  entryOf,
  isAnotherAccount,
  isDeviceLogin,
  isoOf,
  type PoolShape,
} from './auth-json-entry.ts'
import { isRow, parseExactly, printExactly, type Row, textOf } from './exact-json.ts'

/** By our provider's id. */
export type PoolShapes = Readonly<Record<string, PoolShape>>

export interface Read {
  readonly document: Row
  /** False where something in the text is lost in the document: then the file is set aside before it is replaced. */
  readonly whole: boolean
}

export interface Edited<Outcome> {
  readonly outcome: Outcome
  /** Undefined where nothing is to be written. */
  readonly document?: Row
  /** Something that could not be understood had to make room. */
  readonly loses?: boolean
}

export function readDocument(text: string): Read {
  if (text.trim() === '') return { document: {}, whole: true }
  const document = parseExactly(text)
  if (!isRow(document)) return { document: {}, whole: false }
  const { credential_pool: pools, ...others } = document
  if (pools === undefined) return { document, whole: true }
  return isRow(pools) ? { document, whole: true } : { document: others, whole: pools === null }
}

export const printDocument: (document: Row) => string = printExactly

/** Those of this person: made by us for nobody else, or a device login of another program for a provider that we know. */
export function connectionsIn(
  document: Row,
  place: string,
  person: string,
  shapes: PoolShapes,
): readonly Connection[] {
  return entriesIn(document, shapes)
    .map(({ row, provider }) => connectionOf(row, place, person, provider))
    .filter((connection) => connection !== undefined)
}

export function connectionIn(
  document: Row,
  place: string,
  person: string,
  id: string,
  shapes: PoolShapes,
): Connection | undefined {
  return locate(document, place, person, id, shapes)?.connection
}

export function withConnection(
  document: Row,
  connection: Connection,
  seen: string | null,
  shapes: PoolShapes,
): Edited<'stored' | 'conflict'> {
  const { place, person, id, provider } = connection
  const found = locate(document, place, person, id, shapes)
  if ((found?.connection.version ?? null) !== seen) return { outcome: 'conflict' }
  const shape = shapeOf(provider, provider, shapes)
  const pool = found?.pool ?? shape.pool
  const rows = rowsOf(document, pool)
  const index = found?.index ?? rows.findIndex((row) => isTakenOver(row, connection, shapes))
  const row = rows[index]
  const before = isRow(row) ? row : undefined
  const after = entryOf(connection, before, shape, found === undefined)
  const next = before === undefined ? [after, ...rows] : rows.with(index, after)
  const stored = withRows(document, pool, next, after.updated_at)
  return {
    outcome: 'stored',
    document: inStep(stored, pool, before, after),
    loses: !Array.isArray(poolOf(document, pool) ?? []),
  }
}

export function withoutConnection(
  document: Row,
  connection: Connection,
  now: number,
  shapes: PoolShapes,
): Edited<'removed' | 'conflict'> {
  const { place, person, id, version } = connection
  const found = locate(document, place, person, id, shapes)
  if (found === undefined || found.connection.version !== version) return { outcome: 'conflict' }
  const rows = rowsOf(document, found.pool)
  const before = rows[found.index] as Row
  const left = withRows(document, found.pool, rows.toSpliced(found.index, 1), isoOf(now))
  return { outcome: 'removed', document: inStep(left, found.pool, before, undefined) }
}

/** A new sign-in takes the place of a device login that is there, as long as that is not known to be somebody else's. */
function isTakenOver(row: unknown, connection: Connection, shapes: PoolShapes): boolean {
  if (!isRow(row) || !isDeviceLogin(row) || isAnotherAccount(row, connection)) return false
  // One that we made ourselves is a connection of its own, unless the layout is known to have one device login per provider.
  return !isRow(row.countersign) || Object.hasOwn(shapes, connection.provider)
}

interface FoundEntry {
  readonly row: Row
  readonly provider: string
  readonly pool: string
  readonly index: number
}

function entriesIn(document: Row, shapes: PoolShapes): readonly FoundEntry[] {
  const pools = poolsOf(document)
  return Object.keys(pools).flatMap((pool) => {
    const known = Object.keys(shapes).find((provider) => shapes[provider]?.pool === pool)
    return rowsOf(document, pool).flatMap((row, index) => {
      if (!isRow(row)) return []
      if (!isRow(row.countersign) && (known === undefined || !isDeviceLogin(row))) return []
      return [{ row, provider: known ?? pool, pool, index }]
    })
  })
}

function locate(document: Row, place: string, person: string, id: string, shapes: PoolShapes) {
  const found = entriesIn(document, shapes).find(({ row, provider, pool }) => {
    if (isRow(row.countersign) && row.countersign.id !== undefined) return row.countersign.id === id
    // Also one that lost our member to a program that drops what it does not know.
    return row.id === id || row.id === entryIdOf(id, shapeOf(provider, pool, shapes))
  })
  const connection = found && connectionOf(found.row, place, person, found.provider)
  return found && connection && { ...found, connection: { ...connection, id } }
}

function shapeOf(provider: string, pool: string, shapes: PoolShapes): PoolShape {
  return (Object.hasOwn(shapes, provider) ? shapes[provider] : undefined) ?? { pool }
}

function poolsOf(document: Row): Row {
  return isRow(document.credential_pool) ? document.credential_pool : {}
}

function poolOf(document: Row, pool: string): unknown {
  const pools = poolsOf(document)
  return Object.hasOwn(pools, pool) ? pools[pool] : undefined
}

function rowsOf(document: Row, pool: string): readonly unknown[] {
  const rows = poolOf(document, pool)
  return Array.isArray(rows) ? rows : []
}

function withRows(document: Row, pool: string, rows: readonly unknown[], updatedAt: unknown): Row {
  const pools = poolsOf(document)
  const { [pool]: _, ...others } = pools
  return {
    version: 1,
    ...document,
    credential_pool: rows.length === 0 ? others : { ...pools, [pool]: rows },
    updated_at: updatedAt,
  }
}

/**
 * The second place that older programs read, `providers.<id>.tokens`: where it holds a copy of this credential it stays a copy,
 * and goes with it. Anything else there is another credential; a copy of ours would give one refresh token two owners.
 */
function inStep(document: Row, pool: string, before: Row | undefined, after: Row | undefined): Row {
  const providers = isRow(document.providers) ? document.providers : {}
  const provider = Object.hasOwn(providers, pool) ? providers[pool] : undefined
  if (before === undefined || !isRow(provider) || !isRow(provider.tokens)) return document
  const { tokens, ...others } = provider
  const isCopy = ['access_token', 'refresh_token'].some(
    (name) => textOf(before[name]) !== undefined && tokens[name] === before[name],
  )
  if (!isCopy) return document
  if (after === undefined) return { ...document, providers: { ...providers, [pool]: others } }
  const { access_token, refresh_token, last_refresh } = after
  const next = {
    ...provider,
    tokens: { ...tokens, access_token, refresh_token },
    ...('last_refresh' in provider ? { last_refresh } : {}),
  }
  return { ...document, providers: { ...providers, [pool]: next } }
}
