// What each adapter must do with the parser it is for, tried on a real program as a process of its own. For the tests
// of adapters/ and of login.ts: each brings the few lines of its program.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { type ScriptedServer, startScriptedServer } from './scripted-server.ts'

export type Ended = { code: number | null; stdout: string; stderr: string }

export type AdapterProgram = {
  name: string
  /** Files of the program by their paths; `main.mjs` is started. */
  files: (auth: string) => Record<string, string>
  /** How the parser's own help names a flag and its value. */
  flagInHelp: RegExp
}

/** A line of a program that makes `auth`; the server is told by the variable. */
const AUTH = `import { login } from ${JSON.stringify(new URL('../login.ts', import.meta.url).href)}
const auth = login({ clientId: 'acme-cli', appName: 'Acme', version: '1.2.3' })`

/** The import of a library that is installed here, for a program that lies elsewhere. */
export function importOf(names: string, library: string): string {
  return `import ${names} from ${JSON.stringify(import.meta.resolve(library))}`
}

export function testAdapter({ name, files, flagInHelp }: AdapterProgram): void {
  let home = ''
  let server: ScriptedServer
  beforeEach(async () => {
    server = await startScriptedServer()
    home = mkdtempSync(join(tmpdir(), 'countersign-adapter-'))
    for (const [path, text] of Object.entries(files(AUTH))) {
      mkdirSync(dirname(join(home, path)), { recursive: true })
      writeFileSync(join(home, path), text)
    }
  })
  afterEach(async () => {
    await server.close()
    rmSync(home, { recursive: true, force: true })
  })
  const run = (args: string[]): Promise<Ended> =>
    runFile(join(home, 'main.mjs'), args, home, { ACME_SERVER: server.issuer })

  test(`${name}: help names the commands, and the flags of each`, async () => {
    const [all, one] = await Promise.all([run(['--help']), run(['login', '--help'])])
    assert.deepEqual([all.code, one.code], [0, 0], all.stderr + one.stderr)
    assert.match(all.stdout, /\blogin\b[\s\S]*\bsign in\b/)
    assert.match(all.stdout, /\bswitch\b/)
    assert.match(one.stdout, flagInHelp)
  })

  test(`${name}: signs in, and status, token, switch and logout work, with their exit codes`, async () => {
    const none = await run(['status', '--json'])
    assert.deepEqual([none.code, JSON.parse(none.stdout).usable], [4, false], none.stderr)
    const login = await run(['login', '--device', '--device-name', 'mia@build-7'])
    assert.equal(login.code, 0, login.stderr)
    assert.match(
      login.stderr,
      /✓ Signed in as mia@example\.com\n {4}This computer is listed as "mia@build-7"/,
    )
    const status = await run(['status', '--json'])
    assert.deepEqual([status.code, JSON.parse(status.stdout).account], [0, 'mia@example.com'])
    assert.deepEqual(await run(['token']), { code: 0, stdout: 'ACCESS-canary-1\n', stderr: '' })
    const chosen = await run(['switch', 'mia@example.com'])
    assert.deepEqual([chosen.code, chosen.stderr.includes('✓ Acme now uses mia@example.com')], [0, true])
    const nobody = await run(['switch', 'nobody@example.com', '--json'])
    assert.deepEqual([nobody.code, JSON.parse(nobody.stdout).code], [2, 'usage'])
    assert.equal((await run(['logout'])).code, 0)
    assert.equal((await run(['token'])).code, 4)
  })

  test(`${name}: a flag that begins with no- is a flag, and what exec runs keeps its own`, async () => {
    const begun = await run(['login', '--no-wait', '--json'])
    assert.deepEqual([begun.code, JSON.parse(begun.stdout).status], [8, 'pending'], begun.stderr)
    assert.equal((await run(['login', '--device'])).code, 0)
    const script = 'process.exit(process.argv[1] === "--json" && process.env.MINE ? 3 : 1)'
    const passed = await run(['exec', '--env', 'MINE', '--', process.execPath, '-e', script, '--', '--json'])
    assert.equal(passed.code, 3, passed.stderr)
  })
}

export function runFile(
  file: string,
  args: string[],
  home: string,
  env: Record<string, string>,
): Promise<Ended> {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...said }))
  })
}
