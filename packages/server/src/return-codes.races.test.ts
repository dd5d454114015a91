// Racing for the tries of a return code on the stores that need nothing else to run; PostgreSQL is in
// return-codes.postgres.test.ts.

import { oneInMemory, twoOnSqlite } from './testing/race-nodes.ts'
import { returnCodeRaces } from './testing/return-code-races.ts'

returnCodeRaces('memory', oneInMemory)
returnCodeRaces('SQLite, two nodes', twoOnSqlite)
