// The store in a file under several processes, and under kill -9. What one process can see is in sqlite.test.ts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeRaces } from '../testing/store-races.ts'
import { sqliteStore } from './sqlite.ts'

storeRaces('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-broker-'))
  const choice = { path: join(folder, 'broker.db') }
  return {
    choice,
    open: () => sqliteStore(choice),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  }
})
