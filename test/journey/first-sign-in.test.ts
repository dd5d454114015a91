// The whole way of a newcomer, in a real browser: setup, code, question, answer, account page. With scripts and without.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addGeneric,
  ask,
  generic,
  mia,
  setUp,
  signIn,
  startWorld,
  textOf,
  tokenOf,
  useToken,
} from './person.ts'

for (const javaScriptEnabled of [true, false]) {
  test(`DV-01 DV-21 from the setup link to a revoked device, scripts ${javaScriptEnabled ? 'on' : 'off'}`, async (t) => {
    const world = await startWorld()
    t.after(world.close)
    const page = await world.open({ javaScriptEnabled })
    await setUp(world, page)
    assert.match(await textOf(page.locator('.empty')), /countersign login/)

    // A terminal asks, and the person types the code.
    const device = await ask(world, { device_name: 'mia@aurora' })
    await page.goto(device.verification_uri)
    await page.getByLabel('Code').fill(device.user_code.toLowerCase().replace('-', ' '))
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL('**/device/approve')
    assert.match(await textOf(page.getByRole('heading', { level: 1 })), /^Allow .+ to use your account\?$/)
    assert.ok((await textOf(page.locator('.big-code'))).includes(device.user_code))
    const [tokens] = await Promise.all([
      tokenOf(world, device),
      page.getByRole('button', { name: 'Allow', exact: true }).click(),
    ])
    assert.ok(tokens.access_token)
    await page.waitForURL('**/device/connected')
    assert.match(await textOf(page.locator('main')), /mia@aurora is signed in as mia@example.com/)
    assert.equal(await useToken(world, tokens.access_token), 200)

    // The account page has it, and ends it.
    await page.getByRole('link', { name: 'All devices' }).click()
    assert.match(await textOf(page.locator('#devices')), /mia@aurora\s+Just connected/)
    await page.locator('#devices summary').click()
    await page.getByLabel('Name', { exact: true }).fill('My terminal')
    await page.getByRole('button', { name: 'Save' }).click()
    assert.match(await textOf(page.locator('#devices')), /My terminal/)
    await page.locator('#devices summary').click()
    await page.locator('#devices').getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByRole('status').filter({ hasText: 'The device was signed out.' }).waitFor()
    assert.equal(await useToken(world, tokens.access_token), 401)

    // Out, and in again by a link, without being asked for the code.
    await page.locator('header').getByRole('button', { name: 'Sign out' }).click()
    const second = await ask(world)
    await page.goto(second.verification_uri_complete)
    assert.equal(new URL(page.url()).pathname, '/login')
    assert.match(await textOf(page.locator('main')), new RegExp(`Connecting\\s+${second.user_code}`))
    await signIn(page)
    await page.waitForURL('**/device/approve')
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await page.getByRole('button', { name: 'Undo' }).click()
    assert.equal(await textOf(page.getByRole('heading', { level: 1 })), 'Undone')
    assert.equal((await tokenOf(world, second)).error, 'access_denied')
    assert.deepEqual(world.complaints, [])
  })
}

test('UI-03 the decision works by keyboard alone, and the Enter key never means Allow', async (t) => {
  const world = await startWorld()
  t.after(world.close)
  const page = await world.open()
  await setUp(world, page)
  await addGeneric(world)
  const device = await ask(world, generic, '203.0.113.7')
  await page.goto(device.verification_uri_complete)
  await page.locator('h1:focus').waitFor()
  // From the heading: switch, tick, don't allow, allow, report.
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'confirm')
  await page.keyboard.press('Space')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/device/denied')

  const again = await ask(world, generic, '203.0.113.7')
  await page.goto(again.verification_uri_complete)
  await page.locator('h1:focus').waitFor()
  for (const key of ['Tab', 'Tab', 'Space', 'Tab', 'Tab']) await page.keyboard.press(key)
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Allow')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/device/connected')
  assert.ok((await tokenOf(world, again, generic)).access_token)
  assert.match(await textOf(page.locator('main')), new RegExp(mia.email))
})
