// The `countersign` program as a real process: start it, wait for what it says, end it, read all it printed.
// Every process gets an empty home of its own, so that no test reads or writes what belongs to whoever runs it.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const main = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'src', 'main.ts')

export type Exit = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }

export type Program = {
  pid: number
  stdout: () => string
  stderr: () => string
  /** The first line of stdout as JSON; rejects with everything printed when it does not come. */
  readyLine: (limit?: number) => Promise<Record<string, unknown>>
  /** How it ended, whenever it does. */
  exit: Promise<Exit>
  kill: (signal?: NodeJS.Signals) => Promise<Exit>
}

export type ProgramOptions = {
  env?: Record<string, string>
  /** Written to stdin, which is then closed. */
  input?: string
  cwd?: string
  /** HOME of the process; an empty folder that goes away with it unless given. */
  home?: string
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts `countersign` with these arguments. */
export function startProgram(args: string[], options: ProgramOptions = {}): Program {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'countersign-home-'))
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd ?? home,
    // Nothing else is inherited: CI, SSH_TTY or a token in the tester's shell would change what the program does.
    env: { PATH: process.env.PATH, HOME: home, TZ: 'UTC', LANG: 'C.UTF-8', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  running.add(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  // A program that ends without reading its input is no fault of the test.
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  const exit = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      running.delete(child)
      if (options.home === undefined) rmSync(home, { recursive: true, force: true })
      resolve({ code, signal, stdout, stderr })
    })
  })
  return {
    pid: child.pid ?? Number.NaN,
    stdout: () => stdout,
    stderr: () => stderr,
    readyLine: (limit = 20_000) => firstLine(child, exit, () => stdout, limit, args),
    exit,
    kill: (signal = 'SIGTERM') => {
      child.kill(signal)
      return exit
    },
  }
}

/** Runs `countersign` to its end. */
export function runProgram(args: string[], options: ProgramOptions = {}): Promise<Exit> {
  return startProgram(args, options).exit
}

export type RunningServer = { issuer: string; data: string; program: Program; stop: () => Promise<Exit> }

/** `countersign serve` on a free port with an empty data folder, or with the `data` or `databaseUrl` that is given. */
export async function startServer(
  options: ProgramOptions & { data?: string; databaseUrl?: string; args?: string[] } = {},
): Promise<RunningServer> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'countersign-data-'))
  const database = options.databaseUrl === undefined ? [] : ['--database-url', options.databaseUrl]
  const where = ['--data', data, ...database]
  const program = startProgram(['serve', '--json', '--port', '0', ...where, ...(options.args ?? [])], options)
  const ready = await program.readyLine().catch(async (error: unknown) => {
    await program.kill('SIGKILL')
    throw error
  })
  if (ready.event !== 'ready' || typeof ready.issuer !== 'string') {
    await program.kill('SIGKILL')
    throw new Error(`the first line of serve --json is not the ready event: ${JSON.stringify(ready)}`)
  }
  return {
    issuer: ready.issuer,
    data,
    program,
    stop: async () => {
      const exit = await program.kill('SIGTERM')
      if (options.data === undefined) rmSync(data, { recursive: true, force: true })
      return exit
    },
  }
}

function firstLine(
  child: ChildProcess,
  exit: Promise<Exit>,
  stdout: () => string,
  limit: number,
  args: string[],
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, rest = '') => {
      clearTimeout(timer)
      reject(new Error(`countersign ${args.join(' ')} ${what}\nstdout: ${stdout()}\n${rest}`))
    }
    const timer = setTimeout(() => fail(`printed no line within ${limit / 1000} s`), limit)
    const look = () => {
      const end = stdout().indexOf('\n')
      if (end < 0) return
      clearTimeout(timer)
      child.stdout?.off('data', look)
      try {
        resolve(JSON.parse(stdout().slice(0, end)) as Record<string, unknown>)
      } catch {
        fail('printed a first line that is not JSON')
      }
    }
    child.stdout?.on('data', look)
    look()
    exit.then(
      (ended) => fail(`ended with ${ended.signal ?? `code ${ended.code}`}`, `stderr: ${ended.stderr}`),
      (error: unknown) => fail(`could not be started: ${String(error)}`),
    )
  })
}
