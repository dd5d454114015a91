// Who is let in to the administration API, and what is refused before anything is looked at: attacks on it, in short.
// What the operations do is api-accounts.test.ts, api-clients.test.ts and api-grants.test.ts.

import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { before, describe, test } from 'node:test'
import { createPeopledServer } from '../pages/testing.ts'
import { digest } from '../secrets.ts'
import { nativeClient, obtainCode, redeemCode } from '../testing/code-flow.ts'
import { basic, bodyOf, type TokenAnswer } from '../testing/device-flow.ts'
import { startOfTime, type TestServer, testConfidentialClient } from '../testing/services.ts'
import { administer } from './administration.ts'
import { operations } from './api-operations.ts'
import { apiCaller, bearer, browserCaller, clientCaller, clientToken } from './testing.ts'

const all = ['openid', 'countersign:admin', 'countersign:admin:read', 'countersign:account']

async function change(server: TestServer, id: string, change: object): Promise<void> {
  const record = await server.services.store.read('account', id)
  assert.ok(record)
  await server.services.store.apply([{ op: 'update', kind: 'account', record: { ...record, ...change } }])
}

/** A path of the operation with something in its braces. */
const pathOf = (path: string) => path.replace(/\{\w+\}/g, 'x')

describe('ASVS 8.2.1 every operation', () => {
  let server: TestServer
  before(async () => {
    server = await createPeopledServer({ settings: { rateInvalidPerAddress: 1_000_000 } })
  })
  for (const { id, method, path, needs } of operations) {
    test(`G-19 ${id}: nobody is let in without a session or token, and the 401 carries a challenge`, async () => {
      const answer = await apiCaller(server).call(method, pathOf(path))
      assert.equal(answer.status, 401)
      assert.match(
        String(answer.headers['www-authenticate']),
        /^Bearer realm="countersign",DPoP algs="[^"]+"$/,
      )
      assert.equal(answer.headers['cache-control'], 'no-store')
      assert.equal(answer.headers['access-control-allow-origin'], undefined)
    })
    test(`${id}: a person who is no administrator has only what is theirs`, async () => {
      const answer = await (await browserCaller(server)).call(method, pathOf(path), { json: {} })
      if (needs === 'account') assert.notEqual(answer.status, 403)
      else assert.deepEqual([answer.status, answer.json.error], [403, 'forbidden'])
    })
    test(`${id}: a token needs the scope`, async () => {
      const client = { ...testConfidentialClient, id: `without-${id}`, scopes: ['openid', 'admin'] }
      await server.addClient(client)
      const answer = await apiCaller(server, bearer(clientToken(server, client))).call(method, pathOf(path))
      assert.equal(answer.status, 403)
      assert.match(
        String(answer.headers['www-authenticate']),
        /^Bearer realm="countersign", error="insufficient_scope", error_description="[^"]+", scope="countersign:[a-z:]+",DPoP algs=/,
      )
    })
  }
})

test('the scope to read lets nobody change, and the one to change lets read', async () => {
  const server = await createPeopledServer()
  const reader = await clientCaller(server, 'reader', ['countersign:admin:read'])
  assert.equal((await reader.call('GET', '/accounts')).status, 200)
  for (const { method, path, needs } of operations) {
    if (needs === 'admin') assert.equal((await reader.call(method, pathOf(path), { json: {} })).status, 403)
  }
  const writer = await clientCaller(server, 'writer', ['countersign:admin'])
  assert.equal((await writer.call('GET', '/audit')).status, 200)
  assert.equal((await writer.call('PATCH', '/accounts/usr_mia', { json: { admin: true } })).status, 200)
})

test('CC-01 the way of the operating guide: an administrator registers a client, it gets a token, the token opens the API', async () => {
  const server = await createPeopledServer()
  const by = { actor: { kind: 'admin', id: null }, address: null } as const
  const { secret = '' } = await administer({ ...server.services, by }).addClient({
    id: 'ops',
    name: 'Operations',
    grants: ['client_credentials'],
    scopes: ['countersign:admin'],
  })
  const form = { grant_type: 'client_credentials' }
  const answer = await server.call('POST', '/oauth/token', { form, headers: basic('ops', secret) })
  const { access_token: token } = bodyOf<{ access_token: string }>(answer)
  const { status } = await apiCaller(server, bearer(token)).call('GET', '/grants?account=mia@example.com')
  assert.equal(status, 200)
  // The same client asking for a token for somewhere else gets none that opens this.
  const elsewhere = await server.call('POST', '/oauth/token', {
    form: { ...form, resource: 'https://api.example' },
    headers: basic('ops', secret),
  })
  assert.equal(elsewhere.status, 400)
})

test('RS-09 ASVS 10.3.1 a token for another audience, of another kind, or that ended is no token here', async () => {
  const server = await createPeopledServer()
  const client = await server.addClient({ ...testConfidentialClient, id: 'ops', scopes: all })
  const tokens = [
    clientToken(server, client, { audience: 'https://api.example' }),
    clientToken(server, client, { audience: client.id }),
    clientToken(server, client, { expiresAt: startOfTime }),
    clientToken(server, { ...client, id: 'gone' }),
    'nonsense',
    'eyJhbGciOiJub25lIn0.e30.',
  ]
  for (const token of tokens) {
    const { status, headers } = await apiCaller(server, bearer(token)).call('GET', '/accounts')
    assert.equal(status, 401)
    assert.match(String(headers['www-authenticate']), /^Bearer realm="countersign", error="invalid_token"/)
  }
  for (const [authorization, expected] of [
    ['Basic b3BzOng=', 401],
    ['Bearer', 400],
    ['Bearer a b', 400],
    ['Bearer "x"', 400],
  ] as const) {
    const { status } = await apiCaller(server, { authorization }).call('GET', '/accounts')
    assert.equal(status, expected, authorization)
  }
})

test('DP-10 DP-11 ASVS 10.3.5 a token that is bound to a key is worth nothing without a proof for this call', async () => {
  const server = await createPeopledServer()
  const client = await server.addClient({ ...testConfidentialClient, id: 'ops', scopes: all })
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
  const jkt = digest(JSON.stringify({ crv, kty, x, y }))
  const token = clientToken(server, client, { jkt })
  let proofs = 0
  const proof = (change: object = {}) => {
    const claims = {
      htm: 'GET',
      htu: 'https://login.example/api/v1/accounts',
      ath: digest(token),
      iat: startOfTime,
    }
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }
    const input = `${part(header)}.${part({ ...claims, jti: `proof ${++proofs}`, ...change })}`
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
    return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
  }
  const call = (headers: Record<string, string>) =>
    apiCaller(server, headers).call('GET', '/accounts?limit=5')
  assert.equal((await call(bearer(token))).status, 401)
  const authorization = `DPoP ${token}`
  const asked = await call({ authorization, dpop: proof() })
  assert.match(String(asked.headers['www-authenticate']), /DPoP error="use_dpop_nonce"/)
  const nonce = String(asked.headers['dpop-nonce'])
  for (const wrong of [
    { htm: 'POST' },
    { htu: 'https://login.example/api/v1/keys' },
    { ath: digest('other') },
  ])
    assert.equal((await call({ authorization, dpop: proof({ nonce, ...wrong }) })).status, 401)
  const once = proof({ nonce })
  assert.equal((await call({ authorization, dpop: once })).status, 200)
  assert.equal((await call({ authorization, dpop: once })).status, 401)
})

test('a scope that an administrator did not give is worth nothing, however the token came by it', async () => {
  const server = await createPeopledServer()
  const sources = {
    registration: { source: 'registration' },
    document: { source: 'metadata_document' },
  } as const
  for (const [id, change] of Object.entries(sources)) {
    const client = await server.addClient({ ...testConfidentialClient, id, scopes: all, ...change })
    assert.equal(
      (await apiCaller(server, bearer(clientToken(server, client))).call('GET', '/accounts')).status,
      403,
    )
  }
  const plain = await server.addClient({ ...testConfidentialClient, id: 'plain', scopes: ['openid'] })
  const token = clientToken(server, plain, { scopes: all })
  assert.equal((await apiCaller(server, bearer(token)).call('GET', '/accounts')).status, 403)
})

test('a token of a person is an administrator only while the account is one', async () => {
  const server = await createPeopledServer()
  const cli = await server.services.store.read('client', 'countersign-cli')
  assert.ok(cli)
  const program = { ...cli, ...nativeClient, id: cli.id, version: cli.version, scopes: all }
  await server.services.store.apply([{ op: 'update', kind: 'client', record: program }])
  const code = await obtainCode(server, program)
  const redeemed = await redeemCode(server, code, { client_id: cli.id })
  const { access_token: token } = bodyOf<TokenAnswer>(redeemed)
  const caller = apiCaller(server, bearer(token))
  assert.deepEqual(
    [(await caller.call('GET', '/accounts')).status, (await caller.call('GET', '/me')).status],
    [403, 200],
  )
  await change(server, 'usr_mia', { admin: true })
  assert.equal((await caller.call('GET', '/accounts')).status, 200)
  await change(server, 'usr_mia', { admin: false })
  assert.equal((await caller.call('GET', '/accounts')).status, 403)
  await change(server, 'usr_mia', { admin: true, disabledAt: startOfTime })
  assert.equal((await caller.call('GET', '/accounts')).status, 401)
})

test('an administrator who is disabled, or is none any more, is out with the next call', async () => {
  const server = await createPeopledServer()
  await change(server, 'usr_mia', { admin: true })
  const caller = await browserCaller(server)
  assert.equal((await caller.call('GET', '/accounts')).status, 200)
  await change(server, 'usr_mia', { admin: false })
  assert.equal((await caller.call('GET', '/accounts')).status, 403)
  await change(server, 'usr_mia', { admin: true, disabledAt: startOfTime })
  assert.equal((await caller.call('GET', '/accounts')).status, 401)
})

test('UI-08 ASVS 3.5.1 a change from a browser needs the proof, and to come from a page of ours', async () => {
  const server = await createPeopledServer()
  await change(server, 'usr_mia', { admin: true })
  const { cookie, proof } = await browserCaller(server)
  const rotate = (headers: Record<string, string>) =>
    apiCaller(server, { cookie, ...headers }).call('POST', '/keys/rotations')
  const own = { 'x-countersign-proof': proof }
  const forged = [
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'same-origin', 'x-countersign-proof': '' },
    { 'sec-fetch-site': 'same-origin', 'x-countersign-proof': `${proof.slice(0, -1)}_` },
    { 'sec-fetch-site': 'cross-site', ...own },
    { 'sec-fetch-site': 'same-site', ...own },
    { 'sec-fetch-site': 'none', ...own },
    { origin: 'https://evil.example', ...own },
    { origin: 'null', ...own },
    own,
  ]
  for (const headers of forged) {
    const { status, json } = await rotate(headers as Record<string, string>)
    assert.deepEqual([status, json.error], [403, 'forged'], JSON.stringify(headers))
  }
  assert.equal((await apiCaller(server, { cookie }).call('GET', '/accounts')).status, 200)
  assert.equal((await rotate({ origin: 'https://login.example', ...own })).status, 201)
  server.advance(1200)
  assert.equal((await rotate({ 'sec-fetch-site': 'same-origin', ...own })).status, 201)
  // The proof of another session is none.
  const other = await browserCaller(server)
  const mixed = await rotate({ 'sec-fetch-site': 'same-origin', 'x-countersign-proof': other.proof })
  assert.equal(mixed.status, 403)
})

test('UI-08 a token beside a session counts alone: a session never helps a token that does not', async () => {
  const server = await createPeopledServer()
  await change(server, 'usr_mia', { admin: true })
  const { cookie } = await browserCaller(server)
  const { status } = await apiCaller(server, { cookie, ...bearer('nonsense') }).call('GET', '/accounts')
  assert.equal(status, 401)
})

test('G-14 whoever guesses tokens is braked', async () => {
  const server = await createPeopledServer({ settings: { rateInvalidPerAddress: 3 } })
  const caller = apiCaller(server, bearer('guess'))
  for (let i = 0; i < 3; i++) assert.equal((await caller.call('GET', '/accounts')).status, 401)
  const { status, headers } = await caller.call('GET', '/accounts')
  assert.equal(status, 429)
  assert.match(String(headers['retry-after']), /^\d+$/)
})

test('G-03 G-09 unknown addresses and methods have definite answers, and no other site may call', async () => {
  const server = await createPeopledServer()
  const caller = await clientCaller(server, 'ops', all)
  for (const path of [
    '/',
    '/nothing',
    '/accounts/',
    '/accounts//consents',
    '/accounts/%zz',
    '/accounts/a/b/c/d',
    '/openapi',
  ])
    assert.deepEqual([(await caller.call('GET', path)).status, path], [404, path])
  const wrong = await caller.call('PUT', '/accounts')
  assert.deepEqual([wrong.status, wrong.headers.allow], [405, 'GET, HEAD, POST'])
  assert.equal((await caller.call('DELETE', '/openapi.json')).status, 405)
  const head = await caller.call('HEAD', '/accounts')
  assert.deepEqual([head.status, head.body], [200, ''])
  const preflight = await server.call('OPTIONS', '/api/v1/accounts', {
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  })
  assert.equal(preflight.status, 405)
  assert.equal(preflight.headers['access-control-allow-origin'], undefined)
})

test('UI-01 UI-04 UI-13 G-10 G-24 answers are for nobody else: no framing, no cache, no other origin, no sniffing', async () => {
  const server = await createPeopledServer()
  const caller = await clientCaller(server, 'ops', all)
  for (const path of ['/accounts', '/nothing', '/openapi.json', '/audit/export']) {
    const { headers } = await caller.call('GET', path)
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
    assert.match(String(headers['content-security-policy']), /default-src 'none'; frame-ancestors 'none'/)
    assert.equal(headers['x-frame-options'], 'DENY')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['x-content-type-options'], 'nosniff')
  }
})

test('G-27 bad input is told in JSON and never a fault: huge, broken, of another kind, with members of the prototype', async () => {
  const server = await createPeopledServer()
  const caller = await clientCaller(server, 'ops', all)
  const post = (body: string, type = 'application/json') =>
    server.call('POST', '/api/v1/accounts', {
      form: body,
      headers: {
        'content-type': type,
        ...bearer(clientToken(server, { ...testConfidentialClient, id: 'ops', scopes: all })),
      },
    })
  const bodies = [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '1',
    '['.repeat(60_000),
    '{"__proto__":{"admin":true}}',
    '{"email":{},"password":[]}',
    '{"email":"a@b","password":"x","more":1}',
  ]
  for (const body of bodies) {
    const { status, headers } = await post(body)
    assert.deepEqual([status, headers['content-type']], [400, 'application/json'], body.slice(0, 40))
  }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', ''])
    assert.equal(
      (await post('{"email":"a@b.example","password":"four quiet green boats"}', type)).status,
      400,
      type,
    )
  const { status, json } = await caller.call<{ issues: object[] }>('POST', '/accounts', {
    json: { email: 5 },
  })
  assert.equal(status, 400)
  assert.deepEqual(json.issues.length, 2)
  const queries = [
    '?limit=0',
    '?limit=201',
    '?limit=-1',
    '?limit=1e2',
    '?limit=',
    '?limit=1&limit=2',
    '?nothing=1',
    '?email=',
    '?access_token=x',
    '?after=%00&__proto__=1',
  ]
  for (const query of queries)
    assert.equal((await caller.call('GET', `/accounts${query}`)).status, 400, query)
  const large = await server.handler({
    method: 'POST',
    path: '/api/v1/accounts',
    query: '',
    headers: {},
    body: undefined,
    tooLarge: true,
    address: '192.0.2.1',
    gone: () => false,
    onGone: () => {},
  })
  assert.equal(large.status, 413)
})

test('filters are values, whatever is written in them', async () => {
  const server = await createPeopledServer()
  const caller = await clientCaller(server, 'ops', all)
  const attacks = [
    `' OR '1'='1`,
    `"; DROP TABLE accounts; --`,
    '%',
    '*',
    '\\',
    '../../accounts',
    '\u0000',
    '{"$ne":null}',
    '\ud800',
  ]
  for (const attack of attacks) {
    const text = encodeURIComponent(attack.toWellFormed())
    for (const path of [
      `/accounts?email=${text}`,
      `/grants?client=${text}`,
      `/audit?event=${text}`,
      `/audit?account=${text}`,
      `/accounts?after=~${text}`,
    ]) {
      const { status, json } = await caller.call<{ items: object[] }>('GET', path)
      assert.deepEqual([status, json.items], [200, []], path)
    }
    for (const path of [`/accounts/${text}`, `/grants/${text}`, `/grants?account=${text}`])
      assert.equal((await caller.call('GET', path)).status, 404, path)
  }
})
