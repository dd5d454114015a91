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
        'token_endpoint',
        'device_authorization_endpoint',
        'introspection_endpoint',
        'revocation_endpoint',
        'userinfo_endpoint',
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
  assert.ok(!('id_token_signing_alg_values_supported' in document))
  assert.deepEqual(Object.keys(metadata(input)).length - Object.keys(document).length, 2)
  for (const value of Object.values(document)) {
    assert.ok(typeof value === 'string' || (Array.isArray(value) && value.length > 0))
  }
})

test('LP-17 MD-06 MD-11 nothing is announced that is not there', () => {
  const text = JSON.stringify(metadata(input))
  for (const absent of [
    'wait',
    'authorization_endpoint"',
    'response_types',
    'code_challenge',
    'registration_',
  ])
    assert.ok(!text.replace('device_authorization_endpoint', '').includes(absent), absent)
})
