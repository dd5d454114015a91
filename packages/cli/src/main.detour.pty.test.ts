// `login` where a browser on the same machine is likely and cannot come back: WSL whose ports Windows does not reach, and a
// system that gives no port. What these look like is laid over the real program as it starts; the rest of it is as ever.
// The decision by itself: packages/client/src/transport.test.ts. Where all goes well: main.link.pty.test.ts.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { offerLinks, paths, type ScriptedServer, startScriptedServer } from '@countersign/client/testing'
import { endTerminals, type Pty, runInPty } from '../../../test/support/pty.ts'
import { freshEnvironment } from './testing/run-program.ts'

let server: ScriptedServer
let env: Record<string, string>
let programs: string
beforeEach(async () => {
  server = await startScriptedServer()
  offerLinks(server, () => ({ code: 'CODE-canary' }))
  env = { ...freshEnvironment(), DISPLAY: ':0' }
  programs = join(env.HOME ?? '', 'bin')
  mkdirSync(programs)
  env.PATH = `${programs}:${env.PATH}`
})
afterEach(async () => {
  endTerminals()
  await server.close()
})

function program(name: string, does: string): void {
  writeFileSync(join(programs, name), `#!${process.execPath}\n${does}\n`, { mode: 0o755 })
}

/** Programs that are started from there must not be under it themselves. */
function startUnder(overlay: string): Pty {
  const path = join(env.HOME ?? '', 'overlay.mjs')
  writeFileSync(
    path,
    `import fs from 'node:fs'\nimport { syncBuiltinESMExports } from 'node:module'\n${overlay}\nsyncBuiltinESMExports()\ndelete process.env.NODE_OPTIONS\n`,
  )
  const under = { ...env, NODE_OPTIONS: `--import=${pathToFileURL(path)}` }
  return runInPty(['login', '--server', server.issuer], under, { cols: 80, rows: 24 })
}

const noContainer = "{ '/.dockerenv': false, '/run/.containerenv': false }"

const wsl = `
const { existsSync, readFileSync } = fs
const machine = { ...${noContainer}, '/proc/sys/fs/binfmt_misc/WSLInterop': true }
fs.existsSync = (path) => machine[path] ?? existsSync(path)
fs.readFileSync = (path, ...rest) =>
  path === '/proc/sys/kernel/osrelease' ? '5.15.167.4-microsoft-standard-WSL2' : readFileSync(path, ...rest)`

const reserved = `
import { Server } from 'node:net'
const { existsSync } = fs
fs.existsSync = (path) => (${noContainer})[path] ?? existsSync(path)
Server.prototype.listen = function () {
  const refused = Object.assign(new Error('listen EACCES: permission denied'), { code: 'EACCES' })
  queueMicrotask(() => this.emit('error', refused))
  return this
}`

// Without await: a program whose name ends like one of Windows is no module.
const fetches = 'fetch(process.argv.at(-1))'

test('DC-02 complaint 5: where a program of Windows reaches a port of WSL, the browser of Windows opens', async () => {
  program('curl.exe', fetches)
  program('wslview', fetches)
  const terminal = startUnder(wsl)
  assert.equal(await terminal.ended, 0, terminal.text())
  assert.match(terminal.transcript(), /^ {2}Opening your browser:\n/)
})

test('DC-02 complaint 5: where none does, nothing is opened, and a code is used with the reason', async () => {
  program('curl.exe', 'process.exitCode = 7')
  program('wslview', fetches)
  const terminal = startUnder(wsl)
  assert.equal(await terminal.ended, 0, terminal.text())
  assert.match(
    terminal.transcript(),
    /^ {2}! Using a code: a browser of Windows does not reach this computer\.\n {2}On any device, open/,
  )
  assert.equal(server.at(paths.par).length, 0)
})

test('DC-02 complaint 6: a system that reserves every port for itself leaves the code, with the reason', async () => {
  program('xdg-open', fetches)
  const terminal = startUnder(reserved)
  assert.equal(await terminal.ended, 0, terminal.text())
  assert.match(
    terminal.transcript(),
    /^ {2}! Using a code: no port on this computer can be listened on\.\n {2}On any device, open/,
  )
})
