// The store on a real PostgreSQL keeps the contract of all stores, wins the races, costs one round trip where it says so, and
// survives the loss of its connections.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../../../test/support/postgres.ts'
import { storeContract } from './contract.ts'
import { openPostgresStore } from './postgres.ts'
import { type Store, StoreUnavailable } from './store.ts'
import { kinds, tableOf } from './tables.ts'
import { besideMemory } from './testing/model.ts'
import {
  findOlderRecords,
  findRevokedTokens,
  findUserCode,
  tablesOfClients,
  writeOlderRecords,
} from './testing/older-records.ts'
import { storeRaces } from './testing/races.ts'
import { changes, sample, samples } from './testing/samples.ts'
import { applied, write } from './testing/subject.ts'

let postgres: Postgres
before(async () => {
  postgres = await startPostgres()
})
after(() => postgres.stop())

storeContract('PostgreSQL', async () => {
  const url = await postgres.createDatabase()
  const store = await openPostgresStore({ url })
  return { store, reopen: () => openPostgresStore({ url }), close: store.close }
})

storeContract('PostgreSQL, several connections of each sort', async () => {
  const url = await postgres.createDatabase()
  const store = await openPostgresStore({ url, readConnections: 3, writeConnections: 4 })
  return { store, close: store.close }
})

storeRaces('PostgreSQL', async () => ({
  choice: { databaseUrl: await postgres.createDatabase() },
  close: async () => {},
}))

const numbers = fc.array(fc.nat(999), { minLength: 6, maxLength: 6 })
const calls = fc.array(fc.array(numbers, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 15 })

test('any sequence of writes and sweeps gives the answers of the memory store', async () => {
  const store = await openPostgresStore({ url: await postgres.createDatabase() })
  await fc.assert(fc.asyncProperty(calls, await besideMemory(store)), { numRuns: 200 })
  await store.close()
})

/** A store of one's own, the statements it sends from now on, and a way to ask the database itself. */
async function observed(timeoutMilliseconds = 5000) {
  const url = await postgres.createDatabase()
  const statements: string[] = []
  const store = await openPostgresStore({
    url,
    timeoutMilliseconds,
    onStatement: ({ text }) => statements.push(text),
  })
  statements.length = 0
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  const close = async () => {
    await store.close()
    await admin.end()
  }
  const terminate = () =>
    admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
  return { url, store, statements, admin, terminate, close }
}

test('each hot request is one statement: a read, a read with the account, a decision with its notice, a redemption', async () => {
  const { store, statements, close } = await observed()
  const count = async (what: () => Promise<unknown>) => {
    statements.length = 0
    await what()
    return statements.length
  }
  const request = sample('deviceAuthorization', { id: 'hot' })
  assert.equal(await count(() => applied(store, write('insert', 'deviceAuthorization', request))), 1)
  assert.equal(await count(() => store.read('deviceAuthorization', 'hot')), 1)
  const approved = { ...request, ...changes.deviceAuthorization, version: 1 }
  const decision = write('update', 'deviceAuthorization', approved)
  assert.equal(await count(() => applied(store, decision, { op: 'notify', topic: 'hot' })), 1)
  const redeemed = write('update', 'deviceAuthorization', { ...approved, status: 'redeemed', version: 2 })
  const grant = write('insert', 'grant', sample('grant', { id: 'hot grant' }))
  assert.equal(await count(() => applied(store, redeemed, grant)), 1)
  assert.equal(await count(() => store.readWithAccount('grant', 'hot grant')), 1)
  await close()
})

test('requests that come together share statements, reads and writes alike', async () => {
  const { store, statements, close } = await observed()
  const ids = Array.from({ length: 64 }, (_, i) => `shared ${i}`)
  await Promise.all(ids.map((id) => applied(store, write('insert', 'grant', sample('grant', { id })))))
  assert.equal(statements.length, 1)
  statements.length = 0
  await Promise.all(ids.map((id) => store.readWithAccount('grant', id)))
  assert.equal(statements.length, 1)
  await close()
})

test('no statement of the store reads a whole table that it could look up', async () => {
  const { store, statements, admin, close } = await observed()
  await applied(store, write('insert', 'grant', sample('grant', { id: 'looked up' })))
  await store.read('grant', 'looked up')
  await store.find('grant', 'accountId', 'usr_ada')
  for (const text of statements.filter((each) => each.startsWith('SELECT id'))) {
    const values = text.includes('$2') ? "('x', 10)" : "('{x}')"
    await admin.query('SET enable_seqscan = off; SET enable_bitmapscan = off')
    await admin.query(`PREPARE looked AS ${text}`)
    const { rows } = await admin.query(`EXPLAIN EXECUTE looked ${values}`)
    await admin.query('DEALLOCATE looked')
    assert.match(JSON.stringify(rows), /Index/)
    assert.doesNotMatch(JSON.stringify(rows), /Seq Scan/)
  }
  await close()
})

test('connections that are ended while idle cost nothing: reads are asked again, and writes after them succeed', async () => {
  const { store, terminate, close } = await observed()
  await applied(store, write('insert', 'client', sample('client', { id: 'kept' })))
  for (let round = 0; round < 3; round++) {
    await terminate()
    assert.equal((await store.read('client', 'kept'))?.id, 'kept')
    await store.ready()
  }
  await close()
})

test('a write whose connection is lost under way is unavailable, not a wrong answer, and works when repeated', async () => {
  const { url, store, admin, close } = await observed()
  const record = sample('client', { id: 'interrupted' })
  await applied(store, write('insert', 'client', record))
  const holder = new pg.Client({ connectionString: url })
  await holder.connect()
  await holder.query(`BEGIN; UPDATE clients SET version = version WHERE id = 'interrupted'`)
  const stuck = store.apply([write('update', 'client', { ...record, version: 1, name: 'again' })])
  const refused = assert.rejects(stuck, StoreUnavailable)
  for (let ended = 0; ended === 0; ) {
    const { rows } = await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    ended = rows.length
  }
  await refused
  await holder.query('ROLLBACK')
  await holder.end()
  await applied(store, write('update', 'client', { ...record, version: 1, name: 'again' }))
  assert.equal((await store.read('client', record.id))?.name, 'again')
  await close()
})

test('nothing waits for ever: a statement behind a lock is given up, and the store works afterwards', async () => {
  const { store, admin, close } = await observed(300)
  const record = sample('client', { id: 'locked' })
  await applied(store, write('insert', 'client', record))
  await admin.query(`BEGIN; SELECT FROM clients WHERE id = 'locked' FOR UPDATE`)
  const update = write('update', 'client', { ...record, version: 1 })
  await assert.rejects(store.apply([update]), StoreUnavailable)
  await admin.query('ROLLBACK')
  await applied(store, update)
  await close()
})

const wokenOnce = (store: Store, topic: string) =>
  new Promise<void>((resolve) => {
    const stop = store.watch(topic, () => {
      stop()
      resolve()
    })
  })

test('writes go in one statement at a time, and past one that somebody else keeps waiting', async () => {
  const { store, statements, admin, close } = await observed()
  const held = sample('grant', { id: 'held' })
  await applied(store, write('insert', 'grant', held))
  await admin.query('BEGIN')
  await admin.query(`SELECT 1 FROM grants WHERE id = 'held' FOR UPDATE`)
  statements.length = 0
  let done = false
  const waits = store.apply([write('update', 'grant', { ...held, version: 1 })]).finally(() => {
    done = true
  })
  const passes = applied(store, write('insert', 'grant', sample('grant', { id: 'passes' })))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(statements.length, 1)
  await passes
  assert.equal(done, false)
  await admin.query('COMMIT')
  assert.equal(await waits, 'applied')
  statements.length = 0
  const both = Promise.all([
    applied(store, write('insert', 'grant', sample('grant', { id: 'one' }))),
    applied(store, write('insert', 'client', sample('client', { id: 'after it' }))),
  ])
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(statements.length, 1)
  await both
  assert.equal(statements.length, 2)
  await close()
})

test('LP-13 where no notice comes at all the watcher is woken to look all the same', async () => {
  const { url, store, close } = await observed()
  const other = await openPostgresStore({ url })
  await wokenOnce(store, 'silent')
  const woken = wokenOnce(store, 'silent')
  await applied(other, write('insert', 'client', sample('client', { id: 'silent' })))
  await woken
  await other.close()
  await close()
})

test('LP-13 notices come again after the listening connection was lost', async () => {
  const { url, store, terminate, close } = await observed()
  const other = await openPostgresStore({ url })
  for (let round = 0; round < 3; round++) {
    const woken = wokenOnce(store, 'back')
    await terminate()
    await again(() => other.apply([{ op: 'notify', topic: 'back' }]))
    await woken
  }
  await other.close()
  await close()
})

async function again<T>(what: () => Promise<T>): Promise<T> {
  return what().catch(what)
}

/** Kinds whose rows no migration before the last one touched. */
const others = kinds.filter((kind) => !tablesOfClients.includes(tableOf(kind).name) && kind !== 'spent')

test('RT-08 RV-08 records of a database that knew no clients of records are found by their client, revoked tokens by themselves, and codes by a shorter hash', async () => {
  const url = await postgres.createDatabase()
  const before = await openPostgresStore({ url })
  const rows = await writeOlderRecords(before)
  await applied(before, ...others.map((kind) => write('insert', kind, samples[kind])))
  await before.close()
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  for (const { table, id, data } of rows)
    await admin.query(`UPDATE ${table} SET data = $1 WHERE id = $2`, [data, id])
  for (const table of tablesOfClients) await admin.query(`ALTER TABLE ${table} DROP COLUMN client_id`)
  for (const kind of kinds)
    await admin.query(`ALTER TABLE ${tableOf(kind).name} ALTER COLUMN data TYPE json USING data::json`)
  await admin.query('DELETE FROM countersign_migrations WHERE version > 3')
  await admin.end()
  const store = await openPostgresStore({ url })
  await findOlderRecords(store)
  await findRevokedTokens(store)
  await findUserCode(store)
  for (const kind of others)
    assert.deepEqual(await store.read(kind, samples[kind].id), { ...samples[kind], version: 1 })
  await store.close()
})

test('nodes that start at the same moment on an empty database all come up', async () => {
  const url = await postgres.createDatabase()
  const stores = await Promise.all(Array.from({ length: 6 }, () => openPostgresStore({ url })))
  await applied(stores[0] as Store, write('insert', 'client', sample('client', { id: 'seen' })))
  for (const store of stores) assert.equal((await store.read('client', 'seen'))?.version, 1)
  await Promise.all(stores.map((store) => store.close()))
})

test('a database that cannot be reached, or is of a newer program, is refused at once with the reason', async () => {
  const unreachable = openPostgresStore({ url: 'postgres://nobody@127.0.0.1:1/nothing' })
  await assert.rejects(unreachable, StoreUnavailable)
  const { url, admin, close } = await observed()
  await admin.query('INSERT INTO countersign_migrations (version) VALUES (99)')
  await assert.rejects(openPostgresStore({ url }), /schema 99/)
  await close()
})
