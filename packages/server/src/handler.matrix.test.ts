// The header tables and the error matrix (standards.md sections 21 and 22) over every address there is: what other sites may do,
// what may be kept, and how what is wrong with any call is told. What is wrong with one kind of call is in the test beside it.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { apiRoutes } from './admin/api-routes.ts'
import { clientRoutes } from './endpoints/client-routes.ts'
import type { PlainResponse } from './http.ts'
import { pageRoutes } from './pages/page-routes.ts'
import type { Cors } from './routes.ts'
import { basic, bodyOf } from './testing/device-flow.ts'
import { createTestServer, type TestServer, testConfidentialClient } from './testing/services.ts'

let server: TestServer
before(async () => {
  server = await createTestServer({ settings: { registration: 'open', rateInvalidPerAddress: 1_000_000 } })
  await server.addClient()
  await server.addClient(testConfidentialClient)
})

/** Where clients post forms and say who they are. */
const forms = ['/oauth/par', '/oauth/device/authorize', '/oauth/token', '/oauth/introspect', '/oauth/revoke']

const cors: Readonly<Record<string, Cors>> = {
  '/.well-known/oauth-authorization-server': 'read',
  '/.well-known/openid-configuration': 'read',
  '/oauth/jwks': 'read',
  '/oauth/token': 'call',
  '/oauth/revoke': 'call',
  '/oauth/par': 'call',
  '/oauth/device/authorize': 'call',
  '/oauth/userinfo': 'call',
  // Registration is off unless somebody turns it on; programs in a browser may use it then.
  '/oauth/register': 'call',
}

/** JSON by its media type, `error` in it, and for no cache. */
function errorOf({ status, headers, body }: PlainResponse): string {
  assert.equal(headers['content-type'], 'application/json')
  assert.match(String(headers['cache-control']), /no-store$/)
  return `${status} ${String(bodyOf({ status, headers, body }).error)}`
}

const origin = { origin: 'https://spa.example' }

test('section 21 ASVS 3.4.2 what other sites may call is in the table, and everything else nobody may', async () => {
  const routes = [...clientRoutes(server.services.config), ...apiRoutes, ...pageRoutes]
  for (const { path } of routes) {
    const expected = cors[path] ?? 'never'
    for (const method of ['GET', 'POST']) {
      const { headers } = await server.call(method, path, { headers: origin })
      const allowed = headers['access-control-allow-origin']
      assert.equal(allowed, expected === 'never' ? undefined : '*', `${method} ${path}`)
      assert.equal(headers['access-control-allow-credentials'], undefined)
      const exposed = String(headers['access-control-expose-headers'] ?? '')
      for (const name of ['DPoP-Nonce', 'WWW-Authenticate', 'Retry-After', 'Preference-Applied'])
        assert.equal(exposed.includes(name), expected === 'call', `${path} ${name}`)
    }
    const asked = { ...origin, 'access-control-request-method': 'POST' }
    const preflight = await server.call('OPTIONS', path, { headers: asked })
    assert.equal(preflight.status, expected === 'never' ? 405 : 204, path)
    const names = String(preflight.headers['access-control-allow-headers'] ?? '')
    for (const name of ['Authorization', 'Content-Type', 'DPoP', 'Prefer'])
      assert.equal(names.includes(name), expected !== 'never', `${path} ${name}`)
  }
})

test('section 21 G-10 UI-05 nothing is kept by a cache but the documents that say so', async () => {
  const publicly: Readonly<Record<string, number>> = {
    '/.well-known/oauth-authorization-server': 3600,
    '/.well-known/openid-configuration': 3600,
    '/oauth/jwks': 1200,
  }
  for (const { path, ...route } of [...clientRoutes(server.services.config), ...apiRoutes, ...pageRoutes]) {
    if (path === '/assets/' || path.startsWith('/health/')) continue
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      const { status, headers } = await server.call(method, path)
      const said = String(headers['cache-control'] ?? '')
      const most = status === 200 && route[method] !== undefined ? publicly[path] : undefined
      if (most === undefined) assert.match(said, /(^|, ?)no-store$/, `${method} ${path} ${status}`)
      else {
        const seconds = Number(/^public, max-age=(\d+)$/.exec(said)?.[1])
        assert.ok(seconds >= 60 && seconds < most, `${path} ${said}`)
        assert.ok(headers.etag)
      }
    }
  }
  assert.equal(
    (await server.call('POST', '/oauth/par', { form: '' })).headers['cache-control'],
    'no-cache, no-store',
  )
})

test('section 22 G-03 a wrong method is 405 with the ones that there are', async () => {
  for (const path of forms) {
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE']) {
      const { status, headers } = await server.call(method, path)
      assert.deepEqual([status, headers.allow], [405, 'POST'], `${method} ${path}`)
    }
  }
  const registration = await server.call('GET', '/oauth/register')
  assert.deepEqual([registration.status, registration.headers.allow], [405, 'POST'])
  const management = await server.call('POST', '/oauth/register/x')
  assert.deepEqual([management.status, management.headers.allow], [405, 'GET, HEAD, PUT, DELETE'])
})

test('section 22 G-04 G-07 G-08 another media type, no form, a repeated parameter, two credentials, and credentials in the URL', async () => {
  const id = 'client_id=countersign-cli'
  const secret = `client_secret=${'x'.repeat(40)}`
  for (const path of forms) {
    const call = (form: string, headers: Record<string, string> = {}, target = path) =>
      server.call('POST', target, { form, headers })
    const wrong = [
      await call('{}', { 'content-type': 'application/json' }),
      await call(id, { 'content-type': 'multipart/form-data; boundary=x' }),
      await call(id, { 'content-type': 'text/plain' }),
      await call(`${id}&x=%zz`),
      await call(`${id}&${id}`),
      await call(`${id}&scope=a&scope=b`),
      await call(`client_id=api&${secret}`, basic('api')),
      await call(id, {}, `${path}?${secret}`),
      await call(id, {}, `${path}?access_token=x`),
    ]
    for (const [i, answer] of wrong.entries())
      assert.equal(errorOf(answer), '400 invalid_request', `${path} ${i}`)
  }
})

test('section 22 CA-08 G-19 whoever is not who they say, anywhere that clients say who they are: invalid_client and a challenge', async () => {
  for (const path of forms) {
    const call = (form: string, headers: Record<string, string> = {}) =>
      server.call('POST', path, { form, headers })
    const wrong = [
      await call('client_id=nobody'),
      await call(`client_id=api&client_secret=${'x'.repeat(40)}`),
      await call('client_id=api'),
      await call('', basic('api', 'x'.repeat(40))),
      await call('', basic('nobody')),
      await call('', { authorization: 'Basic %%%' }),
      await call(
        'client_id=api&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=a.b.c',
      ),
    ]
    for (const [i, answer] of wrong.entries()) {
      assert.equal(errorOf(answer), '401 invalid_client', `${path} ${i}`)
      assert.match(String(answer.headers['www-authenticate']), /^Basic realm="[^"]+"$/)
    }
  }
})

test('section 22 G-27 a body over the limit is 413 everywhere, and nothing of it is looked at', async () => {
  for (const { path } of [...clientRoutes(server.services.config), ...apiRoutes, ...pageRoutes]) {
    const { status } = await server.handler({
      method: 'POST',
      path,
      query: '',
      headers: {},
      body: undefined,
      tooLarge: true,
      address: '192.0.2.1',
      gone: () => false,
      onGone: () => {},
    })
    assert.equal(status, 413, path)
  }
})

test('section 22 REG-10 REG-20 a token for registration that is missing or wrong is told as Bearer, whoever asks', async () => {
  const closed = await createTestServer({ settings: { registration: 'token' } })
  const missing = await closed.call('POST', '/oauth/register', {
    form: '{}',
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(missing.status, 401)
  assert.match(String(missing.headers['www-authenticate']), /^Bearer realm="[^"]+"$/)
  const headers = { authorization: 'Bearer nonsense', 'content-type': 'application/json' }
  const wrong = [
    await closed.call('POST', '/oauth/register', { form: '{}', headers }),
    await closed.call('GET', '/oauth/register/nobody', { headers }),
    await closed.call('DELETE', '/oauth/register/nobody', { headers }),
  ]
  for (const { status, headers: answered } of wrong) {
    assert.equal(status, 401)
    assert.match(String(answered['www-authenticate']), /^Bearer .*error="invalid_token"/)
  }
})
