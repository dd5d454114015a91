// Every page under axe-core, in light, dark, forced colours and at 320 px; and what axe does not look at: sideways scrolling,
// the size of targets, and the weight of what is loaded.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expireRequests, notes, startApp } from './app.ts'
import { ask, cancel, mia, setUp, startWorld, tokenOf, type World } from './person.ts'

let world: World
let page: Page

before(async () => {
  world = await startWorld()
  page = await world.open({ reducedMotion: 'reduce' })
})
after(() => world.close())

const looks = [
  { name: 'light', width: 1100, colorScheme: 'light', forcedColors: 'none' },
  { name: 'dark', width: 1100, colorScheme: 'dark', forcedColors: 'none' },
  { name: '320 px', width: 320, colorScheme: 'light', forcedColors: 'none' },
  { name: '320 px dark', width: 320, colorScheme: 'dark', forcedColors: 'none' },
  { name: 'forced colours', width: 800, colorScheme: 'dark', forcedColors: 'active' },
] as const

async function inspect(name: string): Promise<void> {
  for (const look of looks) {
    await page.setViewportSize({ width: look.width, height: 800 })
    await page.emulateMedia({ colorScheme: look.colorScheme, forcedColors: look.forcedColors })
    assert.deepEqual(await violations(), [], `${name}, ${look.name}`)
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    assert.ok(sideways <= 0, `${name}, ${look.name}: ${sideways} px too wide`)
    assert.deepEqual(await smallTargets(), [], `${name}, ${look.name}`)
  }
}

async function violations(): Promise<string[]> {
  // Evaluated by the debugger, so the page's own policy does not have to allow it.
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { axe: engine } = window as unknown as { axe: typeof import('axe-core') }
    const found = await engine.run(document)
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    )
  })
}

// 44 px high for everything that is pressed; links in running text are exempt (WCAG 2.5.8), and a box counts with its label.
function smallTargets(): Promise<string[]> {
  return page.evaluate(() =>
    [
      ...document.querySelectorAll(
        'button, .button, summary, .brand, input:not([type=hidden], [type=checkbox]), label.check',
      ),
    ]
      .filter((target) => target.checkVisibility())
      .filter((target) => target.getBoundingClientRect().height < 43.5)
      .map((target) => target.outerHTML),
  )
}

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
  const far = await ask(world, { device_name: 'n'.repeat(60) }, '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff')
  await page.goto(far.verification_uri_complete)
  await inspect('approve, elsewhere')
  await page.locator('form.decision').evaluate((form: HTMLFormElement) => {
    form.noValidate = true
  })
  await press('Allow')
  await inspect('approve, unconfirmed')
  await page.getByLabel('I started this myself').check()
  await press('Allow')
  await tokenOf(world, far)
  await inspect('connected')
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
