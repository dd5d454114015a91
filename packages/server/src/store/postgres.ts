// The store on PostgreSQL, for one node or many. Each request that reads or writes costs one round trip, shared with the
// requests that come at the same time: postgres-reads.ts, postgres-writes.ts (and its postgres-statements.ts). Connections
// are in postgres-lane.ts, notices in postgres-notices.ts, the schema in postgres-schema.ts. Here they are put together.

import type { Kind } from '@countersign/protocol'
import { createLane, type LaneOptions, type Rows, type Statement } from './postgres-lane.ts'
import { createNotices } from './postgres-notices.ts'
import { again, createReads } from './postgres-reads.ts'
import { migrate } from './postgres-schema.ts'
import { createWrites } from './postgres-writes.ts'
import type { Store } from './store.ts'
import { columnName, kinds, tableOf } from './tables.ts'

export interface PostgresOptions {
  readonly url: string
  /** Connections for reading; default 1. The fewer there are, the more reads share a round trip. */
  readonly readConnections?: number
  /** Connections for writing; default 2: the others write past a statement that takes long. */
  readonly writeConnections?: number
  /** How long a connection attempt or a statement may take; default 5000. */
  readonly timeoutMilliseconds?: number
  /** Sees each statement that is sent. */
  readonly onStatement?: (statement: Statement) => void
}

/** Rows that one step of a sweep deletes. */
const sweepStep = 1000
const migrationMilliseconds = 600_000

/** Connects and brings the schema up to date; rejects when the database cannot be reached. */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const { url, readConnections = 1, writeConnections = 2, timeoutMilliseconds = 5000, onStatement } = options
  const settings: LaneOptions = {
    url,
    connectMilliseconds: timeoutMilliseconds,
    statementMilliseconds: timeoutMilliseconds,
    onStatement,
  }
  await migrateOnce({ ...settings, statementMilliseconds: migrationMilliseconds })
  const lanes = (count: number) =>
    Array.from({ length: count }, () => createLane({ ...settings, looksUp: true }))
  const readers = lanes(readConnections)
  const writers = lanes(writeConnections)
  // Sweeping and counting take their time and may not keep requests waiting.
  const housekeeper = createLane(settings)
  const notices = createNotices(settings, (backend) => writers.some((lane) => lane.backend === backend))
  const ask = (statement: Statement) => again(() => housekeeper.query(statement))

  return {
    ...createReads(readers),
    ...createWrites(writers, notices.wake),
    watch: notices.watch,
    async sweep(now) {
      let swept = 0
      for (const kind of kinds) {
        const { frees } = tableOf(kind)
        if (frees)
          await inSteps(ask, freeText(kind, columnName(frees.column)), now + frees.secondsBeforePurge)
        swept += await inSteps(ask, purgeText(kind), now)
      }
      return swept
    },
    async counts() {
      const columns = kinds.map((kind) => `(SELECT count(*) FROM ${tableOf(kind).name})`)
      const [row] = await ask({ text: `SELECT ${columns.join(', ')}` })
      return Object.fromEntries(kinds.map((kind, i) => [kind, Number(row?.[i])])) as Record<Kind, number>
    },
    async ready() {
      await again(() => (readers[0] as (typeof readers)[0]).query({ text: 'SELECT 1' }))
    },
    async close() {
      await Promise.all([...readers, ...writers, housekeeper, notices].map((part) => part.close()))
    },
  }
}

async function migrateOnce(settings: LaneOptions): Promise<void> {
  const lane = createLane(settings)
  try {
    await migrate(lane)
  } finally {
    await lane.close()
  }
}

// Rows that somebody writes at this moment are left for the next sweep.
function purgeText(kind: Kind): string {
  const { name, frees } = tableOf(kind)
  const free = frees ? `AND ${columnName(frees.column)} IS NULL` : ''
  return `WITH gone AS (DELETE FROM ${name} WHERE id IN (
      SELECT id FROM ${name} WHERE purge_at <= $1 ${free} LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1)
    SELECT count(*) FROM gone`
}

function freeText(kind: Kind, column: string): string {
  const { name } = tableOf(kind)
  return `WITH freed AS (UPDATE ${name} SET ${column} = NULL WHERE id IN (
      SELECT id FROM ${name} WHERE purge_at <= $1 AND ${column} IS NOT NULL LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1)
    SELECT count(*) FROM freed`
}

async function inSteps(
  ask: (statement: Statement) => Promise<Rows>,
  text: string,
  until: number,
): Promise<number> {
  for (let total = 0; ; ) {
    const [row] = await ask({ text, values: [until, sweepStep] })
    const changed = Number(row?.[0])
    total += changed
    if (changed < sweepStep) return total
  }
}
