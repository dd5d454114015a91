// better-auth with its device authorization plugin as a process of its own, on SQLite through its Node handler:
// production mode, rate limiting, logging and telemetry off, WAL with synchronous NORMAL. Its access token is a
// session token; the bearer plugin makes it usable as one.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { bearer, deviceAuthorization } from 'better-auth/plugins'

const directory = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
const database = new DatabaseSync(join(directory, 'better-auth.db'))
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')

const server = createServer()
server.listen(0, '127.0.0.1', async () => {
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  const options = {
    baseURL: issuer,
    database,
    secret: 'bench-secret-bench-secret-bench-secret-1234',
    rateLimit: { enabled: false },
    logger: { disabled: true },
    telemetry: { enabled: false },
    emailAndPassword: { enabled: true },
    plugins: [
      deviceAuthorization({ expiresIn: '1h', interval: '5s', validateClient: (id) => id === 'bench-opaque' }),
      bearer(),
    ],
  }
  const { runMigrations } = await getMigrations(options)
  await runMigrations()
  const auth = betterAuth(options)
  const signedUp = await auth.api.signUpEmail({
    body: { email: 'bench@example.com', name: 'Bench', password: 'bench-password-bench' },
  })
  listenForApprovals(signedUp.user.id)
  server.on('request', toNodeHandler(auth))
  console.log(JSON.stringify({ event: 'ready', issuer, pid: process.pid }))
})
process.on('exit', () => {
  database.close()
  rmSync(directory, { recursive: true, force: true })
})
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))

/** What its approve endpoint writes, written directly and in one transaction. */
function listenForApprovals(userId: string): void {
  const approve = database.prepare(
    `UPDATE deviceCode SET status = 'approved', userId = ? WHERE deviceCode = ?`,
  )
  process.on('message', (message: { codes: string[] }) => {
    database.exec('BEGIN')
    for (const code of message.codes) approve.run(userId, code)
    database.exec('COMMIT')
    process.send?.({ done: true })
  })
}
