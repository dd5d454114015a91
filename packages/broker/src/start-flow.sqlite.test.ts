// Single flight through a database: two brokers with a connection each to one SQLite file, in real time.
// Not here: everything else about starting (start-flow.test.ts).

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createBroker } from './create-broker.ts'
import { sqliteStore } from './stores/sqlite.ts'
import { ada, testKey } from './testing/broker-world.ts'
import { scriptedProvider } from './testing/scripted-provider.ts'

test('S3 3.6 #3970 a hundred starts at two brokers on one file ask the provider once and get one flow', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'broker-start-'))
  const provider = scriptedProvider()
  const stores = await Promise.all(['a', 'b'].map(() => sqliteStore({ path: join(folder, 'broker.db') })))
  const brokers = stores.map((store) => createBroker({ providers: [provider], store, key: testKey }))
  t.after(async () => {
    await Promise.all(brokers.map((broker) => broker.close()))
    await Promise.all(stores.map((store) => store.close()))
    await rm(folder, { recursive: true })
  })
  const starts = Array.from({ length: 100 }, (_, index) =>
    brokers[index % 2]?.start(ada, { provider: 'scripted' }),
  )
  const views = await Promise.all(starts)
  assert.equal(new Set(views.map((view) => view?.id)).size, 1)
  assert.equal(provider.asked.begin.length, 1)
  const other = brokers[1]
  await brokers[0]?.cancel(ada, views[0]?.id ?? '')
  assert.equal((await other?.status(ada, views[0]?.id ?? ''))?.state, 'cancelled')
})
