// Racing for the tries of a return code on a real PostgreSQL, on two nodes.

import { startPostgres } from '../../../test/support/postgres.ts'
import { twoOnPostgres } from './testing/race-nodes.ts'
import { returnCodeRaces } from './testing/return-code-races.ts'

returnCodeRaces('PostgreSQL, two nodes', async () => twoOnPostgres(await startPostgres()))
