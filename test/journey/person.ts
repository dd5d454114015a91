// A person with a browser, and a device that asks them: what the journeys share. The server is the real program on a free port,
// the browser is Chromium, and the device speaks plain RFC 8628.
// How processes and Chromium are found and started is ../support.

import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { signInWithPassword } from '../support/decide-in-browser.ts'
import { addClient } from '../support/person.ts'
import { type RunningServer, startServer } from '../support/process.ts'

export const mia = { name: 'Mia Larsen', email: 'mia@example.com', password: 'four quiet green boats' }

export type World = {
  server: RunningServer
  issuer: string
  setupUrl: string
  browser: Browser
  /** What the pages complained about in the browser's console: a blocked style or script, an exception. */
  complaints: string[]
  open: (options?: BrowserContextOptions) => Promise<Page>
  close: () => Promise<void>
}

/** Trusting loopback as a proxy lets a test say from which network the device asks. */
export async function startWorld(): Promise<World> {
  const server = await startServer({
    env: { COUNTERSIGN_TRUSTED_PROXIES: '127.0.0.1,::1', COUNTERSIGN_LOG_LEVEL: 'warn' },
  })
  const ready = JSON.parse(server.program.stdout().split('\n')[0] ?? '') as { setup_url?: string }
  const browser = await launchChromium()
  const complaints: string[] = []
  const contexts: BrowserContext[] = []
  return {
    server,
    issuer: server.issuer,
    setupUrl: ready.setup_url ?? '',
    browser,
    complaints,
    async open(options = {}) {
      const context = await browser.newContext({ baseURL: server.issuer, ...options })
      context.setDefaultTimeout(10_000)
      contexts.push(context)
      const page = await context.newPage()
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        // A status of 400 for a wrong code is meant; whatever else is an error is not.
        if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
          complaints.push(message.text())
      })
      return page
    },
    async close() {
      await browser.close()
      await server.stop()
    },
  }
}

export async function setUp({ setupUrl }: World, page: Page): Promise<void> {
  await page.goto(setupUrl)
  await page.getByLabel('Your name').fill(mia.name)
  await page.getByLabel('E-mail address').fill(mia.email)
  await page.getByLabel('Password').fill(mia.password)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.waitForURL('**/account')
}

export const signIn = (page: Page): Promise<void> => signInWithPassword(page, mia)

/** By the button on every page of somebody who is signed in. */
export const signOut = (page: Page): Promise<void> =>
  page.locator('header').getByRole('button', { name: 'Sign out' }).click()

/** The text of an element with its white space evened out. */
export async function textOf(element: Locator): Promise<string> {
  return ((await element.textContent()) ?? '').replace(/\s+/g, ' ').trim()
}

export type Asked = {
  device_code: string
  user_code: string
  verification_uri: string
  verification_uri_complete: string
}

/** A program that knows nothing of return codes, as most do: its people get a warning and a second step. */
export const generic = { client_id: 'acme-cli' }

export const addGeneric = ({ server }: World): Promise<void> =>
  addClient(generic.client_id, undefined, '--data', server.data)

export async function ask(
  { issuer }: Pick<World, 'issuer'>,
  claims: Record<string, string> = {},
  from?: string,
): Promise<Asked> {
  const response = await fetch(`${issuer}/oauth/device/authorize`, {
    method: 'POST',
    headers: { 'user-agent': 'acme-cli/1.4 (linux; x64)', ...(from ? { 'x-forwarded-for': from } : {}) },
    body: new URLSearchParams({ client_id: 'countersign-cli', ...claims }),
  })
  return (await response.json()) as Asked
}

/** One poll that waits for the decision, as our own client does. */
export async function tokenOf(
  { issuer }: Pick<World, 'issuer'>,
  { device_code }: Asked,
  more: Record<string, string> = {},
): Promise<Record<string, string>> {
  const response = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: { prefer: 'wait=20' },
    body: new URLSearchParams({
      client_id: 'countersign-cli',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code,
      ...more,
    }),
  })
  return (await response.json()) as Record<string, string>
}

export async function cancel({ issuer }: World, { device_code }: Asked): Promise<void> {
  const body = new URLSearchParams({ client_id: 'countersign-cli', token: device_code })
  await fetch(`${issuer}/oauth/revoke`, { method: 'POST', body })
}

/** The status of a call with the token: 200 while it lives. */
export async function useToken({ issuer }: World, token: string | undefined): Promise<number> {
  const response = await fetch(`${issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } })
  await response.text()
  return response.status
}
