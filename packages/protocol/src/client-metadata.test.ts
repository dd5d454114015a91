// Client metadata: what is registered of what a client says, and what is refused (RFC 7591 §2, standards.md section 6).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientInformation } from './client-information.ts'
import { type MetadataPolicy, readClientMetadata, speakMetadataRefusal } from './client-metadata.ts'
import { plainClient } from './plain-client.ts'

const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'
const policy: MetadataPolicy = {
  grantTypes: ['authorization_code', 'refresh_token', deviceCode, 'client_credentials'],
  scopes: ['openid', 'profile', 'offline_access'],
  assertionAlgs: ['ES256', 'RS256'],
  privateUse: true,
  loopbackPages: false,
}
const redirect_uris = ['https://app.example/callback']
const read = (members: unknown, more: Partial<MetadataPolicy> = {}) =>
  readClientMetadata(members, { ...policy, ...more })
function accepted(members: object, more?: Partial<MetadataPolicy>) {
  const result = read({ redirect_uris, ...members }, more)
  assert.ok(result.ok, JSON.stringify(result))
  return result.metadata
}
function refused(members: unknown, more?: Partial<MetadataPolicy>): string {
  const result = read(typeof members === 'object' ? { redirect_uris, ...members } : members, more)
  return result.ok ? 'accepted' : `${result.refusal.error} ${result.refusal.member}`
}

test('REG-09 what is left out means Basic, the code grant and its response type', () => {
  const metadata = accepted({})
  assert.deepEqual(metadata.authMethods, ['client_secret_basic'])
  assert.deepEqual(metadata.grantTypes, ['authorization_code'])
  const record = plainClient({ ...metadata, id: 'x', name: 'x', createdAt: 1 })
  assert.deepEqual(clientInformation(record).response_types, ['code'])
})

test('REG-04 REG-07 grants that are not offered are left out, and the rest is registered', () => {
  const grants = ['authorization_code', 'refresh_token', 'password', 'implicit', 'urn:x']
  assert.deepEqual(accepted({ grant_types: grants }).grantTypes, ['authorization_code', 'refresh_token'])
  assert.equal(refused({ grant_types: ['implicit', 'password'] }), 'invalid_client_metadata grant_types')
  const narrow = { grantTypes: ['authorization_code', 'refresh_token'] as const }
  assert.deepEqual(
    accepted({ grant_types: ['authorization_code', 'client_credentials'] }, narrow).grantTypes,
    ['authorization_code'],
  )
})

test('REG-07 grants and response types fit together', () => {
  const wrong = 'invalid_client_metadata response_types'
  assert.equal(refused({ response_types: ['token'] }), wrong)
  assert.equal(refused({ response_types: [] }), wrong)
  assert.equal(refused({ response_types: ['code'], grant_types: [deviceCode] }), wrong)
  assert.equal(refused({ response_types: ['code', 'code id_token'] }), wrong)
  assert.equal(refused({ response_types: ['code'], grant_types: ['authorization_code'] }), 'accepted')
  assert.equal(refused({ response_types: [], grant_types: [deviceCode] }), 'accepted')
})

test('REG-05 the code grant needs a redirect URI, others do not', () => {
  for (const missing of [undefined, null, [], ''])
    assert.equal(refused({ redirect_uris: missing }), 'invalid_redirect_uri redirect_uris')
  assert.equal(refused({ redirect_uris: undefined, grant_types: [deviceCode] }), 'accepted')
  assert.equal(refused({ redirect_uris: undefined, grant_types: ['client_credentials'] }), 'accepted')
})

test('REG-06 RU-05 RU-06 a redirect URI that nobody may register is said to be one', () => {
  const bad = [
    'relative',
    'https://a.example/#x',
    'https://user@a.example/',
    'https://*.example/',
    'http://a.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    'myapp:/x',
    'https://a.example\\@b.example/',
    'http://127.0.0.1.a.example/',
    7,
  ]
  for (const uri of bad)
    assert.equal(
      refused({ redirect_uris: [...redirect_uris, uri] }),
      'invalid_redirect_uri redirect_uris',
      String(uri),
    )
  assert.equal(refused({ redirect_uris: 'https://a.example/' }), 'invalid_redirect_uri redirect_uris')
  const many = Array.from({ length: 51 }, (_, index) => `https://a.example/${index}`)
  assert.equal(refused({ redirect_uris: many }), 'invalid_redirect_uri redirect_uris')
})

test('REG-14 X-16 X-22 native programs have loopback and schemes of their own, web ones neither, and who does not say has loopback', () => {
  const loopback = ['http://127.0.0.1/cb', 'http://[::1]:8000/cb', 'http://localhost:3000/cb']
  const own = ['com.example.app:/cb']
  const uri = 'invalid_redirect_uri redirect_uris'
  assert.equal(refused({ application_type: 'native', redirect_uris: [...loopback, ...own] }), 'accepted')
  assert.equal(refused({ application_type: 'web', redirect_uris: loopback }), uri)
  assert.equal(refused({ application_type: 'web', redirect_uris: own }), uri)
  assert.equal(refused({ redirect_uris: own }), uri)
  assert.equal(refused({ application_type: 'native', redirect_uris: own }, { privateUse: false }), uri)
  assert.equal(accepted({ redirect_uris: loopback }).applicationType, 'native')
  assert.equal(accepted({ redirect_uris: [...loopback, ...redirect_uris] }).applicationType, 'web')
  assert.equal(accepted({}).applicationType, 'web')
  assert.equal(refused({ application_type: 'desktop' }), 'invalid_client_metadata application_type')
})

const ec = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: '1' }

test('REG-08 keys come by value or by address, and private or secret ones never', () => {
  const jwks = { keys: [ec] }
  const jwks_uri = 'https://app.example/jwks'
  const method = { token_endpoint_auth_method: 'private_key_jwt' }
  assert.equal(refused({ ...method, jwks, jwks_uri }), 'invalid_client_metadata jwks')
  assert.equal(refused(method), 'invalid_client_metadata jwks')
  assert.deepEqual(accepted({ ...method, jwks: { keys: [{ ...ec, x5c: ['x'], extra: 1 }] } }).jwks, jwks)
  assert.equal(accepted({ ...method, jwks_uri }).jwksUri, jwks_uri)
  const bad = [
    ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].map((name) => ({ ...ec, [name]: 'x' })),
    { kty: 'oct', k: 'x' },
    { kty: 'OKP', crv: 'X25519', x: 'x' },
    { kty: 'RSA', n: 'A'.repeat(171), e: 'AQAB' },
    { kty: 'EC', crv: 'P-256', x: 'x' },
    'key',
  ]
  for (const key of bad)
    assert.equal(
      refused({ ...method, jwks: { keys: [ec, key] } }),
      'invalid_client_metadata jwks',
      JSON.stringify(key),
    )
  for (const set of [{}, { keys: [] }, [], 'x', { keys: Array(21).fill(ec) }])
    assert.equal(refused({ ...method, jwks: set }), 'invalid_client_metadata jwks')
  for (const address of [
    'http://app.example/jwks',
    'ftp://app.example/jwks',
    'https://user@app.example/jwks',
    'x',
  ])
    assert.equal(refused({ ...method, jwks_uri: address }), 'invalid_client_metadata jwks_uri', address)
})

test('REG-13 CIM-09 pages are https, in each language', () => {
  for (const name of ['client_uri', 'logo_uri', 'tos_uri', 'policy_uri']) {
    for (const uri of [
      'http://app.example/',
      'javascript:alert(1)',
      'data:,x',
      'ftp://app.example',
      'app.example',
      7,
      'https://a b/',
    ])
      assert.equal(refused({ [name]: uri }), `invalid_client_metadata ${name}`, String(uri))
    assert.equal(refused({ [`${name}#de`]: 'http://app.example/' }), `invalid_client_metadata ${name}`)
    assert.equal(refused({ [name]: 'https://app.example/x?y#z' }), 'accepted')
  }
  const { pages } = accepted({
    client_uri: 'https://a.example',
    tos_uri: 'https://b.example',
    policy_uri: '',
  })
  assert.deepEqual(pages, { home: 'https://a.example', terms: 'https://b.example', privacy: null })
  const local = { client_uri: 'http://localhost:3000/' }
  assert.equal(refused(local), 'invalid_client_metadata client_uri')
  assert.equal(refused(local, { loopbackPages: true }), 'accepted')
})

test('REG-04 REG-15 CIM-14 language tags and software are repeated, what is unknown is not', () => {
  const members = {
    client_name: 'App',
    'client_name#de': 'Anwendung',
    'client_name#ja-Jpan-JP': 'アプリ',
    'policy_uri#fr': 'https://app.example/fr',
    software_id: 'app',
    software_version: '2',
  }
  const unknown = {
    nonsense: 1,
    'client_name#': 'x',
    'scope#de': 'x',
    'client_name#<b>': 'x',
    logo_uri: 'https://a.example/l',
  }
  const metadata = accepted({ ...members, ...unknown })
  const { client_name, ...echoed } = members
  assert.deepEqual(metadata.echoed, echoed)
  const record = plainClient({
    ...metadata,
    id: 'x',
    name: client_name,
    createdAt: 1,
    registration: { tokenHash: null, echoed },
  })
  const information = clientInformation(record)
  for (const [name, value] of Object.entries(members)) assert.equal(information[name], value)
  assert.ok(!Object.keys(unknown).some((name) => name in information))
  assert.equal(refused({ 'client_name#de': 7 }), 'invalid_client_metadata client_name')
})

test('REG-04 scopes are those of them that may be had', () => {
  assert.deepEqual(accepted({}).scopes, policy.scopes)
  assert.deepEqual(accepted({ scope: 'mail offline_access openid' }).scopes, ['openid', 'offline_access'])
  for (const scope of ['a  b', ' a', 'a"b', 7])
    assert.equal(refused({ scope }), 'invalid_client_metadata scope')
})

test('REG-07 members of the wrong kind, and values that are not offered, are named', () => {
  const wrong: [string, unknown][] = [
    ['client_name', 7],
    ['client_name', 'x'.repeat(2001)],
    ['grant_types', 'authorization_code'],
    ['response_types', [7]],
    ['token_endpoint_auth_method', 'client_secret_jwt'],
    ['token_endpoint_auth_method', 'tls_client_auth'],
    ['token_endpoint_auth_signing_alg', 'HS256'],
    ['token_endpoint_auth_signing_alg', 'none'],
    ['id_token_signed_response_alg', 'none'],
    ['introspection_signed_response_alg', 'HS256'],
    ['userinfo_signed_response_alg', 'x'],
    ['require_pushed_authorization_requests', 'true'],
    ['dpop_bound_access_tokens', 1],
    ['post_logout_redirect_uris', ['http://a.example/']],
    ['software_id', {}],
  ]
  for (const [name, value] of wrong)
    assert.equal(refused({ [name]: value }), `invalid_client_metadata ${name}`, name)
  for (const body of [null, [], 'x', 7]) assert.equal(read(body).ok, false)
})

test('CA-06 CC-01 a public client has no credentials to get tokens by', () => {
  const grants = { grant_types: ['client_credentials'], redirect_uris: undefined }
  assert.equal(
    refused({ ...grants, token_endpoint_auth_method: 'none' }),
    'invalid_client_metadata grant_types',
  )
  assert.equal(refused(grants), 'accepted')
})

test('G-09 G-11 the refusal is in the OAuth form, and repeats nothing of what was sent', () => {
  const result = read({ redirect_uris: ['javascript:"evil\\"'] })
  assert.ok(!result.ok)
  assert.deepEqual(speakMetadataRefusal(result.refusal), {
    status: 400,
    error: 'invalid_redirect_uri',
    description: 'The member redirect_uris is missing or cannot be registered so.',
  })
})

test('REG-18 REG-17 what is registered reads back as what registers the same again', () => {
  const first = accepted({
    client_name: 'App',
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: { keys: [ec] },
    scope: 'openid',
    post_logout_redirect_uris: ['https://app.example/bye'],
    require_pushed_authorization_requests: true,
    dpop_bound_access_tokens: true,
    id_token_signed_response_alg: 'EdDSA',
    introspection_signed_response_alg: 'ES256',
    userinfo_signed_response_alg: 'ES256',
    client_uri: 'https://app.example/',
    software_id: 'app',
  })
  const registration = { tokenHash: null, echoed: first.echoed }
  const record = plainClient({ ...first, id: 'x', name: 'App', createdAt: 1, registration })
  assert.deepEqual(read(clientInformation(record)), { ok: true, metadata: first })
  assert.ok(!Object.values(clientInformation(record)).includes(null))
})
