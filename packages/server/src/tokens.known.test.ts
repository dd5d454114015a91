// Access tokens that a server remembers: they say what they say to everybody else, and stand for nothing more.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { type TestContext, test } from 'node:test'
import type { AccessToken } from '@countersign/protocol'
import fc from 'fast-check'
import { algs } from './keys.ts'
import type { Services } from './services.ts'
import { createKnownTokens, createTestServer } from './testing/services.ts'
import { decodeAccessToken, encodeAccessToken } from './tokens.ts'

const names = fc.array(fc.stringMatching(/^[!#-[\]-~]{1,20}$/), { maxLength: 4 })
const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const mayAct = fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.string(), { noNullPrototype: true })
const usual = {
  jti: fc.string({ minLength: 1 }),
  grantId: nullable(fc.string()),
  clientId: fc.string({ minLength: 1 }),
  scopes: names,
  audience: fc.webUrl(),
  issuedAt: fc.nat(),
  expiresAt: fc.nat(),
  jkt: nullable(fc.string()),
  act: nullable(fc.constant({ sub: 'agent', act: { sub: 'first' } })),
}
const ofPerson = fc.record({ ...usual, accountId: fc.string(), authTime: fc.nat(), amr: names })
const ofClient = fc.record({
  ...usual,
  accountId: fc.constant(null),
  authTime: fc.constant(null),
  amr: fc.constant([]),
})
const seldomOfPerson = fc.record({ mayAct }, { requiredKeys: [] })
const seldomOfClient = fc.record(
  { subjectClientId: fc.string({ minLength: 1 }), mayAct },
  { requiredKeys: [] },
)
const tokens: fc.Arbitrary<AccessToken> = fc
  .oneof(fc.tuple(ofPerson, seldomOfPerson), fc.tuple(ofClient, seldomOfClient))
  .map(([facts, seldom]): AccessToken => ({ ...facts, ...seldom }))
  // About a client itself nothing is said a second time.
  .filter(({ clientId, subjectClientId }) => clientId !== subjectClientId)

const plain: AccessToken = {
  jti: 'one',
  grantId: null,
  clientId: 'cli',
  accountId: null,
  scopes: [],
  audience: 'https://api.example',
  issuedAt: 1,
  expiresAt: 2,
  authTime: null,
  amr: [],
  jkt: null,
  act: null,
}

const signed = { accessTokenFormat: 'jwt', accessTokenAlg: 'ES256' } as const

const remembering = (services: Services): Services => ({
  ...services,
  knownTokens: createKnownTokens(),
})

const formats = [
  { accessTokenFormat: 'opaque', accessTokenAlg: 'ES256' },
  ...algs.map((accessTokenAlg) => ({ accessTokenFormat: 'jwt', accessTokenAlg }) as const),
] as const

for (const format of formats) {
  const name = format.accessTokenFormat === 'jwt' ? format.accessTokenAlg : 'opaque'

  test(`a token (${name}) says the same to the server that made it, to one that read it before, and to one that never saw it`, async () => {
    const { services } = await createTestServer()
    const [maker, reader] = [remembering(services), remembering(services)]
    const same = (token: AccessToken) => {
      const text = encodeAccessToken(maker, token, format)
      for (const server of [maker, reader, reader, services])
        assert.deepEqual(decodeAccessToken(server, text), token)
    }
    fc.assert(fc.property(tokens, same))
  })

  test(`JK-06 a token (${name}) that is remembered vouches for no other`, async () => {
    const { services } = await createTestServer()
    const maker = remembering(services)
    const text = encodeAccessToken(maker, plain, format)
    const at = text.lastIndexOf('.') + 20
    const flipped = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
    for (const other of [`${text}A`, text.slice(0, -1), `${text} `, flipped])
      for (let i = 0; i < 2; i++) assert.equal(decodeAccessToken(maker, other), undefined)
    assert.ok(decodeAccessToken(maker, text))
  })
}

test('a token that says more than most is good, and not remembered', async () => {
  const { services } = await createTestServer()
  let remembered = 0
  const counter = { get: () => undefined, set: () => void remembered++ }
  const counting = { ...services, knownTokens: { sealed: counter, signed: counter } }
  const talkative = { ...plain, scopes: Array.from({ length: 60 }, (_, i) => `documents:read:${i}`) }
  for (const [token, expected] of [
    [talkative, 0],
    [plain, 2],
  ] as const) {
    remembered = 0
    assert.deepEqual(decodeAccessToken(counting, encodeAccessToken(counting, token, signed)), token)
    assert.equal(remembered, expected)
  }
})

/** How often signatures have been checked since. */
function countChecks(t: TestContext): () => number {
  const checks = t.mock.method(crypto, 'verify')
  syncBuiltinESMExports()
  t.after(() => {
    checks.mock.restore()
    syncBuiltinESMExports()
  })
  return () => checks.mock.callCount()
}

test('what was signed here and comes back is not checked, what another node signed once', async (t) => {
  const { services } = await createTestServer()
  const [maker, other] = [remembering(services), remembering(services)]
  const text = encodeAccessToken(maker, plain, signed)
  const checks = countChecks(t)
  for (const [server, expected] of [
    [maker, 0],
    [other, 1],
    [other, 1],
  ] as const) {
    assert.ok(decodeAccessToken(server, text))
    assert.equal(checks(), expected)
  }
})

test('however many sealed tokens are made, a signed one is not checked again', async (t) => {
  const { services } = await createTestServer()
  const server = remembering(services)
  const text = encodeAccessToken(server, plain, signed)
  for (let i = 0; i < 50; i++) encodeAccessToken(server, plain, formats[0])
  const checks = countChecks(t)
  assert.ok(decodeAccessToken(server, text))
  assert.equal(checks(), 0)
})

test('JK-06 a token is remembered no longer than its key, by who made it and by who read it', async () => {
  const { services } = await createTestServer()
  const servers = [remembering(services), remembering(services)] as const
  const text = encodeAccessToken(servers[0], plain, signed)
  for (const server of servers) assert.ok(decodeAccessToken(server, text))
  for (const record of await services.store.list('signingKey'))
    if (record.alg === 'ES256') await services.store.apply([{ op: 'delete', kind: 'signingKey', record }])
  await services.keys.refresh()
  for (const server of servers) assert.equal(decodeAccessToken(server, text), undefined)
  const next = encodeAccessToken(servers[0], plain, signed)
  for (const server of servers) assert.ok(decodeAccessToken(server, next))
})
