// Signing in at a provider of identities in Chromium, with the real program and a real OpenID provider (npm `oidc-provider`): on the way
// to a device and by itself, with scripts and without; and each way in which it does not work out.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type IdentityWorld, sayNoThere, signInThere, startIdentityWorld } from './identity-world.ts'
import { ask, tokenOf } from './person.ts'

let world: IdentityWorld
before(async () => {
  world = await startIdentityWorld()
})
after(() => world.close())

for (const scripts of [true, false]) {
  test(`UI-03 OSA-D2 a device is approved by somebody who signs in at a provider, scripts ${scripts ? 'on' : 'off'}`, async () => {
    // The first account is an administrator's, by a claim.
    const page = await world.open({ javaScriptEnabled: scripts })
    await page.goto('/login')
    await signInThere(page, world.upstream, 'root')
    await page.waitForURL('**/account')
    const second = await world.open({ javaScriptEnabled: scripts })
    const device = await ask(world, { device_name: 'eva@aurora' })
    await second.goto(device.verification_uri_complete)
    await second.waitForURL('**/login')
    await signInThere(second, world.upstream, 'eva')
    await second.waitForURL('**/device/approve')
    assert.ok(
      ((await second.locator('.big-code').textContent()) ?? '').replace(/\s/g, '').includes(device.user_code),
    )
    const [tokens] = await Promise.all([
      tokenOf(world, device),
      second.getByRole('button', { name: 'Allow', exact: true }).click(),
    ])
    assert.ok(tokens.access_token)
    await second.waitForURL('**/device/connected')
    await second.goto('/account')
    assert.match((await second.locator('#identities').textContent()) ?? '', /Corp/)
    assert.deepEqual(world.complaints, [])
    await page.context().close()
    await second.context().close()
  })
}

test('OSA-D7 a no at the provider ends the held poll of the device at once', async () => {
  const page = await world.open()
  const device = await ask(world)
  await page.goto(device.verification_uri_complete)
  const polling = tokenOf(world, device)
  await sayNoThere(page, world.upstream)
  await page.waitForURL('**/device/turned-away')
  assert.match((await page.locator('main').textContent()) ?? '', /go back to your terminal/)
  assert.equal((await polling).error, 'access_denied')
  await page.context().close()
})

test('OSA-D9 a no by itself is said once, and the Back button leads to no callback', async () => {
  const page = await world.open()
  await page.goto('/login')
  await sayNoThere(page, world.upstream)
  await page.getByText('You said no at the other site').waitFor()
  assert.equal(new URL(page.url()).pathname, '/login')
  await page.reload()
  assert.equal(await page.getByText('You said no at the other site').count(), 0)

  await signInThere(page, world.upstream, 'eva')
  await page.waitForURL('**/account')
  await page.goBack()
  assert.ok(!page.url().includes('/callback'))
  await page.context().close()
})
