// The metadata document: which members, from which issuer, and none that is empty.
// Its three places, its caching and its use by real clients are tested in the server.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MetadataInput, metadata } from './metadata.ts'

const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'
const input: MetadataInput = {
  issuer: 'https://login.example',
  grantTypes: [deviceCode, 'refresh_token'],
  scopes: ['openid', 'repo:read'],
  idTokenAlgs: ['RS256', 'ES256'],
  clientAlgs: ['ES256'],
  requirePar: false,
  registration: false,
  clientMetadataDocuments: false,
  idJag: false,
}

const endpoints = (document: Record<string, unknown>) =>
  Object.entries(document).filter(([name]) => name.endsWith('_endpoint') || name === 'jwks_uri')

test('MD-04 the issuer is repeated character for character', () => {
  for (const issuer of ['https://login.example', 'https://login.example/', 'https://example.com/acme'])
    assert.equal(metadata({ ...input, issuer }).issuer, issuer)
})

test('MD-12 MD-17 MD-18 G-15 every address is the issuer and a path, without a doubled slash', () => {
  for (const issuer of ['https://login.example', 'https://login.example/', 'https://example.com/acme/']) {
    const found = endpoints(metadata({ ...input, issuer }))
    assert.deepEqual(
      found.map(([name]) => name),
      [
        'authorization_endpoint',
        'pushed_authorization_request_endpoint',
        'token_endpoint',
        'device_authorization_endpoint',
        'introspection_endpoint',
        'revocation_endpoint',
        'userinfo_endpoint',
        'end_session_endpoint',
        'jwks_uri',
      ],
    )
    for (const [name, url] of found) {
      assert.ok(String(url).startsWith(`${issuer.replace(/\/$/, '')}/oauth/`), `${name} ${url}`)
      assert.doesNotMatch(String(url).slice('https://'.length), /\/\/|[?#]/)
    }
  }
})

test('MD-07 MD-09 MD-19 MD-20 what clients must not have to guess is said', () => {
  const document = metadata(input)
  assert.deepEqual(document.grant_types_supported, [deviceCode, 'refresh_token'])
  assert.deepEqual(document.scopes_supported, ['openid', 'repo:read'])
  assert.deepEqual(document.token_endpoint_auth_methods_supported, [
    'none',
    'client_secret_basic',
    'client_secret_post',
    'private_key_jwt',
  ])
  assert.deepEqual(document.subject_types_supported, ['public'])
  assert.deepEqual(document.id_token_signing_alg_values_supported, ['RS256', 'ES256'])
  assert.ok((document.claims_supported as string[]).includes('auth_time'))
})

test('IN-01 MD-17 introspection is announced for authenticated callers only, revocation for public clients too', () => {
  const document = metadata(input)
  assert.ok(!(document.introspection_endpoint_auth_methods_supported as string[]).includes('none'))
  assert.ok((document.revocation_endpoint_auth_methods_supported as string[]).includes('none'))
})

test('MD-05 a member that would be an empty list is left out, and none is null', () => {
  const document = metadata({ ...input, scopes: [], idTokenAlgs: [] })
  assert.ok(!('scopes_supported' in document))
  for (const signed of ['id_token', 'introspection', 'userinfo'])
    assert.ok(!(`${signed}_signing_alg_values_supported` in document))
  assert.deepEqual(Object.keys(metadata(input)).length - Object.keys(document).length, 4)
  for (const value of Object.values(document)) {
    assert.ok(['string', 'boolean'].includes(typeof value) || (Array.isArray(value) && value.length > 0))
  }
})

test('MD-06 MD-08 MD-11 MD-13 AZ-23 X-07 X-28 the code grant, its PKCE and its answers are announced in full', () => {
  const document = metadata(input)
  assert.deepEqual(document.response_types_supported, ['code'])
  assert.deepEqual(document.response_modes_supported, ['query', 'form_post'])
  assert.deepEqual(document.code_challenge_methods_supported, ['S256'])
  assert.equal(document.authorization_response_iss_parameter_supported, true)
  assert.equal(document.request_uri_parameter_supported, false)
})

test('MD-10 MD-15 DP-16 JK-06 the algorithms of clients are listed wherever a JWT method is, and are asymmetric', () => {
  const document = metadata(input)
  for (const endpoint of ['token', 'introspection', 'revocation']) {
    assert.ok(
      (document[`${endpoint}_endpoint_auth_methods_supported`] as string[]).includes('private_key_jwt'),
    )
    assert.deepEqual(document[`${endpoint}_endpoint_auth_signing_alg_values_supported`], ['ES256'])
  }
  assert.deepEqual(document.dpop_signing_alg_values_supported, ['ES256'])
})

test('MD-14 MD-16 MD-21 REG-10 what is on is announced, what is off is left out', () => {
  const off = metadata(input)
  const on = metadata({
    ...input,
    registration: true,
    clientMetadataDocuments: true,
    idJag: true,
    requirePar: true,
  })
  for (const [name, value] of [
    ['registration_endpoint', 'https://login.example/oauth/register'],
    ['client_id_metadata_document_supported', true],
    ['authorization_grant_profiles_supported', ['urn:ietf:params:oauth:grant-profile:id-jag']],
  ] as const) {
    assert.ok(!(name in off), name)
    assert.deepEqual(on[name], value)
  }
  assert.deepEqual(
    [off.require_pushed_authorization_requests, on.require_pushed_authorization_requests],
    [false, true],
  )
})

test('LP-17 nothing is said of held polls, which are nobody’s business but the caller’s', () => {
  assert.ok(!JSON.stringify(metadata(input)).includes('wait'))
})
