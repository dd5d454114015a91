import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { type ProtectedResource, protect } from './protect.ts'
import type { Refusal } from './refusal.ts'
import type { Requirements } from './requirements.ts'
import type { ResourceOptions } from './settings.ts'
import { createClock, requestWith, type TestClock } from './testing/clock.ts'
import { audience, startIssuer, startOfTests, type TestIssuer } from './testing/issuer.ts'
import type { Verification } from './verify.ts'

const opened: TestIssuer[] = []
let issuer: TestIssuer
let clock: TestClock

beforeEach(async () => {
  issuer = await startIssuer()
  opened.push(issuer)
  clock = createClock()
})
after(() => Promise.all(opened.map((one) => one.close())))

function api(options: Partial<ResourceOptions> = {}): ProtectedResource {
  return protect({ resource: audience, issuer: issuer.url, system: clock.system, ...options })
}

function reasonOf(verification: Verification): Refusal['reason'] | 'passed' {
  return verification.ok ? 'passed' : verification.refusal.reason
}

async function reasonFor(token: string, options: Partial<ResourceOptions> = {}): Promise<string> {
  return reasonOf(await api(options).verify(requestWith(token)))
}

test('RS-01 RS-11 RS-12 RS-17 a token of a person passes, in any letter case of the scheme, as a typed identity', async () => {
  const token = await issuer.sign({
    act: { sub: 'agent-7', act: { sub: 'agent-1' } },
    acr: 'phr',
    amr: ['hwk', 'pop'],
  })
  const resource = api()
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    const verified = await resource.verify(requestWith(undefined, { authorization: `${scheme}  ${token}` }))
    assert.ok(verified.ok)
    const { claims, ...identity } = verified.identity
    assert.deepEqual(identity, {
      kind: 'user',
      issuer: issuer.url,
      subject: 'usr_mia',
      clientId: 'notes-cli',
      scopes: ['notes:read', 'notes:write'],
      audience: [audience],
      expiresAt: startOfTests + 600,
      tokenId: 'token-1',
      acr: 'phr',
      amr: ['hwk', 'pop'],
      authTime: undefined,
      actor: { sub: 'agent-7', act: { sub: 'agent-1' } },
      keyThumbprint: undefined,
    })
    assert.equal(claims.jti, 'token-1')
  }
})

test('RS-12 a token that a program got for itself is told apart, and can be asked for or refused', async () => {
  const own = requestWith(await issuer.sign({ sub: 'notes-cli' }))
  const persons = requestWith(await issuer.sign())
  const resource = api()
  const verified = await resource.verify(own)
  assert.equal(verified.ok && verified.identity.kind, 'client')
  assert.equal(reasonOf(await resource.verify(own, { subject: 'user' })), 'subject_wrong')
  assert.equal(reasonOf(await resource.verify(persons, { subject: 'client' })), 'subject_wrong')
  assert.equal(reasonOf(await resource.verify(own, { subject: 'client' })), 'passed')
  // Exchanged by another program, it is still about the first (RFC 8693 §4.3).
  const exchanged = requestWith(
    await issuer.sign({ sub: 'job', sub_kind: 'client', act: { sub: 'notes-cli' } }),
  )
  assert.equal(reasonOf(await resource.verify(exchanged, { subject: 'user' })), 'subject_wrong')
  assert.equal(reasonOf(await resource.verify(exchanged, { subject: 'client' })), 'passed')
  const said = api({ isClient: ({ gty }) => gty === 'client-credentials' })
  const other = await said.verify(
    requestWith(await issuer.sign({ gty: 'client-credentials', sub: 'x@clients' })),
  )
  assert.equal(other.ok && other.identity.kind, 'client')
})

test('RS-02 RS-05 without credentials, with a token in the query, or with another scheme, nothing was presented', async () => {
  const token = await issuer.sign()
  const resource = api()
  for (const request of [
    requestWith(undefined),
    requestWith(undefined, {}, `https://api.example.com/notes?access_token=${token}`),
    requestWith(undefined, { authorization: `Basic ${btoa('mia:secret')}` }),
    requestWith(undefined, { dpop: 'a.b.c' }),
    new Request('https://api.example.com/notes', {
      method: 'POST',
      body: new URLSearchParams({ access_token: token }),
    }),
  ])
    assert.equal(reasonOf(await resource.verify(request)), 'credentials_missing')
})

test('RS-03 a token in a form body is not looked at, and the body stays for the application to read', async () => {
  const token = await issuer.sign()
  const body = new URLSearchParams({ access_token: token })
  const request = new Request('https://api.example.com/notes', { method: 'POST', body })
  assert.equal(reasonOf(await api().verify(request)), 'credentials_missing')
  assert.equal(await request.text(), body.toString())
})

test('RS-01 RS-04 MS-03 malformed credentials and two tokens are told from bad ones', async () => {
  const token = await issuer.sign()
  const resource = api()
  const cases: [string, Refusal['reason']][] = [
    ['Bearer', 'credentials_malformed'],
    ['Bearer a b', 'credentials_malformed'],
    ['Bearer tok"en', 'credentials_malformed'],
    [`Bearer ${token}, Bearer ${token}`, 'credentials_repeated'],
    [`Bearer ${token}, DPoP ${token}`, 'credentials_repeated'],
    [`Basic abc, Bearer ${token}`, 'credentials_repeated'],
    ['Bearer abc', 'token_malformed'],
    [`Bearer ${'a'.repeat(20_000)}`, 'token_malformed'],
  ]
  for (const [authorization, reason] of cases)
    assert.equal(
      reasonOf(await resource.verify(requestWith(undefined, { authorization }))),
      reason,
      authorization,
    )
  for (const query of [`access_token=${token}`, `a?b&access_token=${token}`, `%61ccess_token=${token}#a`]) {
    const inQuery = requestWith(token, {}, `https://api.example.com/notes?${query}`)
    assert.equal(reasonOf(await resource.verify(inQuery)), 'credentials_repeated', query)
  }
})

test('AT-10 RS-06 kind, issuer, audience, signature and time are judged in this order', async () => {
  const stranger = await startIssuer()
  opened.push(stranger)
  const foreign = await stranger.addKey('ES256')
  await issuer.addKey()
  // Each case has all the faults of those after it, so that the order shows.
  const late = { exp: startOfTests - 31 }
  const elsewhere = { ...late, aud: 'https://other.example.com' }
  const faked = { kid: 'key-1' }
  const cases: [Promise<string>, string][] = [
    [stranger.sign(elsewhere, { typ: 'JWT', ...faked }, foreign), 'token_type_wrong'],
    [stranger.sign(elsewhere, faked, foreign), 'issuer_unknown'],
    [stranger.sign({ ...elsewhere, iss: issuer.url }, faked, foreign), 'audience_wrong'],
    [stranger.sign({ ...late, iss: issuer.url }, faked, foreign), 'signature_invalid'],
    [issuer.sign(late), 'token_expired'],
    [issuer.sign(), 'passed'],
  ]
  for (const [token, reason] of cases) assert.equal(await reasonFor(await token), reason)
})

test('RS-09 JK-13 RI-05 G-26 the audience is compared code point by code point; an alias is a decision', async () => {
  for (const aud of [
    `${audience}/`,
    audience.toUpperCase(),
    'https://api.example.com',
    ['https://other.example.com'],
    [],
  ])
    assert.equal(await reasonFor(await issuer.sign({ aud })), 'audience_wrong', String(aud))
  assert.equal(await reasonFor(await issuer.sign({ aud: undefined })), 'audience_wrong')
  assert.equal(await reasonFor(await issuer.sign({ aud: ['https://other.example.com', audience] })), 'passed')
  assert.equal(
    await reasonFor(await issuer.sign({ aud: `${audience}/` }), { aliases: [`${audience}/`] }),
    'passed',
  )
})

test('JK-12 G-28 exp and nbf count with the configured tolerance, which is 30 seconds', async () => {
  const sign = (claims: Record<string, unknown>) => issuer.sign(claims)
  assert.equal(await reasonFor(await sign({ exp: startOfTests - 29 })), 'passed')
  assert.equal(await reasonFor(await sign({ exp: startOfTests - 30 })), 'token_expired')
  assert.equal(await reasonFor(await sign({ exp: startOfTests }), { clockTolerance: 0 }), 'token_expired')
  assert.equal(await reasonFor(await sign({ nbf: startOfTests + 30 })), 'passed')
  assert.equal(await reasonFor(await sign({ nbf: startOfTests + 31 })), 'token_not_yet_valid')
  assert.equal(await reasonFor(await sign({ exp: undefined })), 'claims_invalid')
})

test('AT-02 a token without subject, client or end, or with claims of a wrong shape, is refused', async () => {
  for (const claims of [
    { sub: undefined },
    { sub: '' },
    { client_id: undefined },
    { client_id: 7 },
    { scope: ['a'] },
  ])
    assert.equal(await reasonFor(await issuer.sign(claims)), 'claims_invalid', JSON.stringify(claims))
})

test('RS-10 MS-08 a scope brings those that it implies, also over several steps, and no others', async () => {
  const resource = api({ implies: { 'notes:admin': ['notes:write'], 'notes:write': ['notes:read'] } })
  const asking = async (scope: string | undefined, scopes: string[]) =>
    reasonOf(await resource.verify(requestWith(await issuer.sign({ scope })), { scopes }))
  assert.equal(await asking('notes:admin', ['notes:read', 'notes:write']), 'passed')
  assert.equal(await asking('notes:read', ['notes:write']), 'scope_insufficient')
  assert.equal(await asking(undefined, ['notes:read']), 'scope_insufficient')
  assert.equal(await asking(undefined, []), 'passed')
})

test('RS-10 details of the authorization reach the application, which adds the rights of the subject', async () => {
  const authorizationDetails = [{ type: 'note', actions: ['read'] }]
  const token = await issuer.sign({ authorization_details: authorizationDetails })
  const verified = await api().verify(requestWith(token))
  assert.deepEqual(verified.ok && verified.identity.claims.authorization_details, authorizationDetails)
})

test('SU-02 the class of the sign-in and its age are judged from the token', async () => {
  const resource = api()
  const asking = async (claims: Record<string, unknown>, required: Requirements) => {
    const verification = await resource.verify(requestWith(await issuer.sign(claims)), required)
    return verification.ok || verification.refusal.reason === 'authentication_insufficient'
      ? verification.ok
      : assert.fail(verification.refusal.reason)
  }
  const password = { acr: 'urn:countersign:acr:password' }
  assert.equal(await asking({ acr: 'phr' }, { acrValues: ['phr'] }), true)
  assert.equal(await asking(password, { acrValues: ['phr'] }), false)
  assert.equal(await asking({}, { acrValues: ['phr'] }), false)
  assert.equal(await asking({ acr: 'phr' }, { acrValues: [password.acr] }), true)
  assert.equal(await asking({ acr: 'gold' }, { acrValues: ['silver', 'gold'] }), true)
  assert.equal(await asking({ acr: 'gold' }, { acrValues: ['silver'] }), false)
  assert.equal(await asking({ auth_time: startOfTests - 60 }, { maxAge: 60 }), true)
  assert.equal(await asking({ auth_time: startOfTests - 61 }, { maxAge: 60 }), false)
  assert.equal(await asking({}, { maxAge: 60 }), false)
})

test('RS-14 tokens of two configured issuers pass, each by its own keys only', async () => {
  const second = await startIssuer('/tenant')
  opened.push(second)
  const options = { issuer: [issuer.url, second.url] }
  assert.equal(await reasonFor(await issuer.sign(), options), 'passed')
  assert.equal(await reasonFor(await second.sign(), options), 'passed')
  const key = await second.addKey()
  const mixed = await second.sign({ iss: issuer.url }, { kid: 'key-1' }, key)
  assert.equal(await reasonFor(mixed, options), 'signature_invalid')
})

test('a bound token by certificate, or by something unknown, is not taken for an unbound one', async () => {
  for (const cnf of [{ 'x5t#S256': 'abc' }, { jkt: 'a', 'x5t#S256': 'b' }, {}, 'jkt', { jkt: 1 }])
    assert.equal(await reasonFor(await issuer.sign({ cnf })), 'token_bound', JSON.stringify(cnf))
})

test('a refusal is told to the operator with its evidence, and without the token', async () => {
  const token = await issuer.sign({ aud: 'https://other.example.com' })
  const told: unknown[] = []
  await api({ onRefused: (refused) => told.push(refused) }).verify(requestWith(token))
  assert.equal(told.length, 1)
  const text = JSON.stringify(told)
  assert.match(text, /"reason":"audience_wrong","audience":\["https:\/\/other.example.com"\]/)
  assert.ok(!text.includes(token))
})

test('a token outside of HTTP is judged the same, and a bound one refused', async () => {
  const resource = api()
  assert.equal(reasonOf(await resource.verifyToken(await issuer.sign())), 'passed')
  assert.equal(reasonOf(await resource.verifyToken(await issuer.sign({ cnf: { jkt: 'x' } }))), 'token_bound')
  assert.equal(reasonOf(await resource.verifyToken('not a token')), 'credentials_malformed')
})
