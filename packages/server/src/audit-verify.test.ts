// Damage to the audit log shows: every way in which somebody at the database can change, remove, add or reorder entries.

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { AuditEntry, Setting } from '@countersign/protocol'
import { audit } from './audit.ts'
import { hashOf, linkEntries, readHead } from './audit-chain.ts'
import { verifyChain } from './audit-verify.ts'
import { createSecrets } from './secrets.ts'
import { openMemoryStore } from './store/memory.ts'
import type { Store } from './store/store.ts'
import { createSystem } from './system.ts'

const system = createSystem()
const secrets = createSecrets(Buffer.alloc(32, 7), system)
const count = 405
let store: Store

async function tell(events: number): Promise<void> {
  for (let i = 0; i < events; i++) {
    const said = audit({ system }, { event: `event.${i}`, actor: { kind: 'account', id: 'usr_mia' } })
    await store.apply([said])
  }
}

beforeEach(async () => {
  store = openMemoryStore()
  await tell(count)
  await linkEntries({ store, secrets })
})

async function at(place: number): Promise<AuditEntry> {
  const [entry] = await store.find('auditEntry', 'link', String(place).padStart(12, '0'))
  assert.ok(entry)
  return entry
}

async function replace(place: number, change: Partial<AuditEntry>): Promise<void> {
  const record = { ...(await at(place)), ...change }
  assert.equal(await store.apply([{ op: 'update', kind: 'auditEntry', record }]), 'applied')
}

async function remove(place: number): Promise<void> {
  const record = await at(place)
  assert.equal(await store.apply([{ op: 'delete', kind: 'auditEntry', record }]), 'applied')
}

async function setting(): Promise<Setting> {
  const found = await store.read('setting', 'audit chain')
  assert.ok(found)
  return found
}

async function faults(options = {}): Promise<string[]> {
  const { ok, faults: found } = await verifyChain({ store, secrets }, options)
  assert.equal(ok, found.length === 0)
  return found.map(({ sequence, fault }) => `${fault} ${sequence}`)
}

test('a chain that nobody touched holds, and an empty one as well', async () => {
  const verified = await verifyChain({ store, secrets })
  assert.deepEqual(verified, {
    ok: true,
    checked: count,
    head: await readHead({ store, secrets }),
    next: null,
    faults: [],
  })
  assert.equal(verified.head?.sequence, count)
  store = openMemoryStore()
  assert.deepEqual(await faults(), [])
})

test('an entry that was changed shows, in any of its members', async () => {
  const changes: Partial<AuditEntry>[] = [
    { at: 1 },
    { event: 'nothing' },
    { actor: { kind: 'server', id: null } },
    { address: '192.0.2.9' },
    { accountId: 'usr_x' },
    { clientId: 'x' },
    { grantId: 'x' },
    { detail: { more: true } },
  ]
  for (const [i, change] of changes.entries()) await replace(i + 1, change)
  assert.deepEqual(
    await faults(),
    changes.map((_, i) => `changed ${i + 1}`),
  )
})

test('an entry that was changed together with its hash shows at the next one', async () => {
  const entry = await at(200)
  assert.ok(entry.link)
  const changed = { ...entry, event: 'nothing' }
  await replace(200, { event: 'nothing', link: { ...entry.link, hash: hashOf(changed, entry.link) } })
  assert.deepEqual(await faults(), ['moved 201'])
})

test('an entry that was removed shows, at the beginning, in the middle and at the end', async () => {
  for (const place of [1, 200, 201, count]) await remove(place)
  assert.deepEqual(await faults(), [
    'missing 1',
    'missing 200',
    'missing 201',
    `missing ${count}`,
    `head ${count}`,
  ])
})

test('entries that changed places show', async () => {
  const [one, two] = [await at(7), await at(8)]
  await replace(7, { link: two.link })
  const [, moved] = await store.find('auditEntry', 'link', '000000000008')
  assert.ok(moved)
  await store.apply([{ op: 'update', kind: 'auditEntry', record: { ...two, link: one.link } }])
  assert.deepEqual((await faults()).toSorted(), ['changed 7', 'changed 8'])
})

test('an entry that was put in shows: beside another, and behind the end', async () => {
  const entry = await at(9)
  await store.apply([{ op: 'insert', kind: 'auditEntry', record: { ...entry, id: 'copy', version: 0 } }])
  const last = await at(count)
  assert.ok(last.link)
  const place = { sequence: count + 1, previousHash: last.link.hash }
  const forged = { ...last, id: 'forged', version: 0 }
  const record = { ...forged, link: { ...place, hash: hashOf(forged, place) } }
  await store.apply([{ op: 'insert', kind: 'auditEntry', record }])
  assert.deepEqual(await faults(), ['twice 9', `head ${count}`])
})

test('an end that was cut off shows, and one that was moved back by somebody without the master key', async () => {
  await remove(count)
  const { value } = await setting()
  const before = await at(count - 1)
  const [, , mac] = value.split(' ')
  const record = { ...(await setting()), value: `${count - 1} ${before.link?.hash} ${mac}` }
  await store.apply([{ op: 'update', kind: 'setting', record }])
  assert.deepEqual(await faults(), [`head ${count - 1}`])
  await store.apply([{ op: 'delete', kind: 'setting', record: await setting() }])
  assert.deepEqual(await faults(), [`head ${count - 1}`])
})

test('a chain that was set back whole shows by the head that was noted', async () => {
  const old = await setting()
  await tell(3)
  await linkEntries({ store, secrets })
  const noted = await readHead({ store, secrets })
  assert.deepEqual(await faults({ noted }), [])
  for (const place of [count + 3, count + 2, count + 1]) await remove(place)
  const record = { ...old, version: (await setting()).version }
  await store.apply([{ op: 'update', kind: 'setting', record }])
  assert.deepEqual(await faults(), [])
  assert.deepEqual(await faults({ noted }), [`noted ${count + 3}`])
})

test('in steps it goes on where it stopped, and finds the same', async () => {
  await replace(300, { event: 'nothing' })
  const first = await verifyChain({ store, secrets }, { most: 250 })
  assert.deepEqual([first.ok, first.checked, first.next], [true, 250, 250])
  const second = await verifyChain({ store, secrets }, { most: 250, after: first.next ?? 0 })
  assert.deepEqual([second.checked, second.faults], [count - 250, [{ sequence: 300, fault: 'changed' }]])
})

test('a log of which everything was changed has an answer with an end', async () => {
  for (let place = 1; place <= count; place++) await replace(place, { event: 'nothing' })
  assert.equal((await faults()).length, 200)
})
