// The well-known documents against standards.md section 4 (MD) and JK-01, JK-02 of section 5.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from '../config.ts'
import { rotateKeys } from '../keys.ts'
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
  assert.equal(document.authorization_endpoint, `${base}/authorize`)
  assert.equal(document.pushed_authorization_request_endpoint, `${base}/par`)
  assert.equal(document.end_session_endpoint, `${base}/logout`)
  assert.deepEqual([...(document.grant_types_supported as string[])].sort(), [
    'authorization_code',
    'client_credentials',
    'refresh_token',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'urn:ietf:params:oauth:grant-type:token-exchange',
  ])
  const confidential = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
  assert.deepEqual(document.token_endpoint_auth_methods_supported, ['none', ...confidential])
  assert.deepEqual(document.introspection_endpoint_auth_methods_supported, confidential)
  assert.deepEqual(
    document.revocation_endpoint_auth_methods_supported,
    document.token_endpoint_auth_methods_supported,
  )
  assert.deepEqual(document.response_types_supported, ['code'])
  assert.deepEqual(document.subject_types_supported, ['public'])
  for (const kind of ['id_token', 'introspection', 'userinfo'])
    assert.ok((document[`${kind}_signing_alg_values_supported`] as string[]).includes('RS256'), kind)
  assert.ok((document.scopes_supported as string[]).includes('openid'))
  assert.deepEqual(document.acr_values_supported, ['phr', 'urn:countersign:acr:password'])
  for (const claim of ['sub', 'auth_time', 'acr', 'nonce', 'email'])
    assert.ok((document.claims_supported as string[]).includes(claim), claim)
})

test('MD-10 MD-15 MD-17 DP-16 G-22 no list has none or a shared secret in it, and there is no implicit or password grant', async () => {
  const server = await createTestServer()
  const response = await server.call('GET', places[0])
  const lists = Object.entries(bodyOf<Record<string, string[]>>(response)).filter(
    ([name]) => name.includes('_signing_alg_values_supported') || name.includes('_auth_signing_alg'),
  )
  assert.deepEqual(lists.map(([name]) => name.replace(/_signing_alg_values_supported$/, '')).sort(), [
    'dpop',
    'id_token',
    'introspection',
    'introspection_endpoint_auth',
    'revocation_endpoint_auth',
    'token_endpoint_auth',
    'userinfo',
  ])
  for (const [name, algs] of lists)
    assert.ok(algs.length > 0 && !algs.some((alg) => /^none$|^HS/i.test(alg)), name)
  assert.doesNotMatch(response.body, /"implicit"|"password"|"token"|id_token token|"fragment"|"plain"/)
})

test('MD-08 MD-11 MD-13 ID-08 what clients would otherwise guess is said', async () => {
  const server = await createTestServer()
  for (const path of places) {
    const document = bodyOf<Document>(await server.call('GET', path))
    assert.deepEqual(document.response_modes_supported, ['query', 'form_post'])
    assert.deepEqual(document.code_challenge_methods_supported, ['S256'])
    assert.equal(document.authorization_response_iss_parameter_supported, true)
    for (const name of ['claims', 'request', 'request_uri'])
      assert.equal(document[`${name}_parameter_supported`], false, name)
  }
})

test('MD-14 MD-16 MD-20 MD-21 REG-10 what is switched off is not announced, and no list of trusted issuers ever', async () => {
  const documentWith = async (settings: Partial<Config>) => {
    const server = await createTestServer({ settings })
    return bodyOf<Document>(await server.call('GET', places[0]))
  }
  const usual = await documentWith({})
  assert.equal(usual.client_id_metadata_document_supported, true)
  assert.equal(usual.require_pushed_authorization_requests, false)
  for (const name of [
    'registration_endpoint',
    'authorization_grant_profiles_supported',
    'ui_locales_supported',
  ])
    assert.ok(!(name in usual), name)
  const trusted = {
    issuer: 'https://idp.example',
    jwksUri: 'https://idp.example/jwks',
    algs: ['ES256' as const],
    kind: 'id-jag' as const,
    publicClients: [],
    reusable: false,
    linkByEmail: false,
    scopes: [],
  }
  const other = await documentWith({
    clientMetadataDocuments: false,
    requirePar: true,
    registration: 'open',
    trustedIssuers: [trusted],
  })
  assert.ok(!('client_id_metadata_document_supported' in other))
  assert.equal(other.require_pushed_authorization_requests, true)
  assert.equal(other.registration_endpoint, 'https://login.example/oauth/register')
  assert.deepEqual(other.authorization_grant_profiles_supported, [
    'urn:ietf:params:oauth:grant-profile:id-jag',
  ])
  assert.ok((other.grant_types_supported as string[]).includes('urn:ietf:params:oauth:grant-type:jwt-bearer'))
  assert.ok(!JSON.stringify(other).includes('idp.example'))
  const plain = await documentWith({ trustedIssuers: [{ ...trusted, kind: 'jwt' }] })
  assert.ok(!('authorization_grant_profiles_supported' in plain))
})

test('MD-22 JK-05 no list of resources, which are nobody’s business, and the key set is cached for less than the lead', async () => {
  const server = await createTestServer()
  const document = bodyOf<Document>(await server.call('GET', places[0]))
  assert.ok(!('protected_resources' in document))
  const { headers } = await server.call('GET', new URL(String(document.jwks_uri)).pathname)
  const age = Number(/max-age=(\d+)/.exec(String(headers['cache-control']))?.[1])
  const [added] = await rotateKeys(server.services)
  assert.ok(added && added.activeAt - server.services.system.now() >= 2 * age)
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
