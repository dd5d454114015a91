// Fifty processes renew one connection, the broker's store in a SQLite file: renewal-storm.ts. In PostgreSQL it is
// renewal.postgres.test.ts; the rules and one process alone, packages/broker/src/tokens.test.ts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteStore } from '@countersign/broker'
import { renewalStorm } from './renewal-storm.ts'

renewalStorm('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-renewal-'))
  const choice = { path: join(folder, 'broker.db') }
  const store = await sqliteStore(choice)
  return {
    choice,
    store,
    async close() {
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})
