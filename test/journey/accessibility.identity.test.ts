// The pages of signing in elsewhere, as inspect.ts looks at them: at a provider of identities, and under a host application that says
// who is signed in. All other pages are accessibility.test.ts.

import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Countersign, createCountersign, openAdmin, openStore } from '@countersign/server'
import type { Page } from 'playwright-core'
import { type IdentityWorld, sayNoThere, signInThere, startIdentityWorld } from './identity-world.ts'
import { inspectPage } from './inspect.ts'
import { ask, mia, setUp, signIn } from './person.ts'

let world: IdentityWorld
let page: Page
before(async () => {
  const long = 'The Federation of Regional Universities'
  world = await startIdentityWorld([
    { id: 'orcid', kind: 'orcid', name: 'ORCID', clientId: 'x', clientSecret: 'x' },
    { id: 'github', kind: 'github', name: 'GitHub', clientId: 'x', clientSecret: 'x' },
    { id: 'long', name: long, issuer: 'https://login.federation.example', clientId: 'x' },
  ])
  page = await world.open({ reducedMotion: 'reduce' })
})
after(() => world.close())

const inspect = (name: string) => inspectPage(page, name)

test('5.4 signing in at a provider, and what is said when it does not work out', async () => {
  await page.goto('/login')
  await signInThere(page, world.upstream, 'early')
  await page.getByText('There is no account here yet').waitFor()
  await inspect('nobody is here yet')
  await setUp(world as unknown as Parameters<typeof setUp>[0], page)
  await page.context().clearCookies()
  const device = await ask(world)
  await page.goto(device.verification_uri_complete)
  await inspect('sign-in with providers, a device waits')
  // Where the provider has nothing to show, the page that goes there is what a person sees.
  await page.route(`${world.upstream.issuer}/**`, (route) => route.fulfill({ status: 204 }))
  await page.getByRole('button', { name: 'Continue with Corp' }).click({ noWaitAfter: true })
  await page.getByRole('heading', { name: 'To Corp' }).waitFor()
  await inspect('on the way to the provider')
  await page.unroute(`${world.upstream.issuer}/**`)
  await page.goto('/login')
  world.upstream.people.set('mia', { email: mia.email })
  await signInThere(page, world.upstream, 'mia')
  await page.getByText('There is an account with your e-mail address').waitFor()
  await inspect('an account with the address exists')
  await signIn(page)
  await page.waitForURL('**/login/connect')
  await inspect('connect the two')
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await page.waitForURL('**/device/approve')
})

test('5.4 a no at the provider', async () => {
  await page.context().clearCookies()
  await page.goto((await ask(world)).verification_uri_complete)
  await sayNoThere(page, world.upstream)
  await page.waitForURL('**/device/turned-away')
  await inspect('turned away')
  await page.goto('/login')
  await sayNoThere(page, world.upstream)
  await page.getByText('You said no at the other site').waitFor()
  await inspect('sign-in after a no')
  await page.goto((await ask(world)).verification_uri_complete)
  await page.getByRole('button', { name: 'Continue with The Federation' }).click()
  await page.getByText('did not answer').waitFor()
  await inspect('a provider that does not answer, a device waits')
})

test('5.4 identities on the account page', async () => {
  await page.context().clearCookies()
  await page.goto('/login')
  await signInThere(page, world.upstream, 'a-person-with-quite-a-long-name-at-that-provider')
  await page.waitForURL('**/account')
  await inspect('account with an identity')
  await page.getByRole('button', { name: 'Disconnect: Corp' }).click()
  await page.getByText('only way to sign in').waitFor()
  await inspect('the last way in')
  await makeSessionsOld(world.server.data)
  await page.goto('/account')
  const again = page.locator('#identities').getByRole('link', { name: 'Sign in again' })
  await again.waitFor()
  await inspect('account of somebody who signed in long ago')
  await again.click()
  await inspect('sign in again')
  await page.getByRole('button', { name: 'Continue with ORCID' }).waitFor()
  assert.deepEqual(world.complaints, [])
})

async function makeSessionsOld(data: string): Promise<void> {
  const store = await openStore({ path: join(data, 'countersign.db') })
  const long = 3600
  for (const one of await store.list('browserSession')) {
    const record = { ...one, authenticatedAt: one.authenticatedAt - long }
    await store.apply([{ op: 'update', kind: 'browserSession', record }])
  }
  await store.close()
}

test('5.4 under a host application', async (t) => {
  let countersign: Countersign | undefined
  const server = createServer((request, response) =>
    countersign?.node(request, response, () => response.writeHead(200).end('the application')),
  )
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.after(async () => {
    await countersign?.close()
    server.closeAllConnections()
    server.close()
  })
  const data = mkdtempSync(join(tmpdir(), 'countersign-host-'))
  let isThere = true
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}/auth`
  countersign = await createCountersign({
    issuer,
    data,
    log: { info() {}, warn() {}, error: console.error },
    authenticate: () => (isThere ? { id: '1', name: 'Mia Larsen', email: mia.email } : null),
    signInUrl: () => 'https://app.example/sign-in',
  })
  await page.goto(`${issuer}/account`)
  await inspect('account under a host')
  await page.goto(`${issuer}/login`)
  await inspect('sign-in again under a host')
  await page.goto(`${issuer}/oauth/logout`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await inspect('sign out at the host')
  isThere = false
  await page.route('https://app.example/**', (route) => route.fulfill({ status: 204 }))
  await page.goto(`${issuer}/login`)
  await page.getByRole('heading', { name: 'To app.example' }).waitFor()
  await inspect('on the way to the host')
  isThere = true
  const admin = await openAdmin({ data })
  await admin.setAccountDisabled(mia.email, true)
  await admin.close()
  await page.goto(`${issuer}/login`)
  await inspect('not let in under a host')
})
