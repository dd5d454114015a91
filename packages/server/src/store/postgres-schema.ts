// The PostgreSQL schema as versioned migrations. A migration is never changed after it was released; a new one is added.
// The statements on these tables are made in postgres-reads.ts and postgres-writes.ts.

import type { Lane } from './postgres-lane.ts'

// `data` is json here and made text by a later migration; jsonb would refuse strings with \u0000 or half a surrogate pair, which
// anybody may send as the name of a device. Ids are compared byte by byte, so that every database orders them alike. `seq` is the
// order of arrival.
const table = (name: string, columns = '', options = '') => `CREATE TABLE ${name} (
    id text COLLATE "C" PRIMARY KEY, version integer NOT NULL, ${columns} purge_at bigint,
    seq bigint GENERATED ALWAYS AS IDENTITY, data json NOT NULL) ${options};`
const account = 'account_id text COLLATE "C",'
// Room on each page for the next version of a row, which then touches no index (a heap-only tuple).
const updatedOften = 'WITH (fillfactor = 70)'

// From the text, too: see the migration that first reads clients.
const revokedTokens = `('[' || substring(data::text from '"revokedTokens":\\[([^]]*)\\]') || ']')::json`

const migrations: readonly string[] = [
  `${table('accounts', 'email text COLLATE "C" NOT NULL UNIQUE,')}
   ${table('passkeys', account)}
   ${table('browser_sessions', account)}
   ${table('clients')}
   ${table('device_authorizations', `user_code_hash text COLLATE "C" UNIQUE, ${account}`, updatedOften)}
   ${table('grants', account, updatedOften)}
   ${table('signing_keys')}
   ${table('attempts', '', updatedOften)}
   ${table('settings')}
   CREATE INDEX passkeys_account ON passkeys (account_id);
   CREATE INDEX browser_sessions_account ON browser_sessions (account_id);
   CREATE INDEX device_authorizations_account ON device_authorizations (account_id) WHERE account_id IS NOT NULL;
   CREATE INDEX grants_account ON grants (account_id);
   CREATE INDEX browser_sessions_purge ON browser_sessions (purge_at);
   CREATE INDEX device_authorizations_open ON device_authorizations (purge_at) WHERE user_code_hash IS NOT NULL;
   CREATE INDEX device_authorizations_purge ON device_authorizations (purge_at) WHERE user_code_hash IS NULL;
   CREATE INDEX grants_purge ON grants (purge_at);
   CREATE INDEX attempts_purge ON attempts (purge_at);
   CREATE FUNCTION countersign_expect(made bigint, expected bigint) RETURNS void LANGUAGE plpgsql AS $body$
     BEGIN
       IF made <> expected THEN
         RAISE EXCEPTION 'countersign: a record has moved' USING ERRCODE = 'CS409';
       END IF;
     END $body$;`,
  `${table('resources')}
   ${table('authorization_requests')}
   ${table('authorization_codes', account)}
   ${table('consents', account)}
   ${table('initial_access_tokens')}
   ${table('spent')}
   ${table('audit_entries', 'link text COLLATE "C",')}
   CREATE INDEX clients_purge ON clients (purge_at) WHERE purge_at IS NOT NULL;
   CREATE INDEX authorization_requests_purge ON authorization_requests (purge_at);
   CREATE INDEX authorization_codes_account ON authorization_codes (account_id);
   CREATE INDEX authorization_codes_purge ON authorization_codes (purge_at);
   CREATE INDEX consents_account ON consents (account_id);
   CREATE INDEX spent_purge ON spent (purge_at);
   CREATE INDEX audit_entries_link ON audit_entries (link);`,
  `${table('identities', account)}
   ${table('upstream_sign_ins')}
   ${table('network_memories', account)}
   CREATE INDEX identities_account ON identities (account_id);
   CREATE INDEX upstream_sign_ins_purge ON upstream_sign_ins (purge_at);
   CREATE INDEX network_memories_account ON network_memories (account_id);
   CREATE INDEX network_memories_purge ON network_memories (purge_at);
   UPDATE clients SET version = version + 1,
     data = (data::jsonb || '{"deviceNetworkPolicy":"return-code"}'::jsonb)::json
     WHERE id = 'countersign-cli' AND data ->> 'deviceNetworkPolicy' IS NULL;`,
  // Read from the text, in which the record's own member is the first of that name: json operators refuse \u0000 in any member.
  `ALTER TABLE device_authorizations ADD COLUMN client_id text COLLATE "C";
   UPDATE device_authorizations SET client_id = substring(data::text from '"clientId":"([^"]*)"');
   CREATE INDEX device_authorizations_client ON device_authorizations (client_id);
   ALTER TABLE authorization_requests ADD COLUMN client_id text COLLATE "C";
   UPDATE authorization_requests SET client_id = substring(data::text from '"clientId":"([^"]*)"');
   CREATE INDEX authorization_requests_client ON authorization_requests (client_id);
   ALTER TABLE authorization_codes ADD COLUMN client_id text COLLATE "C";
   UPDATE authorization_codes SET client_id = substring(data::text from '"clientId":"([^"]*)"');
   CREATE INDEX authorization_codes_client ON authorization_codes (client_id);
   ALTER TABLE consents ADD COLUMN client_id text COLLATE "C";
   UPDATE consents SET client_id = substring(data::text from '"clientId":"([^"]*)"');
   CREATE INDEX consents_client ON consents (client_id);
   ALTER TABLE network_memories ADD COLUMN client_id text COLLATE "C";
   UPDATE network_memories SET client_id = substring(data::text from '"clientId":"([^"]*)"');
   CREATE INDEX network_memories_client ON network_memories (client_id);
   ALTER TABLE grants ADD COLUMN client_id text COLLATE "C";
   UPDATE grants SET client_id = substring(data::text from '"clientId":"([^"]*)"') WHERE data::text LIKE '%"revokedAt":null%';
   CREATE INDEX grants_client ON grants (client_id) WHERE client_id IS NOT NULL;`,
  // Tokens that were revoked one by one stood in their grant.
  `INSERT INTO spent (id, version, purge_at, data)
     SELECT 'revoked token ' || (token ->> 'jti'), 1, (token ->> 'expiresAt')::bigint,
       json_build_object('expiresAt', token -> 'expiresAt')
     FROM grants, json_array_elements(${revokedTokens}) token
     WHERE data::text LIKE '%"revokedTokens":[{%'
     ON CONFLICT DO NOTHING;
   UPDATE grants SET version = version + 1, data = regexp_replace(data::text, '"revokedTokens":\\[[^]]*\\]',
       '"tokensRevokedUntil":' ||
         coalesce((SELECT max((token ->> 'expiresAt')::bigint) FROM json_array_elements(${revokedTokens}) token), 0))::json
     WHERE data::text LIKE '%"revokedTokens":[%';`,
  // Keyed hashes of user codes became shorter (endpoints/device-authorize.ts). Records of these two tables live for minutes and are
  // redeemed together with their neighbours, before the room of a last version is free again: each has room for its next.
  `UPDATE device_authorizations SET version = version + 1, user_code_hash = substr(user_code_hash, 1, 11),
       data = regexp_replace(data::text, '"userCodeHash":"([^"]{11})[^"]*"', '"userCodeHash":"\\1"')::json
     WHERE user_code_hash IS NOT NULL;
   ALTER TABLE device_authorizations SET (fillfactor = 50);
   ALTER TABLE authorization_codes SET (fillfactor = 50);`,
  // The database would parse each document that is stored, and none is ever asked about by its members.
  `accounts passkeys browser_sessions clients device_authorizations grants signing_keys attempts settings resources
   authorization_requests authorization_codes consents initial_access_tokens spent audit_entries identities upstream_sign_ins
   network_memories`
    .split(/\s+/)
    .map((name) => `ALTER TABLE ${name} ALTER COLUMN data TYPE text;`)
    .join(' '),
]

/** Names the lock under which one node at a time migrates; any constant of our own will do. */
const migrationLock = 7_230_116_628

/** Brings the schema up to date; safe when several nodes start at once. The lane must have a generous time limit. */
export async function migrate(lane: Lane): Promise<void> {
  if ((await schemaVersion(lane)) === migrations.length) return
  // A lock of the session and not of a transaction: CREATE TABLE IF NOT EXISTS would race without it, too.
  await lane.query({ text: `SELECT pg_advisory_lock(${migrationLock})` })
  try {
    await lane.query({
      text: `CREATE TABLE IF NOT EXISTS countersign_migrations (
        version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
    })
    const have = await schemaVersion(lane)
    if (have > migrations.length) {
      throw new Error(
        `The database has schema ${have}, this program knows ${migrations.length}: it is too old for it.`,
      )
    }
    for (let version = have + 1; version <= migrations.length; version++) {
      // Several statements in one text are one transaction.
      await lane.query({
        text: `${migrations[version - 1]} INSERT INTO countersign_migrations (version) VALUES (${version})`,
      })
    }
  } finally {
    await lane.query({ text: `SELECT pg_advisory_unlock(${migrationLock})` })
  }
}

async function schemaVersion(lane: Lane): Promise<number> {
  const [exists] = await lane.query({ text: `SELECT to_regclass('countersign_migrations') IS NOT NULL` })
  if (exists?.[0] !== true) return 0
  const [row] = await lane.query({ text: 'SELECT coalesce(max(version), 0) FROM countersign_migrations' })
  return Number(row?.[0])
}
