// A code for tokens against standards.md section 13 (AC), as a client meets it. The rule by itself is protocol/authorization-code.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answerIn,
  authorizePath,
  nativeClient,
  obtainCode,
  openSignedJar,
  redeemCode,
  webClient,
} from '../testing/code-flow.ts'
import {
  basic,
  bodyOf,
  claimsOf,
  errorOf,
  introspect,
  refresh,
  type TokenAnswer,
} from '../testing/device-flow.ts'
import { createProver } from '../testing/dpop.ts'
import {
  createTestServerWith,
  type TestServer,
  testAccount,
  testConfidentialClient,
} from '../testing/services.ts'

const resources = ['https://api.example/v1', 'https://other.example']
const web = { ...webClient, resources }

const withClients = () =>
  createTestServerWith([web, nativeClient, { ...testConfidentialClient, introspectsAll: true }])

async function tokens(
  server: TestServer,
  code: string,
  given: Record<string, string> = {},
): Promise<TokenAnswer> {
  const response = await redeemCode(server, code, given)
  assert.equal(response.status, 200, response.body)
  return bodyOf<TokenAnswer>(response)
}

const isActive = async (server: TestServer, token: string) => (await introspect(server, token, 'api')).active

test('TK-01 TK-05 TK-06 G-10 a code becomes tokens: short-lived, for who agreed, with what was asked', async () => {
  const server = await withClients()
  const code = await obtainCode(server, web, { nonce: 'n-1', scope: 'openid email' })
  server.advance(30)
  const response = await redeemCode(server, code)
  assert.equal(response.status, 200)
  assert.equal(response.headers['cache-control'], 'no-store')
  const body = bodyOf<TokenAnswer>(response)
  assert.deepEqual(Object.keys(body).sort(), [
    'access_token',
    'authorization_expires_in',
    'expires_in',
    'id_token',
    'refresh_token',
    'refresh_token_expires_in',
    'scope',
    'token_type',
  ])
  assert.deepEqual([body.token_type, body.expires_in, body.scope], ['Bearer', 600, 'openid email'])
  const { claims } = claimsOf(body.id_token ?? '')
  const signedInAt = server.services.system.now() - 30
  assert.deepEqual(
    [claims.nonce, claims.aud, claims.sub, claims.auth_time],
    ['n-1', 'web', testAccount.id, signedInAt],
  )
  assert.equal(claimsOf(body.access_token).claims.client_id, 'web')
  assert.equal((await refresh(server, body.refresh_token, {}, { headers: basic('web') })).status, 200)
})

test('DV-20 UI-12 the person finds the sign-in under the name of the program and of their browser', async () => {
  const server = await createTestServerWith([webClient])
  const jar = await openSignedJar(server)
  const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'
  const opened = await jar.get(authorizePath(webClient), { headers: { 'user-agent': userAgent } })
  const { code = '' } = answerIn(opened, 'https://web.example/back')
  assert.equal((await redeemCode(server, code)).status, 200)
  const { body } = await jar.get('/account')
  assert.match(body, /<h3><bdi>Web \(Firefox, Linux\)<\/bdi><\/h3>/)
  assert.ok(!body.includes('Unnamed device'))
})

test('ID-11 an OpenID request without a nonce works, and the ID token has none', async () => {
  const server = await withClients()
  const { id_token: token = '' } = await tokens(server, await obtainCode(server, web, { scope: 'openid' }))
  const { claims } = claimsOf(token)
  assert.equal(claims.sub, testAccount.id)
  assert.ok(!('nonce' in claims))
})

test('AC-02 the vector of RFC 7636 App. B, and every other verifier is wrong', async () => {
  const server = await withClients()
  const code = await obtainCode(server, web)
  const wrong = [
    ['', 'invalid_request'],
    ['short', 'invalid_request'],
    ['x'.repeat(129), 'invalid_request'],
    [`${'x'.repeat(43)}=`, 'invalid_request'],
    ['x'.repeat(43), 'invalid_grant'],
    ['E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', 'invalid_grant'],
    ['dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK', 'invalid_grant'],
  ] as const
  for (const [code_verifier, error] of wrong)
    assert.equal(errorOf(await redeemCode(server, code, { code_verifier })), `400 ${error}`, code_verifier)
  await tokens(server, code)
})

test('AC-01 AC-04 defect 6 of S4: nobody can burn a code, and who should have it still can use it', async () => {
  const server = await withClients()
  await server.addClient({ ...web, id: 'web2' })
  const code = await obtainCode(server, web)
  const before = await server.services.store.list('authorizationCode')
  assert.equal(errorOf(await redeemCode(server, code, { client_id: 'native' })), '400 invalid_grant')
  assert.equal(errorOf(await redeemCode(server, code, {}, { headers: basic('web2') })), '400 invalid_grant')
  assert.equal(
    errorOf(await redeemCode(server, code, {}, { headers: basic('web', 'x'.repeat(40)) })),
    '401 invalid_client',
  )
  assert.equal(
    errorOf(await redeemCode(server, code, { client_id: 'web' }, { headers: {} })),
    '401 invalid_client',
  )
  for (const redirect_uri of [
    'https://web.example/back/',
    'https://evil.example/',
    'https://web.example/back?',
  ])
    assert.equal(errorOf(await redeemCode(server, code, { redirect_uri })), '400 invalid_grant')
  assert.equal(
    errorOf(await redeemCode(server, code, { resource: 'https://unknown.example' })),
    '400 invalid_target',
  )
  assert.deepEqual(await server.services.store.list('authorizationCode'), before)
  await tokens(server, code, { redirect_uri: 'https://web.example/back' })
})

test('AC-04 X-01 redirect_uri may be left out', async () => {
  const server = await withClients()
  await tokens(server, await obtainCode(server, web))
  const loopback = 'http://127.0.0.1:4711/back'
  const code = await obtainCode(server, nativeClient, { redirect_uri: loopback })
  const other = { client_id: 'native', redirect_uri: 'http://127.0.0.1:4712/back' }
  assert.equal(errorOf(await redeemCode(server, code, other)), '400 invalid_grant')
  await tokens(server, code, { client_id: 'native', redirect_uri: loopback })
})

test('AC-05 ASVS 10.4.2 a second use by who has it all ends every token of the first, and the log says so', async () => {
  const server = await withClients()
  const code = await obtainCode(server, web)
  const other = await tokens(server, await obtainCode(server, web))
  const first = await tokens(server, code)
  assert.equal(await isActive(server, first.access_token), true)
  assert.equal(errorOf(await redeemCode(server, code)), '400 invalid_grant')
  assert.equal(await isActive(server, first.access_token), false)
  assert.equal(
    errorOf(await refresh(server, first.refresh_token, {}, { headers: basic('web') })),
    '400 invalid_grant',
  )
  assert.equal(await isActive(server, other.access_token), true, 'another sign-in of the same person goes on')
  const entry = (await server.services.store.list('auditEntry')).find(
    ({ event }) => event === 'grant.revoked',
  )
  assert.deepEqual([entry?.actor.id, entry?.detail], ['web', { why: 'reuse' }])
  assert.equal(errorOf(await redeemCode(server, code)), '400 invalid_grant')
})

test('AC-05 a replay counts after the time of the code, too', async () => {
  const server = await withClients()
  const code = await obtainCode(server, web)
  const first = await tokens(server, code)
  server.advance(500)
  assert.equal(errorOf(await redeemCode(server, code)), '400 invalid_grant')
  assert.equal(await isActive(server, first.access_token), false)
})

test('AC-06 a replay with a wrong verifier, client or address is refused, and the tokens live', async () => {
  const server = await withClients()
  await server.addClient({ ...web, id: 'web2' })
  const code = await obtainCode(server, web)
  const first = await tokens(server, code)
  assert.equal(
    errorOf(await redeemCode(server, code, { code_verifier: 'x'.repeat(43) })),
    '400 invalid_grant',
  )
  assert.equal(errorOf(await redeemCode(server, code, { client_id: 'native' })), '400 invalid_grant')
  assert.equal(errorOf(await redeemCode(server, code, {}, { headers: basic('web2') })), '400 invalid_grant')
  assert.equal(
    errorOf(await redeemCode(server, code, { redirect_uri: 'https://evil.example/' })),
    '400 invalid_grant',
  )
  assert.equal(errorOf(await redeemCode(server, code, { code_verifier: '' })), '400 invalid_request')
  assert.equal(await isActive(server, first.access_token), true)
})

test('AZ-15 unknown, malformed and expired codes are one answer', async () => {
  const server = await withClients()
  const code = await obtainCode(server, web)
  const twisted = code.slice(0, -1) + (code.endsWith('A') ? 'B' : 'A')
  for (const unknown of [
    twisted,
    'x',
    'csa_',
    `${code}x`,
    `csd_${code.slice(4)}`,
    'ü',
    "'; DROP TABLE",
    'x'.repeat(9000),
  ])
    assert.equal(errorOf(await redeemCode(server, unknown)), '400 invalid_grant', unknown)
  assert.equal(errorOf(await redeemCode(server, '')), '400 invalid_request')
  server.advance(60)
  assert.equal(errorOf(await redeemCode(server, code)), '400 invalid_grant')
})

test('AZ-15 the life of a code is a setting', async () => {
  const server = await createTestServerWith([web], { settings: { authorizationCodeSeconds: 10 } })
  const code = await obtainCode(server, web)
  server.advance(10)
  assert.equal(errorOf(await redeemCode(server, code)), '400 invalid_grant')
})

test('AC-01 an account that was closed, or that is gone, gets nothing', async () => {
  const server = await withClients()
  const code = await obtainCode(server, web)
  const { store } = server.services
  const account = await store.read('account', testAccount.id)
  assert.ok(account)
  await store.apply([{ op: 'update', kind: 'account', record: { ...account, disabledAt: 1 } }])
  assert.equal(errorOf(await redeemCode(server, code)), '400 invalid_grant')
  await store.apply([{ op: 'delete', kind: 'account', record: { ...account, version: account.version + 1 } }])
  assert.equal(errorOf(await redeemCode(server, code)), '400 invalid_grant')
})

test('AC-08 DP the key of dpop_jkt redeems, and no other; without one the tokens are bound to the proof that comes', async () => {
  const server = await withClients()
  const [mine, other] = [await createProver(), await createProver()]
  const redeem = (prover: typeof mine, code: string) => {
    const form = {
      grant_type: 'authorization_code',
      client_id: 'native',
      code,
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    }
    return prover.post(server, '/oauth/token', form)
  }
  const bound = await obtainCode(server, nativeClient, { dpop_jkt: mine.jkt })
  assert.equal(errorOf(await redeemCode(server, bound, { client_id: 'native' })), '400 invalid_grant')
  assert.equal(errorOf(await redeem(other, bound)), '400 invalid_grant')
  const answer = bodyOf<TokenAnswer>(await redeem(mine, bound))
  assert.equal(answer.token_type, 'DPoP')
  assert.deepEqual(claimsOf(answer.access_token).claims.cnf, { jkt: mine.jkt })
  const open = await obtainCode(server, nativeClient)
  assert.equal(bodyOf(await redeem(other, open)).token_type, 'DPoP')
  const grants = await server.services.store.list('grant')
  // the refresh tokens of a public client are bound with it.
  assert.deepEqual(grants.map(({ jkt }) => jkt).sort(), [mine.jkt, other.jkt].sort())
})

test('AC-09 RI-03 RI-04 one audience, from what was agreed to', async () => {
  const server = await withClients()
  const [api = '', other = ''] = resources
  const jar = await openSignedJar(server)
  const both = async () => {
    const query = `&resource=${encodeURIComponent(api)}&resource=${encodeURIComponent(other)}`
    return answerIn(await jar.get(authorizePath(web) + query), 'https://web.example/back').code ?? ''
  }
  const audienceOf = async (code: string, given: Record<string, string> = {}) =>
    claimsOf((await tokens(server, code, given)).access_token).claims.aud
  assert.equal(await audienceOf(await obtainCode(server, web)), 'https://login.example')
  assert.equal(await audienceOf(await obtainCode(server, web, { resource: api })), api)
  assert.equal(await audienceOf(await both(), { resource: other }), other)
  const code = await both()
  assert.equal(errorOf(await redeemCode(server, code)), '400 invalid_target')
  assert.equal(
    errorOf(await redeemCode(server, code, { resource: 'https://third.example' })),
    '400 invalid_target',
  )
  assert.equal(errorOf(await redeemCode(server, code, { resource: `${api}/` })), '400 invalid_target')
  assert.equal(await audienceOf(code, { resource: api }), api)
})

test('a client without the refresh grant gets no refresh token, and its own times count', async () => {
  const server = await createTestServerWith([
    { ...web, grantTypes: ['authorization_code'], refreshAbsoluteSeconds: 500, accessTokenSeconds: 300 },
  ])
  const answer = await tokens(server, await obtainCode(server, web))
  assert.deepEqual([answer.refresh_token, answer.expires_in], [undefined, 300])
  const [grant] = await server.services.store.list('grant')
  assert.deepEqual([grant?.refresh, grant && grant.expiresAt - grant.createdAt], [null, 500])
})

test('TK-03 TK-04 G-08 the client comes before the code, the grant must be its own, and nothing is read from the address', async () => {
  const server = await withClients()
  await server.addClient({ ...web, id: 'device', grantTypes: ['refresh_token'] })
  const code = await obtainCode(server, web)
  assert.equal(
    errorOf(await redeemCode(server, code, {}, { headers: basic('device') })),
    '400 unauthorized_client',
  )
  const inAddress = await server.call('POST', `/oauth/token?code=${code}`, {
    form: { grant_type: 'authorization_code' },
    headers: basic('web'),
  })
  assert.equal(errorOf(inAddress), '400 invalid_request')
  await tokens(server, code)
})

test('a caller who has left spends nothing', async () => {
  const server = await withClients()
  const code = await obtainCode(server, web)
  const left = await redeemCode(server, code, {}, { headers: basic('web'), gone: () => true })
  assert.equal(left.status, 503)
  await tokens(server, code)
})

test('DT-15 a failure to sign leaves the code as it was', async () => {
  const server = await withClients()
  const code = await obtainCode(server, web)
  const { keys } = server.services
  const { sign } = keys
  Object.assign(keys, {
    sign: () => {
      throw new Error('no key')
    },
  })
  assert.equal((await redeemCode(server, code)).status, 500)
  Object.assign(keys, { sign })
  await tokens(server, code)
})
