// Client ID metadata documents: which URL may be a client id, and what the document there has to say (standards.md section 6).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetadataPolicy } from './client-metadata.ts'
import { isDocumentAddress, readMetadataDocument } from './client-metadata-document.ts'

const id = 'https://app.example/client.json'
const policy: MetadataPolicy = {
  grantTypes: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  scopes: ['openid'],
  assertionAlgs: ['ES256'],
  privateUse: false,
  loopbackPages: false,
}
const document = {
  client_id: id,
  client_name: 'App',
  redirect_uris: ['http://127.0.0.1/cb', 'http://localhost/cb'],
}
function outcome(members: object | null): string {
  const read = readMetadataDocument(members && { ...document, ...members }, id, policy)
  return read.ok ? read.metadata.authMethods.join() : read.refusal.member
}

test('CIM-01 CIM-02 only an https URL with a path, and nothing that two readers might read differently', () => {
  for (const good of [
    id,
    'https://app.example:8443/client.json',
    'https://app.example/a/b/',
    'https://APP.example/%C3%A4',
    'https://[2606:4700::1]/x',
    'https://app.example/a//b',
    'https://app.example/...',
  ])
    assert.ok(isDocumentAddress(good, false), good)
  for (const bad of [
    'http://app.example/client.json',
    'https://app.example',
    'https://app.example/',
    'https://app.example/x#y',
    'https://app.example/x#',
    'https://app.example/x?y=1',
    'https://app.example/x?',
    'https://user@app.example/x',
    'https://user:pass@app.example/x',
    'https://app.example/../x',
    'https://app.example/a/./b',
    'https://app.example/a/..',
    'https://app.example/%2e%2E/x',
    'https://app.example/a/.%2e',
    'https://app.example\\x',
    'https://app.example/a b',
    'https://app.example/ä',
    'https://app.example:99999/x',
    'https:///x',
    'https:app.example/x',
    'ftp://app.example/x',
    'javascript://app.example/x',
    ' https://app.example/x',
    'https://app.example/x\n',
    `https://app.example/${'x'.repeat(500)}`,
    '',
  ])
    assert.ok(!isDocumentAddress(bad, true), bad)
})

test('CIM-08 http is for loopback hosts, and only in development', () => {
  for (const host of ['localhost:3000', '127.0.0.1', '[::1]:8080']) {
    assert.ok(isDocumentAddress(`http://${host}/x`, true), host)
    assert.ok(!isDocumentAddress(`http://${host}/x`, false), host)
  }
  assert.ok(!isDocumentAddress('http://127.0.0.1.app.example/x', true))
})

test('CIM-03 the document names its own address, code point by code point', () => {
  for (const other of [
    'https://app.example:443/client.json',
    'https://APP.example/client.json',
    `${id}/`,
    undefined,
    7,
  ])
    assert.equal(outcome({ client_id: other }), 'client_id', String(other))
  assert.equal(outcome({}), 'none')
  for (const body of [null, [], 'x']) assert.equal(readMetadataDocument(body, id, policy).ok, false)
  // Two addresses of one page are two clients.
  const twin = 'https://app.example:443/client.json'
  assert.ok(readMetadataDocument({ ...document, client_id: twin }, twin, policy).ok)
})

test('CIM-06 CIM-07 no secrets in a public place; who names no method is public', () => {
  assert.equal(outcome({ client_secret: 'x' }), 'client_secret')
  assert.equal(outcome({ client_secret: null }), 'client_secret')
  assert.equal(outcome({ client_secret_expires_at: 0 }), 'client_secret_expires_at')
  for (const method of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'x', 7])
    assert.equal(outcome({ token_endpoint_auth_method: method }), 'token_endpoint_auth_method')
  assert.equal(outcome({ token_endpoint_auth_method: undefined }), 'none')
  const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }
  const signing = { token_endpoint_auth_method: 'private_key_jwt' }
  assert.equal(outcome(signing), 'jwks')
  assert.equal(outcome({ ...signing, jwks: { keys: [key] } }), 'private_key_jwt')
  assert.equal(outcome({ ...signing, jwks: { keys: [{ ...key, d: 'x' }] } }), 'jwks')
  assert.equal(outcome({ jwks: { keys: [{ kty: 'oct', k: 'x' }] } }), 'jwks')
})

test('CIM-11 CIM-12 X-23 the code grant needs a name and redirect URIs, the device grant neither', () => {
  assert.equal(outcome({ client_name: undefined }), 'client_name')
  assert.equal(outcome({ redirect_uris: undefined }), 'redirect_uris')
  const device = { grant_types: ['urn:ietf:params:oauth:grant-type:device_code'] }
  assert.equal(outcome({ ...device, client_name: undefined, redirect_uris: undefined }), 'none')
})

test('X-22 MA-12 CIM-09 no schemes of their own for those who are known by a document', () => {
  const own = { redirect_uris: ['com.example.app:/cb'], application_type: 'native' }
  assert.equal(outcome(own), 'redirect_uris')
  assert.equal(outcome({ redirect_uris: ['http://app.example/cb'] }), 'redirect_uris')
  assert.equal(outcome({ client_uri: 'gopher://app.example/' }), 'client_uri')
  assert.equal(outcome({ logo_uri: 'file:///etc/passwd' }), 'logo_uri')
  assert.equal(outcome({ jwks_uri: 'http://169.254.169.254/keys' }), 'jwks_uri')
})
