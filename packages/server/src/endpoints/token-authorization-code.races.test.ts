// Racing for one authorization code on the stores that need nothing else to run; PostgreSQL is in
// token-authorization-code.postgres.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nativeClient, obtainCode, redeemCode, webClient } from '../testing/code-flow.ts'
import { codeRaces } from '../testing/code-races.ts'
import { oneInMemory, twoOnSqlite } from '../testing/race-nodes.ts'
import { createTestServerWith } from '../testing/services.ts'

codeRaces('memory', oneInMemory)
codeRaces('SQLite, two nodes', twoOnSqlite)

test('AC-07 a client that sent its request twice at the very same moment keeps what it got', async () => {
  const server = await createTestServerWith([webClient, nativeClient])
  const code = await obtainCode(server)
  const both = await Promise.all([redeemCode(server, code), redeemCode(server, code)])
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 400])
  const [grant] = await server.services.store.list('grant')
  assert.equal(grant?.revokedAt, null)
})
