// The status of a flow as a stream, through the whole handler: what it sends and when, how it ends, and what it costs to leave open.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { type ConnectWorld, openConnectWorld, type TestBrowser } from '../testing/connect-world.ts'

let world: ConnectWorld
let page: TestBrowser
afterEach(() => world.close())

async function open(): Promise<string> {
  world = openConnectWorld()
  page = world.browser('tab')
  return begin()
}

async function openStream(): Promise<Response> {
  const path = await open()
  return page.send(path)
}

async function begin(): Promise<string> {
  const [, { flow_id }] = await page.ask('start', { body: { provider: 'github' } })
  return `events?flow_id=${flow_id}`
}

/** What a stream has sent so far, and whether it has ended; grows by itself. */
function follow(response: Response): { text: string; ended: boolean; leave(): Promise<void> } {
  const reader = response.body?.getReader()
  assert.ok(reader)
  const seen = { text: '', ended: false, leave: () => reader.cancel() }
  const read = async (): Promise<void> => {
    const { done, value } = await reader.read()
    if (done) seen.ended = true
    else seen.text += new TextDecoder().decode(value)
    return done ? undefined : read()
  }
  void read()
  return seen
}

const statuses = (text: string) =>
  [...text.matchAll(/^data: (.*)$/gm)].map(
    ([, data]) => (JSON.parse(data ?? '') as { status: string }).status,
  )

test('the status comes at once, then with every change; after the last the stream ends', async () => {
  const response = await openStream()
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  assert.equal(response.headers.get('cache-control'), 'no-store')
  const seen = follow(response)
  await world.clock.pass(1)
  assert.match(seen.text, /^retry: 3000\nevent: status\nid: pending\ndata: \{"ok":true,"provider":"github"/)
  assert.deepEqual([statuses(seen.text), seen.ended], [['pending'], false])
  world.providers.github.polls.push(world.providers.github.approved())
  await world.clock.pass(5)
  assert.deepEqual([statuses(seen.text), seen.ended], [['pending', 'success'], true])
})

test('while nothing happens a comment keeps the connection open', async () => {
  const seen = follow(await openStream())
  await world.clock.pass(50)
  assert.deepEqual(statuses(seen.text), ['pending'])
  assert.equal(seen.text.match(/^: still waiting\n$/gm)?.length, 3)
})

test('a stream of a flow that expires ends with that', async () => {
  const seen = follow(await openStream())
  await world.clock.pass(901)
  assert.deepEqual([statuses(seen.text), seen.ended], [['pending', 'expired'], true])
})

test('when the broker closes every stream ends, with nothing that is not so', async () => {
  const seen = follow(await openStream())
  await world.clock.settle()
  await world.close()
  await world.clock.settle()
  assert.deepEqual([statuses(seen.text), seen.ended], [['pending'], true])
})

test('who comes back after the last event is told not to come again', async () => {
  const path = await open()
  await page.ask('cancel', { body: { flow_id: path.split('=')[1] } })
  const again = await page.send(path, { headers: { 'last-event-id': 'cancelled' } })
  assert.equal(again.status, 204)
  const missed = follow(await page.send(path, { headers: { 'last-event-id': 'pending' } }))
  await world.clock.settle()
  assert.deepEqual([statuses(missed.text), missed.ended], [['cancelled'], true])
})

test('one person has at most three streams; leaving one, by either end, makes room', async () => {
  const path = await open()
  const abort = new AbortController()
  const first = await page.send(path, { signal: abort.signal })
  const streams = [follow(first)]
  for (let i = 1; i < 3; i++) streams.push(follow(await page.send(path)))
  const refused = await page.send(path)
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '5'])
  const polled = await page.ask(path.replace('events', 'poll'))
  assert.equal(polled[1].status, 'pending')
  await streams[2]?.leave()
  streams.push(follow(await page.send(path)))
  assert.equal((await page.send(path)).status, 429)
  abort.abort()
  await world.clock.settle()
  assert.equal(streams[0]?.ended, true)
  follow(await page.send(path))
  const bob = world.browser('tab', 'bob')
  const [, { flow_id }] = await bob.ask('start', { body: { provider: 'github' } })
  assert.equal((await bob.send(`events?flow_id=${flow_id}`)).status, 200)
})
