// The tables on PostgreSQL as versioned migrations, under names of their own: they may be in the same database as the server's.
// A migration is never changed after it was released; a new one is added. What goes into them is sql-store.ts.

import type pg from 'pg'
import { SettingError } from '../errors.ts'

// Text is compared byte by byte, so that every database orders it alike. `data` is text and not jsonb, which refuses \u0000.
const migrations: readonly string[] = [
  `CREATE TABLE countersign_broker_flows (
     id text COLLATE "C" PRIMARY KEY, version integer NOT NULL, slot text COLLATE "C" UNIQUE,
     person text COLLATE "C" NOT NULL, provider text COLLATE "C" NOT NULL, due_at double precision,
     purge_at double precision, data text NOT NULL);
   CREATE INDEX countersign_broker_flows_person ON countersign_broker_flows (person);
   CREATE INDEX countersign_broker_flows_due ON countersign_broker_flows (due_at, provider);
   CREATE INDEX countersign_broker_flows_purge ON countersign_broker_flows (purge_at);
   CREATE TABLE countersign_broker_leases (
     id text COLLATE "C" PRIMARY KEY, version integer NOT NULL, purge_at double precision, data text NOT NULL);
   CREATE INDEX countersign_broker_leases_purge ON countersign_broker_leases (purge_at);
   CREATE TABLE countersign_broker_connections (
     id text COLLATE "C" PRIMARY KEY, version integer NOT NULL, person text COLLATE "C" NOT NULL, data text NOT NULL);
   CREATE INDEX countersign_broker_connections_person ON countersign_broker_connections (person);`,
]

/** Names the lock under which one node at a time migrates; any constant of our own will do. */
const migrationLock = 7_230_116_629

/** Brings the tables up to date, all or nothing; safe when several nodes start at once. */
export async function migrate(client: pg.Client): Promise<void> {
  // The usual start needs no lock, and no right to make tables.
  if ((await versionOf(client)) === migrations.length) return
  await client.query('BEGIN')
  try {
    await client.query(`SELECT pg_advisory_xact_lock(${migrationLock})`)
    await client.query(
      `CREATE TABLE IF NOT EXISTS countersign_broker_migrations (
         version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
    )
    const have = await versionOf(client)
    if (have > migrations.length)
      throw new SettingError(
        `The broker's database has schema ${have}, this program knows ${migrations.length}: it is too old for it.`,
      )
    for (let version = have + 1; version <= migrations.length; version++) {
      await client.query(migrations[version - 1] as string)
      await client.query('INSERT INTO countersign_broker_migrations (version) VALUES ($1)', [version])
    }
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}

async function versionOf(client: pg.Client): Promise<number> {
  const exists = await client.query(`SELECT to_regclass('countersign_broker_migrations') IS NOT NULL AS yes`)
  if (exists.rows[0]?.yes !== true) return 0
  const found = await client.query(
    'SELECT coalesce(max(version), 0) AS version FROM countersign_broker_migrations',
  )
  return Number(found.rows[0]?.version)
}
