// The real program with providers of connections configured: `oidc-provider` and a second server of ours, each by a code and by going
// there and back; and browsers of people who are signed in. What they do is connections.test.ts.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import {
  type ConnectionUpstream,
  codeApp,
  deviceApp,
  startConnectionUpstream,
  type UpstreamOptions,
} from '../support/connection-upstream.ts'
import { signInWithPassword } from '../support/decide-in-browser.ts'
import { freePort } from '../support/free-port.ts'
import { addClient, addMia, mia as miaThere } from '../support/person.ts'
import { type ProgramOptions, type RunningServer, runProgram, startServer } from '../support/process.ts'

export { miaThere }

export const people = {
  mia: { email: 'mia@here.example', password: 'four quiet green boats' },
  bob: { email: 'bob@here.example', password: 'seven loud red trains' },
}

export interface ConnectionsWorld {
  readonly issuer: string
  readonly server: RunningServer
  readonly upstream: ConnectionUpstream
  /** A second server of ours, which is a provider here; undefined where it was not asked for. */
  readonly second: RunningServer | undefined
  /** What the pages complained about in the browser's console. */
  readonly complaints: string[]
  /** A browser of its own, signed in. */
  open(who: keyof typeof people, options?: BrowserContextOptions): Promise<Page>
  /** Ends the server as an operator does, starts it on the same data, and says with which code it ended. */
  restart(): Promise<number | null>
  close(): Promise<void>
}

interface WorldOptions extends Omit<UpstreamOptions, 'callback'>, Pick<ProgramOptions, 'env'> {
  /** Kept at the end, unlike a folder that is made here. */
  readonly data?: string
  readonly withSecond?: boolean
  readonly databaseUrl?: string
}

export async function startConnectionsWorld({
  withSecond = false,
  env = {},
  data,
  databaseUrl,
  ...upstreamOptions
}: WorldOptions = {}): Promise<ConnectionsWorld> {
  const port = await freePort()
  const callback = `http://localhost:${port}/account/connections/callback`
  const upstream = await startConnectionUpstream({ callback: `${callback}/shop`, ...upstreamOptions })
  const second = withSecond ? await startSecond(`${callback}/second-code`) : undefined
  const folder = mkdtempSync(join(tmpdir(), 'countersign-connections-'))
  const config = join(folder, 'config.json')
  const scopes = ['openid', 'profile', 'offline_access']
  const at = { issuer: upstream.issuer, scopes }
  const there = { issuer: second?.issuer, clientId: 'connector', scopes }
  const connections = [
    { kind: 'device', id: 'corp', name: 'Corp', ...deviceApp, ...at },
    { kind: 'code', id: 'shop', name: 'Shop', ...codeApp, ...at },
    ...(second === undefined
      ? []
      : [
          { kind: 'device', id: 'second', name: 'Second', ...there },
          { kind: 'code', id: 'second-code', name: 'Second Code', ...there },
        ]),
  ]
  writeFileSync(config, JSON.stringify({ connections }))
  const start = (where: { data?: string; databaseUrl?: string }) =>
    startServer({
      args: ['--config', config, '--port', String(port)],
      env: { COUNTERSIGN_LOG_LEVEL: 'info', ...env },
      ...where,
    })
  let server = await start({
    ...(data === undefined ? {} : { data }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  })
  const where = databaseUrl === undefined ? ['--data', server.data] : ['--database-url', databaseUrl]
  for (const { email, password } of Object.values(people)) {
    const added = await runProgram(['users', 'add', email, '--password-stdin', ...where], { input: password })
    if (added.code !== 0) throw new Error(`users add: ${added.stderr}`)
  }
  const browser = await launchChromium()
  const complaints: string[] = []
  return {
    issuer: server.issuer,
    get server() {
      return server
    },
    upstream,
    second,
    complaints,
    async open(who, options = {}) {
      const context = await browser.newContext({ baseURL: server.issuer, ...options })
      // Without scripts the page looks every ten seconds, and the provider is asked every five.
      context.setDefaultTimeout(45_000)
      context.on('weberror', (error) => complaints.push(String(error.error())))
      context.on('console', (message) => {
        const isOurs = message.location().url.startsWith(server.issuer)
        if (message.type() === 'error' && isOurs && !/status of 4\d\d/.test(message.text()))
          complaints.push(message.text())
      })
      const page = await context.newPage()
      await page.goto('/login')
      await signInWithPassword(page, people[who])
      await page.waitForURL('**/account')
      return page
    },
    async restart() {
      if (data === undefined) throw new Error('A folder that is made here goes with its server.')
      const { code } = await server.program.kill('SIGTERM')
      server = await start({ data })
      return code
    },
    async close() {
      await browser.close()
      await server.stop()
      await second?.stop()
      await upstream.close()
      rmSync(folder, { recursive: true })
    },
  }
}

async function startSecond(callback: string): Promise<RunningServer> {
  const second = await startServer({ env: { COUNTERSIGN_POLL_INTERVAL_SECONDS: '3' } })
  const where = ['--data', second.data]
  await addMia(...where)
  const grants = ['device_code', 'authorization_code', 'refresh_token'].flatMap((grant) => ['--grant', grant])
  const scopes = ['openid', 'profile', 'offline_access'].flatMap((scope) => ['--scope', scope])
  await addClient('connector', undefined, ...grants, ...scopes, '--redirect-uri', callback, ...where)
  return second
}

/** From the list to the page of the flow, or to the provider. */
export async function pressConnect(page: Page, name: string, label = ''): Promise<void> {
  await page.goto('/account/connections')
  const row = page
    .getByRole('listitem')
    .filter({ has: page.getByRole('button', { name: `Connect ${name}`, exact: true }) })
  await row.getByLabel('Name for it').fill(label)
  await row.getByRole('button').click()
}

/** The page of a flow that shows a code; with the code, and the flow's address. */
export async function startCode(
  page: Page,
  name: string,
  label = '',
): Promise<{ code: string; url: string }> {
  await pressConnect(page, name, label)
  await page.getByText('Your code').waitFor()
  const code = (await page.locator('.big-code').textContent()) ?? ''
  return { code, url: page.url() }
}

/**
 * A tab of the same browser at the place that the page's link names. Not by a click: in a tab that a page opens, Chromium is told that
 * scripts are off while it may have parsed the document already, which then has neither its scripts nor its `noscript`.
 */
export async function openThere(page: Page, name: string): Promise<Page> {
  const place = await page.getByRole('link', { name: `Open ${name}` }).getAttribute('href')
  if (place === null) throw new Error(`The link to ${name} names no place.`)
  const there = await page.context().newPage()
  await there.goto(place)
  return there
}

/** What is listed as connected, as people read it. */
export async function listed(page: Page): Promise<string> {
  await page.goto('/account/connections')
  return (await page.locator('#connected').textContent()) ?? ''
}
