// Passkeys in a real browser, with a virtual authenticator in place of the finger.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { type Authenticator, addAuthenticator, addPasskey, signInWithPasskey } from './authenticator.ts'
import { ask, setUp, signIn, signOut, startWorld, textOf, tokenOf, type World } from './person.ts'

let world: World
let page: Page
let authenticator: Authenticator

before(async () => {
  world = await startWorld()
  page = await world.open()
  authenticator = await addAuthenticator(page)
  await setUp(world, page)
})
after(() => world.close())

test('a passkey is added on the account page, under a name', async () => {
  await addPasskey(page, 'My laptop')
  assert.match(await textOf(page.locator('#passkeys')), /My laptop/)
})

test('signing in with the passkey, without typing, leads on to the code that was carried', async () => {
  await signOut(page)
  const device = await ask(world)
  await page.goto(device.verification_uri_complete)
  await signInWithPasskey(page)
  await page.waitForURL('**/device/approve')
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  await page.waitForURL('**/device/connected')
  const { id_token = '' } = await tokenOf(world, device)
  const claims = JSON.parse(Buffer.from(id_token.split('.')[1] ?? '', 'base64url').toString()) as {
    amr?: string[]
  }
  assert.deepEqual(claims.amr, ['pop', 'user', 'mfa'])
})

test('an answer of the passkey is good once', async () => {
  await signOut(page)
  await page.goto('/login')
  const answers: string[] = []
  page.on('request', (request) => {
    if (request.url().endsWith('/login/passkey')) answers.push(request.postData() ?? '')
  })
  const cookies = await page.context().cookies()
  await signInWithPasskey(page)
  await page.waitForURL('**/account')
  // Everything that was sent, sent again: the form, its proof, and the cookie that belonged to it.
  const replayed = await fetch(`${world.issuer}/login/passkey`, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
    },
    body: answers[0] ?? '',
  })
  assert.notEqual(replayed.status, 303)
  assert.equal(replayed.headers.get('set-cookie')?.includes('Max-Age=1209600') ?? false, false)
})

test('without the person’s verification the passkey is refused in a sentence', async () => {
  await signOut(page)
  await page.goto('/login')
  await authenticator.setUserVerified(false)
  await signInWithPasskey(page)
  await page.getByRole('alert').filter({ hasText: 'did not work here' }).waitFor()
  await authenticator.setUserVerified(true)
})

test('a passkey that was removed no longer signs in', async () => {
  await page.goto('/login')
  await signIn(page)
  await page.waitForURL('**/account')
  await page.getByRole('button', { name: 'Remove My laptop' }).click()
  await page.getByRole('status').filter({ hasText: 'The passkey was removed.' }).waitFor()
  await signOut(page)
  await page.goto('/login')
  await signInWithPasskey(page)
  await page.getByRole('alert').filter({ hasText: 'did not work here' }).waitFor()
  assert.deepEqual(world.complaints, [])
})

test('DV-21 without scripts there is no passkey button that does nothing', async () => {
  const plain = await world.open({ javaScriptEnabled: false })
  await plain.goto('/login')
  assert.equal(await plain.getByRole('button', { name: 'Sign in with a passkey' }).isVisible(), false)
  await plain.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
})
