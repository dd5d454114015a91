// Racing for one authorization code on the stores that need nothing else to run; PostgreSQL is in
// token-authorization-code.postgres.test.ts.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openMemoryStore } from '../store/memory.ts'
import { openStore } from '../store/open-store.ts'
import { nativeClient, obtainCode, redeemCode, webClient } from '../testing/code-flow.ts'
import { codeRaces } from '../testing/code-races.ts'
import { createTestServerWith } from '../testing/services.ts'

codeRaces('memory', async () => ({ nodes: [openMemoryStore()], close: async () => {} }))

codeRaces('SQLite, two nodes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-codes-'))
  const path = join(folder, 'countersign.db')
  const nodes = [
    await openStore({ path, synchronous: 'NORMAL' }),
    await openStore({ path, synchronous: 'NORMAL' }),
  ]
  const close = async () => {
    for (const store of nodes) await store.close()
    rmSync(folder, { recursive: true })
  }
  return { nodes, close }
})

test('AC-07 a client that sent its request twice at the very same moment keeps what it got', async () => {
  const server = await createTestServerWith([webClient, nativeClient])
  const code = await obtainCode(server)
  const both = await Promise.all([redeemCode(server, code), redeemCode(server, code)])
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 400])
  const [grant] = await server.services.store.list('grant')
  assert.equal(grant?.revokedAt, null)
})
