// Reading the audit log: pages without a gap, filters, and what it does with a log that was damaged.
// Who may read it over the network is api.test.ts.

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { audit } from '../audit.ts'
import { linkEntries } from '../audit-chain.ts'
import { createSecrets } from '../secrets.ts'
import { openMemoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { createSystem } from '../system.ts'
import { type AuditQuery, exportAudit, listAudit } from './audit-log.ts'

const start = 1_800_000_000
let now = start
const system = { ...createSystem(), now: () => now, clock: () => now }
const secrets = createSecrets(Buffer.alloc(32, 7), system)
let store: Store
beforeEach(() => {
  store = openMemoryStore()
  now = start
})

async function tell(count: number, change: Partial<Parameters<typeof audit>[1]> = {}): Promise<void> {
  for (let i = 0; i < count; i++) {
    now += 60
    const said = { event: 'key.added', actor: { kind: 'server', id: null }, ...change } as const
    await store.apply([audit({ system }, said)])
  }
}

async function all(query: Omit<AuditQuery, 'limit'> = {}, limit = 100): Promise<(number | null)[]> {
  const found: (number | null)[] = []
  for (let before: number | undefined = query.before, pages = 0; pages < 1000; pages++) {
    const page = await listAudit({ store, secrets }, { ...query, before, limit })
    found.push(...page.items.map(({ sequence }) => sequence))
    before = page.next
    if (before === undefined) return found
  }
  throw new Error('The list has no end.')
}

const down = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, i) => from - i)

test('the newest first, page by page, whatever the size of a page', async () => {
  await tell(450)
  for (const limit of [1000, 200, 199, 201, 7]) assert.deepEqual(await all({}, limit), down(450, 1))
  await tell(2)
  assert.deepEqual((await all({}, 1000)).slice(0, 3), [452, 451, 450])
})

test('filters narrow by event, account, client, grant and time, and an actor counts as well', async () => {
  await tell(3)
  await tell(2, { event: 'grant.revoked', accountId: 'usr_a', clientId: 'c', grantId: 'g' })
  await tell(1, { event: 'grantless', actor: { kind: 'admin', id: 'usr_a' } })
  assert.deepEqual(await all({ event: 'grant' }), [5, 4])
  assert.deepEqual(await all({ event: 'grant.revoked', grant: 'g' }), [5, 4])
  assert.deepEqual(await all({ account: 'usr_a' }), [6, 5, 4])
  assert.deepEqual(await all({ client: 'c' }), [5, 4])
  assert.deepEqual(await all({ since: start + 120, until: start + 240 }), [3, 2])
})

test('a filter that finds little ends, reads a bounded number in each call, and misses nothing', async () => {
  await tell(1, { event: 'rare' })
  await tell(6000)
  const first = await listAudit({ store, secrets }, { event: 'rare', limit: 10 })
  assert.deepEqual([first.items.length, first.next], [0, 1002])
  assert.deepEqual(await all({ event: 'rare' }), [1])
  // What is older than a day before the time asked for is not looked at.
  const recent = await listAudit({ store, secrets }, { event: 'rare', since: now - 60, limit: 10 })
  assert.deepEqual(recent, { items: [] })
})

test('the export goes on after a place, and is the chain in its order', async () => {
  await tell(450)
  const places = async (after: number, limit: number) =>
    (await exportAudit({ store, secrets }, { after, limit })).map(({ sequence }) => sequence)
  assert.deepEqual(await places(0, 1000), down(450, 1).toReversed())
  assert.deepEqual(await places(440, 5), [441, 442, 443, 444, 445])
  assert.deepEqual(await places(450, 5), [])
  assert.deepEqual(await places(1_000_000, 5), [])
})

test('a log with a gap is still listed, and one whose end is not ours hides nothing', async () => {
  await tell(430)
  await linkEntries({ store, secrets })
  for (const entry of await store.list('auditEntry')) {
    const place = entry.link?.sequence ?? 0
    if (place <= 210 || place === 300)
      await store.apply([{ op: 'delete', kind: 'auditEntry', record: entry }])
  }
  assert.deepEqual(await all(), [...down(430, 301), ...down(299, 211)])
  const setting = await store.read('setting', 'audit chain')
  assert.ok(setting)
  await store.apply([{ op: 'update', kind: 'setting', record: { ...setting, value: '9 x y' } }])
  await tell(2)
  assert.deepEqual(await all(), [null, null, ...down(430, 301), ...down(299, 211)])
})
