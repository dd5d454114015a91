// The keys of trusted issuers at a real JWK Set on loopback (standards.md JB-02, ME-06, JK-06, JK-15): fetched, remembered,
// asked for again in measure. How hostile addresses are kept away is fetch-guard.test.ts.

import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { SignJWT } from 'jose'
import { ConfigError, loadConfig } from './config.ts'
import { tampered } from './testing/device-flow.ts'
import {
  goodClaims,
  type IdentityProvider,
  localIssuer,
  startIdentityProvider,
} from './testing/identity-provider.ts'
import { createTestServer, type TestOptions, type TestServer } from './testing/services.ts'
import { isSignedByIssuer, namedIssuer } from './trusted-issuers.ts'

type Alg = 'ES256' | 'RS256' | 'EdDSA' | 'PS256'

let idp: IdentityProvider
const started: IdentityProvider[] = []
beforeEach(async () => {
  idp = await startIdentityProvider()
  started.push(idp)
})
after(() => Promise.all(started.map((one) => one.close())))

function setUp(algs: readonly Alg[] = ['ES256'], options: TestOptions = {}): Promise<TestServer> {
  const trusted = {
    issuer: idp.issuer,
    jwksUri: idp.jwksUri,
    algs: [...algs],
    kind: 'id-jag' as const,
    publicClients: [],
    linkByEmail: false,
    reusable: false,
    scopes: [],
  }
  return createTestServer({ settings: { issuer: localIssuer, trustedIssuers: [trusted] }, ...options })
}

async function isGood({ services }: TestServer, text: string): Promise<boolean> {
  const opened = namedIssuer(services, text)
  return opened !== undefined && isSignedByIssuer(services, opened, text)
}

const signed = (header: Readonly<Record<string, unknown>> = {}) => idp.sign(goodClaims('jti-1'), header)

test('JB-02 an assertion by a key of the issuer is good, and the keys are asked for once', async () => {
  const server = await setUp()
  assert.equal(idp.fetches(), 0)
  for (let i = 0; i < 5; i++) assert.equal(await isGood(server, await signed()), true)
  assert.equal(idp.fetches(), 1)
  server.advance(599)
  assert.equal(await isGood(server, await signed()), true)
  assert.equal(idp.fetches(), 1)
})

test('JB-02 many first assertions at once make one request for the keys', async () => {
  const server = await setUp()
  const text = await signed()
  const answers = await Promise.all(Array.from({ length: 30 }, () => isGood(server, text)))
  assert.ok(answers.every(Boolean))
  assert.equal(idp.fetches(), 1)
})

test('JK-15 an unknown key is looked for once per interval, however many name one', async () => {
  const server = await setUp()
  assert.equal(await isGood(server, await signed()), true)
  server.advance(40)
  for (let i = 0; i < 50; i++) assert.equal(await isGood(server, await signed({ kid: `random-${i}` })), false)
  assert.equal(idp.fetches(), 2)
  assert.equal(await isGood(server, await signed()), true)
})

test('ME-06 a key that was rotated is found by its first use, and the one before is gone', async () => {
  const server = await setUp()
  const old = await signed()
  assert.equal(await isGood(server, old), true)
  await idp.rotate('second')
  server.advance(40)
  assert.equal(await isGood(server, await signed()), true)
  assert.equal(await isGood(server, old), false)
})

test('JB-02 keys that cannot be had again count for a while, and then nothing is believed', async () => {
  const server = await setUp()
  const text = await signed()
  assert.equal(await isGood(server, text), true)
  idp.serve({ status: 500, body: 'down' })
  server.advance(700)
  assert.equal(await isGood(server, text), true)
  server.advance(3600)
  assert.equal(await isGood(server, text), false)
  idp.serve(undefined)
  server.advance(60)
  assert.equal(await isGood(server, text), true)
})

const junk: readonly [string, string][] = [
  ['HTML', '<html>'],
  ['half a document', '{"keys":[{"kty"'],
  ['no keys', '{}'],
  ['an empty set', '{"keys":[]}'],
  ['keys that are none', '{"keys":[1,null,"x"]}'],
  ['a set without end', JSON.stringify({ keys: [], pad: 'x'.repeat(100_000) })],
]
for (const [name, body] of junk)
  test(`JK-15 JB-03 an issuer that serves ${name} makes no assertion good`, async () => {
    idp.serve({ status: 200, body })
    assert.equal(await isGood(await setUp(), await signed()), false)
  })

test('ME-06 JK-06 only the algorithms agreed for this issuer, whatever key it publishes', async () => {
  const server = await setUp(['RS256'])
  assert.equal(await isGood(server, await signed()), false)
  assert.equal(idp.fetches(), 0)
  const now = goodClaims('jti-2')
  const secret = Buffer.from('a secret that both sides know, they think')
  const hmac = await new SignJWT({ iss: idp.issuer, ...now })
    .setProtectedHeader({ alg: 'HS256', kid: 'first', typ: 'oauth-id-jag+jwt' })
    .sign(secret)
  assert.equal(await isGood(await setUp(['ES256', 'RS256', 'EdDSA', 'PS256']), hmac), false)
  const [, claims] = (await signed()).split('.')
  const none = `${Buffer.from('{"alg":"none","typ":"oauth-id-jag+jwt"}').toString('base64url')}.${claims}.`
  assert.equal(await isGood(await setUp(['ES256']), none), false)
})

for (const alg of ['RS256', 'PS256', 'EdDSA'] as const)
  test(`ME-06 assertions signed by ${alg}`, async () => {
    await idp.rotate('other', alg)
    assert.equal(await isGood(await setUp([alg]), await signed()), true)
    assert.equal(await isGood(await setUp(['ES256']), await signed()), false)
  })

test('JB-03 a signature that was changed, or that belongs to other claims, is none', async () => {
  const server = await setUp()
  const good = await signed()
  const [head = '', claims = ''] = good.split('.')
  const other = (await idp.sign(goodClaims('jti-other'))).split('.')
  for (const text of [tampered(good), `${head}.${claims}.${other[2]}`, `${head}.${claims}.`])
    assert.equal(await isGood(server, text), false)
})

test('JK-08 keys and addresses that a token brings along are not looked at', async () => {
  const server = await setUp()
  const stranger = await startIdentityProvider()
  started.push(stranger)
  const text = await stranger.sign(
    { ...goodClaims('jti-3'), iss: idp.issuer },
    { kid: 'stranger', jku: stranger.jwksUri },
  )
  assert.equal(await isGood(server, text), false)
  assert.equal(stranger.fetches(), 0)
})

test('JB-02 an issuer is trusted over https, or on loopback; and named once', async () => {
  const load = (...jwksUris: string[]) =>
    loadConfig({
      file: undefined,
      options: { trustedIssuers: jwksUris.map((jwksUri) => ({ issuer: 'https://idp.example', jwksUri })) },
    })
  const { trustedIssuers } = await load('https://idp.example/jwks')
  assert.deepEqual(trustedIssuers[0], {
    issuer: 'https://idp.example',
    jwksUri: 'https://idp.example/jwks',
    algs: ['ES256', 'RS256'],
    kind: 'id-jag',
    publicClients: [],
    linkByEmail: false,
    reusable: false,
    scopes: [],
  })
  await load('http://localhost:4001/jwks')
  await assert.rejects(load('http://idp.example/jwks'), ConfigError)
  await assert.rejects(load('http://localhost.example/jwks'), ConfigError)
  await assert.rejects(load('https://idp.example/jwks', 'https://idp.example/keys'), ConfigError)
})
