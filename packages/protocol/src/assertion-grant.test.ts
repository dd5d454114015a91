// The claims of assertions, one by one (RFC 7523 §3, IDJAG-04 §3.1, standards.md JB): what holds, and what each wrong one is.
// Signatures, keys, subjects and the request around them are the server's endpoints/token-jwt-bearer*.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type AssertionEvent,
  assertedScopes,
  judgeAssertion,
  longestAssertionSeconds,
} from './assertion-grant.ts'
import { speakRefusal } from './refusal.ts'
import { service } from './testing/sample-exchange.ts'
import { t0 } from './testing/sample-records.ts'

const issuer = 'https://login.example'
const tokenEndpoint = `${issuer}/oauth/token`
const skew = 30

const idJag = {
  iss: 'https://idp.example',
  sub: 'mia',
  aud: issuer,
  client_id: 'agent',
  jti: 'jti-1',
  iat: t0 - 5,
  exp: t0 + 300,
}
const plain = { iss: 'https://ci.example', sub: 'job-7', aud: issuer, exp: t0 + 300 }

const judge = (claims: object, changes: Partial<AssertionEvent> = {}) =>
  judgeAssertion({
    kind: 'id-jag',
    typ: 'oauth-id-jag+jwt',
    claims: claims as AssertionEvent['claims'],
    client: service('agent'),
    issuer,
    tokenEndpoint,
    jkt: null,
    now: t0,
    skew,
    ...changes,
  })
const judgePlain = (claims: object, changes: Partial<AssertionEvent> = {}) =>
  judge(claims, { kind: 'jwt', typ: undefined, ...changes })

/** Why not, or `good`; every refusal is `invalid_grant` on the wire. */
function why(judged: ReturnType<typeof judge>): string {
  if (!('reason' in judged)) return 'good'
  assert.equal(speakRefusal(judged).error, 'invalid_grant')
  return 'why' in judged ? judged.why : judged.reason
}

test('JB-05 JB-11 what an identity assertion says', () => {
  const claims = {
    ...idJag,
    tenant: 'acme',
    email: 'mia@example.com',
    scope: 'read write',
    resource: 'https://mcp.example',
    auth_time: t0 - 900,
    amr: ['pwd', 'otp'],
  }
  assert.deepEqual(judge(claims), {
    subject: 'mia',
    tenant: 'acme',
    email: 'mia@example.com',
    jti: 'jti-1',
    expiresAt: t0 + 300,
    scopes: ['read', 'write'],
    resources: ['https://mcp.example'],
    authTime: t0 - 900,
    amr: ['pwd', 'otp'],
  })
  assert.deepEqual(judgePlain(plain), {
    subject: 'job-7',
    tenant: null,
    email: null,
    jti: null,
    expiresAt: t0 + 300,
    scopes: null,
    resources: null,
    authTime: t0,
    amr: [],
  })
})

test('JB-05 what an issuer calls a method is one word, and nothing else becomes one', () => {
  const saying = (amr: unknown) => {
    const judged = judge({ ...idJag, amr })
    return 'amr' in judged ? judged.amr : judged
  }
  assert.deepEqual(saying(['no pop', 'pwd', '', 'pwd\npop', 'x'.repeat(33)]), ['pwd'])
  assert.deepEqual(saying('urn:example:badge'), ['urn:example:badge'])
  for (const none of [undefined, [1, 'pop'], { pop: 1 }, null]) assert.deepEqual(saying(none), [])
})

const without = (claims: object, name: string) =>
  Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))

for (const name of ['sub', 'aud', 'exp', 'client_id', 'jti', 'iat'])
  test(`JB-03 JB-05 an identity assertion without ${name} is refused`, () =>
    assert.equal(why(judge(without(idJag, name))), name))

for (const name of ['sub', 'aud', 'exp'])
  test(`JB-03 a plain assertion without ${name} is refused`, () =>
    assert.equal(why(judgePlain(without(plain, name))), name))

const wrong: readonly [string, object, string][] = [
  ['for another client', { client_id: 'other' }, 'client_id'],
  ['for another server', { aud: 'https://other.example' }, 'aud'],
  ['for the token endpoint (X-09)', { aud: tokenEndpoint }, 'aud'],
  ['for this server in other letters (G-26)', { aud: 'https://LOGIN.example' }, 'aud'],
  ['for this server with a slash (G-26)', { aud: `${issuer}/` }, 'aud'],
  ['for two servers', { aud: [issuer, 'https://other.example'] }, 'aud'],
  ['for nobody', { aud: [] }, 'aud'],
  ['over', { exp: t0 - skew }, 'exp'],
  ['without an end in sight', { exp: t0 + longestAssertionSeconds + skew + 1 }, 'exp_too_far'],
  ['with an end that is text (JK-10)', { exp: String(t0 + 300) }, 'exp'],
  ['not valid yet', { nbf: t0 + skew + 1 }, 'nbf'],
  ['from the future', { iat: t0 + skew + 1 }, 'iat'],
  ['with an empty subject', { sub: '' }, 'sub'],
  ['with a subject that is a number', { sub: 7 }, 'sub'],
  ['with an empty jti', { jti: '' }, 'jti'],
  ['with a tenant that is none', { tenant: 7 }, 'tenant'],
  ['with scopes that are none', { scope: 'a  b' }, 'scope'],
  ['with scopes in a list', { scope: ['a'] }, 'scope'],
  ['with a resource that is none', { resource: 7 }, 'resource'],
  ['with no resource at all in the list', { resource: [] }, 'resource'],
  ['with a confirmation nobody can check (JB-12)', { cnf: { 'x5t#S256': 'x' } }, 'cnf'],
]
for (const [name, claims, expected] of wrong)
  test(`JB-03 JB-05 an identity assertion ${name} is refused`, () =>
    assert.equal(why(judge({ ...idJag, ...claims })), expected))

test('JB-03 G-28 clocks may differ by the tolerance, and no more', () => {
  const edges = { exp: t0 - skew + 1, nbf: t0 + skew, iat: t0 + skew }
  assert.equal(why(judge({ ...idJag, ...edges })), 'good')
})

test('JB-04 JK-13 X-09 a plain assertion is for the issuer or the token endpoint', () => {
  const audiences: readonly [unknown, string][] = [
    [issuer, 'good'],
    [tokenEndpoint, 'good'],
    [['https://other.example', issuer], 'good'],
    ['https://other.example', 'aud'],
    [`${tokenEndpoint}/`, 'aud'],
    [[7, issuer], 'aud'],
  ]
  for (const [aud, expected] of audiences)
    assert.equal(why(judgePlain({ ...plain, aud })), expected, String(aud))
})

test('JB-05 JK-09 every kind of JWT is taken for what it is only', () => {
  const others = ['at+jwt', 'dpop+jwt', 'token-introspection+jwt', 'client-authentication+jwt', 'logout+jwt']
  for (const typ of [...others, 'jwt', undefined, '']) assert.equal(why(judge(idJag, { typ })), 'typ')
  for (const typ of [...others, 'oauth-id-jag+jwt']) assert.equal(why(judgePlain(plain, { typ })), 'typ')
  assert.equal(why(judgePlain(plain, { typ: 'jwt' })), 'good')
})

test('JB-12 an assertion that is bound to a key needs the proof of that key', () => {
  const bound = { ...idJag, cnf: { jkt: 'key-1' } }
  assert.equal(why(judge(bound)), 'dpop_key_mismatch')
  assert.equal(why(judge(bound, { jkt: 'key-2' })), 'dpop_key_mismatch')
  assert.equal(why(judge(bound, { jkt: 'key-1' })), 'good')
  assert.equal(why(judge(idJag, { jkt: 'key-1' })), 'good')
})

test('JB-11 an e-mail address that was not verified is not one', () => {
  const email = 'mia@example.com'
  const seen = [true, false, 'false', undefined].map((verified) => {
    const judged = judge({ ...idJag, email, email_verified: verified })
    return 'reason' in judged ? judged : judged.email
  })
  assert.deepEqual(seen, [email, null, null, email])
})

test('JB-07 X-12 the scope is the intersection of request, assertion and policy', () => {
  const granted = (
    requested: string | undefined,
    assertion: string[] | null,
    policy: string[],
    ofIssuer: string[] = [],
  ) => assertedScopes({ requested, assertion, policy, issuer: ofIssuer })
  assert.deepEqual(granted('a b', ['b', 'c'], ['a', 'b', 'c']), ['b'])
  assert.deepEqual(granted(undefined, ['b', 'c'], ['a', 'b']), ['b'])
  assert.deepEqual(granted('a', null, ['a', 'b']), ['a'])
  assert.deepEqual(granted(undefined, null, ['a', 'b']), ['a', 'b'])
  assert.deepEqual(granted('a b c', ['a', 'b', 'c'], ['a', 'b', 'c'], ['c']), ['c'])
  assert.deepEqual(granted('openid a offline_access', null, ['openid', 'a', 'offline_access']), ['a'])
  assert.deepEqual(granted(undefined, null, []), [])
  assert.equal(granted('x', ['a'], ['a']), undefined)
  assert.equal(granted(undefined, ['x'], ['a']), undefined)
  assert.equal(granted('openid', null, ['openid']), undefined)
  assert.equal(granted('a  b', null, ['a', 'b']), undefined)
})

test('JB-07 no request gets more than each of the three allows', () => {
  const some = fc.subarray(['a', 'b', 'c', 'd', 'openid'])
  fc.assert(
    fc.property(fc.option(some), fc.option(some), some, some, (requested, assertion, policy, ofIssuer) => {
      const granted = assertedScopes({
        requested: requested?.length ? requested.join(' ') : undefined,
        assertion,
        policy,
        issuer: ofIssuer,
      })
      for (const scope of granted ?? []) {
        assert.ok(policy.includes(scope) && scope !== 'openid')
        assert.ok(assertion === null || assertion.includes(scope))
        assert.ok(!requested?.length || requested.includes(scope))
        assert.ok(ofIssuer.length === 0 || ofIssuer.includes(scope))
      }
    }),
  )
})
