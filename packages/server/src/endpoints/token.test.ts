// The token endpoint before any grant: method, form, client, grant type, in that order (standards.md section 13, TK).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  approveDevice,
  basic,
  bodyOf,
  errorOf,
  pollDevice,
  signIn,
  startDevice,
} from '../testing/device-flow.ts'
import { createTestServerWith, testClient, testConfidentialClient } from '../testing/services.ts'
import { deviceGrantType } from './device-authorize.ts'

const withClients = () => createTestServerWith([testClient, testConfidentialClient])

test('TK-01 TK-05 TK-06 F-08 G-09 X-27 a success has exactly the members of RFC 6749 §5.1', async () => {
  const server = await withClients()
  const { device_code: code } = await startDevice(server, { scope: 'openid email' })
  await approveDevice(server, code)
  const response = await pollDevice(server, code)
  assert.equal(response.status, 200)
  assert.equal(response.headers['content-type'], 'application/json')
  assert.equal(response.headers['cache-control'], 'no-store')
  assert.equal(response.headers.pragma, 'no-cache')
  const body = bodyOf(response)
  assert.deepEqual(Object.keys(body).sort(), [
    'access_token',
    'authorization_expires_in',
    'expires_in',
    'id_token',
    'refresh_token',
    'refresh_token_expires_in',
    'scope',
    'token_type',
  ])
  assert.equal(body.token_type, 'Bearer')
  assert.equal(body.expires_in, 600)
  assert.equal(body.scope, 'openid email')
})

test('G-09 F-09 what there is not is left out, not null and not empty', async () => {
  const server = await withClients()
  await server.addClient({ ...testClient, id: 'bare', scopes: [], grantTypes: [deviceGrantType] })
  const { device_code: code } = await startDevice(server, { client_id: 'bare' })
  await approveDevice(server, code)
  const response = await pollDevice(server, code, { client_id: 'bare' })
  assert.deepEqual(Object.keys(bodyOf(response)).sort(), ['access_token', 'expires_in', 'token_type'])
})

test('TK-02 X-35 G-04 F-01 a fault in the form is a 400 in the shape of OAuth', async () => {
  const server = await withClients()
  const call = (form: string, type?: string) =>
    server.call('POST', '/oauth/token', { form, headers: type === undefined ? {} : { 'content-type': type } })
  assert.equal(
    errorOf(await call('{"grant_type":"refresh_token"}', 'application/json')),
    '400 invalid_request',
  )
  assert.equal(errorOf(await call('', 'text/plain')), '400 invalid_request')
  assert.equal(errorOf(await call('client_id=countersign-cli&a=%ff')), '400 invalid_request')
  assert.equal(errorOf(await call('client_id=countersign-cli&a=1&a=2')), '400 invalid_request')
})

test('TK-03 G-23 missing, unknown and forbidden grant types are three different errors', async () => {
  const server = await withClients()
  await server.addClient({ ...testClient, id: 'narrow', grantTypes: [deviceGrantType] })
  const ask = (form: Record<string, string>) =>
    server.call('POST', '/oauth/token', { form: { client_id: testClient.id, ...form } })
  assert.equal(errorOf(await ask({})), '400 invalid_request')
  assert.equal(errorOf(await ask({ grant_type: '' })), '400 invalid_request')
  for (const grantType of ['magic', 'toString', '__proto__', 'Refresh_Token'])
    assert.equal(errorOf(await ask({ grant_type: grantType })), '400 unsupported_grant_type', grantType)
  const narrow = await ask({ client_id: 'narrow', grant_type: 'refresh_token', refresh_token: 'x' })
  assert.equal(errorOf(narrow), '400 unauthorized_client')
})

test('G-22 TK-03 there is no password grant and no implicit grant', async () => {
  const server = await withClients()
  for (const grantType of ['password', 'implicit', 'token', 'code', 'id_token']) {
    const form = {
      client_id: testClient.id,
      grant_type: grantType,
      username: 'mia',
      password: 'x',
      code: 'c',
    }
    const response = await server.call('POST', '/oauth/token', { form })
    assert.equal(errorOf(response), '400 unsupported_grant_type', grantType)
  }
})

test('G-23 no grant that is served is open to a client that did not register it', async () => {
  const server = await withClients()
  await server.addClient({ ...testConfidentialClient, id: 'nothing', grantTypes: [] })
  const metadata = bodyOf(await server.call('GET', '/.well-known/oauth-authorization-server'))
  const served = metadata.grant_types_supported as string[]
  assert.ok(served.length >= 6)
  for (const grantType of served) {
    const response = await server.call('POST', '/oauth/token', {
      form: { grant_type: grantType },
      headers: basic('nothing'),
    })
    assert.equal(errorOf(response), '400 unauthorized_client', grantType)
  }
})

test('TK-04 the client is authenticated before the grant, and a failure consumes nothing', async () => {
  const server = await withClients()
  const { device_code: code } = await startDevice(server, '', { headers: basic('api') })
  await approveDevice(server, code)
  assert.equal(
    errorOf(await pollDevice(server, code, {}, { headers: basic('api', 'wrong') })),
    '401 invalid_client',
  )
  assert.equal(errorOf(await pollDevice(server, code, { client_id: 'api' })), '401 invalid_client')
  assert.equal((await pollDevice(server, code, {}, { headers: basic('api') })).status, 200)
})

test('TK-07 LP-16 browsers on other sites may call it without credentials', async () => {
  const server = await withClients()
  const preflight = await server.call('OPTIONS', '/oauth/token', {
    headers: { origin: 'https://app.example' },
  })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers['access-control-allow-origin'], '*')
  assert.equal(preflight.headers['access-control-allow-methods'], 'POST')
  assert.match(
    String(preflight.headers['access-control-allow-headers']),
    /Authorization, Content-Type, DPoP, Prefer/,
  )
  const call = await server.call('POST', '/oauth/token', { form: {} })
  assert.equal(call.headers['access-control-allow-origin'], '*')
  const exposed = String(call.headers['access-control-expose-headers'])
  for (const name of ['DPoP-Nonce', 'WWW-Authenticate', 'Retry-After', 'Preference-Applied'])
    assert.ok(exposed.includes(name))
  for (const { headers } of [preflight, call]) assert.ok(!('access-control-allow-credentials' in headers))
})

test('TK-08 a cookie changes nothing and none is set', async () => {
  const server = await withClients()
  const { access_token: token } = await signIn(server)
  const headers = { cookie: `__Host-countersign=${token}` }
  const form = { grant_type: deviceGrantType, device_code: 'x' }
  const response = await server.call('POST', '/oauth/token', { form, headers })
  assert.equal(errorOf(response), '400 invalid_request')
  assert.ok(!('set-cookie' in response.headers))
})

test('G-08 a grant in the URL is refused', async () => {
  const server = await withClients()
  const { device_code: code } = await startDevice(server)
  await approveDevice(server, code)
  const form = { client_id: testClient.id, grant_type: deviceGrantType }
  const response = await server.call('POST', `/oauth/token?device_code=${code}`, { form })
  assert.equal(errorOf(response), '400 invalid_request')
  assert.equal((await pollDevice(server, code)).status, 200)
})
