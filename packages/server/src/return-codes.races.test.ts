// Racing for the tries of a return code on the stores that need nothing else to run; PostgreSQL is in
// return-codes.postgres.test.ts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMemoryStore } from './store/memory.ts'
import { openStore } from './store/open-store.ts'
import { returnCodeRaces } from './testing/return-code-races.ts'

returnCodeRaces('memory', async () => ({ nodes: [openMemoryStore()], close: async () => {} }))

returnCodeRaces('SQLite, two nodes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-return-codes-'))
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
