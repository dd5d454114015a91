// Connecting accounts elsewhere in Chromium, with the real program, the real broker and real providers (npm `oidc-provider`, and a
// second server of ours): each way in and out, with scripts and without. Each page by itself is in packages/server.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { answerCodeThere, answerThere, callbackAfter } from '../support/connection-upstream.ts'
import { decide, signInWithPassword } from '../support/decide-in-browser.ts'
import {
  type ConnectionsWorld,
  listed,
  miaThere,
  openThere,
  pressConnect,
  startCode,
  startConnectionsWorld,
} from './connections-world.ts'

let world: ConnectionsWorld
before(async () => {
  world = await startConnectionsWorld({ withSecond: true })
})
after(() => world.close())

const connected = (page: Page, name: string) =>
  page.getByRole('heading', { name: `${name} is connected` }).waitFor()

for (const scripts of [true, false]) {
  const how = `scripts ${scripts ? 'on' : 'off'}`

  test(`S3 3.1 an account is connected by a code, ${how}; the page goes on by itself`, async () => {
    const page = await world.open('mia', { javaScriptEnabled: scripts })
    const { code } = await startCode(page, 'Corp', `By code ${how}`)
    const there = await openThere(page, 'Corp')
    await answerCodeThere(there, code, 'mia-there')
    await connected(page, 'Corp')
    const list = await listed(page)
    assert.match(list, new RegExp(`By code ${how}`))
    assert.match(list, /Corp · mia-there/)
    assert.match(list, /Works/)
  })

  test(`S3 3.1 an account is connected by going there and coming back, ${how}`, async () => {
    const page = await world.open('mia', { javaScriptEnabled: scripts })
    await pressConnect(page, 'Shop', `By redirect ${how}`)
    await page.waitForURL(`${world.upstream.issuer}/**`)
    await answerThere(page, 'mia-there')
    await connected(page, 'Shop')
    assert.ok(!/code=|state=/.test(page.url()))
    assert.match(await listed(page), new RegExp(`By redirect ${how}`))
  })

  test(`a no by either way connects nothing and says so, ${how}`, async () => {
    const page = await world.open('bob', { javaScriptEnabled: scripts })
    const { code } = await startCode(page, 'Corp')
    await answerCodeThere(await openThere(page, 'Corp'), code, 'no')
    await page.getByText('You said no at Corp').waitFor()
    await pressConnect(page, 'Shop')
    await page.waitForURL(`${world.upstream.issuer}/**`)
    await answerThere(page, 'no')
    await page.getByText('You said no at Shop').waitFor()
    assert.match(await listed(page), /Nothing is connected yet/)
  })

  test(`S3-1 cancel wins over a yes that comes after it, ${how}`, async () => {
    const page = await world.open('bob', { javaScriptEnabled: scripts })
    const { code } = await startCode(page, 'Corp')
    const there = await openThere(page, 'Corp')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('heading', { name: 'Cancelled' }).waitFor()
    await answerCodeThere(there, code, 'bob-there')
    // Longer than the interval in which the provider would have been asked.
    await page.waitForTimeout(6000)
    await page.reload()
    await page.getByRole('heading', { name: 'Cancelled' }).waitFor()
    assert.match(await listed(page), /Nothing is connected yet/)
  })
}

test('our own server as the provider, by a code and there and back', async () => {
  const page = await world.open('mia')
  const { code } = await startCode(page, 'Second')
  const opened = page.context().waitForEvent('page')
  await page.getByRole('link', { name: 'Open Second' }).click()
  const there = await opened
  await there.getByText(code).first().waitFor()
  await signInWithPassword(there, miaThere)
  await there.waitForURL('**/device/approve')
  await decide(there, 'allow')
  await connected(page, 'Second')
  await pressConnect(page, 'Second Code')
  await page.waitForURL(`${world.second?.issuer}/**`)
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  await connected(page, 'Second Code')
})

test('S3-9 our own server learns of a cancel: the code there counts no more', async () => {
  const page = await world.open('mia')
  await startCode(page, 'Second')
  const there = await openThere(page, 'Second')
  await signInWithPassword(there, miaThere)
  await there.waitForURL('**/device/approve')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('heading', { name: 'Cancelled' }).waitFor()
  await decide(there, 'allow')
  await there.getByText('This code is no longer valid').waitFor()
})

test('a reload in the middle, a second start and a second tab are the same flow; both tabs see the end', async () => {
  const page = await world.open('bob')
  const { code, url } = await startCode(page, 'Corp')
  await page.reload()
  assert.equal(await page.locator('.big-code').textContent(), code)
  const second = await page.context().newPage()
  assert.deepEqual(await startCode(second, 'Corp'), { code, url })
  await answerCodeThere(await openThere(page, 'Corp'), code, 'bob-there')
  await Promise.all([connected(page, 'Corp'), connected(second, 'Corp')])
  assert.equal((await listed(page)).match(/Works/g)?.length, 1)
})

test('S3-7 CL-20 another person, and another session of the same, see nothing of a flow and cannot end it', async () => {
  const page = await world.open('mia')
  const { code, url } = await startCode(page, 'Corp', 'Mine alone')
  for (const who of ['bob', 'mia'] as const) {
    const other = await world.open(who)
    const answer = await other.goto(url)
    assert.equal(answer?.status(), 404)
    await other.getByText('There is nothing to go on with here').waitFor()
    assert.equal((await other.goto(`${url}/status`))?.status(), 404)
    await other.goto('/account/connections')
    const proof = await other.locator('form[action$="/connect"] [name=proof]').first().inputValue()
    const id = url.slice(url.lastIndexOf('/') + 1)
    const form = { proof, flow: id }
    const cancelled = await other.request.post('/account/connections/cancel', { form })
    assert.equal(cancelled.status(), 404)
    await other.context().close()
  }
  await answerCodeThere(await openThere(page, 'Corp'), code, 'mia-there')
  await connected(page, 'Corp')
})

test('CL-20 the answer of a provider is taken in the browser that asked, and once', async () => {
  const page = await world.open('mia')
  await pressConnect(page, 'Shop', 'Brought home')
  await page.waitForURL(`${world.upstream.issuer}/**`)
  const callback = await callbackAfter(page, 'mia-there')
  const other = await world.open('bob')
  assert.equal((await other.goto(callback))?.status(), 404)
  const made = new URL(callback)
  made.searchParams.set('state', `${made.searchParams.get('state')?.slice(0, -4)}AAAA`)
  assert.equal((await page.goto(made.href))?.status(), 404)
  await page.goto(callback)
  await connected(page, 'Shop')
  await page.goto(callback)
  assert.equal((await listed(page)).match(/Brought home/g)?.length, 1)
})

test('a connection gets another name, is ended at the provider, and is gone', async () => {
  const page = await world.open('bob')
  const { code } = await startCode(page, 'Corp', 'To be ended')
  await answerCodeThere(await openThere(page, 'Corp'), code, 'bob-there')
  await connected(page, 'Corp')
  const token = [...(world.upstream.secrets.get('access_token') ?? [])].at(-1) ?? ''
  assert.ok(await world.upstream.isLive(token))
  await page.goto('/account/connections')
  const row = page.locator('#connected li').filter({ hasText: 'To be ended' }).first()
  await row.locator('summary').click()
  await row.getByLabel('Name').fill('Ended soon')
  await row.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The name was saved').waitFor()
  const renamed = page.locator('#connected li').filter({ hasText: 'Ended soon' }).first()
  await renamed.locator('summary').click()
  await renamed.getByRole('button', { name: 'Disconnect' }).click()
  await page.getByText('the other site was told so').waitFor()
  assert.doesNotMatch((await page.locator('#connected').textContent()) ?? '', /Ended soon/)
  assert.ok(!(await world.upstream.isLive(token)))
})

test('the pages complained about nothing', () => assert.deepEqual(world.complaints, []))
