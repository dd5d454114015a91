import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { type ProtectedResource, protect } from './protect.ts'
import type { ResourceOptions } from './settings.ts'
import { createClock, requestWith, type TestClock } from './testing/clock.ts'
import {
  audience,
  caller,
  json,
  reset,
  startIssuer,
  startOfTests,
  type TestIssuer,
} from './testing/issuer.ts'

const opened: TestIssuer[] = []
let issuer: TestIssuer
let clock: TestClock
let api: ProtectedResource

const active = {
  active: true,
  sub: 'usr_mia',
  client_id: 'notes-cli',
  scope: 'notes:read',
  aud: audience,
  exp: startOfTests + 600,
}

beforeEach(async () => {
  issuer = await startIssuer()
  opened.push(issuer)
  clock = createClock()
  api = create()
  issuer.describe('opaque-token', { ...active, iss: issuer.url, token_type: 'Bearer' })
})
after(() => Promise.all(opened.map((one) => one.close())))

function create(options: Partial<ResourceOptions> = {}): ProtectedResource {
  const { system } = clock
  return protect({ resource: audience, issuer: issuer.url, introspection: caller, system, ...options })
}

async function reasonFor(token: string, resource = api): Promise<string> {
  const verification = await resource.verify(requestWith(token))
  return verification.ok ? 'passed' : verification.refusal.reason
}

test('IN-01 CA-02 the resource authenticates with form-encoded Basic credentials, or in the body', async () => {
  const verification = await api.verify(requestWith('opaque-token'))
  assert.ok(verification.ok)
  assert.deepEqual([verification.identity.subject, verification.identity.scopes], ['usr_mia', ['notes:read']])
  const [asked] = issuer.at('/introspect')
  assert.deepEqual(asked?.form, { token: 'opaque-token', token_type_hint: 'access_token' })
  const [id = '', secret = ''] = atob((asked?.headers.authorization ?? '').slice('Basic '.length)).split(':')
  const decoded = [id, secret].map((half) => new URLSearchParams(`v=${half}`).get('v'))
  assert.deepEqual(decoded, [caller.clientId, caller.clientSecret])

  await create({ introspection: { ...caller, method: 'client_secret_post' } }).verify(
    requestWith('opaque-token'),
  )
  const second = issuer.at('/introspect')[1]
  assert.equal(second?.headers.authorization, undefined)
  assert.deepEqual(
    [second?.form.client_id, second?.form.client_secret],
    [caller.clientId, caller.clientSecret],
  )
})

test('IN-05 RS-06 what is inactive, or unknown to the server, is an invalid token', async () => {
  assert.equal(await reasonFor('unknown-token'), 'token_inactive')
})

test('IN-14 a yes is believed for the configured time, a no for five seconds', async () => {
  for (let count = 0; count < 5; count += 1) assert.equal(await reasonFor('opaque-token'), 'passed')
  assert.equal(issuer.at('/introspect').length, 1)
  issuer.describe('opaque-token', { active: false })
  clock.advance(29)
  assert.equal(await reasonFor('opaque-token'), 'passed')
  clock.advance(1)
  assert.equal(await reasonFor('opaque-token'), 'token_inactive')
  issuer.describe('opaque-token', { ...active })
  clock.advance(4)
  assert.equal(await reasonFor('opaque-token'), 'token_inactive')
  clock.advance(1)
  assert.equal(await reasonFor('opaque-token'), 'passed')
})

test('IN-14 no answer outlives the token, whatever was configured', async () => {
  issuer.describe('short', { ...active, exp: startOfTests + 10 })
  const resource = create({ introspection: { ...caller, cacheSeconds: 300 }, clockTolerance: 0 })
  assert.equal(await reasonFor('short', resource), 'passed')
  clock.advance(9)
  assert.equal(await reasonFor('short', resource), 'passed')
  assert.equal(issuer.at('/introspect').length, 1)
  clock.advance(1)
  assert.equal(await reasonFor('short', resource), 'token_expired')
  assert.equal(issuer.at('/introspect').length, 2)
})

test('IN-14 with a cache of nothing every request asks', async () => {
  const resource = create({ introspection: { ...caller, cacheSeconds: 0 } })
  for (let count = 0; count < 3; count += 1) assert.equal(await reasonFor('opaque-token', resource), 'passed')
  assert.equal(issuer.at('/introspect').length, 3)
})

test('requests with one token at the same moment ask once', async () => {
  const reasons = await Promise.all(Array.from({ length: 10 }, () => reasonFor('opaque-token')))
  assert.deepEqual([...new Set(reasons)], ['passed'])
  assert.equal(issuer.at('/introspect').length, 1)
})

test('RS-13 IN-02 when the server fails, refuses us, or answers nonsense, access is closed with 503', async () => {
  const broken: Parameters<TestIssuer['on']>[1][] = [
    reset,
    json(500, () => ({})),
    json(401, () => ({ error: 'invalid_client' })),
    json(200, () => ({})),
    json(200, () => ({ active: 'true' })),
    json(200, () => [{ active: true }]),
    (response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"active":true,"active":true}'),
    (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    (response) => response.writeHead(307, { location: `${issuer.url}/other` }).end(),
  ]
  for (const answer of broken) {
    issuer.on('/introspect', answer)
    const verification = await api.verify(requestWith('opaque-token'))
    assert.ok(!verification.ok)
    const { status, headers } = api.challenge(verification)
    assert.equal(status, 503)
    assert.ok(headers.some(([name]) => name === 'Retry-After'))
    assert.ok(!headers.some(([name]) => name === 'WWW-Authenticate'))
  }
  issuer.on('/introspect', undefined)
  assert.equal(await reasonFor('opaque-token'), 'passed')
  assert.deepEqual(issuer.at('/other'), [])
})

test('RS-13 what is remembered still opens while the server is away, and no longer than it would anyway', async () => {
  assert.equal(await reasonFor('opaque-token'), 'passed')
  issuer.on('/introspect', reset)
  clock.advance(29)
  assert.equal(await reasonFor('opaque-token'), 'passed')
  clock.advance(1)
  assert.equal(await reasonFor('opaque-token'), 'unavailable')
})

test('RS-09 IN-08 JK-12 an active token must still be for this resource, of this issuer, an access token, and end', async () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ aud: 'https://other.example.com' }, 'audience_wrong'],
    [{ aud: undefined }, 'audience_wrong'],
    [{ iss: 'https://other.example.com' }, 'issuer_unknown'],
    [{ token_type: 'refresh_token' }, 'token_type_wrong'],
    [{ exp: undefined }, 'claims_invalid'],
    [{ exp: startOfTests - 40 }, 'token_expired'],
    [{ nbf: startOfTests + 40 }, 'token_not_yet_valid'],
    [{ client_id: undefined }, 'claims_invalid'],
    [{ cnf: { 'x5t#S256': 'a' } }, 'token_bound'],
    [{ token_type: 'bearer' }, 'passed'],
  ]
  for (const [index, [more, reason]] of cases.entries()) {
    issuer.describe(`case-${index}`, { ...active, ...more })
    assert.equal(await reasonFor(`case-${index}`), reason, JSON.stringify(more))
  }
})

test('RS-12 an answer without subject is about a program', async () => {
  issuer.describe('own', { ...active, sub: undefined })
  const verification = await api.verify(requestWith('own'))
  assert.deepEqual(verification.ok && [verification.identity.kind, verification.identity.subject], [
    'client',
    'notes-cli',
  ])
})

test('auto asks about opaque tokens and reads JWTs by key; introspection mode asks about both', async () => {
  const jwt = await issuer.sign()
  assert.equal(await reasonFor(jwt), 'passed')
  assert.equal(issuer.at('/introspect').length, 0)
  assert.equal(await reasonFor('opaque-token'), 'passed')
  assert.equal(issuer.at('/introspect').length, 1)
  // so that a revocation shows at once also for JWTs.
  assert.equal(await reasonFor(jwt, create({ mode: 'introspection' })), 'token_inactive')
  assert.equal(
    await reasonFor('opaque-token', protect({ resource: audience, issuer: issuer.url })),
    'token_malformed',
  )
})
