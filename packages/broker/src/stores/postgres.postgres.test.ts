// The store on a real PostgreSQL keeps the contract of all stores, wins the races, lives beside the server's tables, and survives
// the loss of its connections.

import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { after, before, type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../../../test/support/postgres.ts'
import { SettingError, StoreUnavailable } from '../errors.ts'
import { sampleFlow, sampleLease } from '../testing/samples.ts'
import { besideMemory } from '../testing/store-model.ts'
import { storeRaces } from '../testing/store-races.ts'
import { storeContract } from './contract.ts'
import { postgresStore } from './postgres.ts'

let postgres: Postgres
before(async () => {
  postgres = await startPostgres()
})
after(() => postgres.stop())

storeContract('PostgreSQL', async () => {
  const url = await postgres.createDatabase()
  const store = await postgresStore({ url })
  return { store, reopen: () => postgresStore({ url }), close: store.close }
})

storeRaces('PostgreSQL', async () => {
  const url = await postgres.createDatabase()
  return { choice: { url }, open: () => postgresStore({ url }), close: async () => {} }
})

const step = fc.array(fc.nat(999), { minLength: 6, maxLength: 6 })
const steps = fc.array(step, { minLength: 1, maxLength: 15 })

test('any sequence of writes and sweeps gives the answers of the memory store', async () => {
  const store = await postgresStore({ url: await postgres.createDatabase() })
  await fc.assert(fc.asyncProperty(steps, besideMemory(store)), { numRuns: 100, endOnFailure: true })
  await store.close()
})

/** A store on a database of its own, and a way to ask the database itself. */
async function observed(t: TestContext) {
  const url = await postgres.createDatabase()
  const store = await postgresStore({ url })
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  t.after(async () => {
    await store.close()
    await admin.end()
  })
  const terminate = () =>
    admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
  return { url, store, admin, terminate }
}

/** Until a statement of the store waits for a lock that `admin` has. */
async function somebodyWaits(admin: pg.Client): Promise<void> {
  for (;;) {
    const waiting = await admin.query(`SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`)
    if (waiting.rowCount === 1) return
  }
}

test('a sweep leaves a lease that somebody takes at the same moment', async (t) => {
  const { store, admin } = await observed(t)
  await store.leases.put(sampleLease({ until: 1 }))
  await admin.query('BEGIN')
  const taken = sampleLease({ version: 2, until: 1e9 })
  const text = 'UPDATE countersign_broker_leases SET version = 2, purge_at = 1e9, data = $1'
  await admin.query(text, [JSON.stringify(taken)])
  const swept = store.sweep(1e6)
  await somebodyWaits(admin)
  await admin.query('COMMIT')
  assert.equal(await swept, 0)
  assert.deepEqual(await store.leases.find('connection-1'), taken)
})

test('a lost connection costs at most the write in flight; the next call connects again', async (t) => {
  const { store, terminate } = await observed(t)
  await store.flows.put(sampleFlow())
  for (let round = 1; round <= 5; round++) {
    await terminate()
    assert.deepEqual(await store.flows.find(sampleFlow().id), sampleFlow())
  }
  await terminate()
  await store.leases.put(sampleLease()).catch((error) => assert.ok(error instanceof StoreUnavailable))
  const there = await store.leases.find('connection-1')
  if (there === undefined) assert.equal(await store.leases.put(sampleLease()), true)
  assert.equal(await store.leases.put(sampleLease({ version: 2 })), true)
})

test('a write whose connection is cut while it waits is StoreUnavailable, and was not made', async (t) => {
  const { store, admin, terminate } = await observed(t)
  await store.leases.put(sampleLease())
  await admin.query('BEGIN')
  await admin.query('SELECT 1 FROM countersign_broker_leases FOR UPDATE')
  const put = store.leases.put(sampleLease({ version: 2 }))
  const rejected = assert.rejects(put, StoreUnavailable)
  await somebodyWaits(admin)
  await terminate()
  await rejected
  await admin.query('COMMIT')
  assert.deepEqual(await store.leases.find('connection-1'), sampleLease())
})

test('a row that stays locked is waited for no longer than the time limit', async (t) => {
  const { url, store, admin } = await observed(t)
  await store.leases.put(sampleLease())
  const impatient = await postgresStore({ url, timeoutMilliseconds: 1000 })
  t.after(impatient.close)
  await admin.query('BEGIN')
  await admin.query('SELECT 1 FROM countersign_broker_leases FOR UPDATE')
  await assert.rejects(impatient.leases.put(sampleLease({ version: 2 })), StoreUnavailable)
  await admin.query('ROLLBACK')
  // By the store of the usual patience: a busy machine may need long for a row that is free, too.
  assert.equal(await store.leases.put(sampleLease({ version: 2 })), true)
})

test('the tables of others in the same database stay what they are', async (t) => {
  const { url, admin } = await observed(t)
  await admin.query('CREATE TABLE countersign_migrations (version integer); CREATE TABLE flows (id text)')
  const again = await postgresStore({ url })
  await again.flows.put(sampleFlow())
  await again.close()
  const { rows } = await admin.query(
    `SELECT (SELECT count(*) FROM flows)::int AS flows, (SELECT count(*) FROM countersign_broker_flows)::int AS ours`,
  )
  assert.deepEqual(rows, [{ flows: 0, ours: 1 }])
})

test('a database that nobody serves, or that says nothing, is StoreUnavailable', async (t) => {
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const address = silent.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const refused = (url: string) =>
    assert.rejects(postgresStore({ url, timeoutMilliseconds: 300 }), StoreUnavailable)
  await refused(`postgres://a:b@127.0.0.1:${port}/x`)
  await refused('postgres://a:b@127.0.0.1:1/x')
})

test('a URL that cannot be used is refused without being repeated', async () => {
  for (const url of [
    '',
    'nonsense',
    'http://a:secret@127.0.0.1/x',
    'postgres://a:secret@127.0.0.1:99999/x',
  ]) {
    const error = await postgresStore({ url }).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof SettingError)
    assert.doesNotMatch(inspect(error), /secret|nonsense/)
  }
})

test('a database of a newer version is refused', async (t) => {
  const { url, admin } = await observed(t)
  await admin.query('INSERT INTO countersign_broker_migrations (version) VALUES (1000)')
  await assert.rejects(postgresStore({ url }), SettingError)
})

test('a closed store is unavailable, and may be closed again', async (t) => {
  const { store } = await observed(t)
  await store.close()
  await assert.rejects(store.flows.find('x'), StoreUnavailable)
  await assert.rejects(store.flows.put(sampleFlow()), StoreUnavailable)
  await store.close()
})
