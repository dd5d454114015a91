// Racing for the tries of a return code on a real PostgreSQL, on two nodes.

import { startPostgres } from '../../../test/support/postgres.ts'
import { openStore } from './store/open-store.ts'
import { returnCodeRaces } from './testing/return-code-races.ts'

returnCodeRaces('PostgreSQL, two nodes', async () => {
  const postgres = await startPostgres()
  const nodes = [
    await openStore({ databaseUrl: postgres.url }),
    await openStore({ databaseUrl: postgres.url }),
  ]
  const close = async () => {
    for (const store of nodes) await store.close()
    await postgres.stop()
  }
  return { nodes, close }
})
