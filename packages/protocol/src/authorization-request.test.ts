// The check of an authorization request against standards.md section 11 (AZ): each parameter, good and bad, in any order.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { check, type Settled, salvage } from './authorization-request.ts'
import { speakRefusal } from './refusal.ts'
import { client } from './testing/sample-records.ts'

const good = {
  response_type: 'code',
  client_id: client.id,
  redirect_uri: 'https://app.example/back',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
}

const settled: Settled = {
  client: { id: client.id, grantTypes: ['authorization_code'] },
  redirectUri: good.redirect_uri,
  asked: { scopes: ['openid'], resources: ['https://api.example/'] },
  mustBePushed: false,
  hintedAccountId: null,
}

type Given = Readonly<Record<string, string | undefined>>

const raw = (given: Given, broken = false) => ({
  // As the reader of forms has it: an empty value is none.
  get: (name: string) => given[name] || undefined,
  broken,
})

function checked(given: Given = {}, differs: Partial<Settled> = {}, broken = false) {
  return check(raw({ ...good, ...given }, broken), { ...settled, ...differs })
}

/** The error code of a refusal. */
function refused(given: Given, differs: Partial<Settled> = {}, broken = false): string {
  const result = checked(given, differs, broken)
  assert.ok('reason' in result, JSON.stringify(result))
  return speakRefusal(result).error
}

function taken(given: Given = {}, differs: Partial<Settled> = {}) {
  const result = checked(given, differs)
  assert.ok(!('reason' in result), JSON.stringify(result))
  return result
}

test('AZ-15 what a good request keeps', () => {
  const asked = {
    ...good,
    state: ' a b&c=d\u2603"<',
    nonce: 'n-0S6',
    prompt: 'login consent',
    max_age: '3600',
    acr_values: 'phr phr other',
    login_hint: 'mia@example.com',
    dpop_jkt: 'abcdefghijklmnopqrstuvwxyz0123456789_-ABCDE',
    response_mode: 'form_post',
  }
  assert.deepEqual(taken(asked, { hintedAccountId: 'usr_mia' }), {
    redirectUri: good.redirect_uri,
    responseMode: 'form_post',
    state: asked.state,
    nonce: 'n-0S6',
    codeChallenge: good.code_challenge,
    scopes: ['openid'],
    resources: ['https://api.example/'],
    prompt: ['login', 'consent'],
    maxAge: 3600,
    acrValues: ['phr', 'other'],
    loginHint: 'mia@example.com',
    hintedAccountId: 'usr_mia',
    jkt: asked.dpop_jkt,
  })
})

test('AZ-05 X-28 response_type: missing, unknown, not for this client', () => {
  assert.equal(refused({ response_type: '' }), 'invalid_request')
  for (const other of ['token', 'id_token', 'code id_token', 'code token', 'none', 'Code', 'code '])
    assert.equal(refused({ response_type: other }), 'unsupported_response_type', other)
  const without = { client: { id: client.id, grantTypes: ['refresh_token'] as const } }
  assert.equal(refused({}, without), 'unauthorized_client')
})

test('AZ-06 AZ-07 AZ-08 F-13 X-02 X-03 PKCE with S256, for everybody', () => {
  assert.equal(refused({ code_challenge: '' }), 'invalid_request')
  assert.equal(refused({ code_challenge: '', nonce: 'n', code_challenge_method: '' }), 'invalid_request')
  for (const method of ['', 'plain', 's256', 'S512'])
    assert.equal(refused({ code_challenge_method: method }), 'invalid_request', method)
  const { code_challenge: challenge } = good
  for (const bad of [challenge.slice(1), `${challenge}A`, `${challenge.slice(1)}=`, `${challenge.slice(1)}+`])
    assert.equal(refused({ code_challenge: bad }), 'invalid_request', bad)
})

test('AZ-14 AZ-13 the refusal of scope or resource goes on as it is', () => {
  assert.equal(refused({}, { asked: { reason: 'scope_not_allowed' } }), 'invalid_scope')
  assert.equal(refused({}, { asked: { reason: 'resource_not_allowed' } }), 'invalid_target')
})

test('AZ-19 AZ-20 prompt: known values, and none only alone', () => {
  assert.deepEqual(taken({ prompt: '' }).prompt, [])
  assert.deepEqual(taken({ prompt: 'none' }).prompt, ['none'])
  assert.deepEqual(taken({ prompt: 'select_account login login' }).prompt, ['select_account', 'login'])
  for (const bad of ['none login', 'login none', 'create', 'NONE', 'login,consent'])
    assert.equal(refused({ prompt: bad }), 'invalid_request', bad)
})

test('AZ-21 max_age is a number of seconds', () => {
  assert.equal(taken({ max_age: '0' }).maxAge, 0)
  assert.equal(taken({ max_age: '999999999' }).maxAge, 999_999_999)
  for (const bad of ['-1', '1.5', 'abc', '1e3', ' 5', '٣', '9999999999999999999999'])
    assert.equal(refused({ max_age: bad }), 'invalid_request', bad)
})

test('AZ-22 what is not known or not supported causes no error', () => {
  const result = taken({
    display: 'popup',
    ui_locales: 'de fr',
    claims_locales: 'de',
    acr_values: 'urn:nobody:knows',
    login_hint: 'x'.repeat(10_000),
    id_token_hint: 'not.a.token',
    claims: '{"userinfo":{}}',
    foo: 'bar',
  })
  assert.equal(result.loginHint?.length, 254)
})

test('AZ-23 request objects and registrations in the request are refused by name', () => {
  assert.equal(refused({ request: 'ey.J.h' }), 'request_not_supported')
  assert.equal(refused({ request_uri: 'https://app.example/r' }), 'request_uri_not_supported')
  assert.equal(refused({ registration: '{}' }), 'registration_not_supported')
})

test('AZ-24 response_mode: query or form_post, and a form only to a web server', () => {
  assert.equal(taken({}).responseMode, 'query')
  assert.equal(taken({ response_mode: 'query' }).responseMode, 'query')
  assert.equal(taken({ response_mode: 'form_post' }).responseMode, 'form_post')
  for (const bad of ['fragment', 'jwt', 'web_message'])
    assert.equal(refused({ response_mode: bad }), 'invalid_request', bad)
  const app = { redirectUri: 'com.example.app:/back' }
  assert.equal(refused({ response_mode: 'form_post' }, app), 'invalid_request')
})

test('AZ-27 a parameter that occurs twice, or cannot be read, spoils the request', () => {
  assert.equal(refused({}, {}, true), 'invalid_request')
})

test('PAR-09 a request that had to be pushed and was not', () => {
  assert.equal(refused({}, { mustBePushed: true }), 'invalid_request')
})

test('AC-08 dpop_jkt is a SHA-256 thumbprint', () => {
  for (const bad of ['short', 'x'.repeat(44), `${'x'.repeat(42)}=`])
    assert.equal(refused({ dpop_jkt: bad }), 'invalid_request', bad)
})

test('AZ-09 state and nonce have an end', () => {
  assert.equal(taken({ state: 's'.repeat(4096) }).state?.length, 4096)
  assert.equal(refused({ state: 's'.repeat(4097) }), 'invalid_request')
  assert.equal(refused({ nonce: 'n'.repeat(4097) }), 'invalid_request')
  assert.deepEqual(taken({ acr_values: `phr ${'a'.repeat(255)}` }).acrValues, ['phr', 'a'.repeat(255)])
  assert.equal(refused({ acr_values: `phr ${'a'.repeat(256)}` }), 'invalid_request')
})

test('AZ-09 the answer to a refused request has state and mode, as far as they can be used', () => {
  const salvaged = (given: Given, redirectUri = settled.redirectUri) =>
    salvage(raw({ ...good, ...given }), { ...settled, redirectUri })
  assert.equal(salvaged({ state: 'xyz' }).state, 'xyz')
  assert.equal(salvaged({ state: 's'.repeat(4097) }).state, null)
  assert.equal(salvaged({ response_mode: 'form_post' }).responseMode, 'form_post')
  assert.equal(salvaged({ response_mode: 'fragment' }).responseMode, 'query')
  assert.equal(salvaged({ response_mode: 'form_post' }, 'com.example.app:/').responseMode, 'query')
  // Who asked for no page gets none, also where the rest is wrong.
  assert.deepEqual(salvaged({ prompt: 'none login' }).prompt, ['none'])
})

test('AZ-04 whatever is sent, the result is a whole request or a refusal with a code of RFC 6749', () => {
  const names = [
    'response_type',
    'response_mode',
    'code_challenge',
    'code_challenge_method',
    'state',
    'nonce',
    'prompt',
    'max_age',
    'acr_values',
    'login_hint',
    'dpop_jkt',
    'request',
    'registration',
  ]
  const values = fc.oneof(
    fc.string({ maxLength: 50 }),
    fc.constantFrom('code', 'S256', 'none', 'login', '0', good.code_challenge, 'form_post', 'query'),
  )
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), values), (given) => {
      const result = checked(given)
      if ('reason' in result) {
        assert.match(
          speakRefusal(result).error,
          /^(invalid_request|unsupported_response_type|(request|registration)_not_supported)$/,
        )
      } else {
        assert.equal(result.codeChallenge, given.code_challenge || good.code_challenge)
        assert.equal(result.state, given.state || null)
      }
    }),
    { numRuns: 500 },
  )
})
