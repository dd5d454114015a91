// The handler in its usual form: what a page gets, who may ask what, and what is answered to everything that is wrong. System S3's
// own form is handler.hermes.test.ts; the custom element in a real browser test/broker/element.test.ts.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { SettingError, StoreUnavailable } from './errors.ts'
import { type ConnectOptions, createConnectHandler } from './handler.ts'
import { type ConnectWorld, openConnectWorld, origin, type Sent } from './testing/connect-world.ts'

let world: ConnectWorld
afterEach(() => world.close())

function open(options: Partial<ConnectOptions> = {}) {
  world = openConnectWorld(options)
  return world.browser('tab')
}

const github = {
  body: { provider: 'github', label: ' Work ', scopes: 'repo user', return_to: '/settings?tab=1' },
}

test('start tells all that a page needs, and nothing that is secret', async () => {
  const page = open()
  const [status, body] = await page.ask('start', github)
  assert.equal(status, 200)
  assert.deepEqual(body, {
    ok: true,
    provider: 'github',
    flow_id: body.flow_id,
    status: 'pending',
    provider_name: 'GitHub',
    verification_uri: 'https://provider.example/device',
    user_code: 'CODE-1',
    expires_at: world.clock.now() + 900,
    seconds_left: 900,
    poll_interval_seconds: 5,
    docs: 'https://provider.example/docs',
  })
  await world.clock.pass(60)
  const left = { ...body, seconds_left: 840 }
  assert.deepEqual(await page.ask(`poll?flow_id=${body.flow_id}`), [200, left])
  assert.deepEqual(world.providers.github.asked.begin[0]?.scopes, ['repo', 'user'])
})

test('the link with the code in it is shown where the provider gives one', async () => {
  const page = open()
  const verificationUriComplete = 'https://provider.example/device?user_code=X'
  const verificationUri = 'https://provider.example/device'
  const shown = { kind: 'code', userCode: 'X', verificationUri, verificationUriComplete } as const
  world.providers.github.begins.push({ type: 'begun', shown, remembered: {} })
  const [, body] = await page.ask('start', github)
  assert.equal(body.verification_uri_complete, verificationUriComplete)
})

test('a finished flow tells how it ended and where to go on', async () => {
  const page = open()
  const [, { flow_id }] = await page.ask('start', github)
  world.providers.github.polls.push({ type: 'denied' })
  await world.clock.pass(5)
  const over = { ok: true, provider: 'github', flow_id, status: 'denied', provider_name: 'GitHub' }
  const told = [200, { ...over, return_to: '/settings?tab=1' }]
  assert.deepEqual(await page.ask(`poll?flow_id=${flow_id}`), told)
  assert.deepEqual(await page.ask('cancel', { body: { flow_id } }), told)
})

test('a provider that is not on is refused, and those that are on are named', async () => {
  const page = open()
  const [status, { error }] = await page.ask('start', { body: { provider: 'gitea' } })
  assert.equal(status, 400)
  assert.match(String(error), /openai-codex, github, acme, anthropic/)
})

test('S3-7 CL-20 a flow is its own session only: another person, and another session of the same one, find nothing', async () => {
  const page = open()
  const [, { flow_id }] = await page.ask('start', github)
  for (const other of [world.browser('tab', 'bob'), world.browser('other tab', 'ada')]) {
    assert.deepEqual(await other.ask(`poll?flow_id=${flow_id}`), [404, { error: 'OAuth flow not found' }])
    assert.equal((await other.send(`events?flow_id=${flow_id}`)).status, 404)
    const cancelled = [200, { ok: true, flow_id, status: 'cancelled' }]
    assert.deepEqual(await other.ask('cancel', { body: { flow_id } }), cancelled)
  }
  assert.equal((await page.ask(`poll?flow_id=${flow_id}`))[1].status, 'pending')
})

test('nobody signed in: 401 for everything but the element', async () => {
  open()
  const nobody = world.browser()
  const get = ['poll?flow_id=x', 'events?flow_id=x', 'connections', 'callback/acme?code=x&state=x']
  for (const path of get) assert.deepEqual(await nobody.ask(path), [401, { error: 'Sign in first' }], path)
  for (const path of ['start', 'cancel', 'disconnect'])
    assert.deepEqual(await nobody.ask(path, { body: {} }), [401, { error: 'Sign in first' }], path)
  assert.equal((await nobody.send('element.js')).status, 200)
})

test('another method: 405 that names the right one; HEAD as GET without the content, but never for what changes something', async () => {
  const page = open()
  const allow = async (path: string, sent: Sent) => {
    const response = await page.send(path, sent)
    return [response.status, response.headers.get('allow')]
  }
  assert.deepEqual(await allow('start', {}), [405, 'POST'])
  assert.deepEqual(await allow('poll?flow_id=x', { method: 'POST' }), [405, 'GET, HEAD'])
  assert.deepEqual(await allow('callback/acme?code=x', { method: 'HEAD' }), [405, 'GET'])
  assert.deepEqual(await allow('connections', { method: 'OPTIONS' }), [405, 'GET, HEAD'])
  const head = await page.send('connections', { method: 'HEAD' })
  assert.deepEqual([head.status, await head.text()], [200, ''])
  const [, { flow_id }] = await page.ask('start', github)
  const events = await page.send(`events?flow_id=${flow_id}`, { method: 'HEAD' })
  assert.match(events.headers.get('content-type') ?? '', /event-stream/)
  assert.equal(events.body, null)
})

test('paths that are none of its own are left to the application', async () => {
  open()
  const handler = createConnectHandler(world.broker, { owner: () => undefined, basePath: '/connect/' })
  for (const path of [
    '/',
    '/connect',
    '/connect/',
    '/connect/starts',
    '/connect/start/',
    '/connected/start',
    '/x/connect/start',
  ])
    assert.equal(await handler(new Request(`${origin}${path}`)), undefined, path)
  assert.equal((await handler(new Request(`${origin}/connect/poll`)))?.status, 401)
})

test('a body is read up to 16 kB, whatever its length is said to be', async () => {
  const page = open()
  const tooLarge = [413, { error: 'The request is too large' }]
  const body = JSON.stringify({ provider: 'github', label: 'x'.repeat(17_000) })
  assert.deepEqual(await page.ask('start', { body }), tooLarge)
  const endless = new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(4096).fill(32))
    },
  })
  const handler = createConnectHandler(world.broker, { owner: () => ({ person: 'a', session: 'b' }) })
  const init = { method: 'POST', body: endless, duplex: 'half' } as RequestInit
  const response = await handler(new Request(`${origin}/api/onboarding/oauth/start`, init))
  assert.equal(response?.status, 413)
})

test('where to go on is a path of the application, or the start is refused', async () => {
  const page = open()
  for (const return_to of [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    'settings',
    '/.//evil.example',
  ]) {
    const answer = await page.ask('start', { body: { provider: 'acme', return_to } })
    assert.deepEqual(answer, [400, { error: 'return_to is a path of this application' }], return_to)
  }
})

test('a provider in trouble is a 503 that says when to try again; one that refuses or answers nonsense a 502', async () => {
  const page = open()
  world.providers.github.begins.push({ type: 'trouble', retryAfterSeconds: 17 })
  const response = await page.send('start', github)
  assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '17'])
  for (const problem of ['provider_refused', 'missing_fields'] as const) {
    world.providers.github.begins.push({ type: 'problem', problem })
    assert.equal((await page.ask('start', github))[0], 502)
  }
})

test('a store that is away is a 503; a fault is a 500 that says nothing, and the host hears of it', async () => {
  const faults: unknown[] = []
  const page = open({ onFault: (error) => faults.push(error) })
  const handler = (error: Error) =>
    createConnectHandler(
      { ...world.broker, status: () => Promise.reject(error), start: () => Promise.reject(error) },
      { owner: () => ({ person: 'a', session: 'b' }), onFault: (one) => faults.push(one) },
    )
  const poll = () => new Request(`${origin}/api/onboarding/oauth/poll?flow_id=x`)
  const away = await handler(new StoreUnavailable('Not now.'))(poll())
  assert.deepEqual([away?.status, await away?.json()], [503, { error: 'Not now.' }])
  assert.equal(away?.headers.get('retry-after'), '5')
  const fault = new Error('password=hunter2')
  const broken = await handler(fault)(poll())
  assert.deepEqual(
    [broken?.status, await broken?.json()],
    [500, { error: 'Something went wrong here. Please try again.' }],
  )
  const start = new Request(`${origin}/api/onboarding/oauth/start`, {
    method: 'POST',
    body: '{"provider":"github"}',
  })
  assert.equal((await handler(fault)(start))?.status, 500)
  assert.deepEqual(faults, [fault, fault])
  assert.equal((await page.ask('connections'))[0], 200)
})

test('CL-20 nobody is whatever the application says for it; an owner without a name or a session is a fault, not everybody', async () => {
  const faults: unknown[] = []
  const ask = async (owner: unknown) => {
    const said = () => owner as undefined
    const handler = createConnectHandler(world.broker, { owner: said, onFault: (one) => faults.push(one) })
    return (await handler(new Request(`${origin}/api/onboarding/oauth/connections`)))?.status
  }
  for (const nobody of [undefined, null, false, '']) assert.equal(await ask(nobody), 401)
  const wrong = [{}, { person: '', session: 's' }, { person: 'p', session: ' ' }, { person: 1, session: 's' }]
  for (const owner of wrong) assert.equal(await ask(owner), 500)
  assert.ok(faults.length === wrong.length && faults.every((fault) => fault instanceof SettingError))
  await assert.rejects(world.broker.start({ person: '', session: 's' }, { provider: 'github' }), SettingError)
})

test('an allowed origin that no browser would ever send is refused at the start', () => {
  for (const wrong of [
    'app.example',
    'https://app.example/',
    'https://app.example/path',
    'HTTPS://app.example',
    '*',
  ])
    assert.throws(() => open({ allowedOrigins: [wrong] }), SettingError, wrong)
})

test('a page of an allowed origin may ask, and a proxy that ends TLS changes nothing', async () => {
  const page = open({ allowedOrigins: ['https://admin.example'] })
  const from = (headers: Record<string, string>, at = origin) => page.ask('start', { ...github, headers, at })
  assert.equal((await from({ origin: 'https://admin.example', 'sec-fetch-site': 'cross-site' }))[0], 200)
  assert.equal((await from({ origin, 'sec-fetch-site': 'same-origin' }, 'http://app.example'))[0], 200)
  assert.equal((await from({ origin: 'https://evil.example' }))[0], 403)
  assert.equal(
    (await page.ask('disconnect', { body: {}, headers: { 'sec-fetch-site': 'cross-site' } }))[0],
    403,
  )
})

test('connections are listed without tokens, and disconnected by their own person only', async () => {
  const page = open()
  await page.ask('start', github)
  world.providers.github.polls.push(world.providers.github.approved())
  await world.clock.pass(5)
  const [, { connections, providers }] = await page.ask('connections')
  const [connection, ...more] = connections as Record<string, unknown>[]
  assert.deepEqual(more, [])
  const { id, created_at, updated_at, ...rest } = connection ?? {}
  assert.deepEqual(rest, {
    provider: 'github',
    provider_name: 'GitHub',
    account: { id: 'account-1', name: 'ada-l' },
    label: 'Work',
    scopes: ['repo'],
    works: true,
  })
  assert.deepEqual([typeof created_at, typeof updated_at], ['number', 'number'])
  assert.equal((providers as unknown[]).length, 4)
  const body = { connection: id }
  assert.equal((await world.browser('tab', 'bob').ask('disconnect', { body }))[0], 404)
  assert.deepEqual(await page.ask('disconnect', { body: {} }), [400, { error: 'connection is required' }])
  assert.deepEqual(await page.ask('disconnect', { body }), [200, { ok: true, revoked: true }])
  assert.deepEqual((await page.ask('connections'))[1].connections, [])
})

test('back from the provider: the browser goes on where it came from, and nothing after it learns the address', async () => {
  const page = open()
  const body = { provider: 'acme', return_to: '/settings?tab=1' }
  const [, begun] = await page.ask('start', { body })
  const state = new URL(String(begun.authorization_url)).searchParams.get('state') ?? ''
  assert.equal(begun.user_code, undefined)
  world.providers.acme.polls.push(world.providers.acme.approved())
  const coming = page.send(`callback/acme?code=abc&state=${state}`)
  await world.clock.pass(1)
  const back = await coming
  assert.deepEqual([back.status, back.headers.get('location')], [303, '/settings?tab=1'])
  assert.equal(back.headers.get('referrer-policy'), 'no-referrer')
  assert.equal((await page.ask(`poll?flow_id=${begun.flow_id}`))[1].status, 'success')
})

test('back from the provider without anything to come back to: a page in words, for every reason the same', async () => {
  const page = open({ returnTo: '/home' })
  const [, begun] = await page.ask('start', { body: { provider: 'acme' } })
  const state = new URL(String(begun.authorization_url)).searchParams.get('state') ?? ''
  const tries: [ReturnType<typeof open>, string][] = [
    [world.browser('other tab'), `code=abc&state=${state}`],
    [page, 'code=abc'],
    [page, `code=abc&state=${state.slice(0, -1)}`],
    [page, `code=<script>&state=${state}&state=${state}`],
  ]
  for (const [browser, query] of tries) {
    const response = await browser.send(`callback/acme?${query}`)
    assert.ok([404, 409].includes(response.status), `${response.status}`)
    assert.match(response.headers.get('content-security-policy') ?? '', /^default-src 'none'/)
    const text = await response.text()
    assert.match(text, /<a href="\/home">/)
    assert.doesNotMatch(text, /script|abc/)
  }
  assert.equal((await page.ask(`poll?flow_id=${begun.flow_id}`))[1].status, 'pending')
})

test('settings that name no path of the application are refused when it is put together', () => {
  open()
  const owner = () => undefined
  for (const wrong of [
    { returnTo: 'https://x.example' },
    { returnTo: '//x' },
    { basePath: 'api' },
    { basePath: '//x' },
    { basePath: '/my app' },
  ])
    assert.throws(() => createConnectHandler(world.broker, { owner, ...wrong }), { code: 'wrong_setting' })
})

test('the element is sent as it is, and again only when it has changed', async () => {
  open()
  const response = await world.browser().send('element.js')
  assert.equal(response.headers.get('content-type'), 'text/javascript; charset=utf-8')
  assert.match(await response.text(), /customElements\.define/)
  const headers = { 'if-none-match': response.headers.get('etag') ?? '' }
  assert.equal((await world.browser().send('element.js', { headers })).status, 304)
})
