// Records as a database of schema 3 holds them, before those of a client had a column to be found by, and the check that they are
// found after the migration. How the older database is made is in each store's own test. Not for production.

import assert from 'node:assert/strict'
import { type Grant, grant } from '@countersign/protocol'
import type { Store } from '../store.ts'
import { tableOf } from '../tables.ts'
import { sample } from './samples.ts'
import { applied, write } from './subject.ts'

const kinds = [
  'deviceAuthorization',
  'authorizationRequest',
  'authorizationCode',
  'consent',
  'grant',
  'networkMemory',
] as const

export const tablesOfClients = kinds.map((kind) => tableOf(kind).name)

// What strangers choose, where it could be taken for a member of the record, or for no JSON at all.
const odd = '\u0000","clientId":"other","revokedAt":null'

/** As grants had them before tokens that were revoked one by one had records of their own (RV-08). */
const revokedTokens = [
  { jti: 'first', expiresAt: 2_000_000_100 },
  { jti: 'second', expiresAt: 2_000_000_000 },
]

const olderHash = 'fCFfSzuWPwBWtjCktfdJP8t5QAjFY2uwQPhHoMMLh_Q'

/** Writes them, and returns their rows as programs wrote them then: the columns of today stay, `data` has to be put in place. */
export async function writeOlderRecords(store: Store): Promise<readonly OlderRow[]> {
  const of = { clientId: 'https://old.example/client' }
  const parameters = { ...sample('authorizationRequest').parameters, state: odd }
  const userCodeHash = olderHash
  const inserts = [
    write(
      'insert',
      'deviceAuthorization',
      sample('deviceAuthorization', { id: 'device', ...of, userCodeHash }),
    ),
    write(
      'insert',
      'authorizationRequest',
      sample('authorizationRequest', { id: 'request', ...of, parameters }),
    ),
    write('insert', 'authorizationCode', sample('authorizationCode', { id: 'code', ...of, nonce: odd })),
    write('insert', 'consent', sample('consent', { id: 'consent', ...of })),
    write('insert', 'grant', olderGrant({ id: 'live', ...of, deviceName: odd }, revokedTokens)),
    write('insert', 'grant', olderGrant({ id: 'ended', ...of, deviceName: odd, revokedAt: 1 }, [])),
    write('insert', 'networkMemory', sample('networkMemory', { id: 'network', ...of })),
  ]
  await applied(store, ...inserts)
  return inserts.flatMap((insert) => {
    if (insert.op === 'notify') return []
    const { id, version: _version, ...members } = insert.record
    return [{ table: tableOf(insert.kind).name, id, data: JSON.stringify(members) }]
  })
}

export interface OlderRow {
  readonly table: string
  readonly id: string
  readonly data: string
}

function olderGrant(changed: Partial<Grant>, revoked: typeof revokedTokens): Grant {
  const { tokensRevokedUntil: _later, ...older } = sample('grant', changed)
  return { ...older, revokedTokens: revoked } as unknown as Grant
}

export async function findRevokedTokens(store: Store): Promise<void> {
  for (const { jti, expiresAt } of revokedTokens)
    assert.equal((await store.read('spent', grant.revokedTokenId(jti)))?.expiresAt, expiresAt)
  const [live, ended] = [await store.read('grant', 'live'), await store.read('grant', 'ended')]
  assert.deepEqual([live?.tokensRevokedUntil, live?.deviceName], [2_000_000_100, odd])
  assert.deepEqual([ended?.tokensRevokedUntil, ended?.deviceName], [0, odd])
  assert.equal(JSON.stringify([live, ended]).includes('revokedTokens'), false)
}

/** As the server hashes user codes now: so codes that were waiting are still found. */
export async function findUserCode(store: Store): Promise<void> {
  const hash = olderHash.slice(0, 11)
  const found = await store.find('deviceAuthorization', 'userCodeHash', hash)
  assert.deepEqual(
    found.map(({ id, userCodeHash }) => [id, userCodeHash]),
    [['device', hash]],
  )
}

export async function findOlderRecords(store: Store): Promise<void> {
  const found = await Promise.all(
    kinds.map((kind) => store.find(kind, 'clientId', 'https://old.example/client')),
  )
  assert.deepEqual(
    found.map((records) => records.map(({ id }) => id)),
    [['device'], ['request'], ['code'], ['consent'], ['live'], ['network']],
  )
  for (const kind of kinds) assert.deepEqual(await store.find(kind, 'clientId', 'other'), [])
}
