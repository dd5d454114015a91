// Tokens as they travel (standards.md sections 5, 14 and 16): checked with `jose`, which is not what made them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { bodyOf, claimsOf, signIn } from './testing/device-flow.ts'
import { createTestServer, testAccount, testClient } from './testing/services.ts'
import { decodeAccessToken, decodeRefreshToken, encodeRefreshToken } from './tokens.ts'

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
  for (const token of wrong) assert.equal(decodeAccessToken(server.services, token), undefined, token)
})

test('MD-04 G-26 a token of another issuer with the same keys does not count', async () => {
  const { server, tokens } = await signedIn()
  const services = {
    ...server.services,
    config: { ...server.services.config, issuer: 'https://login.example/' },
  }
  assert.equal(decodeAccessToken(services, tokens.access_token), undefined)
})

test('G-12 RT-02 a refresh token is sealed, fresh each time, and opens only as what it is', async () => {
  const { server } = await signedIn()
  const facts = { grantId: 'g'.repeat(22), generation: 7 }
  const [a, b] = [encodeRefreshToken(server.services, facts), encodeRefreshToken(server.services, facts)]
  assert.notEqual(a, b)
  assert.match(a, /^csr_[A-Za-z0-9_-]{80,}$/)
  const { hash, ...opened } = decodeRefreshToken(server.services, a) ?? {}
  assert.deepEqual(opened, facts)
  assert.equal(hash?.length, 43)
  for (let i = 4; i < a.length; i += 7) {
    const flipped = a.slice(0, i) + (a[i] === 'A' ? 'B' : 'A') + a.slice(i + 1)
    assert.equal(decodeRefreshToken(server.services, flipped), undefined)
  }
  assert.equal(decodeAccessToken(server.services, a.replace('csr_', 'cst_')), undefined)
})
