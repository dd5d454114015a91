// A connection whose time is over at the provider before anybody used the code, and one whose server is started again in the middle:
// the page goes on by itself. All other ways in and out are connections.test.ts.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { answerCodeThere } from '../support/connection-upstream.ts'
import {
  type ConnectionsWorld,
  listed,
  openThere,
  startCode,
  startConnectionsWorld,
} from './connections-world.ts'

let world: ConnectionsWorld
before(async () => {
  world = await startConnectionsWorld({ deviceCodeSeconds: 8, env: { COUNTERSIGN_HOLD_SECONDS: '0' } })
})
after(() => world.close())

for (const scripts of [true, false]) {
  test(`S3 3.1 a code that nobody used in time connects nothing, and the page says so, scripts ${scripts ? 'on' : 'off'}`, async () => {
    const page = await world.open(scripts ? 'mia' : 'bob', { javaScriptEnabled: scripts })
    const { url } = await startCode(page, 'Corp')
    await page.getByRole('heading', { name: 'The time is over' }).waitFor()
    assert.equal(page.url(), url)
    await page.getByRole('link', { name: 'Start again' }).click()
    await page.getByRole('button', { name: 'Connect Corp' }).waitFor()
    assert.match(await listed(page), /Nothing is connected yet/)
  })
}

test('a page that waits notices that its person signed out in another tab', async () => {
  const page = await world.open('mia')
  await startCode(page, 'Corp')
  await page.context().clearCookies()
  await page.waitForURL('**/login')
})

test('LP-12 S3 3.6 a server that is started again lets go of the page that waits, and the flow goes on', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'countersign-restart-'))
  const lasting = await startConnectionsWorld({ data })
  t.after(async () => {
    await lasting.close()
    rmSync(data, { recursive: true })
  })
  const page = await lasting.open('mia')
  const { code, url } = await startCode(page, 'Corp', 'Through a restart')
  assert.equal(await lasting.restart(), 0)
  // Nobody touches the page: its script found nobody for a moment, and asks again.
  assert.equal(page.url(), url)
  assert.equal(await page.locator('.big-code').textContent(), code)
  await answerCodeThere(await openThere(page, 'Corp'), code, 'mia-there')
  await page.getByRole('heading', { name: 'Corp is connected' }).waitFor()
  assert.match(await listed(page), /Through a restart/)
})
