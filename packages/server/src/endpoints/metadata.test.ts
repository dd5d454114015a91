// The well-known documents against standards.md section 4 (MD) and JK-01, JK-02 of section 5.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf } from '../testing/device-flow.ts'
import { createTestServer } from '../testing/services.ts'

const places = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'] as const

type Document = Record<string, unknown> & { issuer: string }

test('MD-01 MD-02 MD-03 MD-04 an issuer without a path: two places, one document', async () => {
  const server = await createTestServer()
  const [a, b] = await Promise.all(places.map((path) => server.call('GET', path)))
  assert.equal(a?.status, 200)
  assert.equal(a?.headers['content-type'], 'application/json')
  assert.deepEqual(a, b)
  assert.equal(a && bodyOf<Document>(a).issuer, 'https://login.example')
})

test('MD-01 MD-02 MD-03 MD-04 an issuer with a path, with and without a slash at its end: three places, no other', async () => {
  for (const issuer of ['https://login.example/tenant/a', 'https://login.example/tenant/a/']) {
    const server = await createTestServer({ settings: { issuer } })
    const found = [
      '/.well-known/oauth-authorization-server/tenant/a',
      '/.well-known/openid-configuration/tenant/a',
      '/tenant/a/.well-known/openid-configuration',
    ]
    for (const path of found) {
      const response = await server.call('GET', path)
      assert.equal(response.status, 200, path)
      const document = bodyOf<Document>(response)
      assert.equal(document.issuer, issuer)
      assert.equal(document.token_endpoint, 'https://login.example/tenant/a/oauth/token')
    }
    const missing = [
      ...places,
      '/tenant/a/.well-known/oauth-authorization-server',
      '/.well-known/openid-configuration/tenant',
      '/oauth/token',
    ]
    for (const path of missing) {
      const response = await server.call('GET', path)
      assert.equal(response.status, 404, path)
      assert.ok(!('location' in response.headers))
    }
    assert.equal((await server.call('GET', '/tenant/a/oauth/jwks')).status, 200)
  }
})

test('MD-05 MD-06 MD-07 MD-09 MD-12 MD-17 MD-19 MD-20 the members that there are', async () => {
  const server = await createTestServer()
  const document = bodyOf<Document>(await server.call('GET', places[0]))
  for (const value of Object.values(document)) {
    assert.notEqual(value, null)
    assert.ok(!Array.isArray(value) || value.length > 0)
  }
  const base = 'https://login.example/oauth'
  assert.equal(document.token_endpoint, `${base}/token`)
  assert.equal(document.device_authorization_endpoint, `${base}/device/authorize`)
  assert.equal(document.introspection_endpoint, `${base}/introspect`)
  assert.equal(document.revocation_endpoint, `${base}/revoke`)
  assert.equal(document.userinfo_endpoint, `${base}/userinfo`)
  assert.equal(document.jwks_uri, `${base}/jwks`)
  assert.deepEqual(document.grant_types_supported, [
    'urn:ietf:params:oauth:grant-type:device_code',
    'refresh_token',
  ])
  assert.deepEqual(document.token_endpoint_auth_methods_supported, [
    'none',
    'client_secret_basic',
    'client_secret_post',
  ])
  assert.deepEqual(document.introspection_endpoint_auth_methods_supported, [
    'client_secret_basic',
    'client_secret_post',
  ])
  assert.deepEqual(
    document.revocation_endpoint_auth_methods_supported,
    document.token_endpoint_auth_methods_supported,
  )
  assert.deepEqual(document.subject_types_supported, ['public'])
  assert.ok((document.id_token_signing_alg_values_supported as string[]).includes('RS256'))
  assert.ok((document.scopes_supported as string[]).includes('openid'))
})

test('MD-10 MD-17 G-22 nothing is announced that is not there: no JWT method, no none algorithm, no implicit grant', async () => {
  const server = await createTestServer()
  const response = await server.call('GET', places[0])
  const names = Object.keys(bodyOf(response))
  assert.deepEqual(
    names.filter((name) => /auth_signing_alg|authorization_endpoint$/.test(name)),
    ['device_authorization_endpoint'],
  )
  assert.doesNotMatch(response.body, /"implicit"|"password"|private_key_jwt|"none",?"?\]?,"id_token/)
  assert.ok(!(bodyOf(response).id_token_signing_alg_values_supported as string[]).includes('none'))
})

test('G-01 every URL of the document is https', async () => {
  const server = await createTestServer()
  for (const path of places) assert.doesNotMatch((await server.call('GET', path)).body, /http:/)
})

test('MD-07 MD-12 every endpoint that is announced is there', async () => {
  const server = await createTestServer()
  const document = bodyOf<Document>(await server.call('GET', places[0]))
  for (const [name, url] of Object.entries(document)) {
    if (!/_(endpoint|uri)$/.test(name)) continue
    const response = await server.call('GET', new URL(String(url)).pathname)
    assert.notEqual(response.status, 404, name)
  }
})

test('MD-23 G-10 it may be cached, has an ETag, and sets no cookie', async () => {
  const server = await createTestServer()
  for (const path of [...places, '/oauth/jwks']) {
    const response = await server.call('GET', path)
    assert.match(String(response.headers['cache-control']), /^public, max-age=\d+$/)
    assert.ok(!('set-cookie' in response.headers))
    const { etag } = response.headers
    const again = await server.call('GET', path, { headers: { 'if-none-match': String(etag) } })
    assert.deepEqual([again.status, again.body], [304, ''])
    const other = await server.call('GET', path, { headers: { 'if-none-match': '"other"' } })
    assert.equal(other.status, 200)
    assert.equal((await server.call('HEAD', path)).body, '')
  }
})

test('MD-03 any origin may read them, without credentials', async () => {
  const server = await createTestServer()
  for (const path of [...places, '/oauth/jwks']) {
    const response = await server.call('GET', path, { headers: { origin: 'https://app.example' } })
    assert.equal(response.headers['access-control-allow-origin'], '*')
    assert.ok(!('access-control-allow-credentials' in response.headers))
  }
})

test('MD-18 JK-01 JK-02 JK-05 the JWK Set has public members only, each key with its own kid, use and alg', async () => {
  const server = await createTestServer()
  const response = await server.call('GET', '/oauth/jwks')
  const { keys } = bodyOf<{ keys: Record<string, string>[] }>(response)
  assert.deepEqual(keys.map(({ alg }) => alg).sort(), ['ES256', 'EdDSA', 'RS256'])
  assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length)
  for (const key of keys) {
    assert.equal(key.use, 'sig')
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) assert.ok(!(secret in key), secret)
  }
  // Shorter than the lead of a new key, so that nobody meets a signature before its key.
  assert.equal(response.headers['cache-control'], 'public, max-age=600')
})
