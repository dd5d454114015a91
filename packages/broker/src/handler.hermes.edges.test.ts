// What systems.md 3.1 says of every answer, of addresses and of the gate, against the handler with the dialect of system S3 on; and the
// way in which its first version began (3.6, #1402). The single requests and answers are handler.hermes.test.ts.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { ConnectOptions } from './handler.ts'
import type { Answer } from './provider.ts'
import { type ConnectWorld, openConnectWorld, type Sent } from './testing/connect-world.ts'

let world: ConnectWorld
let codex: ConnectWorld['providers']['codex']
afterEach(() => world.close())

function open(options: Partial<ConnectOptions> = {}) {
  world = openConnectWorld({ dialect: 'hermes', ...options })
  codex = world.providers.codex
  return world.browser('tab')
}

const start = { body: { provider: 'openai-codex' } }
const crossSite = { 'sec-fetch-site': 'cross-site' }

test('S3 3.1 every answer, refusals included, is JSON in UTF-8 that nobody keeps', async () => {
  const page = open()
  const [, { flow_id }] = await page.ask('start', start)
  codex.begins.push({ type: 'trouble' })
  const asked: readonly [number, string, Sent][] = [
    [200, 'start', start],
    [200, `poll?flow_id=${flow_id}`, {}],
    [200, 'cancel', { body: { flow_id } }],
    [400, 'start', { body: {} }],
    [400, 'start', { body: { provider: 'qwen' } }],
    [400, 'poll', {}],
    [400, 'cancel', { body: {} }],
    [403, 'start', { ...start, headers: crossSite }],
    [404, 'poll?flow_id=0', {}],
    [405, 'start', {}],
    [413, 'start', { body: ' '.repeat(20_000) }],
    [500, 'start', start],
  ]
  for (const [status, path, sent] of asked) {
    const response = await page.send(path, sent)
    const { headers } = response
    assert.deepEqual(
      [response.status, headers.get('cache-control'), headers.get('content-type')],
      [status, 'no-store', 'application/json; charset=utf-8'],
      path,
    )
    const body = (await response.json()) as Record<string, unknown>
    if (status === 200) assert.equal(body.ok, true)
    else assert.deepEqual([Object.keys(body), typeof body.error], [['error'], 'string'], path)
  }
})

test('S3 3.1 texts are UTF-8 both ways', async () => {
  const page = open()
  const verificationUri = 'https://provider.example/gerät'
  const shown = { kind: 'code', userCode: 'ÄÖ-名前', verificationUri, verificationUriComplete: null } as const
  codex.begins.push({ type: 'begun', shown, remembered: {} })
  // The trimmed characters are of two and three bytes.
  const body = JSON.stringify({ provider: '\u00a0openai-codex\u3000' })
  const response = await page.send('start', { body })
  const text = Buffer.from(await response.arrayBuffer()).toString('utf8')
  assert.match(text, /"user_code":"ÄÖ-名前"/)
})

test('S3 3.1 poll and cancel tell the same four members of every end, and the real one of a finished flow', async () => {
  const page = open()
  const ends = [
    ['success', 5, () => codex.approved()],
    ['expired', 900, undefined],
    ['error', 5, (): Answer => ({ type: 'problem', problem: 'provider_answer' })],
    ['cancelled', 0, undefined],
  ] as const
  for (const [status, seconds, answer] of ends) {
    const [, { flow_id }] = await page.ask('start', start)
    if (answer !== undefined) codex.polls.push(answer())
    await world.clock.pass(seconds)
    const [code, cancelled] = await page.ask('cancel', { body: { flow_id } })
    assert.equal(code, 200)
    const { error, ...rest } = cancelled
    assert.deepEqual(rest, { ok: true, provider: 'openai-codex', flow_id, status })
    assert.equal(typeof error, status === 'error' ? 'string' : 'undefined')
    assert.deepEqual(await page.ask(`poll?flow_id=${flow_id}`), [200, cancelled])
  }
})

test('S3 3.1 a browser that says where it comes from is let in from here alone; a program says nothing and may', async () => {
  const page = open()
  assert.equal((await page.ask('start', { ...start, headers: { origin: 'https://app.example' } }))[0], 200)
  assert.equal((await page.ask('start', start))[0], 200)
  const [status, { error }] = await page.ask('start', { ...start, headers: { origin: 'http://[' } })
  assert.deepEqual([status, error], [403, 'Cross-origin mismatch - check reverse proxy headers'])
  assert.equal(codex.asked.begin.length, 1)
})

test('S3 3.1 the gate is at the start only: who has begun goes on from anywhere, who has not finds nothing', async () => {
  open({ local: true })
  const page = world.browser()
  const home = 'http://localhost:8787'
  const [, { flow_id }] = await page.ask('start', { ...start, address: '192.168.1.9', at: home })
  const elsewhere = { address: '8.8.8.8', at: home }
  assert.equal((await page.ask(`poll?flow_id=${flow_id}`, elsewhere))[1].status, 'pending')
  const stranger = world.browser()
  assert.deepEqual(await stranger.ask(`poll?flow_id=${flow_id}`, elsewhere), [
    404,
    { error: "'OAuth flow not found'" },
  ])
  assert.deepEqual((await stranger.ask('cancel', { ...elsewhere, body: { flow_id } }))[1], {
    ok: true,
    flow_id,
    status: 'cancelled',
  })
  assert.equal((await page.ask('cancel', { ...elsewhere, body: { flow_id } }))[1].status, 'cancelled')
  assert.equal((await page.ask('start', { ...start, ...elsewhere }))[0], 403)
})

test('S3 3.6 #1402 a GET begins nothing, and a device code in an address is of no use', async () => {
  const page = open()
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
    const response = await page.send('start?provider=openai-codex', { method })
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST'], method)
  }
  assert.deepEqual(codex.asked.begin, [])
  const [, { flow_id, ...begun }] = await page.ask('start', start)
  assert.doesNotMatch(JSON.stringify(begun), /device-code/)
  // Formerly the page took it back to the server, where it ended in access logs.
  for (const query of ['device_code=device-code-1', 'flow_id=device-code-1', 'flow_id=CODE-1'])
    for (const path of ['poll', 'events'])
      assert.ok([400, 404].includes((await page.send(`${path}?${query}`)).status), `${path}?${query}`)
  const events = await page.send(`events?flow_id=${flow_id}`)
  await world.clock.settle()
  await page.ask('cancel', { body: { flow_id } })
  await world.clock.settle()
  const streamed = await events.text()
  assert.match(streamed, /"status":"cancelled"/)
  assert.doesNotMatch(streamed, /device-code/)
})
