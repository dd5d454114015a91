// The whole way, nothing replaced: the real program in a real terminal, the real server, a person in real Chromium,
// with scripts and without, with a password and with a passkey. What each page does by itself is in the other files here.

import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { storeDirectory } from '@countersign/client/credentials'
import type { Browser, Page } from 'playwright-core'
import { freshEnvironment, runProgram } from '../../packages/cli/src/testing/run-program.ts'
import { addPerson, person } from '../support/approve-in-store.ts'
import { launchChromium } from '../support/chromium.ts'
import {
  decide,
  enterCode,
  goToQuestion,
  readShown,
  signInWithPassword,
} from '../support/decide-in-browser.ts'
import { type RunningServer, startServer } from '../support/process.ts'
import { endTerminals, type Pty, runInPty } from '../support/pty.ts'
import { addAuthenticator, addPasskey, signInWithPasskey } from './authenticator.ts'
import { signOut } from './person.ts'

let server: RunningServer
let browser: Browser
let env: Record<string, string>
before(async () => {
  server = await startServer()
  await addPerson(server.data)
  browser = await launchChromium()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})
beforeEach(() => {
  env = freshEnvironment()
})
afterEach(() => endTerminals())

async function openPage(scripts: boolean): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled: scripts })
  return context.newPage()
}

/** A terminal in which `countersign login` waits. */
async function startLogin(): Promise<Pty> {
  const args = ['login', '--device', '--server', server.issuer, '--device-name', 'mia@build-7']
  const terminal = runInPty(args, env)
  await terminal.until(/Waiting, \d+:\d\d left/)
  return terminal
}

/** The same, and a browser that shows the question. */
async function ask(scripts = true): Promise<{ terminal: Pty; page: Page }> {
  const terminal = await startLogin()
  const page = await openPage(scripts)
  await goToQuestion(page, readShown(terminal.text()), person)
  return { terminal, page }
}

/** What stays on the screen: the lines that were redrawn while waiting become one mark. */
function transcript(terminal: Pty): string {
  const waiting = /( {2}[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Waiting[^\r]*\r)+/
  return terminal
    .text()
    .replace(waiting, '[waiting]\n')
    .replace(/[A-Z]{4}-[A-Z]{4}/, 'WDJB-MJHT')
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent()) ?? ''
}

function assertNothingStored(): void {
  const directory = storeDirectory(env)
  const files = existsSync(directory) ? readdirSync(directory) : []
  assert.deepEqual(
    files.filter((name) => !name.endsWith('.lock')),
    [],
  )
}

const shownWhileWaiting = () => `  On any device, open      ${server.issuer}/device
  and enter the code       WDJB-MJHT

  Continue only if you started this yourself. Nobody from Countersign will ever
  send you a code or ask you for one.

[waiting]
`

/** The browser and the terminal say so, and the program knows it afterwards. */
async function assertSignedIn(terminal: Pty, page: Page): Promise<void> {
  await page.waitForURL('**/device/connected')
  assert.match(await textOf(page, 'main'), /Connected\s+mia@build-7 is signed in as mia@example\.com/)
  assert.equal(await terminal.ended, 0)
  assert.equal(
    transcript(terminal),
    `${shownWhileWaiting()}  ✓ Signed in as mia@example.com
    This computer is listed as "mia@build-7" — ${server.issuer}/account
`,
  )
  const status = await runProgram(['status'], env)
  assert.equal(status.code, 0)
  assert.match(status.stdout, /^ {2}mia@example\.com {3}localhost:\d+ {3}/)
}

for (const scripts of [true, false])
  test(`DC-05 a terminal is signed in through a browser ${scripts ? 'with' : 'without'} scripts, used, and signed out`, async () => {
    const { terminal, page } = await ask(scripts)
    await decide(page, 'allow')
    await assertSignedIn(terminal, page)

    const token = await runProgram(['token'], env)
    assert.equal(token.code, 0)
    const headers = { authorization: `Bearer ${token.stdout.trim()}` }
    const userinfo = await fetch(`${server.issuer}/oauth/userinfo`, { headers })
    assert.equal(userinfo.status, 200)
    const { email, name } = await userinfo.json()
    assert.deepEqual({ email, name }, { email: person.email, name: person.name })

    const { stdout } = await runProgram(['grants', 'list', '--data', server.data], env)
    assert.match(stdout, /mia@example\.com +Countersign CLI +mia@build-7 +openid profile email/)
    await page.goto(`${server.issuer}/account`)
    assert.match(await textOf(page, 'main'), /mia@build-7/)

    const logout = await runProgram(['logout'], env)
    assert.deepEqual(logout, {
      code: 0,
      stdout: '',
      stderr: '  ✓ Signed out mia@example.com. Access was revoked on the server.\n',
    })
    assert.equal((await fetch(`${server.issuer}/oauth/userinfo`, { headers })).status, 401)
    assert.equal((await runProgram(['status'], env)).code, 4)
    await page.reload()
    assert.doesNotMatch(await textOf(page, 'main'), /mia@build-7/)
    await page.context().close()
  })

test('DC-05 a person who is signed out approves a terminal after signing in with a passkey, without typing a password', async () => {
  const page = await openPage(true)
  await addAuthenticator(page)
  await page.goto(`${server.issuer}/login`)
  await signInWithPassword(page, person)
  await page.waitForURL('**/account')
  await addPasskey(page, 'My laptop')
  await signOut(page)
  await page.waitForURL(`${server.issuer}/`)

  const terminal = await startLogin()
  await enterCode(page, readShown(terminal.text()))
  await page.waitForURL('**/login')
  await signInWithPasskey(page)
  await page.waitForURL('**/device/approve')
  await decide(page, 'allow')
  await assertSignedIn(terminal, page)
  assert.equal((await runProgram(['logout'], env)).code, 0)
  await page.context().close()
})

test('DC-11 "Don’t allow" ends the terminal with 3 and nothing stored', async () => {
  const { terminal, page } = await ask()
  await decide(page, 'deny')
  await page.waitForURL('**/device/denied')
  assert.equal(await terminal.ended, 3)
  assert.equal(
    transcript(terminal),
    `${shownWhileWaiting()}  ✗ You chose "Don't allow". Nothing was signed in.\n`,
  )
  assertNothingStored()
  await page.context().close()
})

test('DC-11 "I didn’t start this" tells the terminal that it was reported, and ends it with 3', async () => {
  const { terminal, page } = await ask(false)
  await decide(page, 'report')
  await page.waitForURL('**/device/denied')
  assert.match(await textOf(page, 'h1'), /Refused and reported/)
  assert.equal(await terminal.ended, 3)
  assert.equal(
    transcript(terminal),
    `${shownWhileWaiting()}  ✗ Refused and reported. Nothing was signed in.\n`,
  )
  assertNothingStored()
  await page.context().close()
})

test('DC-16 after Ctrl-C in the terminal, Allow in the browser allows nothing', async () => {
  const { terminal, page } = await ask()
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 130)
  assert.equal(transcript(terminal), `${shownWhileWaiting()}  Cancelled. Nothing was signed in.\n`)
  await decide(page, 'allow')
  await page.getByRole('heading', { name: 'This code is no longer valid' }).waitFor()
  assertNothingStored()
  const grants = await runProgram(['grants', 'list', '--json', '--data', server.data], env)
  const alive = JSON.parse(grants.stdout).filter(
    (grant: { revoked_at: unknown }) => grant.revoked_at === null,
  )
  assert.deepEqual(alive, [])
  await page.context().close()
})
