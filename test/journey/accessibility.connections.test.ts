// The pages of connections, as inspect.ts looks at them, with real flows behind them. All other pages are accessibility.test.ts.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { answerCodeThere, answerThere } from '../support/connection-upstream.ts'
import {
  type ConnectionsWorld,
  openThere,
  pressConnect,
  startCode,
  startConnectionsWorld,
} from './connections-world.ts'
import { inspectPage } from './inspect.ts'

let world: ConnectionsWorld
let page: Page
before(async () => {
  world = await startConnectionsWorld()
  page = await world.open('mia', { reducedMotion: 'reduce' })
})
after(() => world.close())

const inspect = (name: string) => inspectPage(page, name)

test('5.4 the list of connections, and the account page that leads to it', async () => {
  await page.getByRole('link', { name: 'See your connections' }).waitFor()
  await inspect('account with connections')
  await page.getByRole('link', { name: 'See your connections' }).click()
  await page.getByText('Nothing is connected yet').waitFor()
  await inspect('nothing connected')
})

test('5.4 a connection by a code, from its beginning to its end', async () => {
  const { code } = await startCode(page, 'Corp', 'A rather long name for an account that is somewhere else')
  await page.locator('summary').click()
  await inspect('the code')
  await answerCodeThere(await openThere(page, 'Corp'), code, 'mia-there')
  await page.getByRole('heading', { name: 'Corp is connected' }).waitFor()
  await inspect('connected')
  await page.getByRole('link', { name: 'Your connections' }).click()
  await page.locator('#connected summary').click()
  await inspect('one connection')
})

test('5.4 a connection there and back, and the ways in which there is none', async () => {
  await page.route(`${world.upstream.issuer}/**`, (route) => route.fulfill({ status: 204 }))
  await page.goto('/account/connections')
  await page.getByRole('button', { name: 'Connect Shop' }).click({ noWaitAfter: true })
  await page.getByRole('heading', { name: 'To Shop' }).waitFor()
  await inspect('on the way to the provider')
  await page.unroute(`${world.upstream.issuer}/**`)
  await pressConnect(page, 'Shop')
  await page.waitForURL(`${world.upstream.issuer}/**`)
  await answerThere(page, 'no')
  await page.getByText('You said no at Shop').waitFor()
  await inspect('denied')
  await startCode(page, 'Corp')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('heading', { name: 'Cancelled' }).waitFor()
  await inspect('cancelled')
  await page.goto(`/account/connections/${'0'.repeat(32)}`)
  await inspect('no such flow')
  assert.deepEqual(world.complaints, [])
})
