// Client authentication by signed assertions, at every endpoint where clients call (standards.md CA-10 to CA-15, JK-09).

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { deviceGrantType } from './endpoints/device-authorize.ts'
import { approveDevice, bodyOf, errorOf, type TokenAnswer } from './testing/device-flow.ts'
import { startJsonServer } from './testing/json-server.ts'
import {
  confidentialSecret,
  createTestServer,
  startOfTime,
  type TestOptions,
  type TestServer,
  testClient,
} from './testing/services.ts'

const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const issuer = 'https://login.example'
const keys = await generateKeyPair('ES256', { extractable: true })
const jwk: JWK = { ...(await exportJWK(keys.publicKey)), kid: 'k1' }

const keyClient = {
  ...testClient,
  id: 'signer',
  authMethods: ['private_key_jwt'],
  jwks: { keys: [jwk] },
} as const

interface Say {
  readonly header?: Record<string, unknown>
  readonly claims?: Record<string, unknown>
  readonly key?: CryptoKey
}

let drawn = 0
function assertion({ header = {}, claims = {}, key = keys.privateKey }: Say = {}): Promise<string> {
  const usual = {
    iss: 'signer',
    sub: 'signer',
    aud: issuer,
    exp: startOfTime + 60,
    iat: startOfTime,
    jti: `j${drawn++}`,
  }
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
    .sign(key)
}

async function serverWithSigner(options: TestOptions = {}): Promise<TestServer> {
  const server = await createTestServer(options)
  await server.addClient(keyClient)
  return server
}

const paths = [
  '/oauth/device/authorize',
  '/oauth/token',
  '/oauth/introspect',
  '/oauth/revoke',
  '/oauth/par',
] as const

async function call(
  server: TestServer,
  text: string,
  form: Record<string, string> = {},
  path: string = paths[0],
) {
  const full = { client_assertion_type: type, client_assertion: text, ...form }
  const response = await server.call('POST', path, { form: full })
  // Pushed requests have caching rules of their own (RFC 9126 §2.3).
  if (path === '/oauth/par') return `${response.status} ${String(bodyOf(response).error)}`
  return response.status === 200 ? '200' : errorOf(response)
}

async function outcome(
  say: Say,
  form: Record<string, string> = {},
  options: TestOptions = {},
): Promise<string> {
  return call(await serverWithSigner(options), await assertion(say), form)
}

const no = '401 invalid_client'

test('CA-10 CA-12 a good assertion is the client, with or without its type, alone or beside its client_id', async () => {
  assert.equal(await outcome({}), '200')
  assert.equal(await outcome({}, { client_id: 'signer' }), '200')
  for (const typ of ['JWT', 'jwt', 'client-authentication+jwt', 'application/Client-Authentication+JWT'])
    assert.equal(await outcome({ header: { typ } }), '200', typ)
})

test('CA-15 CA-18 the same at every endpoint: a good one is let in, a bad one is not', async () => {
  const server = await serverWithSigner()
  for (const path of paths) {
    const form = { token: 'x', grant_type: 'refresh_token', refresh_token: 'x', response_type: 'code' }
    assert.notEqual(await call(server, await assertion(), form, path), no, path)
    assert.equal(
      await call(server, await assertion({ claims: { aud: 'https://other.example' } }), form, path),
      no,
      path,
    )
  }
})

test('CA-10 a whole sign-in, each step with an assertion of its own', async () => {
  const server = await serverWithSigner()
  await server.addAccount()
  const ask = async (path: string, form: Record<string, string>) => {
    const full = { client_assertion_type: type, client_assertion: await assertion(), ...form }
    return server.call('POST', path, { form: full })
  }
  const { device_code } = bodyOf<{ device_code: string }>(await ask('/oauth/device/authorize', {}))
  await approveDevice(server, device_code)
  const polled = await ask('/oauth/token', { grant_type: deviceGrantType, device_code })
  const { refresh_token } = bodyOf<TokenAnswer>(polled)
  const refreshed = await ask('/oauth/token', { grant_type: 'refresh_token', refresh_token })
  assert.equal(refreshed.status, 200, refreshed.body)
})

test('CA-10 issuer, subject, expiry and key must be those of the client', async () => {
  const stranger = await generateKeyPair('ES256')
  const bad: Say[] = [
    { claims: { iss: 'somebody' } },
    { claims: { iss: undefined } },
    { claims: { sub: 'somebody' } },
    { claims: { sub: undefined } },
    { claims: { iss: 'countersign-cli', sub: 'countersign-cli' } },
    { claims: { iss: 'nobody', sub: 'nobody' } },
    { claims: { exp: undefined } },
    { claims: { exp: startOfTime - 31 } },
    { claims: { exp: String(startOfTime + 60) } },
    { claims: { nbf: startOfTime + 31 } },
    { key: stranger.privateKey },
    { header: { kid: 'other' } },
  ]
  for (const say of bad) assert.equal(await outcome(say), no, JSON.stringify(say))
  // Clocks differ a little (G-28).
  assert.equal(
    await outcome({ claims: { exp: startOfTime - 29, iat: startOfTime + 29, nbf: startOfTime + 29 } }),
    '200',
  )
})

test('CA-11 JK-13 X-08 CA-16 the audience is the issuer and nothing else', async () => {
  assert.equal(await outcome({ claims: { aud: [issuer] } }), '200')
  const bad = [
    `${issuer}/`,
    `${issuer}/oauth/token`,
    `${issuer}/oauth/device/authorize`,
    issuer.toUpperCase(),
    [issuer, `${issuer}/oauth/token`],
    [issuer, issuer],
    [issuer, null],
    [],
    undefined,
    'https://other.example',
    { iss: issuer },
  ]
  for (const aud of bad) assert.equal(await outcome({ claims: { aud } }), no, JSON.stringify(aud))
})

test('CA-13 JK-18 an assertion counts once, until its end and after it, on every node', async () => {
  const server = await serverWithSigner()
  const other = await createTestServer({ store: server.services.store })
  const text = await assertion()
  assert.equal(await call(server, text), '200')
  assert.equal(await call(server, text), no)
  assert.equal(await call(other, text), no)
  for (const node of [server, other]) node.advance(89)
  await server.services.store.sweep(server.services.system.now())
  assert.equal(await call(server, text), no)
  for (const node of [server, other]) node.advance(3)
  await server.services.store.sweep(server.services.system.now())
  assert.equal(await call(server, text), no)
  // Without an id it could be used again and again.
  for (const jti of [undefined, '', 7]) assert.equal(await outcome({ claims: { jti } }), no)
})

test('CA-13 of many who use one assertion at the same moment one is let in', async () => {
  const server = await serverWithSigner()
  const other = await createTestServer({ store: server.services.store })
  const text = await assertion()
  const all = await Promise.all(
    Array.from({ length: 40 }, (_, i) => call(i % 2 === 0 ? server : other, text)),
  )
  assert.deepEqual(all.toSorted(), ['200', ...Array(39).fill(no)])
})

test('CA-13 the same id from two clients is two assertions, and a refused one is not spent', async () => {
  const server = await serverWithSigner()
  await server.addClient({ ...keyClient, id: 'second' })
  const claims = { jti: 'same' }
  assert.equal(await call(server, await assertion({ claims: { ...claims, aud: 'x' } })), no)
  assert.equal(await call(server, await assertion({ claims })), '200')
  assert.equal(
    await call(server, await assertion({ claims: { ...claims, iss: 'second', sub: 'second' } })),
    '200',
  )
  assert.equal(await call(server, await assertion({ claims })), no)
})

test('CA-14 no assertion is good for longer than five minutes', async () => {
  assert.equal(await outcome({ claims: { exp: startOfTime + 300 } }), '200')
  assert.equal(await outcome({ claims: { exp: startOfTime + 301 } }), no)
  assert.equal(await outcome({ claims: { iat: startOfTime - 300 } }), '200')
  assert.equal(await outcome({ claims: { iat: startOfTime - 301 } }), no)
  assert.equal(await outcome({ claims: { iat: startOfTime + 31 } }), no)
  assert.equal(await outcome({ claims: { iat: undefined } }), '200')
})

test('JK-09 a token that was made for something else is no assertion', async () => {
  for (const typ of [
    'at+jwt',
    'dpop+jwt',
    'token-introspection+jwt',
    'oauth-id-jag+jwt',
    'logout+jwt',
    'application/at+jwt',
    '',
  ])
    assert.equal(await outcome({ header: { typ } }), no, typ)
})

test('CA-03 CA-04 an assertion beside another credential or another name', async () => {
  const server = await serverWithSigner()
  const two = '400 invalid_request'
  assert.equal(await call(server, await assertion(), { client_secret: confidentialSecret }), two)
  const form = { client_assertion_type: type, client_assertion: await assertion() }
  const headers = { authorization: `Basic ${Buffer.from('signer:x').toString('base64')}` }
  assert.equal(errorOf(await server.call('POST', paths[0], { form, headers })), two)
  assert.equal(await call(server, await assertion(), { client_id: 'countersign-cli' }), no)
})

test('CA-05 CA-06 a client uses what it registered: keys do not let a secret in, nor the other way round', async () => {
  const server = await serverWithSigner()
  await server.addClient({ ...testClient, jwks: { keys: [jwk] } })
  const named = { client_id: 'signer' }
  assert.equal(errorOf(await server.call('POST', paths[0], { form: named })), no)
  assert.equal(errorOf(await server.call('POST', paths[0], { form: { ...named, client_secret: 'x' } })), no)
  const asPublic = { iss: testClient.id, sub: testClient.id }
  assert.equal(await call(server, await assertion({ claims: asPublic })), no)
})

test('CA-10 the type of the assertion must be named, and the text must be one', async () => {
  const server = await serverWithSigner()
  const text = await assertion()
  for (const given of ['urn:ietf:params:oauth:client-assertion-type:saml2-bearer', '', 'x'])
    assert.equal(await call(server, text, { client_assertion_type: given }), no)
  for (const bad of [
    'x',
    'a.b.c',
    `${text}x`,
    text.slice(0, -4),
    `${text.split('.').slice(0, 2).join('.')}.`,
  ])
    assert.equal(await call(server, bad), no)
  assert.equal(await call(server, text), '200')
})

test('MD-10 who registered one algorithm is held to it', async () => {
  const server = await createTestServer()
  const echoed = { token_endpoint_auth_signing_alg: 'RS256' }
  await server.addClient({ ...keyClient, registration: { tokenHash: null, echoed } })
  assert.equal(await call(server, await assertion()), no)
})

test('CIM-07 JK-15 keys at an address are fetched, and other keys there are found after a rotation', async () => {
  const outside = await startJsonServer()
  after(outside.close)
  outside.put('/jwks', { keys: [jwk] })
  const local = 'http://localhost:4000'
  const server = await createTestServer({ settings: { issuer: local } })
  await server.addClient({ ...keyClient, jwks: null, jwksUri: `${outside.origin}/jwks` })
  const claims = { aud: local }
  assert.equal(await call(server, await assertion({ claims })), '200')
  const next = await generateKeyPair('ES256', { extractable: true })
  outside.put('/jwks', { keys: [{ ...(await exportJWK(next.publicKey)), kid: 'k2' }] })
  server.advance(60)
  const late = { ...claims, exp: startOfTime + 90 }
  assert.equal(
    await call(server, await assertion({ claims: late, header: { kid: 'k2' }, key: next.privateKey })),
    '200',
  )
  assert.equal(await call(server, await assertion({ claims: late })), no)
  assert.equal(outside.asked.length, 2)
})

test('X-14 CA-09 a refused assertion is answered with a challenge, as there was none to answer in the header', async () => {
  const server = await serverWithSigner()
  const form = { client_assertion_type: type, client_assertion: 'x' }
  const response = await server.call('POST', '/oauth/token', { form })
  assert.deepEqual(
    [response.status, response.headers['www-authenticate']],
    [401, 'Basic realm="countersign"'],
  )
})

test('G-14 wrong assertions are braked per network', async () => {
  const server = await serverWithSigner({ settings: { rateInvalidPerAddress: 2 } })
  const wrong = { client_assertion_type: type, client_assertion: 'x' }
  const statuses = []
  for (let i = 0; i < 3; i++) statuses.push((await server.call('POST', paths[0], { form: wrong })).status)
  assert.deepEqual(statuses, [401, 401, 429])
})
