// The same on PostgreSQL, where connections are in the server's own database: every row of every table is looked through. What left the
// server is canary.test.ts.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { type ConnectionsWorld, startConnectionsWorld } from '../journey/connections-world.ts'
import { type Postgres, startPostgres } from '../support/postgres.ts'
import { journey, type Kept, leaked } from './canary-journey.ts'

let postgres: Postgres
let world: ConnectionsWorld
let kept: Kept
before(async () => {
  postgres = await startPostgres()
  world = await startConnectionsWorld({ databaseUrl: postgres.url })
  kept = await journey(world, everyRow)
})
after(async () => {
  await world?.close()
  await postgres?.stop()
})

async function everyRow(): Promise<Buffer> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  try {
    const tables = await client.query<{ name: string }>(
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    const parts: string[] = []
    for (const { name } of tables.rows) {
      const rows = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} AS t`)
      parts.push(name, ...rows.rows.map(({ row }) => row))
    }
    return Buffer.from(parts.join('\n'))
  } finally {
    await client.end()
  }
}

test('G-13 no secret of a connection is in PostgreSQL in clear: not while a code waits, not afterwards', () => {
  assert.ok(kept.stored[0]?.includes('countersign_broker_flows'))
  assert.ok(kept.stored[2]?.includes('There and back'))
  for (const bytes of kept.stored) assert.deepEqual(leaked(world, bytes), [])
})
