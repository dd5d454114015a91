// What holds for every route: methods, common headers, faults, cross-origin rules (standards.md sections 3 and 21).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageRoutes } from './pages/page-routes.ts'
import { openMemoryStore } from './store/memory.ts'
import { StoreUnavailable } from './store/store.ts'
import { bodyOf, signIn, startDevice } from './testing/device-flow.ts'
import { confidentialSecret, createTestServer, testConfidentialClient } from './testing/services.ts'

const posts = ['/oauth/device/authorize', '/oauth/token', '/oauth/introspect', '/oauth/revoke']
const gets = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/oauth/jwks',
  '/health/live',
  '/health/ready',
  '/metrics',
]
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'get', 'toString', '__proto__']

test('G-03 endpoints for clients take POST only, documents GET and HEAD; the rest is 405 with Allow', async () => {
  const server = await createTestServer()
  for (const method of methods) {
    for (const path of posts) {
      const { status, headers, body } = await server.call(method, path, { form: '' })
      if (method === 'POST') assert.notEqual(status, 405)
      else assert.deepEqual([status, headers.allow, body], [405, 'POST', ''], `${method} ${path}`)
    }
    for (const path of gets) {
      const { status, headers } = await server.call(method, path)
      if (method === 'GET' || method === 'HEAD') assert.equal(status, 200)
      else assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'], `${method} ${path}`)
    }
  }
})

test('G-24 every answer has nosniff, and over https Strict-Transport-Security of a year', async () => {
  const server = await createTestServer()
  const local = await createTestServer({ settings: { issuer: 'http://localhost:4000' } })
  for (const path of [...posts, ...gets, '/nothing']) {
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const { headers } = await server.call(method, path)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['strict-transport-security'], 'max-age=31536000; includeSubDomains')
      assert.ok(!('strict-transport-security' in (await local.call(method, path)).headers))
    }
  }
})

test('MD-03 an unknown path is 404, whatever it looks like', async () => {
  const server = await createTestServer()
  const paths = [
    '/nothing',
    '/oauth',
    '/oauth/',
    '/oauth/token/',
    '/OAuth/Token',
    '/oauth//token',
    '/oauth/%74oken',
    '/oauth/../oauth/token',
    '//',
    '*',
    '',
    '/.well-known/',
    '/constructor',
  ]
  for (const path of paths) {
    const response = await server.call('POST', path)
    assert.equal(response.status, 404, path)
    assert.ok(!('location' in response.headers))
  }
})

test('G-21 G-20 a fault is a 500 with a number to find it by, and its text is in the log only', async () => {
  const errors: { event: string; facts: Record<string, unknown> }[] = []
  const log = {
    info: () => {},
    warn: () => {},
    error: (event: string, facts: object = {}) => void errors.push({ event, facts: { ...facts } }),
  }
  const store = openMemoryStore()
  const server = await createTestServer({ store, log })
  await server.addClient()
  Object.assign(store, { apply: () => Promise.reject(new Error('a secret of the inside')) })
  const response = await server.call('POST', '/oauth/device/authorize', {
    form: { client_id: 'countersign-cli' },
  })
  assert.equal(response.status, 500)
  const { id, ...rest } = bodyOf(response)
  assert.deepEqual(rest, { error: 'server_error' })
  const [entry] = errors
  assert.equal(entry?.facts.id, id)
  assert.match(String(entry?.facts.error), /a secret of the inside/)
})

test('G-15 F-03 what a request says of the host changes no answer', async () => {
  const server = await createTestServer()
  const forged = {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'gopher',
    forwarded: 'host=evil.example',
  }
  for (const path of gets.slice(0, 3)) {
    assert.deepEqual(await server.call('GET', path, { headers: forged }), await server.call('GET', path))
  }
})

test('G-11 hostile input is echoed nowhere', async () => {
  const server = await createTestServer()
  await server.addClient()
  const hostile = '<script>"\\evil.example'
  for (const path of posts) {
    for (const name of [
      'client_id',
      'grant_type',
      'scope',
      'resource',
      'device_code',
      'refresh_token',
      'token',
    ]) {
      const form = { client_id: 'countersign-cli', grant_type: 'refresh_token', [name]: hostile }
      const { body, headers } = await server.call('POST', path, { form })
      assert.ok(!`${body}${JSON.stringify(headers)}`.includes('evil.example'), `${path} ${name}`)
    }
  }
})

test('G-19 every 401 carries a challenge', async () => {
  const server = await createTestServer()
  for (const path of [...posts, '/oauth/userinfo']) {
    const { status, headers } = await server.call('POST', path, { form: { client_id: 'nobody', token: 'x' } })
    assert.equal(status, 401, path)
    assert.match(String(headers['www-authenticate']), /^(Basic|Bearer) realm="countersign"/)
  }
})

test('G-20 no secret of a whole sign-in is in the log', async () => {
  const lines: string[] = []
  const write = (event: string, facts: object = {}) => void lines.push(`${event} ${JSON.stringify(facts)}`)
  const server = await createTestServer({ log: { info: write, warn: write, error: write } })
  await server.addClient()
  await server.addClient(testConfidentialClient)
  await server.addAccount()
  const device = await startDevice(server)
  const tokens = await signIn(server)
  const form = { client_id: 'api', client_secret: `${confidentialSecret}x`, token: tokens.access_token }
  await server.call('POST', '/oauth/introspect', { form })
  await server.call('POST', '/oauth/revoke', {
    form: { client_id: 'countersign-cli', token: tokens.refresh_token },
  })
  await server.call('POST', '/oauth/token', {
    form: { client_id: 'countersign-cli', grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
  })
  const log = lines.join('\n')
  assert.match(log, /signed in/)
  assert.match(log, /client_authentication_failed/)
  for (const secret of [...Object.values(device), ...Object.values(tokens), confidentialSecret]) {
    if (typeof secret === 'string' && secret.length > 8 && !secret.startsWith('https'))
      assert.ok(!log.includes(secret), secret)
  }
})

test('G-20 a client id that somebody made up is cut before it reaches the log', async () => {
  const facts: string[] = []
  const log = {
    info: () => {},
    error: () => {},
    warn: (_event: string, said: object = {}) => void facts.push(JSON.stringify(said)),
  }
  const server = await createTestServer({ log })
  await server.call('POST', '/oauth/token', { form: { client_id: 'x'.repeat(50_000) } })
  assert.ok((facts[0] ?? '').length < 500)
})

test('G-21 UI-01 UI-14 where people look, what went wrong is a page: no such page, a wrong method, a fault, a busy store', async () => {
  const store = openMemoryStore()
  const server = await createTestServer({ store })
  const browser = { accept: 'text/html,application/xhtml+xml' }
  const missing = await server.call('GET', '/nothing<b>', { headers: browser })
  const wrongMethod = await server.call('GET', '/device/decision', { headers: browser })
  Object.assign(store, { readWithAccount: () => Promise.reject(new Error('inside')) })
  const cookie = `__Host-countersign=${'A'.repeat(43)}`
  const fault = await server.call('GET', '/account', { headers: { ...browser, cookie } })
  Object.assign(store, { readWithAccount: () => Promise.reject(new StoreUnavailable(new Error('inside'))) })
  const busy = await server.call('GET', '/account', { headers: { ...browser, cookie } })
  const statuses = [missing, wrongMethod, fault, busy].map(({ status }) => status)
  assert.deepEqual(statuses, [404, 405, 500, 503])
  assert.equal(wrongMethod.headers.allow, 'POST')
  assert.ok(Number(busy.headers['retry-after']) > 0)
  for (const { headers, body } of [missing, wrongMethod, fault, busy]) {
    assert.match(String(headers['content-type']), /^text\/html/)
    assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/)
    assert.equal(headers['cache-control'], 'no-store')
    assert.doesNotMatch(body, /inside|<b>/)
  }
})

test('G-27 a body over the limit is answered in the form of the address, and reaches no endpoint', async () => {
  const server = await createTestServer()
  const tooLarge = async (path: string) =>
    server.handler({
      method: 'POST',
      path,
      query: '',
      headers: { accept: 'text/html' },
      body: '',
      tooLarge: true,
      address: '192.0.2.1',
      gone: () => false,
      onGone: () => {},
    })
  const page = await tooLarge('/login')
  assert.equal(page.status, 413)
  assert.match(String(page.headers['content-type']), /^text\/html/)
  const forClients = await tooLarge('/oauth/token')
  assert.equal(forClients.status, 413)
  assert.deepEqual(JSON.parse(forClients.body), { error: 'request_too_large' })
})

test('the address of an issuer with a path shows its front page with and without the slash', async () => {
  const server = await createTestServer({ settings: { issuer: 'https://login.example/auth' } })
  const [bare, slash] = [await server.call('GET', '/auth'), await server.call('GET', '/auth/')]
  assert.equal(bare.status, 200)
  assert.equal(bare.body, slash.body)
  assert.equal((await server.call('GET', '/authx')).status, 404)
  assert.equal((await server.call('GET', '/')).status, 404)
})

test('G-17 G-18 no page sends a browser anywhere but to a path of ours, and only by 303', async () => {
  const server = await createTestServer()
  const evil = '//evil.example/'
  const form = { next: evil, return_to: evil, redirect_uri: evil, continue: evil }
  const query = new URLSearchParams(form).toString()
  const headers = { host: 'evil.example', referer: 'https://evil.example/', 'sec-fetch-site': 'same-origin' }
  let redirects = 0
  for (const { path } of pageRoutes) {
    for (const target of [path, `${path}WDJB-MJHT`, `${path}/evil.example`]) {
      const answers = [
        await server.call('GET', `${target}?${query}`, { headers }),
        await server.call('POST', target, { form, headers }),
      ]
      for (const { status, headers: answered } of answers) {
        assert.ok(status < 300 || status === 303 || status >= 400, `${target} ${status}`)
        if (answered.location === undefined) continue
        redirects++
        // A reference of ours may follow, never anything that came.
        assert.match(String(answered.location), /^\/[a-z]*(\/[a-z]+)*(\?request=[\w-]*)?$/, target)
      }
    }
  }
  assert.ok(redirects > 5)
})
