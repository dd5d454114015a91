// The embedded store under several processes, and under kill -9. What one process can see is in sqlite.test.ts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeRaces } from './testing/races.ts'

storeRaces('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-store-'))
  return {
    choice: { path: join(folder, 'store.db') },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  }
})
