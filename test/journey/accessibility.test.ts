// Every page as inspect.ts looks at it, and the weight of what is loaded. Those of signing in elsewhere are accessibility.identity.test.ts.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { expireRequests, notes, startApp } from './app.ts'
import { inspectPage } from './inspect.ts'
import { addGeneric, ask, cancel, generic, mia, setUp, startWorld, tokenOf, type World } from './person.ts'

let world: World
let page: Page

before(async () => {
  world = await startWorld()
  page = await world.open({ reducedMotion: 'reduce' })
})
after(() => world.close())

const inspect = (name: string) => inspectPage(page, name)
const press = (name: string) => page.getByRole('button', { name, exact: true }).click()

test('5.4 setup, sign-in and front page', async () => {
  await page.goto('/login')
  await inspect('sign-in without accounts')
  await page.goto(world.setupUrl)
  await inspect('setup')
  await page.getByLabel('Your name').fill(mia.name)
  await page.getByLabel('E-mail address').fill(mia.email)
  await page.getByLabel('Password').fill('password1')
  await press('Create account')
  await inspect('setup with an error')
  await setUp(world, page)
  await inspect('account without devices')
  await page.goto(world.setupUrl)
  await inspect('setup used')
  await page.goto('/')
  await inspect('front')
})

test('5.4 code and question', async () => {
  await page.goto('/device')
  await inspect('enter')
  await page.getByLabel('Code').fill('BBBB-BBBB')
  await press('Continue')
  await inspect('enter, wrong')
  await page.goto(
    (await ask(world, { device_name: 'mia@aurora', client_version: '1.4.0', agent: 'An Agent' }))
      .verification_uri_complete,
  )
  await inspect('approve')
  await addGeneric(world)
  const from = '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff'
  const far = await ask(world, { device_name: 'n'.repeat(60), ...generic }, from)
  await page.goto(far.verification_uri_complete)
  await inspect('approve, elsewhere')
  await page.locator('form.decision').evaluate((form: HTMLFormElement) => {
    form.noValidate = true
  })
  await press('Allow')
  await inspect('approve, unconfirmed')
  await page.getByLabel('I started this myself').check()
  await press('Allow')
  await tokenOf(world, far, generic)
  await inspect('connected')
  await page.goto((await ask(world, {}, from)).verification_uri_complete)
  await inspect('approve, refused by policy')
  const returning = await ask(world, { return_code_supported: 'true' }, from)
  await page.goto(returning.verification_uri_complete)
  await inspect('approve, with a return code to come')
  await press('Allow')
  await page.waitForURL('**/device/return-code')
  await inspect('return code')
})

test('5.4 refused, reported, taken back', async () => {
  await page.goto((await ask(world)).verification_uri_complete)
  await press('Don’t allow')
  await inspect('denied')
  await page.goto((await ask(world)).verification_uri_complete)
  await press('I didn’t start this')
  await inspect('reported')
  const cancelled = await ask(world)
  await page.goto(cancelled.verification_uri_complete)
  await cancel(world, cancelled)
  await page.reload()
  await inspect('expired')
})

test('5.4 sign-in and question of an app, and the ways out of them', async (t) => {
  const { issuer, data } = world.server
  const long = 'An editor whose makers could not stop when they named it, and so on and so forth'
  const app = await startApp({ issuer, data, name: 'Editor', secret: 'a-secret-of-more-than-32-characters' })
  const local = await startApp({ issuer, data, name: long, host: '[::1]' })
  t.after(() => Promise.all([app.close(), local.close()]))
  await page.goto(app.begin({ prompt: 'select_account' }))
  await inspect('choice of an account')
  await page.getByRole('button', { name: /^Continue as/ }).click()
  await inspect('consent')
  await page.locator('input[name="scope.notes:delete"]').uncheck()
  // Where the app has nothing to show, the page that goes on is what a person sees.
  app.stall(true)
  await page.getByRole('button', { name: 'Allow', exact: true }).click({ noWaitAfter: true })
  await page.getByRole('heading', { name: 'Going back' }).waitFor()
  await inspect('going back')
  app.stall(false)
  await page.goto(app.begin())
  await inspect('consent, more than before')
  await page.goto(app.begin({ scope: 'email' }))
  await page.goto(app.begin({ scope: 'email', prompt: 'consent' }))
  await page.locator('input[type=checkbox]').uncheck()
  await press('Allow')
  await inspect('consent, nothing ticked')
  await page.goto(
    local.begin({ scope: 'openid profile email notes:read notes:write notes:delete', resource: notes }),
  )
  await inspect('consent of a program on this computer')
  await expireRequests(data)
  await page.reload()
  await inspect('over')
  await page.goto(app.begin({ prompt: 'login' }))
  await inspect('sign-in again')
})

test('5.4 account', async () => {
  await page.goto('/account')
  for (const details of await page.locator('details').all())
    await details.evaluate((one: HTMLDetailsElement) => {
      one.open = true
    })
  await inspect('account')
  await page.getByLabel('Current password').fill('wrong')
  await page.getByLabel('New password').fill('five loud red trains')
  await press('Change password')
  await inspect('password, wrong')
  await page.locator('header').getByRole('button').click()
  await page.goto('/login')
  await page.getByLabel('E-mail address').fill(mia.email)
  await page.getByLabel('Password').fill('wrong')
  await press('Sign in')
  await inspect('sign-in, wrong')
})

test('5.4 a page with everything that it loads is under 30 kB', async () => {
  const fresh = await world.open()
  let bytes = 0
  const bodies: Promise<void>[] = []
  fresh.on('response', (response) => {
    bodies.push(
      response.body().then(
        (body) => {
          bytes += body.length
        },
        () => {},
      ),
    )
  })
  await fresh.goto('/login', { waitUntil: 'networkidle' })
  await Promise.all(bodies)
  assert.ok(bytes > 5000 && bytes < 30_000, `${bytes} bytes`)
  assert.deepEqual(world.complaints, [])
})
