// Our own server as targets, one per store and durability, started by its own command line like anybody's.
// Clients and the account are written before the first start, and codes are approved between the windows, through
// the server's own store and rules on the same database. How a person approves is in approval-page.ts.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startPostgres } from '../test/support/postgres.ts'
import { deviceGrantTypeEncoded } from './operations.ts'
import { approveInStore, type OpenStore, openBenchStore, resourceSecret, seed } from './our-store.ts'
import { basicAuthorization, form, type Running, startServer, type Target } from './target.ts'

const program = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url))

type Kept = {
  arguments: string[]
  env: Record<string, string>
  open: () => Promise<OpenStore>
  remove: () => Promise<void>
}

/** Raised far above what a benchmark can reach, not switched off: each request still pays for being counted. */
const throttles = {
  COUNTERSIGN_RATE_CREATE_PER_ADDRESS: '1000000000',
  COUNTERSIGN_RATE_CREATE_PER_CLIENT: '1000000000',
}

/** Ours on every store; none while the program does not exist. */
export function ourTargets(): Target[] {
  if (!existsSync(program)) return []
  return [
    ours('SQLite FULL', 'SQLite, WAL, synchronous FULL: an acknowledged write survives a power cut', () =>
      onSqlite('FULL'),
    ),
    ours('SQLite NORMAL', 'SQLite, WAL, synchronous NORMAL: a power cut may lose the last commits', () =>
      onSqlite('NORMAL'),
    ),
    ours(
      'PostgreSQL',
      'PostgreSQL, fsync and synchronous_commit on: an acknowledged write survives a power cut',
      onPostgres,
    ),
  ]
}

function ours(store: string, durability: string, keep: () => Promise<Kept>): Target {
  let kept: Kept | undefined
  let opened: OpenStore | undefined
  return {
    name: `countersign ${store}`,
    version: `countersign ${JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version}`,
    durability,
    ...spellings(),
    prepare: async () => {
      kept = await keep()
      opened = await kept.open()
      await seed(opened)
    },
    dispose: async () => {
      await opened?.store.close()
      await kept?.remove()
    },
    start: async (): Promise<Running> => {
      if (kept === undefined) throw new Error('prepare() was not called')
      const command = [process.execPath, program, 'serve', '--json', '--port', '0', ...kept.arguments]
      const server = await startServer(command, { ...throttles, ...kept.env })
      return {
        pid: server.pid,
        port: server.port,
        stop: server.stop,
        approve: async (rows) => {
          if (opened !== undefined) await approveInStore(opened, rows)
        },
      }
    },
  }
}

async function onSqlite(synchronous: 'FULL' | 'NORMAL'): Promise<Kept> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  return {
    arguments: ['--data', directory],
    env: { COUNTERSIGN_SQLITE_SYNCHRONOUS: synchronous },
    open: () => openBenchStore({ directory }),
    remove: async () => rmSync(directory, { recursive: true, force: true }),
  }
}

async function onPostgres(): Promise<Kept> {
  const server = await startPostgres({ own: true, fsync: true })
  const url = await server.createDatabase()
  return {
    arguments: ['--database-url', url],
    env: {},
    open: () => openBenchStore({ url }),
    remove: () => server.stop(),
  }
}

function spellings(): Pick<Target, 'spell' | 'authorizeJwt' | 'probe'> {
  const authorize = (client: string) => ({
    request: form('/oauth/device/authorize', `client_id=${client}&scope=profile`),
    expect: [{ status: 200, includes: '"device_code":"' }],
  })
  const poll = (client: string) =>
    form('/oauth/token', `grant_type=${deviceGrantTypeEncoded}&client_id=${client}&device_code={0}`)
  const pending = { status: 400, includes: '"error":"authorization_pending"' }
  const metadata = '/.well-known/oauth-authorization-server'
  return {
    authorizeJwt: authorize('bench-jwt'),
    probe: metadata,
    spell: {
      metadata: {
        request: { method: 'GET', path: metadata, headers: {}, body: '' },
        expect: [{ status: 200, includes: '"issuer":"' }],
      },
      'device authorization': authorize('bench-opaque'),
      'poll of a pending code': { request: poll('bench-opaque'), expect: [pending] },
      'poll in a tight loop': {
        request: poll('bench-opaque'),
        expect: [{ status: 400, includes: '"error":"slow_down"' }, pending],
      },
      'redemption, opaque': {
        request: poll('bench-opaque'),
        expect: [{ status: 200, includes: '"refresh_token":"' }],
      },
      'redemption, ES256 JWT': {
        request: poll('bench-jwt'),
        expect: [{ status: 200, includes: '"access_token":"eyJ' }],
      },
      refresh: {
        request: form('/oauth/token', 'grant_type=refresh_token&client_id=bench-opaque&refresh_token={0}'),
        expect: [{ status: 200, includes: '"refresh_token":"' }],
      },
      'introspection, opaque': {
        request: form('/oauth/introspect', 'token={0}', basicAuthorization('bench-resource', resourceSecret)),
        expect: [{ status: 200, includes: '"active":true' }],
      },
    },
  }
}
