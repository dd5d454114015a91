// What the benchmark needs to know of a server under test, and how one is started as a process of its own.
// The servers: floor.ts, ours.ts, peers/. What is measured on them: operations.ts and measures.ts.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { LoadGenerator } from './load-client.ts'
import type { ExpectedAnswer, LoadJob, RequestTemplate, Row } from './load-job.ts'
import type { OperationName } from './operations.ts'
import { pinned } from './pin.ts'

/** How one server spells one operation. */
export type Spelling = { request: RequestTemplate; expect: ExpectedAnswer[] }

/** Token format that the client of a device code gets. */
export type TokenFormat = 'opaque' | 'jwt'

export type Running = {
  pid: number
  port: number
  stop: () => Promise<void>
  /** Approves codes, rows of [device_code, user_code], outside any measured window. */
  approve: (rows: Row[], format: TokenFormat, load: LoadGenerator) => Promise<void>
  /** Makes authorization codes as if people had allowed them: rows of [code, code_verifier]. Not measured either. */
  makeCodes: (count: number) => Promise<Row[]>
}

export type Target = {
  name: string
  /** Version and, for the table's foot, what an acknowledged write survives. */
  version: string
  durability: string
  /** What it has no equal for is absent, and is shown as a dash. */
  spell: Partial<Record<OperationName, Spelling>>
  /** The device authorization request of the client whose access tokens are JWTs. */
  authorizeJwt: Spelling | null
  /** A path that answers 200 as soon as the server serves. */
  probe: string
  /** What has to exist before the first start, and its removal after the last. */
  prepare?: () => Promise<void>
  dispose?: () => Promise<void>
  start: () => Promise<Running>
}

export type ServerProcess = { child: ChildProcess; pid: number; port: number; stop: () => Promise<void> }

/** Starts a server and waits for its first line on stdout, `{"event":"ready","issuer":…}`. */
export function startServer(command: string[], env: Record<string, string>): Promise<ServerProcess> {
  const [program, ...args] = pinned('server', command)
  const child = spawn(program ?? process.execPath, args, {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-2000)
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    child.kill('SIGTERM')
    const forced = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await exited
    clearTimeout(forced)
  }
  return new Promise((resolve, reject) => {
    exited.then(() => reject(new Error(`${command.join(' ')} ended: ${errors}`)))
    if (child.stdout === null) return
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (line) => {
      const ready = readReady(line)
      if (ready !== null) resolve({ child, pid: child.pid ?? 0, port: ready, stop })
      // What is no ready line is how a server that cannot start says why.
      else errors = (errors + line).slice(-2000)
    })
  })
}

/** What is asked of a peer's process over its control channel, and what it says. */
export type PeerTask = { approve: string[] } | { makeCodes: number }
export type PeerReply = { done: true; rows: Row[] } | { done: false; failed: string }

/** Asks a server's process for something over its control channel and waits for the answer. */
export function askServer(server: ServerProcess, message: object): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    server.child.once('message', (reply: PeerReply) =>
      reply.done ? resolve(reply.rows) : reject(new Error(reply.failed)),
    )
    server.child.send(message)
  })
}

/** Starts the process of a peer, which is a file in peers/. */
export async function startPeer(file: URL): Promise<Running> {
  const server = await startServer([process.execPath, fileURLToPath(file)], {})
  const ask = (task: PeerTask) => askServer(server, task)
  return {
    pid: server.pid,
    port: server.port,
    stop: server.stop,
    approve: async (rows) => {
      await ask({ approve: rows.map(([deviceCode = '']) => deviceCode) })
    },
    makeCodes: (count) => ask({ makeCodes: count }),
  }
}

export function form(path: string, body: string, headers: Record<string, string> = {}): RequestTemplate {
  const contentType = { 'Content-Type': 'application/x-www-form-urlencoded' }
  return { method: 'POST', path, headers: { ...contentType, ...headers }, body }
}

export function basicAuthorization(id: string, secret: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}

export function jobDefaults(running: Running): Omit<LoadJob, 'request' | 'expect'> {
  return {
    port: running.port,
    serverPid: running.pid,
    connections: 32,
    seconds: 600,
    limit: Number.POSITIVE_INFINITY,
    rows: [],
    use: 'repeat',
    collect: {},
  }
}

function readReady(line: string): number | null {
  try {
    const { event, issuer } = JSON.parse(line)
    return event === 'ready' ? Number(new URL(issuer).port) : null
  } catch {
    return null
  }
}
