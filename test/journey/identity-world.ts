// The real program with providers of identities, one of them real (npm `oidc-provider`) and run here, and a browser: what the journeys
// over other providers share. Without a browser it is the server's testing/upstream-world.ts.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { freePort } from '../support/free-port.ts'
import { type RunningServer, startServer } from '../support/process.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream.ts'
import type { World } from './person.ts'

export interface IdentityWorld extends Pick<World, 'issuer' | 'complaints'> {
  readonly upstream: UpstreamServer
  readonly server: RunningServer
  readonly setupUrl: string
  open(options?: BrowserContextOptions): Promise<Page>
  close(): Promise<void>
}

/** `more` are providers that nobody presses; who is in the group `ops` there is an administrator. */
export async function startIdentityWorld(more: readonly object[] = []): Promise<IdentityWorld> {
  const port = await freePort()
  const upstream = await startUpstream([`http://localhost:${port}`])
  const folder = mkdtempSync(join(tmpdir(), 'countersign-upstream-'))
  const config = join(folder, 'config.json')
  const { clientId, clientSecret } = upstream.client
  const secretFile = join(folder, 'secret')
  writeFileSync(secretFile, `${clientSecret}\n`)
  const adminClaim = { claim: 'groups', values: ['ops'] }
  const provider = { id: 'corp', name: 'Corp', issuer: upstream.issuer, clientId, signUp: true, adminClaim }
  const identityProviders = [{ ...provider, clientSecret: { file: secretFile } }, ...more]
  writeFileSync(config, JSON.stringify({ identityProviders }))
  const server = await startServer({ args: ['--config', config, '--port', String(port)] })
  const ready = JSON.parse(server.program.stdout().split('\n')[0] ?? '') as { setup_url?: string }
  const browser: Browser = await launchChromium()
  const complaints: string[] = []
  upstream.people.set('root', { groups: ['ops'] })
  return {
    upstream,
    server,
    issuer: server.issuer,
    setupUrl: ready.setup_url ?? '',
    complaints,
    async open(options = {}) {
      const context = await browser.newContext({ baseURL: server.issuer, ...options })
      context.setDefaultTimeout(15_000)
      const page = await context.newPage()
      page.on('console', (message) => {
        // The provider's own pages may complain; ours may not.
        const isOurs = message.location().url.startsWith(server.issuer)
        if (message.type() === 'error' && isOurs && !/status of 4\d\d/.test(message.text()))
          complaints.push(message.text())
      })
      return page
    },
    async close() {
      await browser.close()
      await server.stop()
      await upstream.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** From the sign-in page to the provider, in there under this name, and back. */
export async function signInThere(page: Page, { issuer }: UpstreamServer, login: string): Promise<void> {
  await page.getByRole('button', { name: 'Continue with Corp' }).click()
  await page.waitForURL(`${issuer}/**`)
  await page.locator('[name=login]').fill(login)
  await page.locator('[name=password]').fill('any')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
}

export async function sayNoThere(page: Page, { issuer }: UpstreamServer): Promise<void> {
  await page.getByRole('button', { name: 'Continue with Corp' }).click()
  await page.waitForURL(`${issuer}/**`)
  await page.getByRole('link', { name: 'Cancel' }).click()
}
