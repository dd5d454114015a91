// Our own server as targets, one per store and durability, started by its own command line like anybody's.
// Clients and accounts are written before the first start, and codes are approved between the windows, through the
// server's own store and rules on the same database (our-store.ts). Its requests are our-spellings.ts; how a person approves
// is measured by sign-ins.ts.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../test/support/free-port.ts'
import { addMia } from '../test/support/person.ts'
import { startPostgres } from '../test/support/postgres.ts'
import type { Row } from './load-job.ts'
import { ourSpellings } from './our-spellings.ts'
import {
  approveInStore,
  issueCodesInStore,
  type OpenStore,
  openBenchStore,
  seed,
  writeCodes,
} from './our-store.ts'
import { type Running, startServer, type Target } from './target.ts'

const clonedProgram = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url))

/** The longest life that a code may have, so that a million outlive their making. */
const crowdCodeSeconds = 1800

export type OurTarget = Target & {
  /** An account that can sign in at the pages. */
  addPerson: () => Promise<void>
  /** Another server on the same database, which speaks for the issuer of the first. */
  startSecond: (first: Running) => Promise<Running>
  /** Outstanding codes, written through the store beside the running server; one of every `keptOf` comes back. */
  writeCodes: (count: number, keptOf: number) => Promise<Row[]>
}

type Kept = {
  /** How the program is told where its data is. */
  where: string[]
  env: Record<string, string>
  open: () => Promise<OpenStore>
  remove: () => Promise<void>
}

/** Raised far above what a benchmark can reach, not switched off: each request still pays for being counted. */
const throttles = {
  COUNTERSIGN_RATE_CREATE_PER_ADDRESS: '1000000000',
  COUNTERSIGN_RATE_CREATE_PER_CLIENT: '1000000000',
}

const fullIsKept = 'SQLite, WAL, synchronous FULL: an acknowledged write survives a power cut'

/** Ours on every store. */
export function ourTargets(): OurTarget[] {
  const normalIsKept = 'SQLite, WAL, synchronous NORMAL: a power cut may lose the last commits'
  const postgresIsKept =
    'PostgreSQL, fsync and synchronous_commit on: an acknowledged write survives a power cut'
  return [
    ours('SQLite FULL', fullIsKept, () => onSqlite('FULL')),
    ours('SQLite NORMAL', normalIsKept, () => onSqlite('NORMAL')),
    ours('PostgreSQL', postgresIsKept, onPostgres),
  ]
}

/** Ours as it is published, for cold start and memory. */
export function packedTarget(main: string): OurTarget {
  return ours('SQLite FULL, as published', fullIsKept, () => onSqlite('FULL'), main)
}

/** Ours on an empty database, with codes that live long enough to become many. */
export function crowdTarget(): OurTarget {
  return ours('SQLite FULL', fullIsKept, () =>
    onSqlite('FULL', { COUNTERSIGN_DEVICE_CODE_SECONDS: String(crowdCodeSeconds) }),
  )
}

function ours(
  store: string,
  durability: string,
  keep: () => Promise<Kept>,
  program = clonedProgram,
): OurTarget {
  let kept: Kept | undefined
  let opened: OpenStore | undefined
  const prepared = () => {
    if (kept === undefined || opened === undefined) throw new Error('prepare() was not called')
    return { kept, opened }
  }
  const start = async (...more: string[]): Promise<Running> => {
    const { kept, opened } = prepared()
    const command = [process.execPath, program, 'serve', '--json', '--port', '0', ...kept.where, ...more]
    const server = await startServer(command, { ...throttles, ...kept.env })
    const approve = (rows: Row[]) => approveInStore(opened, rows)
    const makeCodes = (count: number) => issueCodesInStore(opened, count)
    return { pid: server.pid, port: server.port, stop: server.stop, approve, makeCodes }
  }
  return {
    name: `countersign ${store}`,
    version: `countersign ${JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version}`,
    durability,
    ...ourSpellings(),
    prepare: async () => {
      kept = await keep()
      opened = await kept.open()
      await seed(opened)
    },
    dispose: async () => {
      await opened?.store.close()
      await kept?.remove()
    },
    start: () => start(),
    startSecond: async (first) => {
      // Chosen here, since its ready line names the issuer, which is the first one's.
      const port = await freePort()
      const second = await start('--port', String(port), '--issuer', `http://localhost:${first.port}`)
      return { ...second, port }
    },
    addPerson: () => addMia(...prepared().kept.where),
    writeCodes: (count, keptOf) =>
      writeCodes(prepared().opened, 'bench-opaque', count, { expiresInSeconds: crowdCodeSeconds, keptOf }),
  }
}

async function onSqlite(
  synchronous: 'FULL' | 'NORMAL',
  settings: Record<string, string> = {},
): Promise<Kept> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  return {
    where: ['--data', directory],
    env: { COUNTERSIGN_SQLITE_SYNCHRONOUS: synchronous, ...settings },
    open: () => openBenchStore({ directory }),
    remove: async () => rmSync(directory, { recursive: true, force: true }),
  }
}

async function onPostgres(): Promise<Kept> {
  const server = await startPostgres({ own: true, fsync: true })
  const url = await server.createDatabase()
  // The master key is beside the database, never in it.
  const directory = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  return {
    where: ['--data', directory, '--database-url', url],
    env: {},
    open: () => openBenchStore({ url }),
    remove: async () => {
      await server.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
