import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { metadataUrls } from './issuer.ts'
import { type ProtectedResource, protect } from './protect.ts'
import type { ResourceOptions } from './settings.ts'
import { createClock, requestWith, type TestClock } from './testing/clock.ts'
import { audience, json, reset, startIssuer, type TestIssuer } from './testing/issuer.ts'

const opened: TestIssuer[] = []
const metadataPath = '/.well-known/oauth-authorization-server'
let issuer: TestIssuer
let clock: TestClock
let api: ProtectedResource

beforeEach(async () => {
  issuer = await startIssuer()
  opened.push(issuer)
  clock = createClock()
  api = create()
})
after(() => Promise.all(opened.map((one) => one.close())))

function create(options: Partial<ResourceOptions> = {}): ProtectedResource {
  return protect({ resource: audience, issuer: issuer.url, system: clock.system, ...options })
}

async function reasonFor(token: string, resource = api): Promise<string> {
  const verification = await resource.verify(requestWith(token))
  if (verification.ok) return 'passed'
  const { refusal } = verification
  return refusal.reason === 'unavailable' ? `unavailable: ${refusal.error.code}` : refusal.reason
}

const lasting = { exp: 4_000_000_000 }

test('JK-15 metadata and keys are fetched once, also for many requests at the same moment', async () => {
  const token = await issuer.sign()
  const reasons = await Promise.all(Array.from({ length: 20 }, () => reasonFor(token)))
  assert.deepEqual([...new Set(reasons)], ['passed'])
  assert.equal(await reasonFor(token), 'passed')
  assert.deepEqual([issuer.at(metadataPath).length, issuer.at('/jwks').length], [1, 1])
})

test('JK-05 JK-15 after a rotation the new key is found, and the old one counts until it is withdrawn', async () => {
  const first = await issuer.addKey()
  assert.equal(await reasonFor(await issuer.sign(lasting)), 'passed')
  await issuer.addKey()
  clock.advance(31)
  assert.equal(await reasonFor(await issuer.sign(lasting)), 'passed')
  assert.equal(await reasonFor(await issuer.sign(lasting, {}, first)), 'passed')
  assert.equal(issuer.at('/jwks').length, 2)
  issuer.removeKey(first.kid)
  clock.advance(601)
  assert.equal(await reasonFor(await issuer.sign(lasting, {}, first)), 'key_unknown')
})

test('JK-15 made-up key names cause one fetch per interval, not one each', async () => {
  await issuer.addKey()
  assert.equal(await reasonFor(await issuer.sign(lasting)), 'passed')
  const unknown = async () => {
    for (let count = 0; count < 25; count += 1)
      assert.equal(await reasonFor(await issuer.sign(lasting, { kid: `made-up-${count}` })), 'key_unknown')
    return issuer.at('/jwks').length
  }
  assert.equal(await unknown(), 1)
  clock.advance(31)
  assert.equal(await unknown(), 2)
})

test('JK-15 keys are fetched again when they are old, and serve an hour more while the server is away', async () => {
  const token = await issuer.sign(lasting)
  assert.equal(await reasonFor(token), 'passed')
  clock.advance(601)
  assert.equal(await reasonFor(token), 'passed')
  assert.equal(issuer.at('/jwks').length, 2)
  issuer.on('/jwks', reset)
  clock.advance(4000)
  assert.equal(await reasonFor(token), 'passed')
  clock.advance(300)
  assert.equal(await reasonFor(token), 'unavailable: network')
  issuer.on('/jwks', undefined)
  clock.advance(3)
  assert.equal(await reasonFor(token), 'passed')
})

test('JK-15 RS-13 a key set that is too large, redirected, no JSON, an error or nothing closes access', async () => {
  const token = await issuer.sign()
  const broken: [Parameters<TestIssuer['on']>[1], string][] = [
    [(response) => response.writeHead(302, { location: '/elsewhere' }).end(), 'status'],
    [json(500, () => ({})), 'status'],
    [(response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), 'malformed'],
    [
      (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":'),
      'malformed',
    ],
    [json(200, () => ({ keys: 'none' })), 'malformed'],
    [json(200, () => ({ keys: [], filler: 'x'.repeat(300_000) })), 'too_large'],
    [reset, 'network'],
  ]
  for (const [answer, code] of broken) {
    issuer.on('/jwks', answer)
    assert.equal(await reasonFor(token, create()), `unavailable: ${code}`)
  }
  assert.deepEqual(issuer.at('/elsewhere'), [])
})

test('a server that is down is not asked again by every request', async () => {
  issuer.on('/jwks', reset)
  const token = await issuer.sign()
  for (let count = 0; count < 10; count += 1) assert.equal(await reasonFor(token), 'unavailable: network')
  assert.equal(issuer.at('/jwks').length, 1)
})

test('MX-03 metadata that speaks for another issuer is refused, and so are unsafe addresses in it', async () => {
  const token = await issuer.sign()
  const say = (more: object) =>
    issuer.on(
      metadataPath,
      json(200, () => ({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks`, ...more })),
    )
  say({ issuer: `${issuer.url}/` })
  assert.equal(await reasonFor(token, create()), 'unavailable: issuer_mismatch')
  for (const address of ['http://keys.example.com/jwks', 'file:///etc/passwd', 'jwks', 7, undefined]) {
    say({ jwks_uri: address })
    assert.equal(await reasonFor(token, create()), 'unavailable: malformed', String(address))
  }
})

test('MD-02 the OpenID document serves where there is no other, and fixed addresses where there is none', async () => {
  const token = await issuer.sign()
  issuer.on(
    metadataPath,
    json(404, () => ({})),
  )
  const fixed = create({ issuer: { issuer: issuer.url, jwksUri: `${issuer.url}/jwks` } })
  assert.equal(await reasonFor(token, fixed), 'passed')
  assert.equal(issuer.at(metadataPath).length, 0)
  assert.equal(await reasonFor(token, create()), 'unavailable: status')
  const metadata = { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }
  issuer.on(
    '/.well-known/openid-configuration',
    json(200, () => metadata),
  )
  assert.equal(await reasonFor(token, create()), 'passed')
})

test('MX-02 the well-known part stands before the path of an issuer, or behind it for OpenID', () => {
  assert.deepEqual(metadataUrls('https://login.example.com/tenant'), [
    'https://login.example.com/.well-known/oauth-authorization-server/tenant',
    'https://login.example.com/tenant/.well-known/openid-configuration',
  ])
  assert.deepEqual(metadataUrls('https://login.example.com/'), metadataUrls('https://login.example.com'))
})
