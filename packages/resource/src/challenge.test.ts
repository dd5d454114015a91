import assert from 'node:assert/strict'
import { test } from 'node:test'
import { challenge, type Offer } from './challenge.ts'
import { UnavailableError } from './errors.ts'
import type { Refusal, Scheme } from './refusal.ts'
import type { Requirements } from './requirements.ts'

const metadataUrl = 'https://api.example.com/.well-known/oauth-protected-resource/notes'
const both: Offer = { metadataUrl, dpop: 'accepted', dpopAlgorithms: ['ES256', 'EdDSA'] }
const bearerOnly: Offer = { ...both, dpop: 'off' }

type More = { scheme?: Scheme; requirements?: Requirements; nonce?: string; offer?: Offer }

function answerTo(refusal: Refusal, { scheme, requirements = {}, nonce, offer = both }: More = {}) {
  const answer = challenge({ ok: false, refusal, scheme, requirements, nonce }, offer)
  const values = (wanted: string) =>
    answer.headers.filter(([name]) => name === wanted).map(([, value]) => value)
  return { ...answer, challenges: values('WWW-Authenticate'), values, json: JSON.parse(answer.body) }
}

const place = `resource_metadata="${metadataUrl}"`
const invalid = 'error="invalid_token", error_description="The access token is not valid"'

test('RS-05 PRM-07 DP-12 without credentials the challenge names no error, and where to get a token', () => {
  const { status, challenges } = answerTo(
    { reason: 'credentials_missing' },
    { requirements: { scopes: ['notes:read', 'notes:write'] } },
  )
  assert.equal(status, 401)
  assert.deepEqual(challenges, [
    `Bearer scope="notes:read notes:write", ${place}`,
    `DPoP algs="ES256 EdDSA", scope="notes:read notes:write", ${place}`,
  ])
  assert.deepEqual(answerTo({ reason: 'credentials_missing' }, { offer: bearerOnly }).challenges, [
    `Bearer ${place}`,
  ])
})

test('RS-06 DP-13 the error of a bad token stands at the scheme that was used', () => {
  const refusal: Refusal = { reason: 'signature_invalid' }
  assert.deepEqual(answerTo(refusal, { scheme: 'Bearer' }).challenges, [
    `Bearer ${invalid}, ${place}`,
    `DPoP algs="ES256 EdDSA", ${place}`,
  ])
  assert.deepEqual(answerTo(refusal, { scheme: 'DPoP' }).challenges, [
    `Bearer ${place}`,
    `DPoP ${invalid}, algs="ES256 EdDSA", ${place}`,
  ])
  assert.equal(answerTo(refusal, { scheme: 'Bearer' }).json.error, 'invalid_token')
})

test('RS-07 MS-04 too little scope names everything that the operation needs, with 403', () => {
  const requirements = { scopes: ['notes:read', 'notes:write'] }
  const refusal: Refusal = { reason: 'scope_insufficient', missing: ['notes:write'] }
  const { status, challenges } = answerTo(refusal, { scheme: 'Bearer', requirements, offer: bearerOnly })
  assert.equal(status, 403)
  const named = 'error="insufficient_scope", error_description="The access token does not allow this"'
  assert.deepEqual(challenges, [`Bearer ${named}, scope="notes:read notes:write", ${place}`])
})

test('RS-04 DP-13 two tokens are a malformed request, said on both schemes', () => {
  const { status, challenges } = answerTo({ reason: 'credentials_repeated' })
  assert.equal(status, 400)
  const named = 'error="invalid_request", error_description="The request carries more than one access token"'
  assert.deepEqual(challenges, [`Bearer ${named}`, `DPoP ${named}, algs="ES256 EdDSA"`])
  const malformed = answerTo({ reason: 'credentials_malformed' }, { scheme: 'DPoP' })
  assert.equal(malformed.status, 400)
  assert.ok(malformed.challenges.every((one) => one.includes('error="invalid_request"')))
})

test('SU-01 a stronger or newer sign-in is asked for in the words of RFC 9470', () => {
  const refusal: Refusal = { reason: 'authentication_insufficient', why: 'acr' }
  const asked = (requirements: Requirements) =>
    answerTo(refusal, { scheme: 'Bearer', requirements, offer: bearerOnly })
  const named =
    'error="insufficient_user_authentication", error_description="A stronger or more recent sign-in is needed"'
  const full = asked({ acrValues: ['phr', 'phrh'], maxAge: 300 })
  assert.equal(full.status, 401)
  assert.deepEqual(full.challenges, [`Bearer ${named}, acr_values="phr phrh", max_age="300", ${place}`])
  assert.deepEqual(asked({ maxAge: 0 }).challenges, [`Bearer ${named}, max_age="0", ${place}`])
  assert.deepEqual(asked({ acrValues: ['phr'] }).challenges, [`Bearer ${named}, acr_values="phr", ${place}`])
})

test('DP-10 DP-12 a bad proof is 401 at the scheme DPoP', () => {
  const { status, challenges } = answerTo({ reason: 'proof_invalid', why: 'time' }, { scheme: 'DPoP' })
  assert.equal(status, 401)
  const named = 'error="invalid_dpop_proof", error_description="The proof of the key is missing or not valid"'
  assert.deepEqual(challenges, [`Bearer ${place}`, `DPoP ${named}, algs="ES256 EdDSA", ${place}`])
})

test('DP-09 RS-16 a nonce is asked for with the nonce in the answer, readable by scripts and stored by nobody', () => {
  const answer = answerTo({ reason: 'nonce_needed' }, { scheme: 'DPoP', nonce: 'abc' })
  assert.equal(answer.status, 401)
  assert.match(answer.challenges[1] ?? '', /^DPoP error="use_dpop_nonce", .*algs="ES256 EdDSA"/)
  assert.deepEqual(answer.values('DPoP-Nonce'), ['abc'])
  assert.deepEqual(answer.values('Access-Control-Expose-Headers'), ['WWW-Authenticate, DPoP-Nonce'])
  assert.deepEqual(answer.values('Cache-Control'), ['no-store'])
})

test('DP-11 a bound token sent as Bearer is invalid, and the scheme DPoP is offered', () => {
  const { challenges } = answerTo({ reason: 'token_bound' }, { scheme: 'Bearer' })
  assert.match(challenges[0] ?? '', /^Bearer error="invalid_token"/)
  assert.match(challenges[1] ?? '', /^DPoP algs="ES256 EdDSA"/)
})

test('DP-12 where DPoP is required nothing else is offered, and the error still has a place', () => {
  const offer: Offer = { ...both, dpop: 'required' }
  const { challenges } = answerTo({ reason: 'token_unbound' }, { scheme: 'Bearer', offer })
  assert.equal(challenges.length, 1)
  assert.match(challenges[0] ?? '', /^DPoP error="invalid_token"/)
})

test('RS-13 an outage is 503 with a time to come back, and no challenge that would make a client sign in again', () => {
  const error = new UnavailableError('network', 'login.example.com could not be reached')
  const answer = answerTo({ reason: 'unavailable', error }, { scheme: 'Bearer' })
  assert.equal(answer.status, 503)
  assert.deepEqual(answer.challenges, [])
  assert.deepEqual(answer.values('Retry-After'), ['5'])
  assert.equal(answer.json.error, 'temporarily_unavailable')
  assert.ok(!answer.body.includes('login.example.com'))
})

test('RS-08 G-11 G-19 every challenge is well formed, holds each parameter once, and nothing that the caller sent', () => {
  const hostile = 'evil"\r\n\\'
  const refusals: Refusal[] = [
    { reason: 'token_type_wrong', typ: hostile },
    { reason: 'algorithm_refused', alg: hostile },
    { reason: 'issuer_unknown', issuer: hostile },
    { reason: 'audience_wrong', audience: [hostile] },
    { reason: 'key_unknown', kid: hostile },
    { reason: 'claims_invalid', claim: hostile },
    { reason: 'scope_insufficient', missing: [hostile] },
    { reason: 'token_expired', expiresAt: 1 },
    { reason: 'token_not_yet_valid', notBefore: 1 },
    { reason: 'token_inactive' },
    { reason: 'token_malformed' },
    { reason: 'subject_wrong', kind: 'client' },
  ]
  for (const refusal of refusals) {
    const { challenges, body, status } = answerTo(refusal, {
      scheme: 'Bearer',
      requirements: { scopes: ['a'] },
    })
    assert.ok(status === 401 || status === 403)
    assert.ok(!body.includes('evil'))
    assert.equal(challenges.length, 2)
    for (const one of challenges) {
      assert.match(
        one,
        /^(Bearer|DPoP) [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*"(, [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*")*$/,
      )
      assert.ok(!one.includes('evil'))
      const names = [...one.matchAll(/([a-z_]+)="/g)].map(([, name]) => name)
      assert.equal(new Set(names).size, names.length)
    }
  }
})
