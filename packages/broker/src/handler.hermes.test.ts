// Every request and answer of system S3's broker (systems.md 3.1), and the order in which its own page asks (3.5), against the
// handler with the dialect on: status, members, texts. What is beside that is handler.test.ts.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { ConnectOptions } from './handler.ts'
import { type ConnectWorld, openConnectWorld } from './testing/connect-world.ts'

let world: ConnectWorld
let codex: ConnectWorld['providers']['codex']
afterEach(() => world.close())

function open(options: Partial<ConnectOptions> = {}, on?: Parameters<typeof openConnectWorld>[1]) {
  world = openConnectWorld({ dialect: 'hermes', ...options }, on)
  codex = world.providers.codex
  return world.browser('tab')
}

const start = { body: { provider: 'openai-codex' } }

test('S3 3.1 start answers 200 with exactly these members, in JSON that nobody keeps', async () => {
  const page = open()
  const response = await page.send('start', { body: { provider: '  OpenAI-Codex ' } })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('cache-control'), 'no-store')
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
  const body = (await response.json()) as Record<string, unknown>
  assert.match(String(body.flow_id), /^[0-9a-f]{32}$/)
  assert.deepEqual(body, {
    ok: true,
    provider: 'openai-codex',
    flow_id: body.flow_id,
    status: 'pending',
    verification_uri: 'https://provider.example/device',
    user_code: 'CODE-1',
    expires_at: world.clock.now() + 900,
    poll_interval_seconds: 5,
  })
})

test('S3 3.1 start without a provider: missing, empty, or no JSON at all', async () => {
  const page = open()
  for (const body of [
    {},
    { provider: '' },
    { provider: '  ' },
    { provider: 7 },
    '',
    'no json',
    '[]',
    'null',
    '"x"',
  ]) {
    assert.deepEqual(
      await page.ask('start', { body }),
      [400, { error: 'provider is required' }],
      String(body),
    )
  }
})

test('S3 3.1 a provider that is not on, in the words of either generation', async () => {
  const page = open()
  assert.deepEqual(await page.ask('start', { body: { provider: 'qwen' } }), [
    400,
    { error: 'Only OpenAI Codex and Anthropic/Claude OAuth are supported in WebUI onboarding right now' },
  ])
  await world.close()
  assert.deepEqual(await open({}, ['codex']).ask('start', { body: { provider: 'anthropic' } }), [
    400,
    { error: 'Only OpenAI Codex OAuth is supported in WebUI onboarding right now' },
  ])
})

test('S3 3.1 a start that fails is a 500 with a sentence, and the one about missing fields is its own', async () => {
  const page = open()
  codex.begins.push({ type: 'problem', problem: 'missing_fields' })
  assert.deepEqual(await page.ask('start', start), [
    500,
    { error: 'Device code response missing required fields' },
  ])
  codex.begins.push({ type: 'trouble' })
  assert.deepEqual(await page.ask('start', start), [
    500,
    { error: 'Failed to start Codex OAuth: The provider could not be reached. Try again in a minute.' },
  ])
})

test('S3-5 what a provider throws is not in the answer', async () => {
  const page = open()
  codex.begins.push(() => Promise.reject(new Error("invalid literal for int(): '5s'")))
  const [status, { error }] = await page.ask('start', start)
  assert.equal(status, 500)
  assert.match(String(error), /^Failed to start Codex OAuth: [A-Z]/)
  assert.doesNotMatch(String(error), /literal/)
})

test('S3 3.1 poll: pending, then success, with exactly four members', async () => {
  const page = open()
  const [, { flow_id }] = await page.ask('start', start)
  const told = (status: string) => [200, { ok: true, provider: 'openai-codex', flow_id, status }]
  assert.deepEqual(await page.ask(`poll?flow_id=${flow_id}`), told('pending'))
  codex.polls.push(codex.approved())
  await world.clock.pass(5)
  assert.deepEqual(await page.ask(`poll?flow_id=${flow_id}`), told('success'))
  // S3-2: the answer stays for five minutes, whatever was asked meanwhile.
  await world.clock.pass(290)
  assert.deepEqual(await page.ask(`poll?flow_id=${flow_id}`), told('success'))
  await world.clock.pass(11)
  assert.equal((await page.ask(`poll?flow_id=${flow_id}`))[0], 404)
})

test('S3-2 an expired flow says so on every poll for five minutes', async () => {
  const page = open()
  const [, { flow_id }] = await page.ask('start', start)
  await world.clock.pass(901)
  for (const seconds of [0, 1, 200]) {
    await world.clock.pass(seconds)
    assert.equal((await page.ask(`poll?flow_id=${flow_id}`))[1].status, 'expired')
  }
})

test('S3 3.1 poll adds an error of at most 200 characters; a no at the provider is one, as S3 has no word for it', async () => {
  const page = open()
  for (const answer of [{ type: 'problem', problem: 'provider_answer' }, { type: 'denied' }] as const) {
    const [, { flow_id }] = await page.ask('start', start)
    codex.polls.push(answer)
    await world.clock.pass(5)
    const [status, body] = await page.ask(`poll?flow_id=${flow_id}`)
    assert.deepEqual([status, Object.keys(body)], [200, ['ok', 'provider', 'flow_id', 'status', 'error']])
    assert.equal(body.status, 'error')
    assert.match(String(body.error), /^.{1,200}$/)
  }
})

test('S3 3.1 poll without a flow, and with one that is not there: the inner quotes belong to it', async () => {
  const page = open()
  assert.deepEqual(await page.ask('poll'), [400, { error: 'flow_id is required' }])
  assert.deepEqual(await page.ask('poll?flow_id='), [400, { error: 'flow_id is required' }])
  const response = await page.send('poll?flow_id=00000000000000000000000000000000')
  assert.deepEqual([response.status, await response.text()], [404, `{"error":"'OAuth flow not found'"}`])
})

test('S3 3.1 cancel: what it is then; unknown is cancelled; finished is what it was', async () => {
  const page = open()
  assert.deepEqual(await page.ask('cancel', { body: {} }), [400, { error: 'flow_id is required' }])
  const flow_id = 'f'.repeat(32)
  const unknown = [200, { ok: true, flow_id, status: 'cancelled' }]
  assert.deepEqual(await page.ask('cancel', { body: { flow_id } }), unknown)
  const [, begun] = await page.ask('start', start)
  const told = (status: string) => [
    200,
    { ok: true, provider: 'openai-codex', flow_id: begun.flow_id, status },
  ]
  assert.deepEqual(await page.ask('cancel', { body: { flow_id: begun.flow_id } }), told('cancelled'))
  const [, second] = await page.ask('start', start)
  assert.notEqual(second.flow_id, begun.flow_id)
  codex.polls.push(codex.approved())
  await world.clock.pass(5)
  assert.equal((await page.ask('cancel', { body: { flow_id: second.flow_id } }))[1].status, 'success')
})

test('S3 3.6 the second provider: aliases, no code, and what is to be done in words', async () => {
  const page = open()
  for (const provider of ['anthropic', 'claude', 'claude-code']) {
    const [status, body] = await page.ask('start', { body: { provider } })
    assert.equal(status, 200)
    assert.deepEqual(body, {
      ok: true,
      provider: 'anthropic',
      flow_id: body.flow_id,
      status: 'pending',
      action_required: 'Sign in on this machine.',
      expires_at: world.clock.now() + 900,
      poll_interval_seconds: 5,
    })
  }
})

test('S3 3.1 a page elsewhere may not start or cancel; a page without its token is told to reload', async () => {
  const page = open({ csrf: (request) => request.headers.get('x-csrf-token') === 'right' })
  const headers = { 'x-csrf-token': 'right' }
  for (const more of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'https://app.example:8443' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'https://other.app.example' },
  ]) {
    for (const path of ['start', 'cancel']) {
      const body = { provider: 'openai-codex', flow_id: 'x' }
      const answer = await page.ask(path, {
        body,
        headers: { ...headers, ...more } as Record<string, string>,
      })
      assert.deepEqual(answer, [403, { error: 'Cross-origin mismatch - check reverse proxy headers' }])
    }
  }
  const own = { origin: 'https://app.example', 'sec-fetch-site': 'same-origin' }
  const expired = [403, { error: 'Session expired - reload the page' }]
  assert.deepEqual(await page.ask('start', { ...start, headers: own }), expired)
  assert.equal((await page.ask('start', { ...start, headers: { ...headers, ...own } }))[0], 200)
})

const gate =
  'Onboarding OAuth is only available from local networks when auth is not enabled. To bypass this on a remote server, set HERMES_WEBUI_ONBOARDING_OPEN=1.'
const home = 'http://localhost:8787'

test('S3 3.1 without a password only people nearby may start; headers say nothing about where somebody is', async () => {
  open({ local: true })
  const headers = { 'x-forwarded-for': '10.0.0.1', 'x-real-ip': '10.0.0.1', forwarded: 'for=127.0.0.1' }
  for (const address of ['8.8.8.8', '2001:db8::1', '', undefined]) {
    const from = address === undefined ? {} : { address }
    const answer = await world.browser().ask('start', { ...start, ...from, headers, at: home })
    assert.deepEqual(answer, [403, { error: gate }])
  }
  for (const address of ['127.0.0.1', '::1', '::ffff:192.168.1.7', '10.2.3.4', 'fe80::1%eth0'])
    assert.equal((await world.browser().ask('start', { ...start, address, at: home }))[0], 200, address)
  // A name in public that leads here all the same (DNS rebinding).
  const rebound = await world
    .browser()
    .ask('start', { ...start, address: '127.0.0.1', at: 'http://evil.example' })
  assert.deepEqual(rebound, [403, { error: gate }])
})

test('S3 3.1 somebody from far away behind a proxy on this machine may not start, where the proxy says so', async () => {
  open({ local: true })
  const from = (name: string, value: string) =>
    world.browser().ask('start', { ...start, address: '127.0.0.1', at: home, headers: { [name]: value } })
  for (const [name, far] of [
    ['x-forwarded-for', '8.8.8.8'],
    ['x-forwarded-for', '10.0.0.1, 8.8.8.8'],
    ['x-real-ip', '2001:db8::1'],
    ['forwarded', 'proto=https;for="[2001:db8::1]:4711"'],
    ['forwarded', 'for=10.0.0.1, For=unknown'],
  ] as const)
    assert.deepEqual(await from(name, far), [403, { error: gate }], far)
  for (const [name, near] of [
    ['x-forwarded-for', '10.0.0.1:5123, 127.0.0.1'],
    ['forwarded', 'for=192.168.1.7;proto=http, for="[::1]"'],
  ] as const)
    assert.equal((await from(name, near))[0], 200, near)
})

test('S3 3.1 with the bypass everybody may start; with a password nobody without it', async () => {
  open({ local: true, open: true })
  assert.equal((await world.browser().ask('start', { ...start, address: '8.8.8.8' }))[0], 200)
  await world.close()
  open({ local: () => false })
  assert.deepEqual(await world.browser().ask('start', { ...start, address: '127.0.0.1', at: home }), [
    401,
    { error: 'Sign in first' },
  ])
})

test('S3-7 without a password a flow still belongs to the browser that started it, by a cookie no script reads', async () => {
  open({ local: true })
  const nearby = { address: '127.0.0.1', at: home }
  const page = world.browser()
  const response = await page.send('start', { ...start, ...nearby })
  assert.match(
    response.headers.get('set-cookie') ?? '',
    /^countersign-connect=[\w-]{43}; Path=\/api\/onboarding\/oauth; HttpOnly; SameSite=Lax$/,
  )
  const { flow_id } = (await response.json()) as { flow_id: string }
  assert.equal((await page.ask(`poll?flow_id=${flow_id}`, nearby))[1].status, 'pending')
  for (const other of [world.browser(), world.browser('tab')]) {
    assert.equal((await other.ask(`poll?flow_id=${flow_id}`, nearby))[0], 404)
    assert.equal((await other.ask('cancel', { ...nearby, body: { flow_id } }))[1].status, 'cancelled')
  }
  assert.equal((await page.ask(`poll?flow_id=${flow_id}`, nearby))[1].status, 'pending')
  // What is beyond system S3 is behind the gate as well: these are the person's connections.
  assert.equal((await page.ask('connections', { ...nearby, address: '8.8.8.8' }))[0], 403)
})

test('S3 3.5 the page of S3: start, a poll after the interval, one every 3 s, until success', async () => {
  const page = open()
  const [, begun] = await page.ask('start', start)
  await world.clock.pass(Math.max(1, Number(begun.poll_interval_seconds)))
  const seen = []
  for (let polls = 0; polls < 10; polls++) {
    const [status, body] = await page.ask(`poll?flow_id=${begun.flow_id}`)
    assert.equal(status, 200)
    seen.push(body.status)
    if (body.status !== 'pending') break
    if (polls === 2) codex.polls.push(codex.approved())
    await world.clock.pass(3)
  }
  assert.equal(seen.at(-1), 'success')
  assert.ok(seen.length < 6, seen.join())
  assert.equal((await world.broker.connections('ada')).length, 1)
})

test('S3 3.5 a page that was loaded again gets the same flow back; cancelling without being heard does no harm', async () => {
  const page = open()
  const [, first] = await page.ask('start', start)
  const again = await Promise.all([page.ask('start', start), page.ask('start', start)])
  for (const [, body] of again) assert.deepEqual(body, first)
  assert.equal(codex.asked.begin.length, 1)
  await page.ask('cancel', { body: { flow_id: first.flow_id } })
  await page.ask('cancel', { body: { flow_id: first.flow_id } })
  assert.equal((await page.ask(`poll?flow_id=${first.flow_id}`))[1].status, 'cancelled')
})

test('S3-4 trouble at the provider does not end the flow that the page waits for', async () => {
  const page = open()
  const [, { flow_id }] = await page.ask('start', start)
  codex.polls.push({ type: 'trouble', retryAfterSeconds: 30 }, { type: 'trouble' })
  await world.clock.pass(120)
  assert.equal((await page.ask(`poll?flow_id=${flow_id}`))[1].status, 'pending')
  codex.polls.push(codex.approved())
  await world.clock.pass(60)
  assert.equal((await page.ask(`poll?flow_id=${flow_id}`))[1].status, 'success')
})
