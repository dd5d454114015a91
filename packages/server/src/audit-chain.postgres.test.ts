// Processes that link one audit log at once, on PostgreSQL; what must hold is testing/audit-races.ts.

import { startPostgres } from '../../../test/support/postgres.ts'
import { auditRaces } from './testing/audit-races.ts'

auditRaces('PostgreSQL', async () => {
  const postgres = await startPostgres()
  return { choice: { databaseUrl: postgres.url }, close: () => postgres.stop() }
})
