// How long the program itself takes, as users get it: printing a stored token, saying no in CI, ending on ^C. Beside each stands
// `node -e 0`, in turn with it, because starting Node is not ours to make faster.
// The server's own start is in measures.ts.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@countersign/client/credentials'
import { system } from '@countersign/client/system'
import { runInPty } from '../test/support/pty.ts'
import { openBenchStore } from './our-store.ts'
import { pinned } from './pin.ts'
import { startServer } from './target.ts'

export type ProgramTimes = { what: 'node' | 'token' | 'refusal in CI' | '^C'; milliseconds: number[] }

/** `main` is the entry of the installed program. */
export async function measureProgram(main: string, times: number): Promise<ProgramTimes[]> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-program-'))
  const home = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    COUNTERSIGN_CONFIG_DIR: folder,
    COUNTERSIGN_STORE: 'file',
  }
  try {
    keepToken(home)
    const found: Record<Exclude<ProgramTimes['what'], '^C'>, number[]> = {
      node: [],
      token: [],
      'refusal in CI': [],
    }
    // The first of each warms the files.
    for (let index = 0; index <= times; index += 1) {
      const node = await timeOf(['-e', '0'], home, 0)
      const token = await timeOf([main, 'token'], home, 0)
      const refusal = await timeOf([main, 'login'], { ...home, CI: 'true' }, 4)
      if (index === 0) continue
      found.node.push(node)
      found.token.push(token)
      found['refusal in CI'].push(refusal)
    }
    return [
      { what: 'node', milliseconds: found.node },
      { what: 'token', milliseconds: found.token },
      { what: 'refusal in CI', milliseconds: found['refusal in CI'] },
      { what: '^C', milliseconds: await interrupts(main, home, Math.ceil(times / 2)) },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function keepToken(env: Record<string, string>): void {
  const store = openStore({ env, system })
  const key = { issuer: 'http://localhost:4000', clientId: 'countersign-cli', account: 'usr_bench' }
  store.write({
    version: 1,
    ...key,
    account: { id: key.account, email: 'bench@example.com' },
    signedInAt: system.now(),
    state: 'live',
    accessToken: 'x'.repeat(600),
    refreshToken: 'y'.repeat(100),
    expiresAt: system.now() + 3600,
    receivedAt: system.now(),
    clockOffset: 0,
  })
  store.setCurrent(key)
}

function timeOf(args: string[], env: Record<string, string>, expected: number): Promise<number> {
  const [program = '', ...rest] = pinned('server', [process.execPath, ...args])
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(program, rest, { env, stdio: ['ignore', 'ignore', 'ignore'] })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === expected) resolve(performance.now() - started)
      else reject(new Error(`${args.slice(1).join(' ')} ended with ${code} instead of ${expected}`))
    })
  })
}

/** From ^C to the prompt, while somebody is awaited; and that the server was told. */
async function interrupts(main: string, home: Record<string, string>, times: number): Promise<number[]> {
  const data = mkdtempSync(join(tmpdir(), 'countersign-bench-data-'))
  const server = await startServer(
    [process.execPath, main, 'serve', '--json', '--port', '0', '--data', data],
    {},
  )
  const milliseconds: number[] = []
  try {
    const args = ['login', '--device', '--server', `http://localhost:${server.port}`]
    for (let index = 0; index < times; index += 1) {
      const terminal = runInPty(args, home, { cols: 80, rows: 40, program: main })
      await terminal.until(/Waiting/)
      const started = performance.now()
      terminal.type('\u0003')
      const code = await terminal.ended
      milliseconds.push(performance.now() - started)
      if (code !== 130) throw new Error(`^C ended the program with ${code}`)
    }
  } finally {
    await server.stop()
  }
  const { store } = await openBenchStore({ directory: data })
  const left = (await store.list('deviceAuthorization')).filter(({ status }) => status !== 'cancelled')
  await store.close()
  rmSync(data, { recursive: true, force: true })
  if (left.length > 0) throw new Error(`${left.length} of ${times} requests were not cancelled on the server`)
  return milliseconds
}
