// Tokens that clients get for themselves (RFC 6749 §4.4, standards.md CC; MCP's client credentials extension, ME-01 to ME-02).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, plainClient, type Resource } from '@countersign/protocol'
import { createLocalJWKSet, exportJWK, generateKeyPair, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose'
import { basic, bodyOf, claimsOf, errorOf, introspect } from '../testing/device-flow.ts'
import {
  type CallOptions,
  createTestServerWith,
  startOfTime,
  type TestServer,
  testClient,
  testConfidentialClient,
} from '../testing/services.ts'

const issuer = 'https://login.example'
const mcp = 'https://mcp.example/mcp'

const worker: Client = {
  ...testConfidentialClient,
  id: 'worker',
  grantTypes: ['client_credentials'],
  scopes: ['jobs:read', 'jobs:write', 'openid', 'offline_access'],
  resources: [mcp],
}

const setUp = (...clients: readonly Partial<Client>[]) => createTestServerWith([worker, ...clients])

const ask = (
  server: TestServer,
  form: Readonly<Record<string, string>> = {},
  headers: CallOptions['headers'] = basic('worker'),
) => server.call('POST', '/oauth/token', { form: { grant_type: 'client_credentials', ...form }, headers })

test('CC-02 CC-03 CC-04 TK-01 a client gets a token that is about itself, and nothing else with it', async () => {
  const server = await setUp()
  const response = await ask(server)
  assert.equal(response.status, 200, response.body)
  const { access_token: token, ...rest } = bodyOf(response)
  assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 600, scope: 'jobs:read jobs:write' })
  const { header, claims } = claimsOf(String(token))
  const { jti, ...said } = claims
  assert.deepEqual([header.typ, header.alg], ['at+jwt', 'ES256'])
  assert.match(String(jti), /^[A-Za-z0-9_-]{22}$/)
  assert.deepEqual(said, {
    iss: issuer,
    sub: 'worker',
    aud: issuer,
    client_id: 'worker',
    scope: 'jobs:read jobs:write',
    iat: startOfTime,
    exp: startOfTime + 600,
  })
})

test('CC-01 G-23 a public client is refused, whatever was registered', async () => {
  const server = await setUp({ ...testClient, id: 'open', grantTypes: ['client_credentials'] })
  assert.equal(errorOf(await ask(server, { client_id: 'open' }, {})), '400 unauthorized_client')
  assert.equal(errorOf(await ask(server, { client_id: 'worker' }, {})), '401 invalid_client')
})

test('ME-01 a client that anybody can make by publishing a document has no credentials here', async () => {
  const server = await setUp({ ...worker, id: 'published', source: 'metadata_document' })
  assert.equal(errorOf(await ask(server, {}, basic('published'))), '400 unauthorized_client')
})

test('CC-04 scopes of persons are left out, and asking for nothing else is refused', async () => {
  const server = await setUp()
  assert.equal(bodyOf(await ask(server, { scope: 'openid jobs:read offline_access' })).scope, 'jobs:read')
  assert.equal(errorOf(await ask(server, { scope: 'openid' })), '400 invalid_scope')
  assert.equal(errorOf(await ask(server, { scope: 'jobs:delete' })), '400 invalid_scope')
  assert.equal(errorOf(await ask(server, { scope: 'jobs:read  jobs:write' })), '400 invalid_scope')
})

test('AT-06 RI-02 RI-04 ME-02 the token is for the resource that was asked for, and for one only', async () => {
  const server = await setUp()
  const body = bodyOf(await ask(server, { resource: mcp, scope: 'jobs:read' }))
  assert.deepEqual([claimsOf(String(body.access_token)).claims.aud, body.scope], [mcp, 'jobs:read'])
  for (const resource of ['https://other.example', `${mcp}/`, 'mcp', `${mcp}#x`])
    assert.equal(errorOf(await ask(server, { resource })), '400 invalid_target', resource)
  await server.addClient({ ...worker, id: 'two', resources: [mcp, 'https://b.example'] })
  const form = `grant_type=client_credentials&resource=${encodeURIComponent(mcp)}&resource=https://b.example`
  const both = await server.call('POST', '/oauth/token', { form, headers: basic('two') })
  assert.equal(errorOf(both), '400 invalid_target')
})

test('RI-05 AT-03 a registered resource says how long, in which form and with which scopes', async () => {
  const server = await setUp()
  const record: Resource = {
    id: 'https://docs.example',
    version: 0,
    name: 'Documents',
    scopes: [{ scope: 'docs:read', words: 'read documents', risk: null, optional: false }],
    openToAll: true,
    accessTokenFormat: 'opaque',
    accessTokenSeconds: 120,
    createdAt: startOfTime,
  }
  await server.services.store.apply([{ op: 'insert', kind: 'resource', record }])
  const body = bodyOf(await ask(server, { resource: record.id }))
  assert.match(String(body.access_token), /^cst_/)
  assert.deepEqual([body.expires_in, body.scope], [120, 'docs:read'])
})

test('AT-01 AT-05 access tokens are signed by ES256, EdDSA or RS256 by client; each verifies elsewhere and counts here', async () => {
  const server = await setUp({ ...testConfidentialClient, introspectsAll: true })
  const set = createLocalJWKSet(bodyOf(await server.call('GET', '/oauth/jwks')) as unknown as JSONWebKeySet)
  const currentDate = new Date(startOfTime * 1000)
  for (const accessTokenAlg of ['EdDSA', 'RS256', 'ES256'] as const) {
    const id = `worker-${accessTokenAlg}`
    await server.addClient({ ...worker, id, accessTokenAlg })
    const token = String(bodyOf(await ask(server, {}, basic(id))).access_token)
    const { protectedHeader, payload } = await jwtVerify(token, set, { issuer, typ: 'at+jwt', currentDate })
    assert.deepEqual([protectedHeader.alg, payload.sub], [accessTokenAlg, id])
    assert.equal((await introspect(server, token, 'api')).active, true)
  }
})

test('X-36 RV-08 nothing is stored for it, and it ends when revoked or with its client', async () => {
  const server = await setUp({ ...testConfidentialClient, introspectsAll: true })
  const before = await server.services.store.counts()
  const one = String(bodyOf(await ask(server)).access_token)
  const two = String(bodyOf(await ask(server)).access_token)
  assert.deepEqual(await server.services.store.counts(), before)
  const told = await introspect(server, one, 'api')
  assert.deepEqual([told.active, told.sub, told.client_id], [true, 'worker', 'worker'])
  assert.ok(!('username' in told))

  await server.call('POST', '/oauth/revoke', { form: { token: one }, headers: basic('worker') })
  assert.deepEqual(await introspect(server, one, 'api'), { active: false })
  assert.equal((await introspect(server, two, 'api')).active, true)

  const record = await server.services.store.read('client', 'worker')
  assert.ok(record)
  await server.services.store.apply([{ op: 'delete', kind: 'client', record }])
  server.advance(2)
  assert.deepEqual(await introspect(server, two, 'api'), { active: false })
})

test('G-25 a client token opens nobody’s UserInfo', async () => {
  const server = await setUp()
  const token = String(bodyOf(await ask(server)).access_token)
  const response = await server.call('GET', '/oauth/userinfo', {
    headers: { authorization: `Bearer ${token}` },
  })
  assert.ok([401, 403].includes(response.status), String(response.status))
})

test('REG-12 a client that registered itself stays from its first token on', async () => {
  const expiresAt = startOfTime + 60
  const server = await setUp({ ...worker, id: 'registered', source: 'registration', expiresAt })
  const answers = await Promise.all([1, 2, 3].map(() => ask(server, {}, basic('registered'))))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  )
  assert.equal((await server.services.store.read('client', 'registered'))?.expiresAt, null)
})

test('ME-01 ME-02 X-31 private_key_jwt with the issuer as audience, without client_id beside it', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }]
  const server = await setUp(
    plainClient({
      ...worker,
      id: 'signer',
      authMethods: ['private_key_jwt'],
      secrets: [],
      jwks: { keys },
    }),
  )
  const assertion = (audience: string, jti: string) =>
    new SignJWT({ jti })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer('signer')
      .setSubject('signer')
      .setAudience(audience)
      .setIssuedAt(startOfTime)
      .setExpirationTime(startOfTime + 60)
      .sign(privateKey)
  const form = async (audience: string, jti: string) => ({
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertion(audience, jti),
    resource: mcp,
    scope: 'jobs:read',
  })
  const good = await ask(server, await form(issuer, 'a'), {})
  assert.equal(good.status, 200, good.body)
  assert.equal(claimsOf(String(bodyOf(good).access_token)).claims.sub, 'signer')
  const forEndpoint = await ask(server, await form(`${issuer}/oauth/token`, 'b'), {})
  assert.equal(errorOf(forEndpoint), '401 invalid_client')
})
