// Tokens as they travel (standards.md sections 5, 14 and 16): checked with `jose`, which is not what made them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceAuthorization } from '@countersign/protocol'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { createSecrets, digest } from './secrets.ts'
import {
  approveDevice,
  bodyOf,
  claimsOf,
  decisionBy,
  pollDevice,
  refresh,
  signIn,
  startDevice,
  type TokenAnswer,
} from './testing/device-flow.ts'
import {
  createKnownTokens,
  createTestServer,
  createTestServerWith,
  testAccount,
  testClient,
} from './testing/services.ts'
import {
  decodeAccessToken,
  decodeIdToken,
  decodeRefreshToken,
  deviceCodeId,
  firstRefreshToken,
  nextRefreshToken,
} from './tokens.ts'

async function signedIn(
  form: Record<string, string> = {},
  idTokenAlg: 'RS256' | 'ES256' | 'EdDSA' = 'RS256',
) {
  const server = await createTestServer()
  await server.addClient({ idTokenAlg, resources: ['https://api.example'] })
  await server.addAccount()
  const tokens = await signIn(server, form)
  const set = createLocalJWKSet(bodyOf(await server.call('GET', '/oauth/jwks')) as unknown as JSONWebKeySet)
  const options = {
    issuer: 'https://login.example',
    currentDate: new Date(server.services.system.now() * 1000),
  }
  return { server, tokens, set, options }
}

test('AT-01 AT-02 AT-03 AT-04 JK-12 an access token is an at+jwt with every claim, and verifies elsewhere', async () => {
  const { server, tokens, set, options } = await signedIn({ scope: 'openid email' })
  const audience = 'https://login.example'
  const { payload, protectedHeader } = await jwtVerify(tokens.access_token, set, {
    ...options,
    audience,
    typ: 'at+jwt',
  })
  assert.deepEqual(Object.keys(protectedHeader).sort(), ['alg', 'kid', 'typ'])
  const now = server.services.system.now()
  const { jti, grant_id: grantId, ...claims } = payload
  assert.match(String(jti), /^[A-Za-z0-9_-]{22}$/)
  assert.ok(grantId)
  assert.deepEqual(claims, {
    iss: audience,
    sub: testAccount.id,
    aud: audience,
    client_id: testClient.id,
    scope: 'openid email',
    iat: now,
    exp: now + 600,
    auth_time: now - 30,
    acr: 'urn:countersign:acr:password',
    amr: ['pwd'],
  })
})

test('AT-06 AT-08 G-25 the audience is the resource or the issuer, never a client, and subjects are no client ids', async () => {
  const { tokens } = await signedIn({ resource: 'https://api.example' })
  const { claims } = claimsOf(tokens.access_token)
  assert.equal(claims.aud, 'https://api.example')
  assert.match(String(claims.sub), /^usr_/)
})

test('ID-01 ID-02 ID-03 ID-04 ID-06 ID-07 an ID token is small, for the client, and in its algorithm', async () => {
  for (const alg of ['RS256', 'ES256', 'EdDSA'] as const) {
    const { server, tokens, set, options } = await signedIn({}, alg)
    const { payload, protectedHeader } = await jwtVerify(tokens.id_token ?? '', set, {
      ...options,
      audience: testClient.id,
    })
    assert.equal(protectedHeader.alg, alg)
    assert.equal(protectedHeader.typ, 'JWT')
    const now = server.services.system.now()
    assert.deepEqual(payload, {
      iss: 'https://login.example',
      sub: testAccount.id,
      aud: testClient.id,
      iat: now,
      exp: now + 600,
      auth_time: now - 30,
      acr: 'urn:countersign:acr:password',
      amr: ['pwd'],
    })
  }
})

test('JK-09 ID-02 an ID token is no access token, though the same keys signed it', async () => {
  const { server, tokens } = await signedIn({}, 'ES256')
  assert.equal(decodeProtectedHeader(tokens.id_token ?? '').alg, 'ES256')
  assert.equal(decodeAccessToken(server.services, tokens.id_token ?? ''), undefined)
  assert.ok(decodeAccessToken(server.services, tokens.access_token))
})

test('JK-06 JK-07 JK-08 JK-14 what is not exactly what was signed does not come through', async () => {
  const { server, tokens } = await signedIn()
  const [head = '', body = '', signature = ''] = tokens.access_token.split('.')
  const { kid } = decodeProtectedHeader(tokens.access_token)
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const withHeader = (header: object) =>
    `${encode({ typ: 'at+jwt', alg: 'ES256', kid, ...header })}.${body}.${signature}`
  const wrong = [
    withHeader({ alg: 'none' }),
    withHeader({ alg: 'HS256' }),
    withHeader({ alg: 'RS256' }),
    withHeader({ crit: ['x'], x: 1 }),
    withHeader({ typ: 'JWT' }),
    withHeader({ kid: 'other' }),
    withHeader({ jwk: { kty: 'oct', k: 'AA' } }),
    withHeader({ kid: { toString: 1 } }),
    `${head}=.${body}.${signature}`,
    ` ${tokens.access_token}`,
    `${tokens.access_token}\n`,
    `${head}.${body}.${signature}=`,
    `${head}.${body}.${signature}.x`,
    `${head}.${body}`,
    `${head}..${signature}`,
    `${head}.${body}.`,
    `${head}.${body}.AA`,
  ]
  const remembering = { ...server.services, knownTokens: createKnownTokens() }
  for (const services of [server.services, remembering]) {
    assert.ok(decodeAccessToken(services, tokens.access_token))
    for (const token of wrong) assert.equal(decodeAccessToken(services, token), undefined, token)
  }
})

test('MD-04 G-26 a token of another issuer with the same keys does not count', async () => {
  const { server, tokens } = await signedIn()
  const services = {
    ...server.services,
    config: { ...server.services.config, issuer: 'https://login.example/' },
  }
  assert.equal(decodeAccessToken(services, tokens.access_token), undefined)
})

test('G-12 RT-02 a refresh token is fresh each time, and counts only as what it is', async () => {
  const { server } = await signedIn()
  const grantId = 'g'.repeat(31)
  const [a, b] = [firstRefreshToken(server.services, grantId), firstRefreshToken(server.services, grantId)]
  assert.notEqual(a, b)
  assert.match(a, /^csr_[A-Za-z0-9_.-]{80,}$/)
  const { hash, ...opened } = decodeRefreshToken(server.services, a) ?? {}
  assert.deepEqual(opened, { grantId, generation: 1 })
  assert.equal(hash?.length, 43)
  for (let i = 4; i < a.length; i += 7) {
    const flipped = a.slice(0, i) + (a[i] === 'A' ? 'B' : 'A') + a.slice(i + 1)
    assert.equal(decodeRefreshToken(server.services, flipped), undefined)
  }
  assert.equal(decodeAccessToken(server.services, a.replace('csr_', 'cst_')), undefined)
})

test('RT-04 a token has one successor, which neither its facts nor its digest lead to', async () => {
  const { server } = await signedIn()
  const { services } = server
  const token = firstRefreshToken(services, 'g')
  const facts = { grantId: 'g', generation: 1 }
  const successor = nextRefreshToken(services, token, facts)
  assert.equal(nextRefreshToken(services, token, facts), successor)
  const { hash, ...opened } = decodeRefreshToken(services, successor) ?? {}
  assert.deepEqual(opened, { grantId: 'g', generation: 2 })
  const others = [firstRefreshToken(services, 'g'), digest(token), `${token} `, '']
  for (const other of others) assert.notEqual(nextRefreshToken(services, other, facts), successor)
  // Another installation makes another of it, and takes none of ours.
  const elsewhere = (await signedIn()).server.services
  assert.equal(
    decodeRefreshToken({ secrets: createSecrets(Buffer.alloc(32, 9), elsewhere.system) }, successor),
    undefined,
  )
})

/** What a sign-in by redirect with a `nonce` leaves behind: the same grant, with the nonce. */
async function withNonce(nonce: string) {
  const signed = await signedIn()
  const { store } = signed.server.services
  const [grant] = await store.list('grant')
  assert.ok(grant)
  await store.apply([{ op: 'update', kind: 'grant', record: { ...grant, nonce } }])
  return signed
}

test('ID-03 RT-10 the nonce is the one of the request, unchanged and for good; without one there is none', async () => {
  const nonce = 'n-0S6_WzA2Mj "é\\ {}'
  const { server, tokens } = await withNonce(nonce)
  assert.ok(!('nonce' in claimsOf(tokens.id_token ?? '').claims))
  let token = tokens.refresh_token
  for (let i = 0; i < 2; i++) {
    server.advance(100)
    const next = bodyOf<{ id_token: string; refresh_token: string }>(await refresh(server, token))
    assert.equal(claimsOf(next.id_token).claims.nonce, nonce)
    token = next.refresh_token
  }
})

test('ID-04 SU-03 SU-05 when and how the person signed in stays as it was, in every token of the grant', async () => {
  const { server, tokens } = await signedIn()
  const how = (jwt: string) => {
    const { auth_time, acr, amr } = claimsOf(jwt).claims
    return { auth_time, acr, amr }
  }
  const first = how(tokens.id_token ?? '')
  assert.deepEqual(first, {
    auth_time: server.services.system.now() - 30,
    acr: 'urn:countersign:acr:password',
    amr: ['pwd'],
  })
  assert.deepEqual(how(tokens.access_token), first)
  server.advance(5000)
  const next = bodyOf<{ id_token: string; access_token: string }>(await refresh(server, tokens.refresh_token))
  assert.deepEqual([how(next.id_token), how(next.access_token)], [first, first])
})

test('SU-08 ID-04 a sign-in with a passkey has the class that phishing cannot reach', async () => {
  const { server } = await signedIn()
  const { device_code: code } = await startDevice(server)
  const { store, system } = server.services
  const record = await store.read('deviceAuthorization', deviceCodeId(code))
  assert.ok(record)
  const decision = { ...decisionBy(testAccount, system.now()), amr: ['pop', 'user'] }
  await store.apply(deviceAuthorization.approve(record, decision, testAccount).writes)
  const { access_token: token, id_token: idToken = '' } = bodyOf<TokenAnswer>(await pollDevice(server, code))
  for (const jwt of [token, idToken]) {
    const { acr, amr } = claimsOf(jwt).claims
    assert.deepEqual([acr, amr], ['phr', ['pop', 'user']])
  }
})

test('ID-01 ID-07 AT-09 no ID token without openid, and no claims of scopes in any token', async () => {
  const { tokens } = await signedIn({ scope: 'profile email' })
  assert.equal(tokens.id_token, undefined)
  const { claims } = claimsOf((await signedIn()).tokens.access_token)
  for (const name of ['email', 'name', 'username']) assert.ok(!(name in claims))
})

test('ID-05 there is no at_hash, which the code flow may leave out', async () => {
  const { tokens } = await signedIn()
  assert.ok(!('at_hash' in claimsOf(tokens.id_token ?? '').claims))
})

test('ID-02 G-25 subjects are short, of ASCII, and no client can have one', async () => {
  const { tokens } = await signedIn()
  const { sub, aud } = claimsOf(tokens.id_token ?? '').claims
  assert.match(String(sub), /^usr_[\x21-\x7e]{1,251}$/)
  assert.notEqual(sub, aud)
})

test('ID-12 only public subjects are offered, and every client sees the same', async () => {
  const { server, tokens } = await signedIn()
  const document = bodyOf(await server.call('GET', '/.well-known/openid-configuration'))
  assert.deepEqual(document.subject_types_supported, ['public'])
  await server.addClient({ ...testClient, id: 'other' })
  const { device_code: code } = await startDevice(server, { client_id: 'other' })
  await approveDevice(server, code)
  const other = bodyOf<TokenAnswer>(await pollDevice(server, code, { client_id: 'other' }))
  assert.equal(claimsOf(other.id_token ?? '').claims.sub, claimsOf(tokens.id_token ?? '').claims.sub)
})

test('AT-01 AT-05 an access token is signed with the algorithm that the client has, and the resource verifies it', async () => {
  for (const accessTokenAlg of ['ES256', 'EdDSA', 'RS256'] as const) {
    const server = await createTestServerWith([{ accessTokenAlg }])
    const { access_token: token } = await signIn(server)
    const set = createLocalJWKSet(bodyOf(await server.call('GET', '/oauth/jwks')) as unknown as JSONWebKeySet)
    const { protectedHeader } = await jwtVerify(token, set, {
      typ: 'at+jwt',
      currentDate: new Date(server.services.system.now() * 1000),
    })
    assert.equal(protectedHeader.alg, accessTokenAlg)
    assert.ok(decodeAccessToken(server.services, token))
  }
})

test('LO-02 an ID token names its person and its client however old it is, and only ours does', async () => {
  const { server, tokens } = await signedIn()
  const { services } = server
  server.advance(3000)
  const idToken = tokens.id_token ?? ''
  assert.deepEqual(decodeIdToken(services, idToken), { accountId: testAccount.id, clientId: testClient.id })
  const elsewhere = { ...services, config: { ...services.config, issuer: 'https://other.example' } }
  assert.equal(decodeIdToken(elsewhere, idToken), undefined)
  const [head = '', body = '', signature = ''] = idToken.split('.')
  const changed = Buffer.from(body, 'base64url').toString().replace('usr_mia', 'usr_eve')
  for (const wrong of [
    `${head}.${Buffer.from(changed).toString('base64url')}.${signature}`,
    `${head}.${body}.`,
    tokens.access_token,
    tokens.refresh_token,
    '',
    'x'.repeat(9000),
  ])
    assert.equal(decodeIdToken(services, wrong), undefined, wrong.slice(0, 40))
})
