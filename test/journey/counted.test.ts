// How many keys and clicks a sign-in takes: the real program in a real terminal, the real server, a person in Chromium, and every
// key and click of theirs counted. The table that comes of it is in docs/login.md; when it changes, this test writes it there and
// fails, so that nobody makes signing in longer without seeing it.
// That these ways work at all, in three engines, is loopback.test.ts and terminal.test.ts.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { freshEnvironment } from '../../packages/cli/src/testing/run-program.ts'
import { readShown } from '../support/decide-in-browser.ts'
import { endTerminals, type Pty, runInPty } from '../support/pty.ts'
import { browserScript, openedLink } from './opener.ts'
import { setUp, signIn, startWorld, type World } from './person.ts'

let world: World
before(async () => {
  world = await startWorld()
  await setUp(world, await world.open())
})
after(() => world?.close())
afterEach(() => endTerminals())

type Count = { keys: number; typed: number; links: number; clicks: number }

/** A person: whatever they do is counted from here on. */
function countedPerson(page: Page) {
  const count: Count = { keys: 0, typed: 0, links: 0, clicks: 0 }
  return {
    count,
    page,
    async open(link: string): Promise<void> {
      count.links += 1
      await page.goto(link)
    },
    async click(selector: string): Promise<void> {
      count.clicks += 1
      await page.click(selector)
    },
    async type(selector: string, text: string): Promise<void> {
      count.typed += text.length
      await page.locator(selector).pressSequentially(text)
    },
    keys(terminal: Pty, text: string): void {
      count.keys += text.length
      terminal.type(text)
    },
  }
}

async function personIn(options: BrowserContextOptions = {}): Promise<ReturnType<typeof countedPerson>> {
  const page = await world.open(options)
  await page.goto(`${world.issuer}/login`)
  await signIn(page)
  await page.waitForURL('**/account')
  return countedPerson(page)
}

function login(env: Record<string, string>, ...more: string[]): Pty {
  return runInPty(['login', '--server', world.issuer, ...more], env, { cols: 80, rows: 24 })
}

const ssh = () => ({ ...freshEnvironment(), SSH_TTY: '/dev/pts/0' })
const allow = 'button[name="decision"][value="allow"]'
const elsewhere = { extraHTTPHeaders: { 'x-forwarded-for': '203.0.113.9' } }
const counted = new Map<string, Count>()

async function signsIn(terminal: Pty): Promise<void> {
  assert.equal(await terminal.ended, 0, terminal.text())
}

async function shown(terminal: Pty) {
  await terminal.until(/Waiting, \d+:\d\d left/)
  return readShown(terminal.text())
}

test('same machine, signed in in the browser: no key, one click, no code', async () => {
  const person = await personIn()
  const env: Record<string, string> = { ...freshEnvironment(), DISPLAY: ':0' }
  // Tests run in containers, too, so that the way has to be named here.
  const terminal = login({ ...env, BROWSER: browserScript(env.HOME ?? '') }, '--loopback')
  // The program opens it, not the person.
  const link = await openedLink(env.HOME ?? '')
  await person.page.goto(link)
  await person.click(allow)
  await signsIn(terminal)
  assert.deepEqual(person.count, { keys: 0, typed: 0, links: 0, clicks: 1 })
  // The reference in the link is random, and may hold what looks like a code.
  assert.doesNotMatch(terminal.text().replaceAll(link, ''), /[A-Z]{4}-[A-Z]{4}/)
  counted.set('same machine, browser signed in', person.count)
})

test('headless, the link with the code: one link, one approval', async () => {
  const person = await personIn()
  const terminal = login(ssh())
  const { link, code } = await shown(terminal)
  await person.open(`${link}/${code}`)
  await person.click(allow)
  await signsIn(terminal)
  counted.set('headless, same network, QR code or copied link', person.count)
})

test('headless, the code typed: eight letters, two clicks', async () => {
  const person = await personIn()
  const terminal = login(ssh())
  const { link, code } = await shown(terminal)
  await person.open(link)
  await person.type('input[name="user_code"], #code', code.replace('-', ''))
  await person.click('main form button:not([hidden])')
  await person.page.waitForURL('**/device/approve')
  await person.click(allow)
  await signsIn(terminal)
  counted.set('headless, same network, code typed by hand', person.count)
})

test('10027 the first time from another network: six characters back; later none', async () => {
  const person = await personIn(elsewhere)
  const first = login(ssh())
  const { link, code } = await shown(first)
  await person.open(`${link}/${code}`)
  await person.click(allow)
  const back = (await person.page.locator('.return-code').textContent())?.replace(/[^A-Z0-9]/gi, '') ?? ''
  await first.until('Type the 6 characters shown in that browser: _')
  person.keys(first, back)
  await signsIn(first)
  counted.set('headless, another network, the first time', person.count)

  const later = await personIn(elsewhere)
  const second = login(ssh())
  const again = await shown(second)
  await later.open(`${again.link}/${again.code}`)
  await later.click(allow)
  await signsIn(second)
  counted.set('headless, another network, for 90 days after', later.count)
})

test('what it takes is what docs/login.md says', () => {
  assert.equal(counted.size, 5, 'a way was not counted')
  const rows = [...counted].map(
    ([name, { keys, typed, links, clicks }]) => `| ${name} | ${keys} | ${links} | ${typed} | ${clicks} |`,
  )
  const head =
    '| | keys in the terminal | links | characters in the browser | clicks |\n|---|---|---|---|---|'
  const path = join(import.meta.dirname, '..', '..', 'docs', 'login.md')
  const before = readFileSync(path, 'utf8')
  const table = `<!-- counted: begin -->\n${head}\n${rows.join('\n')}\n<!-- counted: end -->`
  const now = before.replace(/<!-- counted: begin -->[\s\S]*<!-- counted: end -->/, table)
  if (now === before) return
  writeFileSync(path, now)
  assert.fail('the table in docs/login.md was another; it is as counted now')
})
