// The chain of the audit log: linked in order, by a hash that anybody can compute, behind an end that is ours. Races are in
// testing/audit-races.ts; that damage shows is audit-verify.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { audit } from './audit.ts'
import { exported, linkEntries, readHead } from './audit-chain.ts'
import { verifyChain } from './audit-verify.ts'
import { createSecrets } from './secrets.ts'
import { openMemoryStore } from './store/memory.ts'
import type { Store } from './store/store.ts'
import { createSystem } from './system.ts'

const system = createSystem()
const secrets = createSecrets(Buffer.alloc(32, 7), system)

async function tell(store: Store, ...events: readonly string[]): Promise<void> {
  for (const event of events) {
    const said = audit(
      { system },
      { event, actor: { kind: 'server', id: null }, detail: { nr: 1, a: ['ü'] } },
    )
    assert.equal(await store.apply([said]), 'applied')
  }
}

test('entries are linked in the order in which they were written, more than fit into one step', async () => {
  const store = openMemoryStore()
  const events = Array.from({ length: 450 }, (_, i) => `event.${i}`)
  await tell(store, ...events)
  assert.equal(await linkEntries({ store, secrets }), 'linked')
  const entries = (await store.list('auditEntry')).toSorted(
    (a, b) => (a.link?.sequence ?? 0) - (b.link?.sequence ?? 0),
  )
  assert.deepEqual(
    entries.map(({ event, link }) => [event, link?.sequence]),
    events.map((event, i) => [event, i + 1]),
  )
  for (const [i, entry] of entries.entries())
    assert.equal(entry.link?.previousHash, entries[i - 1]?.link?.hash ?? '0'.repeat(64))
  assert.deepEqual(await readHead({ store, secrets }), { sequence: 450, hash: entries.at(-1)?.link?.hash })
  assert.equal((await verifyChain({ store, secrets })).ok, true)
})

test('the hash can be computed again from an exported line alone', async () => {
  const store = openMemoryStore()
  await tell(store, 'one', 'two')
  await linkEntries({ store, secrets })
  const { hash: sha } = await import('node:crypto')
  for (const entry of await store.list('auditEntry')) {
    const { hash, ...line } = JSON.parse(JSON.stringify(exported(entry))) as Record<string, unknown>
    const order = (value: unknown): string =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? `{${Object.keys(value)
            .toSorted()
            .map((key) => `${JSON.stringify(key)}:${order(Reflect.get(value, key))}`)
            .join()}}`
        : JSON.stringify(value)
    assert.equal(sha('sha256', order(line), 'hex'), hash)
  }
})

test('nothing is linked behind an end that somebody without the master key wrote', async () => {
  const store = openMemoryStore()
  await tell(store, 'one')
  await linkEntries({ store, secrets })
  const thief = createSecrets(Buffer.alloc(32, 8), system)
  await tell(store, 'two')
  assert.equal(await linkEntries({ store, secrets: thief }), 'untrusted')
  assert.equal((await store.find('auditEntry', 'link', 'open')).length, 1)
  assert.equal(await linkEntries({ store, secrets }), 'linked')
  const [setting] = (await store.list('setting')).filter(({ id }) => id === 'audit chain')
  assert.ok(setting)
  await store.apply([{ op: 'delete', kind: 'setting', record: setting }])
  await tell(store, 'three')
  assert.equal(await linkEntries({ store, secrets }), 'untrusted')
})
