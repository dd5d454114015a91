// better-auth with its OAuth provider and that plugin's device grant as a process of its own, on SQLite through its Node
// handler: production mode, rate limiting, logging and telemetry off, WAL with synchronous NORMAL, its caches of clients
// and resources on. It signs an access token when the request names a resource, and then with that resource's algorithm.
// The clients are in better-auth-clients.ts.
import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { oauthDeviceAuthorization, oauthProvider } from '@better-auth/oauth-provider'
import { type BetterAuthPlugin, betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import { nowSeconds } from '../clock.ts'
import type { Row } from '../load-job.ts'
import { codeClientId, newPkcePair, redirectUri } from '../request-parts.ts'
import { addClients, clientIds, resources, userScopes } from './better-auth-clients.ts'
import { listenForTasks } from './peer-process.ts'

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
    plugins: plugins(),
  }
  const { runMigrations } = await getMigrations(options)
  await runMigrations()
  const auth = betterAuth(options)
  const { adapter, internalAdapter } = await auth.$context
  await addClients(({ model, data }) => adapter.create({ model, data }))
  const { user } = await auth.api.signUpEmail({
    body: { email: 'bench@example.com', name: 'Bench', password: 'bench-password-bench' },
  })
  const session = await internalAdapter.createSession(user.id)
  listenForTasks({
    approve: async (codes) => approve(user.id, codes),
    makeCodes: (count) =>
      makeCodes(count, { userId: user.id, sessionId: session.id }, (value) =>
        internalAdapter.createVerificationValue(value),
      ),
  })
  server.on('request', toNodeHandler(auth))
  console.log(JSON.stringify({ event: 'ready', issuer, pid: process.pid }))
})
process.on('exit', () => {
  database.close()
  rmSync(directory, { recursive: true, force: true })
})

function plugins(): BetterAuthPlugin[] {
  const keys = {
    keyPairConfig: { alg: 'ES256' },
    keyPairConfigs: [{ alg: 'EdDSA', crv: 'Ed25519' }],
  } as const
  const provider: unknown = oauthProvider({
    loginPage: '/login',
    consentPage: '/consent',
    scopes: [...userScopes, 'read'],
    resources: [...resources],
    cachedResources: new Set(resources.map(({ identifier }) => identifier)),
    cachedTrustedClients: new Set(clientIds),
    enforcePerClientResources: false,
  })
  return [
    jwt({ disableSettingJwtHeader: true, jwks: keys }),
    // Its types do not know `exactOptionalPropertyTypes`.
    provider as BetterAuthPlugin,
    oauthDeviceAuthorization({ expiresIn: '1h', interval: '5s' }),
  ]
}

/** What its approve endpoint writes, written directly and in one transaction. */
function approve(userId: string, deviceCodes: string[]): void {
  const update = database.prepare(
    `UPDATE deviceCode SET status = 'approved', userId = ? WHERE deviceCode = ?`,
  )
  database.exec('BEGIN')
  for (const code of deviceCodes) update.run(userId, code)
  database.exec('COMMIT')
}

type Verification = { identifier: string; value: string; expiresAt: Date }

/** What its authorization endpoint writes in the end, through its own adapter: the request, under the digest of the code. */
async function makeCodes(
  count: number,
  signedIn: { userId: string; sessionId: string },
  write: (value: Verification) => Promise<unknown>,
): Promise<Row[]> {
  const rows: Row[] = []
  const now = nowSeconds()
  while (rows.length < count) {
    const { verifier, challenge } = newPkcePair()
    const code = randomBytes(24).toString('base64url')
    const query = {
      response_type: 'code',
      client_id: codeClientId,
      redirect_uri: redirectUri,
      scope: userScopes.join(' '),
      code_challenge: challenge,
      code_challenge_method: 'S256',
    }
    await write({
      identifier: hash('sha256', code, 'base64url'),
      value: JSON.stringify({ type: 'authorization_code', query, ...signedIn, authTime: now * 1000 }),
      expiresAt: new Date((now + 600) * 1000),
    })
    rows.push([code, verifier])
  }
  return rows
}
