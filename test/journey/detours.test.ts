// What people do besides the straight way: go back, open two tabs, reload, mistype, refuse, wait too long.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { addGeneric, ask, cancel, generic, setUp, startWorld, textOf, tokenOf, type World } from './person.ts'

let world: World
let page: Page

before(async () => {
  world = await startWorld()
  page = await world.open()
  await setUp(world, page)
})
after(() => world.close())

const heading = (on: Page) => textOf(on.getByRole('heading', { level: 1 }))
const allow = (on: Page) => on.getByRole('button', { name: 'Allow', exact: true }).click()

test('the Back button before the decision keeps the code good', async () => {
  const device = await ask(world)
  await page.goto('/device')
  await page.getByLabel('Code').fill(device.user_code)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL('**/device/approve')
  await page.goBack()
  assert.equal(await heading(page), 'Connect a device')
  await page.goForward()
  assert.match(await heading(page), /^Allow/)
  await allow(page)
  await page.waitForURL('**/device/connected')
  assert.ok((await tokenOf(world, device)).access_token)
})

test('DV-10 the Back button after the decision leads to its answer, and a reload repeats nothing', async () => {
  const device = await ask(world)
  await page.goto(device.verification_uri_complete)
  await allow(page)
  await page.waitForURL('**/device/connected')
  await page.reload()
  assert.equal(await heading(page), 'Connected')
  await page.goBack()
  await page.waitForURL('**/device/connected')
  assert.equal(await heading(page), 'Connected')
})

test('two tabs: each decides the request that it shows', async () => {
  const [one, two] = [await ask(world), await ask(world)]
  const second = await page.context().newPage()
  await page.goto(one.verification_uri_complete)
  await second.goto(two.verification_uri_complete)
  await second.getByRole('button', { name: 'Don’t allow' }).click()
  await allow(page)
  await page.waitForURL('**/device/connected')
  assert.ok((await tokenOf(world, one)).access_token)
  assert.equal((await tokenOf(world, two)).error, 'access_denied')
  await second.close()
})

test('a wrong code stays in its field, with the message and the focus', async () => {
  await page.goto('/device')
  await page.getByLabel('Code').pressSequentially('bbbb-bbbb')
  assert.equal(await page.getByLabel('Code').inputValue(), 'BBBB-BBBB')
  await page.keyboard.press('Enter')
  const field = page.getByLabel('Code')
  await page.locator('#user_code-error').waitFor()
  assert.equal(await field.inputValue(), 'BBBB-BBBB')
  assert.equal(await field.getAttribute('aria-invalid'), 'true')
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'user_code')
})

test('refusing, and reporting, end the request', async () => {
  const [refused, reported] = [await ask(world), await ask(world)]
  await page.goto(refused.verification_uri_complete)
  await page.getByRole('button', { name: 'Don’t allow' }).click()
  assert.equal(await heading(page), 'Nothing was allowed')
  assert.equal((await tokenOf(world, refused)).error, 'access_denied')
  await page.goto(reported.verification_uri_complete)
  await page.getByRole('button', { name: 'I didn’t start this' }).click()
  assert.equal(await heading(page), 'Refused and reported')
  await page.getByRole('link', { name: 'Change your password' }).click()
  await page.waitForURL('**/account#change-password')
  assert.equal((await tokenOf(world, reported)).error, 'access_denied')
})

test('a request that is taken back while it is looked at says so, and offers a field', async () => {
  const device = await ask(world)
  await page.goto(device.verification_uri_complete)
  await cancel(world, device)
  await allow(page)
  assert.equal(await heading(page), 'This code is no longer valid')
  await page.getByLabel('Code').waitFor()
})

test('DV-13 from another network Allow is refused by the browser until the box is ticked', async () => {
  await addGeneric(world)
  const device = await ask(world, generic, '203.0.113.7')
  await page.goto(device.verification_uri_complete)
  await page.getByRole('alert').filter({ hasText: 'different network' }).waitFor()
  await allow(page)
  assert.equal(new URL(page.url()).pathname, '/device/approve')
  await page.getByLabel('I started this myself').check()
  await allow(page)
  await page.waitForURL('**/device/connected')
  assert.ok((await tokenOf(world, device, generic)).access_token)
})

test('DV-18 from another network Allow shows six characters, and the page goes on when they have arrived', async () => {
  const device = await ask(world, { return_code_supported: 'true' }, '198.51.100.7')
  await page.goto(device.verification_uri_complete)
  await page.getByRole('alert').filter({ hasText: 'different network' }).waitFor()
  await allow(page)
  await page.waitForURL('**/device/return-code')
  const code = await textOf(page.locator('.return-code'))
  assert.match(code, /^[B-Z3479]{6}$/)
  await page.reload()
  assert.equal(await textOf(page.locator('.return-code')), code)
  await page.goBack()
  await page.waitForURL('**/device/return-code')
  assert.equal((await tokenOf(world, device)).error, 'authorization_pending')
  await page.getByRole('link', { name: 'I have typed them' }).click()
  assert.equal(await heading(page), 'Now type this in your terminal')
  assert.ok((await tokenOf(world, device, { return_code: code })).access_token)
  // As the browser tells a page whose person comes back from the terminal.
  await page.evaluate(() => window.dispatchEvent(new Event('focus')))
  await page.waitForURL('**/device/connected')
})

test('2.2.1 the countdown runs, is announced only at one minute and at the end', async () => {
  const own = await page.context().newPage()
  await own.clock.install()
  const device = await ask(world)
  await own.goto(device.verification_uri_complete)
  const status = own.locator('#time-status')
  await own.clock.runFor(60_000)
  assert.match(await textOf(own.locator('[data-left]')), /^(9:00|8:5\d)$/)
  assert.equal(await status.textContent(), '')
  await own.clock.runFor(8 * 60_000)
  assert.equal(await status.textContent(), 'One minute left.')
  await own.clock.runFor(60_000)
  assert.match((await status.textContent()) ?? '', /has expired/)
  assert.equal(await textOf(own.locator('[data-left]')), '0:00')
  await own.close()
})

test('DV-19 the code is in no address that the browser keeps, and nothing complained', async () => {
  const device = await ask(world)
  const own = await page.context().newPage()
  const loaded: string[] = []
  own.on('request', (request) => loaded.push(request.url()))
  await own.goto(device.verification_uri_complete)
  // The link itself is asked for once; everything loaded after it is clean.
  assert.ok(loaded[0]?.includes(device.user_code))
  assert.ok(loaded.length > 2)
  assert.ok(loaded.slice(1).every((url) => !url.includes(device.user_code)))
  assert.ok(!own.url().includes(device.user_code))
  await own.close()
  assert.deepEqual(world.complaints, [])
})
