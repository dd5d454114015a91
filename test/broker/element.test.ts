// <countersign-connect> in a real browser, on pages that allow no style or script but their own files: every state, reload, two tabs,
// another session, keyboard, frameworks. Its text and weight are packages/broker/src/element/script.test.ts.

import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { inspectPage } from '../journey/inspect.ts'
import { type ElementWorld, startElementWorld } from './element-world.ts'

let world: ElementWorld
let people = 0
before(async () => {
  world = await startElementWorld()
})
// Nobody's flow stays behind to be told what is meant for the next.
afterEach(() => world.broker.forget(`p${people}`))
after(() => world.close())

/** Somebody new, with a browser of their own. */
const open = (options?: Parameters<ElementWorld['open']>[1]) => world.open(`p${++people}.one`, options)

const button = (page: Page, name: string) => page.getByRole('button', { name })
const status = (page: Page) => page.locator('countersign-connect').getByRole('status')
const heard = (page: Page) => page.evaluate(() => (window as unknown as { heard: unknown[][] }).heard)
const code = (page: Page) => page.locator('countersign-connect code').textContent()

async function start(page: Page, provider = 'github'): Promise<void> {
  await page.goto(`/settings?provider=${provider}`)
  await button(page, 'Connect').click()
  await button(page, 'Cancel').waitFor()
}

async function says(page: Page, text: string | RegExp): Promise<void> {
  await status(page).filter({ hasText: text }).waitFor()
}

test('a person connects: the code, the link, the time that is left, and at once that it worked', async () => {
  const page = await open()
  await start(page)
  await says(page, 'Enter this code at GitHub:')
  assert.match((await code(page)) ?? '', /^CODE-\d+$/)
  const link = page.getByRole('link', { name: 'Open provider.example/device' })
  const attribute = (name: string) => link.getAttribute(name)
  assert.equal(await attribute('href'), 'https://provider.example/device')
  assert.deepEqual([await attribute('target'), await attribute('rel')], ['_blank', 'noopener noreferrer'])
  await page
    .locator('time')
    .filter({ hasText: /^1[45]:\d\d left$/ })
    .waitFor()
  world.github.polls.push(world.github.approved())
  await world.clock.pass(5)
  await says(page, 'GitHub is connected.')
  const [[type, detail] = []] = await heard(page)
  assert.equal(type, 'countersign-connected')
  assert.equal((detail as { provider: string }).provider, 'github')
  assert.deepEqual(world.complaints, [])
})

test('a no at the provider, the end of the time, a cancel: what happened, and a new try', async () => {
  const page = await open()
  await start(page)
  const first = await code(page)
  world.github.polls.push({ type: 'denied' })
  await world.clock.pass(5)
  await says(page, 'GitHub was told no. Nothing was connected.')
  await button(page, 'Try again').click()
  await says(page, 'Enter this code')
  assert.notEqual(await code(page), first)
  await world.clock.pass(901)
  await says(page, 'The time to connect GitHub ran out.')
  await button(page, 'Try again').click()
  await button(page, 'Cancel').click()
  await says(page, 'Cancelled. Nothing was connected.')
  await button(page, 'Try again').click()
  await says(page, 'Enter this code')
  world.github.polls.push({ type: 'problem', problem: 'provider_answer' })
  await world.clock.pass(5)
  await says(page, 'The provider answered something unexpected.')
  const failed = (await heard(page)).map(([, detail]) => (detail as { status: string }).status)
  assert.deepEqual(failed, ['denied', 'expired', 'cancelled', 'error'])
})

test('a start that fails says why in the words of the server; without a server, in its own', async () => {
  const page = await open()
  await page.goto('/settings')
  world.github.begins.push({ type: 'trouble' })
  await button(page, 'Connect GitHub').click()
  await says(page, 'The provider could not be reached.')
  await page.route('**/start', (route) => route.abort())
  await button(page, 'Try again').click()
  await says(page, 'The server cannot be reached.')
  await page.unroute('**/start')
  await button(page, 'Try again').click()
  await says(page, 'Enter this code')
})

test('a provider with a page of its own: there and back, and connected on the page that it came from', async () => {
  const page = await open()
  await page.goto('/settings?provider=acme')
  await button(page, 'Connect Acme').click()
  await page.waitForURL('**/authorize?state=*')
  world.acme.polls.push(world.acme.approved())
  await page.getByRole('link', { name: 'Allow' }).click()
  for (let turns = 0; turns < 20 && !page.url().includes('/settings'); turns++) {
    await world.clock.pass(0.2)
    await page.waitForTimeout(50)
  }
  assert.equal(new URL(page.url()).search, '?provider=acme')
  await world.clock.pass(5)
  await says(page, 'Acme is connected.')
  assert.equal((await heard(page)).length, 1)
})

test('something to be done on the machine of the application is said in words', async () => {
  const page = await open()
  await start(page, 'claude')
  await says(page, 'Waiting for Claude…')
  await page.getByText('Sign in on this machine.').waitFor()
  assert.equal(await page.getByRole('link').count(), 0)
  world.claude.polls.push(world.claude.approved())
  await world.clock.pass(5)
  await says(page, 'Claude is connected.')
})

test('reloaded in the middle: the same code, and it goes on', async () => {
  const page = await open()
  await start(page)
  const before = await code(page)
  await page.reload()
  await says(page, 'Enter this code')
  assert.equal(await code(page), before)
  world.github.polls.push(world.github.approved())
  await world.clock.pass(5)
  await says(page, 'GitHub is connected.')
  await page.reload()
  await button(page, 'Connect GitHub').waitFor()
})

test('two tabs of one person have one flow, and what one does the other sees', async () => {
  const one = await open()
  await start(one)
  const two = await one.context().newPage()
  await start(two)
  assert.equal(await code(two), await code(one))
  await button(two, 'Cancel').click()
  await says(one, 'Cancelled. Nothing was connected.')
})

test('more tabs than a browser has connections: each of them loads, and each of them hears', async () => {
  const first = await open()
  const tabs = [first]
  await start(first)
  while (tabs.length < 8) {
    const tab = await first.context().newPage()
    await start(tab)
    tabs.push(tab)
  }
  await button(first, 'Cancel').click()
  await Promise.all(tabs.map((tab) => says(tab, 'Cancelled. Nothing was connected.')))
})

test('CL-20 S3-7 the id of a flow in another browser of the same person is good for nothing', async () => {
  const one = await open()
  await start(one)
  const kept = await one.evaluate(() => Object.entries(sessionStorage))
  const other = await world.open(`p${people}.other`)
  await other.goto('/settings')
  await other.evaluate((entries) => Object.assign(sessionStorage, Object.fromEntries(entries)), kept)
  await other.reload()
  await button(other, 'Connect GitHub').waitFor()
  const flow = kept[0]?.[1] ?? ''
  const asked = await other.evaluate(async (flow_id) => {
    const there = '/api/onboarding/oauth'
    const body = JSON.stringify({ flow_id })
    const answers = [fetch(`${there}/poll?flow_id=${flow_id}`), fetch(`${there}/events?flow_id=${flow_id}`)]
    const cancel = await fetch(`${there}/cancel`, { method: 'POST', body })
    return [...(await Promise.all(answers)).map((answer) => answer.status), await cancel.json()]
  }, flow)
  assert.deepEqual(asked, [404, 404, { ok: true, flow_id: flow, status: 'cancelled' }])
  await one.reload()
  await says(one, 'Enter this code')
})

test('where streams do not come through, asking does', async () => {
  const page = await open()
  await page.route('**/events?*', (route) => route.abort())
  world.github.begins.push({
    type: 'begun',
    shown: {
      kind: 'code',
      userCode: 'POLL-ED',
      verificationUri: 'https://provider.example/device',
      verificationUriComplete: null,
    },
    remembered: {},
    interval: 3,
  })
  await start(page)
  world.github.polls.push(world.github.approved())
  await world.clock.pass(5)
  await says(page, 'GitHub is connected.')
})

test('only https links, and http ones of this machine, are links', async () => {
  const page = await open()
  for (const verificationUri of [
    'javascript:alert(1)',
    'http://provider.example/device',
    'data:text/html,x',
    'nonsense',
  ]) {
    const answer = {
      ok: true,
      provider: 'github',
      flow_id: 'f'.repeat(32),
      status: 'pending',
      user_code: 'EVIL',
    }
    const body = JSON.stringify({ ...answer, verification_uri: verificationUri, seconds_left: 60 })
    await page.route('**/start', (route) => route.fulfill({ contentType: 'application/json', body }))
    await page.route('**/{poll,events}?*', (route) => route.abort())
    await start(page)
    assert.equal(await code(page), 'EVIL')
    assert.equal(await page.getByRole('link').count(), 0, verificationUri)
    await page.evaluate(() => sessionStorage.clear())
  }
})

test('with the keyboard alone, and the focus is never lost', async () => {
  const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
  await page.goto('/settings')
  const focused = () =>
    page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.textContent ?? 'nothing')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await says(page, 'Enter this code')
  assert.equal(await focused(), 'Open provider.example/device')
  await page.keyboard.press('Shift+Tab')
  assert.equal(await focused(), 'Copy code')
  await page.keyboard.press('Enter')
  await says(page, 'Code copied')
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await code(page))
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  assert.equal(await focused(), 'Cancel')
  await page.keyboard.press('Enter')
  await says(page, 'Cancelled')
  assert.equal(await focused(), 'Try again')
  await page.keyboard.press('Enter')
  await says(page, 'Enter this code')
  world.github.polls.push(world.github.approved())
  await world.clock.pass(5)
  await says(page, 'GitHub is connected.')
  assert.match(await focused(), /GitHub is connected/)
})

test('moved about it goes on, removed it stops, and loaded twice it is there once', async () => {
  const page = await open()
  await page.goto('/twice')
  await button(page, 'Connect GitHub').click()
  await says(page, 'Enter this code')
  await page.evaluate(() => document.body.prepend(document.querySelector('countersign-connect') as Element))
  await says(page, 'Enter this code')
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await page.evaluate(() => document.querySelector('countersign-connect')?.remove())
  await world.clock.pass(16)
  await page.waitForTimeout(1500)
  assert.deepEqual(asked, [])
  assert.deepEqual(await heard(page), [])
  assert.deepEqual(world.complaints, [])
})

test('what stands inside it is the text of its button', async () => {
  const page = await open()
  await page.goto('/settings')
  await page.evaluate(() => {
    const own = document.createElement('countersign-connect')
    own.setAttribute('provider', 'github')
    own.append('Bring your GitHub along')
    document.querySelector('main')?.replaceChildren(own)
  })
  await button(page, 'Bring your GitHub along').click()
  await says(page, 'Enter this code at GitHub:')
})

for (const framework of ['react', 'vue']) {
  test(`on a page of ${framework}: attributes that change, and events that are heard`, async () => {
    const page = await open()
    await page.goto(`/with-${framework}`)
    await button(page, 'Connect Claude').waitFor()
    await page.locator('#change').click()
    await button(page, 'Connect GitHub').click()
    await says(page, 'Enter this code at GitHub:')
    world.github.polls.push(world.github.approved())
    await world.clock.pass(5)
    await page.locator('output').filter({ hasText: 'github' }).waitFor()
    assert.deepEqual(world.complaints, [])
  })
}

test('every state is accessible: light, dark, 320 px, forced colours', async () => {
  const page = await open({ reducedMotion: 'reduce' })
  await page.goto('/settings')
  await button(page, 'Connect GitHub').waitFor()
  await inspectPage(page, 'idle')
  await button(page, 'Connect GitHub').click()
  await says(page, 'Enter this code')
  await inspectPage(page, 'pending')
  world.github.polls.push({ type: 'denied' })
  await world.clock.pass(5)
  await says(page, 'told no')
  await inspectPage(page, 'denied')
  await button(page, 'Try again').click()
  await says(page, 'Enter this code')
  world.github.polls.push(world.github.approved())
  await world.clock.pass(5)
  await says(page, 'is connected')
  await inspectPage(page, 'success')
  await start(page, 'claude')
  await inspectPage(page, 'something to do')
})
