// `login` with a browser on the same machine, in a real pseudo-terminal against a scripted server: the transcripts, the keys,
// and what happens where no browser opens. The browser is a script that follows the link. Codes: main.pty.test.ts; a real
// browser and the real server: test/journey.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { openStore } from '@countersign/client/credentials'
import {
  json,
  metadataOf,
  offerLinks,
  paths,
  pending,
  type ScriptedServer,
  startScriptedServer,
  tokensOf,
} from '@countersign/client/testing'
import { endTerminals, type Pty, runInPty } from '../../../test/support/pty.ts'
import { freshEnvironment, runProgram } from './testing/run-program.ts'

let server: ScriptedServer
let env: Record<string, string>
/** What the browser comes back with, beside `state` and `iss`. */
let answer: Record<string, string>
beforeEach(async () => {
  server = await startScriptedServer()
  answer = { code: 'CODE-canary' }
  offerLinks(server, () => answer)
  env = { ...freshEnvironment(), DISPLAY: ':0' }
  env.BROWSER = browserThat('await fetch(process.argv[2])')
})
afterEach(async () => {
  endTerminals()
  await server.close()
})

function browserThat(does: string): string {
  const path = join(env.HOME ?? '', 'browser.mjs')
  writeFileSync(path, `#!${process.execPath}\n${does}\n`, { mode: 0o755 })
  return path
}

const idle = 'setTimeout(() => {}, 100)'

function login(...more: string[]): Pty {
  const args = ['login', '--loopback', '--server', server.issuer, '--device-name', 'mia@aurora', ...more]
  return runInPty(args, env, { cols: 80, rows: 24 })
}

function transcript(terminal: Pty): string {
  return terminal.transcript().replace(/( {2}[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] (Waiting|Signing)[^\r]*\r)+/g, '[waiting]\n')
}

const isStored = (): boolean => openStore({ env }).list().length === 1

test('CL-05 the transcript of a first login on the same machine is the agreed one, to the letter', async () => {
  const terminal = login()
  assert.equal(await terminal.ended, 0)
  assert.equal(
    transcript(terminal),
    `  Opening your browser:
  ${server.issuer}${paths.link}

[waiting]
  ✓ Signed in as mia@example.com
    This computer is listed as "mia@aurora" — ${server.issuer}/account
`,
  )
  assert.match(
    terminal.text(),
    /^ {2}[⠋⠙] Waiting for you to approve… {8}c copy link · d use a code · \^C cancel/m,
  )
  const raw = terminal.raw()
  assert.ok(raw.lastIndexOf('\u001b[?25h') > raw.lastIndexOf('\u001b[?25l'))
  assert.doesNotMatch(raw, /canary/)
  assert.ok(isStored())
})

test('the link stands there though the browser cannot be opened, and the login goes on', async () => {
  env.BROWSER = browserThat('process.exit(3)')
  const terminal = login()
  await terminal.until('! No browser opened (it ended with code 3). Open the link yourself.')
  await fetch(server.issuer + paths.link)
  assert.equal(await terminal.ended, 0)
})

test('a browser that is no program, or is made of text, is said and not started', async () => {
  env.BROWSER = 'w3m'
  const terminal = login()
  await terminal.until('Open this link in a browser on this computer:')
  await terminal.until('Waiting for you')
  await fetch(server.issuer + paths.link)
  assert.equal(await terminal.ended, 0)
})

test('CL-05 --no-browser prints the link and opens nothing', async () => {
  const terminal = login('--no-browser')
  await terminal.until('Waiting for you')
  assert.match(terminal.transcript(), /^ {2}Open this link in a browser on this computer:\n {2}http/)
  assert.equal(server.at(paths.link).length, 0)
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 130)
})

test('after eight seconds of nothing there is a hint', async () => {
  env.BROWSER = browserThat(idle)
  const terminal = login()
  await terminal.until('Waiting for you')
  assert.doesNotMatch(terminal.text(), /Nothing happens/)
  await terminal.until('Nothing happens? Open the link yourself, or press d to use a code.')
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 130)
})

test('c copies the link', async () => {
  env.BROWSER = browserThat(idle)
  const terminal = login()
  await terminal.until('Waiting for you')
  terminal.type('c')
  await terminal.until('Link sent to the clipboard.')
  const link = Buffer.from(server.issuer + paths.link).toString('base64')
  assert.ok(terminal.raw().includes(`\u001b]52;c;${link}\u0007`))
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 130)
})

test('d changes to a code at once: the link is taken back, its port is gone', async () => {
  env.BROWSER = browserThat(idle)
  server.script(paths.token, [pending, json(200, tokensOf())])
  const terminal = login()
  await terminal.until('Waiting for you')
  terminal.type('d')
  await terminal.until('and enter the code       WDJB-MJHT')
  assert.equal(server.at(paths.revoke)[0]?.form.token, 'urn:canary')
  await assert.rejects(fetch(server.at(paths.par)[0]?.form.redirect_uri ?? ''))
  assert.equal(await terminal.ended, 0)
  assert.equal(server.at(paths.device)[0]?.form.device_name, 'mia@aurora')
  assert.ok(isStored())
})

test('DC-16 Ctrl-C takes the request back on the server, restores the cursor and exits 130', async () => {
  env.BROWSER = browserThat(idle)
  const terminal = login()
  await terminal.until('Waiting for you')
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 130)
  assert.match(terminal.text(), / {2}Cancelled\. Nothing was signed in\.\n$/)
  assert.deepEqual(server.at(paths.revoke)[0]?.form, {
    token: 'urn:canary',
    token_type_hint: 'request_uri',
    client_id: 'countersign-cli',
  })
  assert.ok(!isStored())
})

test('DC-11 a denial in the browser is said in plain words and exits 3', async () => {
  answer = { error: 'access_denied' }
  const terminal = login()
  assert.equal(await terminal.ended, 3)
  assert.match(terminal.text(), / {2}✗ You chose "Don't allow"\. Nothing was signed in\.\n$/)
})

test('a program that its server knows for codes only gets a code', async () => {
  server.on(paths.par, json(400, { error: 'unauthorized_client' }))
  const terminal = login()
  assert.equal(await terminal.ended, 0)
  assert.match(terminal.text(), /and enter the code {7}WDJB-MJHT/)
})

test('a server that has no sign-in by link gets a code asked for', async () => {
  server.on(paths.metadata, json(200, metadataOf(server.issuer)))
  const terminal = login()
  assert.equal(await terminal.ended, 0)
  assert.match(terminal.text(), /and enter the code {7}WDJB-MJHT/)
})

test('DC-06 the QR code is there at once where no browser can be opened and the window is tall', async () => {
  server.on(paths.token, pending)
  env.SSH_TTY = '/dev/pts/0'
  const tall = runInPty(['login', '--server', server.issuer], withoutBrowser(), { cols: 80, rows: 40 })
  await tall.until('█▀▀▀▀▀▀▀█')
  tall.type('\u0003')
  assert.equal(await tall.ended, 130)
})

function withoutBrowser(): Record<string, string> {
  const { BROWSER: _, ...rest } = env
  return rest
}

const asks = (tries: number, wrong: boolean) =>
  json(400, {
    error: 'authorization_pending',
    return_code: { length: 6, tries_left: tries, ...(wrong ? { wrong } : {}) },
  })

test('10027 the characters of a browser on another network are typed back; a wrong one is said', async () => {
  server.on(paths.token, (request, response) => {
    const typed = request.form.return_code
    const next =
      typed === undefined ? asks(3, false) : typed === 'K7XMPQ' ? json(200, tokensOf()) : asks(2, true)
    return next(request, response)
  })
  const terminal = runInPty(['login', '--device', '--server', server.issuer], env, { cols: 80, rows: 24 })
  await terminal.until('Approved in a browser on a different network.')
  await terminal.until('Type the 6 characters shown in that browser: _')
  terminal.type('k7')
  await terminal.until('shown in that browser: K7_')
  terminal.type('\u007f8')
  await terminal.until('shown in that browser: K8_')
  terminal.type('x-m pq')
  await terminal.until('! That was not right. 2 tries are left.')
  terminal.type('k7xmpq')
  assert.equal(await terminal.ended, 0)
  assert.equal(server.at(paths.device)[0]?.form.return_code_supported, 'true')
  assert.deepEqual(
    server.at(paths.token).flatMap(({ form }) => form.return_code ?? []),
    ['K8XMPQ', 'K7XMPQ'],
  )
})

test('of two logins at once one asks the person, and the other shares what comes of it', async () => {
  env.BROWSER = browserThat(idle)
  const first = login()
  await first.until('Waiting for you')
  const second = login()
  await second.until('Another login is under way.')
  await fetch(server.issuer + paths.link)
  assert.deepEqual(await Promise.all([first.ended, second.ended]), [0, 0])
  assert.match(second.text(), /✓ Signed in as mia@example\.com\n$/)
  assert.equal(server.at(paths.par).length, 1)
})

test('whoever does not want to wait for another login presses Enter; one that was killed holds nobody up', async () => {
  env.BROWSER = browserThat(idle)
  const first = login()
  await first.until('Waiting for you')
  const second = login()
  await second.until('Another login is under way.')
  second.type('\r')
  await second.until('Waiting for you')
  assert.equal(server.at(paths.par).length, 2)
  endTerminals()
  await first.ended
  const third = login()
  await third.until('Waiting for you')
  assert.doesNotMatch(third.text(), /Another login/)
})

test('CL-17 --with-token keeps a token that the server takes, from stdin only', async () => {
  const args = ['login', '--with-token', '--server', server.issuer]
  const kept = await runProgram(args, env, { input: 'csk_canary\n' })
  assert.equal(kept.code, 0)
  assert.doesNotMatch(kept.stdout + kept.stderr, /canary/)
  assert.equal(server.at(paths.userinfo)[0]?.headers.authorization, 'Bearer csk_canary')
  assert.equal((await runProgram(['token'], env)).stdout, 'csk_canary\n')
  server.on(paths.userinfo, json(401, { error: 'invalid_token' }))
  const refused = await runProgram(args, env, { input: 'csk_other' })
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /the server does not take this token/)
  for (const input of ['', 'two words', 'x'.repeat(70_000), 'a\nb'])
    assert.equal((await runProgram(args, env, { input })).code, 2)
})

test('--explain says what is seen, the rule and the result, and asks nobody', async () => {
  const args = ['login', '--explain', '--server', server.issuer]
  const words = await runProgram(args, { ...env, CI: '1' })
  assert.equal(words.code, 0)
  assert.match(words.stdout, /^ {2}terminal {4}none\n[\s\S]*rule {8}ci: this is CI \(CI\)\n {2}result/m)
  const facts = JSON.parse((await runProgram([...args, '--json', '--device'], env)).stdout)
  assert.equal(facts.transport, 'device')
  assert.equal(facts.rule, 'device-flag')
  assert.equal(server.received.length, 0)
})

test('CL-19 without a terminal and without an agent nobody is asked: exit 4, before any request', async () => {
  const { code, stdout } = await runProgram(['login', '--json', '--server', server.issuer], env)
  assert.equal(code, 4)
  assert.equal(JSON.parse(stdout).rule, 'no-terminal')
  assert.equal(server.received.length, 0)
})
