// Fifty processes renew one connection, the broker's store in a PostgreSQL: renewal-storm.ts. In a SQLite file it is
// renewal.test.ts.

import { postgresStore } from '@countersign/broker'
import { startPostgres } from '../support/postgres.ts'
import { renewalStorm } from './renewal-storm.ts'

renewalStorm('PostgreSQL', async () => {
  const postgres = await startPostgres()
  const choice = { url: postgres.url }
  const store = await postgresStore(choice)
  return {
    choice,
    store,
    async close() {
      await store.close()
      await postgres.stop()
    },
  }
})
