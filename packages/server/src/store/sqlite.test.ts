// The embedded store keeps the contract of all stores, and what only a file can do wrong. Races between processes and
// kills are in sqlite.slow.test.ts.

import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import fc from 'fast-check'
import { storeContract } from './contract.ts'
import { openSqliteStore } from './sqlite.ts'
import { StoreUnavailable } from './store.ts'
import { besideMemory } from './testing/model.ts'
import {
  findOlderRecords,
  findRevokedTokens,
  findUserCode,
  tablesOfClients,
  writeOlderRecords,
} from './testing/older-records.ts'
import { sample } from './testing/samples.ts'
import { write } from './testing/subject.ts'

function inFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-store-'))
  return { path: join(folder, 'store.db'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}

for (const synchronous of ['FULL', 'NORMAL'] as const) {
  storeContract(`SQLite, synchronous ${synchronous}`, async () => {
    const { path, remove } = inFolder()
    const store = openSqliteStore({ path, synchronous })
    return {
      store,
      reopen: async () => openSqliteStore({ path, synchronous }),
      close: async () => {
        await store.close()
        remove()
      },
    }
  })
}

const numbers = fc.array(fc.nat(999), { minLength: 6, maxLength: 6 })
const calls = fc.array(fc.array(numbers, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 15 })

test('any sequence of writes and sweeps gives the answers of the memory store', async () => {
  const { path, remove } = inFolder()
  const store = openSqliteStore({ path, synchronous: 'NORMAL' })
  await fc.assert(fc.asyncProperty(calls, await besideMemory(store)), { numRuns: 500 })
  await store.close()
  remove()
})

test('who read at the moment in which others write is committed with them', async () => {
  const { path, remove } = inFolder()
  const store = openSqliteStore({ path })
  const before = commitsIn(path)
  const first = store.apply([write('insert', 'client', sample('client', { id: 'first' }))])
  const second = store
    .read('client', 'second')
    .then(() => store.apply([write('insert', 'client', sample('client', { id: 'second' }))]))
  assert.deepEqual(await Promise.all([first, second]), ['applied', 'applied'])
  assert.equal(commitsIn(path) - before, 1)
  await store.close()
  remove()
})

/** In the log of a database the last page of a commit says how large the database is then (sqlite.org/fileformat, section 4.1). */
function commitsIn(path: string): number {
  const log = readFileSync(`${path}-wal`)
  const frame = 24 + 4096
  let commits = 0
  for (let at = 32; at + frame <= log.length; at += frame) if (log.readUInt32BE(at + 4) > 0) commits += 1
  return commits
}

test('a write waits for the lock of another process while reads go on, and is made when it is free', async () => {
  const { path, remove } = inFolder()
  const store = openSqliteStore({ path })
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  let done = false
  const applied = store
    .apply([write('insert', 'client', sample('client', { id: 'waits' }))])
    .then((result) => {
      done = true
      return result
    })
  for (let i = 0; i < 20; i++) {
    assert.equal(await store.read('client', 'waits'), undefined)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  assert.equal(done, false)
  other.exec('COMMIT')
  assert.equal(await applied, 'applied')
  assert.equal((await store.read('client', 'waits'))?.version, 1)
  other.close()
  await store.close()
  remove()
})

test('close makes the writes that still wait, and a closed store is unavailable', async () => {
  const { path, remove } = inFolder()
  const store = openSqliteStore({ path })
  const applied = store.apply([write('insert', 'client', sample('client', { id: 'last' }))])
  await store.close()
  assert.equal(await applied, 'applied')
  await assert.rejects(store.read('client', 'last'), StoreUnavailable)
  await assert.rejects(
    store.apply([write('insert', 'client', sample('client', { id: 'late' }))]),
    StoreUnavailable,
  )
  await assert.rejects(store.ready(), StoreUnavailable)
  const again = openSqliteStore({ path })
  assert.equal((await again.read('client', 'last'))?.version, 1)
  await again.close()
  remove()
})

test('a file of a newer program is refused with a sentence, not changed', () => {
  const { path, remove } = inFolder()
  const db = new DatabaseSync(path)
  db.exec('PRAGMA user_version = 99')
  db.close()
  assert.throws(() => openSqliteStore({ path }), /schema 99/)
  remove()
})

test('RT-08 RV-08 records of a file that knew no clients of records are found by their client, revoked tokens by themselves, and codes by a shorter hash', async () => {
  const { path, remove } = inFolder()
  const before = openSqliteStore({ path })
  const rows = await writeOlderRecords(before)
  await before.close()
  const db = new DatabaseSync(path)
  for (const { table, id, data } of rows)
    db.prepare(`UPDATE ${table} SET data = ? WHERE id = ?`).run(data, id)
  for (const table of tablesOfClients)
    db.exec(`DROP INDEX ${table}_client; ALTER TABLE ${table} DROP COLUMN client_id;`)
  db.exec('PRAGMA user_version = 3')
  db.close()
  const store = openSqliteStore({ path })
  await findOlderRecords(store)
  await findRevokedTokens(store)
  await findUserCode(store)
  await store.close()
  remove()
})

test('a file that is no database is refused', () => {
  assert.throws(() => openSqliteStore({ path: import.meta.filename }), /not a database/)
})

test('a new file is its owner’s alone, with those beside it, also in a folder that others may read', async () => {
  const { path, remove } = inFolder()
  chmodSync(join(path, '..'), 0o755)
  const store = openSqliteStore({ path })
  await store.apply([write('insert', 'account', sample('account'))])
  for (const ending of ['', '-wal', '-shm']) assert.equal(statSync(path + ending).mode & 0o777, 0o600)
  await store.close()
  remove()
})
