// Connections in the broker's own store: what comes back, who may read it, and that no token is in clear in the database.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { system } from '@countersign/client/system'
import { VaultError } from './errors.ts'
import { createSeal } from './seal.ts'
import { createStoreVault } from './store-vault.ts'
import { memoryStore } from './stores/memory.ts'
import { sqliteStore } from './stores/sqlite.ts'
import { sampleConnection } from './testing/samples.ts'

const key = new Uint8Array(32).fill(7)
const seal = createSeal(key, system)
const connection = sampleConnection()

test('a connection comes back as it was put, with the version that the vault gave it', async () => {
  const vault = createStoreVault(memoryStore(), seal)
  const place = vault.placeOf('ada')
  assert.equal(await vault.put(connection, null), 'stored')
  assert.deepEqual(await vault.find(place, 'ada', connection.id), { ...connection, version: '1' })
  const tokens = { accessToken: 'access-token-2', refreshToken: null, expiresAt: null, scopes: [] }
  const renewed = { ...connection, tokens, account: null, ended: 'refused' as const, label: 'Home' }
  assert.equal(await vault.put(renewed, '1'), 'stored')
  assert.deepEqual(await vault.find(place, 'ada', connection.id), { ...renewed, version: '2' })
  assert.deepEqual(await vault.list(place, 'ada'), [{ ...renewed, version: '2' }])
})

test('who has seen another version puts and removes nothing', async () => {
  const vault = createStoreVault(memoryStore(), seal)
  await vault.put(connection, null)
  assert.equal(await vault.put({ ...connection, label: 'again' }, null), 'conflict')
  await vault.put({ ...connection, label: 'second' }, '1')
  assert.equal(await vault.put({ ...connection, label: 'late' }, '1'), 'conflict')
  assert.equal(await vault.remove({ ...connection, version: '1' }), 'conflict')
  assert.equal((await vault.find('', 'ada', connection.id))?.label, 'second')
  assert.equal(await vault.remove({ ...connection, version: '2' }), 'removed')
  assert.equal(await vault.find('', 'ada', connection.id), undefined)
  assert.equal(await vault.put({ ...connection, label: 'gone' }, '2'), 'conflict')
})

test('CL-20 nobody finds the connection of another person by its id', async () => {
  const vault = createStoreVault(memoryStore(), seal)
  await vault.put(connection, null)
  assert.equal(await vault.find('', 'bob', connection.id), undefined)
  assert.deepEqual(await vault.list('', 'bob'), [])
})

test('under another key a connection is unreadable, said aloud, and stays as it is', async () => {
  const store = memoryStore()
  await createStoreVault(store, seal).put(connection, null)
  const other = createStoreVault(store, createSeal(new Uint8Array(32).fill(8), system))
  const unreadable = { name: 'VaultError', code: 'vault_unreadable' }
  await assert.rejects(other.find('', 'ada', connection.id), unreadable)
  await assert.rejects(other.list('', 'ada'), VaultError)
  assert.deepEqual(await createStoreVault(store, seal).find('', 'ada', connection.id), connection)
})

test('who writes into the database without the key makes nobody’s tokens another person’s', async () => {
  const store = memoryStore()
  const vault = createStoreVault(store, seal)
  await vault.put(connection, null)
  const stolen = await store.connections.find(connection.id)
  assert.ok(stolen)
  await store.connections.put({ ...stolen, id: 'connection-of-mallory', person: 'mallory' })
  await assert.rejects(vault.list('', 'mallory'), { code: 'vault_unreadable' })
  await store.connections.put({ ...stolen, version: 2, person: 'eve' })
  await assert.rejects(vault.find('', 'eve', connection.id), { code: 'vault_unreadable' })
})

test('a person’s name in the column alone is not enough either', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-broker-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'broker.db')
  const store = await sqliteStore({ path })
  const vault = createStoreVault(store, seal)
  await vault.put(connection, null)
  const db = new DatabaseSync(path)
  db.exec("UPDATE countersign_broker_connections SET person = 'mallory'")
  db.close()
  assert.deepEqual(await vault.list('', 'mallory'), [])
  await store.close()
})

test('no token is in clear in the files of the database, before and after it is closed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-broker-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const store = await sqliteStore({ path: join(folder, 'broker.db') })
  const vault = createStoreVault(store, seal)
  await vault.put(connection, null)
  const bytes = () => Buffer.concat(readdirSync(folder).map((file) => readFileSync(join(folder, file))))
  const check = (all: Buffer) => {
    assert.ok(all.includes('ada-l'), 'this is where it is kept')
    for (const token of ['access-token', 'refresh-token']) assert.ok(!all.includes(token), token)
  }
  check(bytes())
  await store.close()
  check(bytes())
})
