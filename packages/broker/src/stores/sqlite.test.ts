// The store in a file keeps the contract of all stores, and what only a file can do wrong. Races between processes and kills are
// in sqlite.slow.test.ts.

import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { SettingError, StoreUnavailable } from '../errors.ts'
import { sampleFlow, sampleLease } from '../testing/samples.ts'
import { besideMemory } from '../testing/store-model.ts'
import { storeContract } from './contract.ts'
import { sqliteStore } from './sqlite.ts'
import { migrate } from './sqlite-schema.ts'

const makeFolder = () => mkdtempSync(join(tmpdir(), 'countersign-broker-'))
const remove = (folder: string) => rmSync(folder, { recursive: true, force: true })

storeContract('SQLite', async () => {
  const folder = makeFolder()
  const path = join(folder, 'broker.db')
  const store = await sqliteStore({ path })
  return {
    store,
    reopen: () => sqliteStore({ path }),
    close: async () => {
      await store.close()
      remove(folder)
    },
  }
})

function inFolder(t: TestContext): { readonly folder: string; readonly path: string } {
  const folder = makeFolder()
  t.after(() => remove(folder))
  return { folder, path: join(folder, 'broker.db') }
}

const step = fc.array(fc.nat(999), { minLength: 6, maxLength: 6 })
const steps = fc.array(step, { minLength: 1, maxLength: 15 })

test('any sequence of writes and sweeps gives the answers of the memory store', async (t) => {
  const store = await sqliteStore(inFolder(t))
  await fc.assert(fc.asyncProperty(steps, besideMemory(store)), { numRuns: 150, endOnFailure: true })
  await store.close()
})

test('CL-08 the database and the files beside it are their owner’s alone', async (t) => {
  const { folder, path } = inFolder(t)
  chmodSync(folder, 0o755)
  const before = process.umask(0)
  t.after(() => process.umask(before))
  const store = await sqliteStore({ path })
  await store.flows.put(sampleFlow())
  const files = readdirSync(folder)
  assert.deepEqual(files.sort(), ['broker.db', 'broker.db-shm', 'broker.db-wal'])
  for (const file of files) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file)
  await store.close()
})

test('what was written is there when the file is opened again', async (t) => {
  const { path } = inFolder(t)
  const first = await sqliteStore({ path })
  await first.flows.put(sampleFlow())
  await first.close()
  const second = await sqliteStore({ path })
  assert.deepEqual(await second.flows.find(sampleFlow().id), sampleFlow())
  await second.close()
})

test('a write waits for the lock of another process while reads and timers go on', async (t) => {
  const { path } = inFolder(t)
  const store = await sqliteStore({ path })
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  let done = false
  const put = store.leases.put(sampleLease()).then((written) => {
    done = true
    return written
  })
  for (let i = 0; i < 20; i++) {
    assert.equal(await store.leases.find('connection-1'), undefined)
    await pause(1)
  }
  assert.equal(done, false)
  other.exec('COMMIT')
  assert.equal(await put, true)
  other.close()
  await store.close()
})

test('writes of one turn share a commit, and each is taken or refused on its own', async (t) => {
  const { path } = inFolder(t)
  const store = await sqliteStore({ path })
  const ids = Array.from({ length: 200 }, (_, i) => `${i}`)
  const before = statSync(`${path}-wal`).size
  const written = await Promise.all([
    ...ids.map((id) => store.leases.put(sampleLease({ id }))),
    store.leases.put(sampleLease({ id: '7', holder: 'late' })),
    store.leases.put(sampleLease({ id: 'new', version: 9 })),
  ])
  assert.deepEqual(written, [...ids.map(() => true), false, false])
  for (const id of ids) assert.deepEqual(await store.leases.find(id), sampleLease({ id }))
  // Each commit writes every page that it changed, and a page has 4096 bytes.
  assert.ok(statSync(`${path}-wal`).size - before < ids.length * 4096)
  await store.close()
})

test('where the disk refuses a write, those that shared its commit are unavailable and not made; the next ones are', async (t) => {
  const { path } = inFolder(t)
  const store = await sqliteStore({ path })
  const db = new DatabaseSync(path)
  db.exec(`CREATE TRIGGER refuse BEFORE INSERT ON countersign_broker_leases WHEN NEW.id = 'refused'
    BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END`)
  db.close()
  const puts = ['one', 'refused', 'two'].map((id) => store.leases.put(sampleLease({ id })))
  for (const put of puts) await assert.rejects(put, StoreUnavailable)
  assert.equal(await store.leases.find('one'), undefined)
  assert.equal(await store.leases.put(sampleLease({ id: 'one' })), true)
  await store.close()
})

test('close makes the writes that still wait', async (t) => {
  const { path } = inFolder(t)
  const store = await sqliteStore({ path })
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const put = store.leases.put(sampleLease())
  const closed = store.close()
  await pause(5)
  other.exec('COMMIT')
  other.close()
  await closed
  assert.equal(await put, true)
  const again = await sqliteStore({ path })
  assert.deepEqual(await again.leases.find('connection-1'), sampleLease())
  await again.close()
})

test('a store that is opened while another process writes waits for it', async (t) => {
  const { path } = inFolder(t)
  const other = new DatabaseSync(path)
  other.exec('BEGIN EXCLUSIVE')
  let done = false
  const opening = sqliteStore({ path }).then((store) => {
    done = true
    return store
  })
  await pause(20)
  assert.equal(done, false)
  other.exec('ROLLBACK')
  other.close()
  const store = await opening
  assert.equal(await store.flows.nextDue(), undefined)
  await store.close()
})

test('ten that open a file at once make its tables once', async (t) => {
  const { path } = inFolder(t)
  const stores = await Promise.all(Array.from({ length: 10 }, () => sqliteStore({ path })))
  assert.equal(await stores[0]?.leases.put(sampleLease()), true)
  for (const store of stores) assert.equal((await store.leases.find('connection-1'))?.version, 1)
  for (const store of stores) await store.close()
})

test('a file in which another process makes the tables at any moment of the opening is no other program’s', (t) => {
  for (let moment = 1; moment <= 3; moment++) {
    const { path } = inFolder(t)
    const [db, other] = [new DatabaseSync(path), new DatabaseSync(path)]
    other.exec('PRAGMA journal_mode = WAL')
    let asked = 0
    const prepare = db.prepare.bind(db)
    db.prepare = (text) => {
      const statement = prepare(text)
      const get = statement.get.bind(statement)
      statement.get = () => {
        const row = get()
        if (!db.isTransaction && ++asked === moment) migrate(other)
        return row
      }
      return statement
    }
    migrate(db)
    assert.deepEqual({ ...db.prepare('PRAGMA user_version').get() }, { user_version: 1 })
    db.close()
    other.close()
  }
})

test('a closed store is unavailable, and may be closed again', async (t) => {
  const { path } = inFolder(t)
  const store = await sqliteStore({ path })
  await store.flows.put(sampleFlow())
  await store.close()
  await store.close()
  await assert.rejects(store.flows.find('x'), StoreUnavailable)
  await assert.rejects(store.flows.put(sampleFlow()), StoreUnavailable)
  await assert.rejects(store.sweep(0), StoreUnavailable)
})

test('a file that cannot be the broker’s database is refused by name, and is left as it was', async (t) => {
  const { folder, path } = inFolder(t)
  const refused = (wrong: string, said: RegExp) =>
    assert.rejects(sqliteStore({ path: wrong }), (error) => {
      assert.ok(error instanceof SettingError)
      assert.match(error.message, said)
      return true
    })
  await refused(join(folder, 'missing', 'broker.db'), /missing.broker\.db cannot be opened/)
  mkdirSync(path)
  await refused(path, /cannot be opened/)

  const text = join(folder, 'notes.txt')
  writeFileSync(text, 'These are notes and no database. '.repeat(50))
  await refused(text, /notes\.txt is not a database/)
  assert.equal(statSync(text).size, 33 * 50)

  const foreign = join(folder, 'foreign.db')
  const other = new DatabaseSync(foreign)
  other.exec('CREATE TABLE accounts (id TEXT)')
  await refused(foreign, /a file of its own/)
  assert.deepEqual(other.prepare('SELECT name FROM sqlite_schema').all().length, 1)
  other.close()
})

test('a database of a newer version is refused', async (t) => {
  const { path } = inFolder(t)
  await (await sqliteStore({ path })).close()
  const db = new DatabaseSync(path)
  db.exec('PRAGMA user_version = 1000')
  db.close()
  await assert.rejects(sqliteStore({ path }), /has schema 1000, this program knows \d+/)
})
