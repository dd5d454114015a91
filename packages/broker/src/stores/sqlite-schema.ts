// The tables of the SQLite file as versioned migrations. A migration is never changed after it was released; a new one is added.
// What goes into them is sql-store.ts; opening the file is sqlite.ts.

import type { DatabaseSync } from 'node:sqlite'
import { SettingError } from '../errors.ts'

/** Tells our file from any other program's (https://sqlite.org/pragma.html#pragma_application_id): `csbr`. */
const applicationId = 0x63736272

const migrations: readonly string[] = [
  `CREATE TABLE countersign_broker_flows (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, slot TEXT UNIQUE, person TEXT NOT NULL, provider TEXT NOT NULL,
     due_at REAL, purge_at REAL, data TEXT NOT NULL) STRICT;
   CREATE INDEX countersign_broker_flows_person ON countersign_broker_flows (person);
   CREATE INDEX countersign_broker_flows_due ON countersign_broker_flows (due_at, provider);
   CREATE INDEX countersign_broker_flows_purge ON countersign_broker_flows (purge_at);
   CREATE TABLE countersign_broker_leases (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, purge_at REAL, data TEXT NOT NULL) STRICT;
   CREATE INDEX countersign_broker_leases_purge ON countersign_broker_leases (purge_at);
   CREATE TABLE countersign_broker_connections (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, person TEXT NOT NULL, data TEXT NOT NULL) STRICT;
   CREATE INDEX countersign_broker_connections_person ON countersign_broker_connections (person);
   PRAGMA application_id = ${applicationId};`,
]

/** Brings the tables up to date; safe when several processes start at once. */
export function migrate(db: DatabaseSync): void {
  // The usual start needs no write lock, for which it would have to queue behind busy processes.
  if (versionOf(db) === migrations.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    const have = versionOf(db)
    if (have > migrations.length)
      throw new SettingError(
        `The broker's database has schema ${have}, this program knows ${migrations.length}: it is too old for it.`,
      )
    for (const sql of migrations.slice(have)) db.exec(sql)
    db.exec(`PRAGMA user_version = ${migrations.length}`)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

// In one statement, which sees the file as it is at one moment: asked one after the other, the tables could be those that another
// process has just made, and the id still the one of an empty file.
const whatIsThere = `SELECT user_version AS version, application_id AS id, (SELECT count(*) FROM sqlite_schema) AS tables
  FROM pragma_user_version, pragma_application_id`

function versionOf(db: DatabaseSync): number {
  const { version, id, tables } = db.prepare(whatIsThere).get() as Record<'version' | 'id' | 'tables', number>
  if (tables > 0 && id !== applicationId)
    throw new SettingError("The broker's database needs a file of its own; this one is another program's.")
  return version
}
