// The program in a real pseudo-terminal against a scripted server: the transcripts, the keys, Ctrl-C, the
// restored cursor and the exit codes. Through pipes: main.test.ts.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { afterEach, beforeEach, test } from 'node:test'
import { storeDirectory } from '@countersign/client/credentials'
import {
  codeOf,
  json,
  paths,
  pending,
  type ScriptedServer,
  startScriptedServer,
  tokensOf,
} from '@countersign/client/testing'
import { endTerminals, type Pty, runInPty } from '../../../test/support/pty.ts'
import { freshEnvironment } from './testing/run-program.ts'

let server: ScriptedServer
let env: Record<string, string>
beforeEach(async () => {
  server = await startScriptedServer()
  env = freshEnvironment()
})
afterEach(async () => {
  endTerminals()
  await server.close()
})

// In a window of the usual height, where the QR code waits to be asked for.
function login(more: string[] = [], size = { cols: 80, rows: 24 }): Pty {
  return runInPty(['login', '--server', server.issuer, '--device-name', 'mia@build-7', ...more], env, size)
}

function storedFiles(): string[] {
  const directory = storeDirectory(env)
  return existsSync(directory) ? readdirSync(directory).filter((name) => !name.endsWith('.lock')) : []
}

function assertCursorRestored(terminal: Pty): void {
  const raw = terminal.raw()
  assert.ok(raw.lastIndexOf('\u001b[?25h') > raw.lastIndexOf('\u001b[?25l'))
}

test('DC-05 the transcript of a sign-in in an SSH session is the agreed one, to the letter', async () => {
  env.SSH_CONNECTION = '10.0.0.1 1 10.0.0.2 22'
  server.script(paths.token, [pending, json(200, tokensOf())])
  const terminal = login()
  assert.equal(await terminal.ended, 0)
  assert.equal(
    terminal.transcript().replace(/( {2}[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Waiting[^\r]*\r)+/, '[waiting]\n'),
    `  On any device, open      ${server.issuer}/device
  and enter the code       WDJB-MJHT

  Continue only if you started this yourself. Nobody from Countersign will ever
  send you a code or ask you for one.

[waiting]
  ✓ Signed in as mia@example.com
    This computer is listed as "mia@build-7" — ${server.issuer}/account
`,
  )
  assert.match(
    terminal.text(),
    /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Waiting, 9:5\d left {4}c copy link · q QR code · \^C cancel {5}\(SSH session\)/,
  )
  assertCursorRestored(terminal)
  assert.doesNotMatch(terminal.raw(), /canary/)
})

test('DC-14 the countdown counts down', async () => {
  server.on(paths.token, pending)
  const terminal = login()
  await terminal.until('Waiting, 10:00 left')
  await terminal.until('Waiting, 9:58 left')
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 130)
})

test('DC-16 Ctrl-C cancels on the server, restores the cursor, stores nothing and exits 130', async () => {
  server.on(paths.token, () => {})
  const terminal = login()
  await terminal.until('Waiting')
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 130)
  assert.match(terminal.text(), / {2}Cancelled\. Nothing was signed in\.\n$/)
  assertCursorRestored(terminal)
  assert.deepEqual(server.at(paths.revoke)[0]?.form, {
    token: 'DEVICE-CODE-canary',
    token_type_hint: 'device_code',
    client_id: 'countersign-cli',
  })
  assert.deepEqual(storedFiles(), [])
})

// Laid over the program as it starts: cancelling may take 250 ms, which a busy machine may spend elsewhere; here it may take a minute.
const unhurried = `
const { setTimeout } = globalThis
const { timeout } = AbortSignal
const longer = (ms) => (ms === 250 ? 60000 : ms)
globalThis.setTimeout = (run, ms, ...rest) => setTimeout(run, longer(ms), ...rest)
AbortSignal.timeout = (ms) => timeout.call(AbortSignal, longer(ms))`

test('DC-16 F-20 Ctrl-C wins over an approval that is just being fetched', async () => {
  env.NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(unhurried)}`
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  server.on(paths.token, async (request, response) => {
    arrive()
    await released
    await json(200, tokensOf())(request, response)
  })
  server.on(paths.revoke, async (request, response) => {
    release()
    await json(200, {})(request, response)
  })
  const terminal = login()
  await arrived
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 130)
  assert.deepEqual(storedFiles(), [])
  assert.ok(server.at(paths.revoke).some((request) => request.form.token === 'REFRESH-canary-1'))
})

test('DC-06 q shows the QR code and takes it away, c copies the complete link', async () => {
  server.on(paths.token, pending)
  const terminal = login()
  await terminal.until('Waiting')
  assert.doesNotMatch(terminal.text(), /█▀▀▀▀▀▀▀█/)
  terminal.type('q')
  await terminal.until('█▀▀▀▀▀▀▀█')
  terminal.type('q')
  await terminal.until(/▀▀▀▀▀▀[\s\S]*Waiting/)
  terminal.type('c')
  await terminal.until('Link sent to the clipboard.')
  const link = Buffer.from(`${server.issuer}/device/WDJB-MJHT`).toString('base64')
  assert.ok(terminal.raw().includes(`\u001b]52;c;${link}\u0007`))
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 130)
})

test('a window that is too small for the QR code says so and keeps counting', async () => {
  server.on(paths.token, pending)
  const terminal = login([], { cols: 40, rows: 10 })
  await terminal.until('Waiting')
  terminal.type('q')
  await terminal.until('No room for the QR code')
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 130)
})

test('DC-17 an expired code is renewed on Enter only, three times at most, then the exit code is 5', async () => {
  server.on(paths.token, json(400, { error: 'expired_token' }))
  const terminal = login()
  for (const asked of [1, 2, 3]) {
    await terminal.until(new RegExp(`(The code expired\\. Press Enter for a new one[\\s\\S]*){${asked}}`))
    assert.equal(server.at(paths.device).length, asked)
    terminal.type('\r')
    await terminal.until(
      new RegExp(`(and enter the code {7}WDJB-MJHT {8}\\(same link\\)[\\s\\S]*){${asked}}`),
    )
  }
  assert.equal(await terminal.ended, 5)
  assert.equal(server.at(paths.device).length, 4)
  assert.match(terminal.text(), /✗ The code expired after 10 minutes\.\n$/)
})

test('DC-17 Ctrl-C instead of Enter ends with 130', async () => {
  server.on(paths.token, json(400, { error: 'expired_token' }))
  const terminal = login()
  await terminal.until('Press Enter')
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 130)
  assert.equal(server.at(paths.device).length, 1)
  assertCursorRestored(terminal)
})

test('DC-11 a denial is said in plain words and exits 3', async () => {
  server.on(paths.token, json(400, { error: 'access_denied' }))
  const terminal = login()
  assert.equal(await terminal.ended, 3)
  assert.match(terminal.text(), / {2}✗ You chose "Don't allow"\. Nothing was signed in\.\n$/)
})

test('DC-12 a connection that breaks is told once, and the sign-in still succeeds', async () => {
  server.on(paths.device, json(200, { ...codeOf(server.issuer), interval: 1 }))
  server.script(paths.token, [
    (_request, response) => {
      response.socket?.destroy()
    },
    json(200, tokensOf()),
  ])
  const terminal = login()
  assert.equal(await terminal.ended, 0)
  assert.match(terminal.text(), / {2}! Offline\. The link stays valid for (10:00|9:5\d); retrying\./)
})
