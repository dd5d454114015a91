// The SQLite schema as versioned migrations, and the statements for each kind of record.
// A migration is never changed after it was released; a new one is added. The engine around this is sqlite.ts.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Kind } from '@countersign/protocol'
import { toData } from './record-data.ts'
import { type AnyRecord, columnName, kinds, tableOf } from './tables.ts'

const migrations: readonly string[] = [
  `CREATE TABLE accounts (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, email TEXT NOT NULL UNIQUE, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE passkeys (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, account_id TEXT, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE browser_sessions (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, account_id TEXT, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE clients (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE device_authorizations (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, user_code_hash TEXT UNIQUE, account_id TEXT, purge_at INTEGER,
     data TEXT NOT NULL) STRICT;
   CREATE TABLE grants (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, account_id TEXT, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE signing_keys (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE attempts (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE settings (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE INDEX passkeys_account ON passkeys (account_id);
   CREATE INDEX browser_sessions_account ON browser_sessions (account_id);
   CREATE INDEX device_authorizations_account ON device_authorizations (account_id) WHERE account_id IS NOT NULL;
   CREATE INDEX grants_account ON grants (account_id);
   CREATE INDEX browser_sessions_purge ON browser_sessions (purge_at);
   CREATE INDEX device_authorizations_open ON device_authorizations (purge_at) WHERE user_code_hash IS NOT NULL;
   CREATE INDEX device_authorizations_purge ON device_authorizations (purge_at) WHERE user_code_hash IS NULL;
   CREATE INDEX grants_purge ON grants (purge_at);
   CREATE INDEX attempts_purge ON attempts (purge_at);
   CREATE TABLE notices (seq INTEGER PRIMARY KEY, topic TEXT NOT NULL) STRICT;`,
  `CREATE TABLE resources (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE authorization_requests (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE authorization_codes (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, account_id TEXT, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE consents (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, account_id TEXT, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE initial_access_tokens (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE spent (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE audit_entries (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, link TEXT, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE INDEX clients_purge ON clients (purge_at) WHERE purge_at IS NOT NULL;
   CREATE INDEX authorization_requests_purge ON authorization_requests (purge_at);
   CREATE INDEX authorization_codes_account ON authorization_codes (account_id);
   CREATE INDEX authorization_codes_purge ON authorization_codes (purge_at);
   CREATE INDEX consents_account ON consents (account_id);
   CREATE INDEX spent_purge ON spent (purge_at);
   CREATE INDEX audit_entries_link ON audit_entries (link);`,
  `CREATE TABLE identities (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, account_id TEXT, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE upstream_sign_ins (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE TABLE network_memories (
     id TEXT PRIMARY KEY, version INTEGER NOT NULL, account_id TEXT, purge_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE INDEX identities_account ON identities (account_id);
   CREATE INDEX upstream_sign_ins_purge ON upstream_sign_ins (purge_at);
   CREATE INDEX network_memories_account ON network_memories (account_id);
   CREATE INDEX network_memories_purge ON network_memories (purge_at);
   UPDATE clients SET version = version + 1, data = json_set(data, '$.deviceNetworkPolicy', 'return-code')
     WHERE id = 'countersign-cli' AND data ->> '$.deviceNetworkPolicy' IS NULL;`,
  `ALTER TABLE device_authorizations ADD COLUMN client_id TEXT;
   UPDATE device_authorizations SET client_id = data ->> '$.clientId';
   CREATE INDEX device_authorizations_client ON device_authorizations (client_id);
   ALTER TABLE authorization_requests ADD COLUMN client_id TEXT;
   UPDATE authorization_requests SET client_id = data ->> '$.clientId';
   CREATE INDEX authorization_requests_client ON authorization_requests (client_id);
   ALTER TABLE authorization_codes ADD COLUMN client_id TEXT;
   UPDATE authorization_codes SET client_id = data ->> '$.clientId';
   CREATE INDEX authorization_codes_client ON authorization_codes (client_id);
   ALTER TABLE consents ADD COLUMN client_id TEXT;
   UPDATE consents SET client_id = data ->> '$.clientId';
   CREATE INDEX consents_client ON consents (client_id);
   ALTER TABLE network_memories ADD COLUMN client_id TEXT;
   UPDATE network_memories SET client_id = data ->> '$.clientId';
   CREATE INDEX network_memories_client ON network_memories (client_id);
   ALTER TABLE grants ADD COLUMN client_id TEXT;
   UPDATE grants SET client_id = data ->> '$.clientId' WHERE data ->> '$.revokedAt' IS NULL;
   CREATE INDEX grants_client ON grants (client_id) WHERE client_id IS NOT NULL;`,
  // Tokens that were revoked one by one stood in their grant.
  `INSERT OR IGNORE INTO spent (id, version, purge_at, data)
     SELECT 'revoked token ' || (value ->> '$.jti'), 1, value ->> '$.expiresAt', json_object('expiresAt', value ->> '$.expiresAt')
     FROM grants, json_each(grants.data, '$.revokedTokens');
   UPDATE grants SET version = version + 1, data = json_remove(
       json_set(data, '$.tokensRevokedUntil',
         coalesce((SELECT max(value ->> '$.expiresAt') FROM json_each(grants.data, '$.revokedTokens')), 0)),
       '$.revokedTokens')
     WHERE json_type(data, '$.revokedTokens') = 'array';`,
  // Keyed hashes of user codes became shorter (endpoints/device-authorize.ts).
  `UPDATE device_authorizations SET version = version + 1, user_code_hash = substr(user_code_hash, 1, 11),
       data = json_set(data, '$.userCodeHash', substr(data ->> '$.userCodeHash', 1, 11))
     WHERE user_code_hash IS NOT NULL;`,
  // From here on rows of sign-ins are packed (record-data.ts), which programs before do not read.
  '',
]

/** Brings the schema up to date; safe when several processes start at once. */
export function migrate(db: DatabaseSync): void {
  // The usual start needs no write lock, for which it would have to queue behind busy processes.
  if (schemaVersion(db) === migrations.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    const have = schemaVersion(db)
    if (have > migrations.length) {
      throw new Error(
        `The database has schema ${have}, this program knows ${migrations.length}: it is too old for it.`,
      )
    }
    for (const sql of migrations.slice(have)) db.exec(sql)
    db.exec(`PRAGMA user_version = ${migrations.length}`)
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

function schemaVersion(db: DatabaseSync): number {
  return (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version
}

export interface Statements {
  readonly of: Readonly<Record<Kind, KindStatements>>
  /** Adds a notice for other processes. */
  readonly notice: StatementSync
  /** Forgets notices that everybody has long seen, but never the last, whose number the next one follows. */
  readonly purgeNotices: StatementSync
}

export interface KindStatements {
  readonly read: StatementSync
  readonly readWithAccount: StatementSync | undefined
  readonly find: Readonly<Record<string, StatementSync>>
  readonly list: StatementSync
  readonly insert: StatementSync
  /** The whole row. */
  readonly update: StatementSync
  /** The same where no column but `data` changes, which leaves every index alone; else it changes no row. */
  readonly updateData: StatementSync
  readonly delete: StatementSync
  readonly purge: StatementSync
  /** Sets the column that `Table.frees` names to null. */
  readonly free: StatementSync | undefined
  readonly count: StatementSync
}

export function prepareStatements(db: DatabaseSync): Statements {
  return {
    of: Object.fromEntries(kinds.map((kind) => [kind, prepareKind(db, kind)])) as Record<
      Kind,
      KindStatements
    >,
    notice: db.prepare('INSERT INTO notices (topic) VALUES (?)'),
    purgeNotices: db.prepare('DELETE FROM notices WHERE seq <= (SELECT max(seq) FROM notices) - 10000'),
  }
}

function prepareKind(db: DatabaseSync, kind: Kind): KindStatements {
  const { name, columns, frees } = tableOf(kind)
  const freed = frees && columnName(frees.column)
  const extra = Object.keys(columns).map(columnName)
  const indexed = [...extra, 'purge_at']
  const followsAccount = 'accountId' in columns
  return {
    read: rows(db, `SELECT id, version, data FROM ${name} WHERE id = ?`),
    readWithAccount: followsAccount
      ? rows(
          db,
          `SELECT r.id, r.version, r.data, a.id, a.version, a.data
           FROM ${name} r LEFT JOIN accounts a ON a.id = r.account_id WHERE r.id = ?`,
        )
      : undefined,
    find: Object.fromEntries(
      Object.keys(columns).map((column) => [
        column,
        rows(
          db,
          `SELECT id, version, data FROM ${name} WHERE ${columnName(column)} = ? ORDER BY rowid LIMIT ?`,
        ),
      ]),
    ),
    list: rows(db, `SELECT id, version, data FROM ${name} WHERE id > ? ORDER BY id LIMIT ?`),
    insert: db.prepare(
      `INSERT INTO ${name} (id, version, ${indexed.join(', ')}, data)
       VALUES (?, 1, ${indexed.map(() => '?').join(', ')}, ?) ON CONFLICT DO NOTHING`,
    ),
    update: db.prepare(
      `UPDATE OR IGNORE ${name} SET version = version + 1, data = ?, ${indexed.map((column) => `${column} = ?`).join(', ')}
       WHERE id = ? AND version = ?`,
    ),
    updateData: db.prepare(
      `UPDATE ${name} SET version = version + 1, data = ?
       WHERE id = ? AND version = ? AND ${indexed.map((column) => `${column} IS ?`).join(' AND ')}`,
    ),
    delete: db.prepare(`DELETE FROM ${name} WHERE id = ? AND version = ?`),
    purge: db.prepare(
      `DELETE FROM ${name} WHERE id IN (SELECT id FROM ${name} WHERE purge_at <= ? ${freed ? `AND ${freed} IS NULL` : ''} LIMIT ?)`,
    ),
    free: freed
      ? db.prepare(
          `UPDATE ${name} SET ${freed} = NULL
           WHERE id IN (SELECT id FROM ${name} WHERE purge_at <= ? AND ${freed} IS NOT NULL LIMIT ?)`,
        )
      : undefined,
    count: db.prepare(`SELECT count(*) AS n FROM ${name}`),
  }
}

// Rows as arrays: half of the time of objects with names.
function rows(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return statement
}

/** The record's columns in the order of the statements, then purge_at and data. */
export function columnValues(kind: Kind, record: AnyRecord): (string | number | null)[] {
  const { columns, purgeAt } = tableOf(kind)
  const values: (string | number | null)[] = []
  for (const column in columns) values.push(columns[column]?.of(record) ?? null)
  values.push(purgeAt(record), toData(kind, record))
  return values
}
