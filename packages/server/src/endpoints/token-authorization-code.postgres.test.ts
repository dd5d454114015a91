// Racing for one authorization code on a real PostgreSQL, on two nodes.

import { startPostgres } from '../../../../test/support/postgres.ts'
import { codeRaces } from '../testing/code-races.ts'
import { twoOnPostgres } from '../testing/race-nodes.ts'

codeRaces('PostgreSQL, two nodes', async () => twoOnPostgres(await startPostgres()))
