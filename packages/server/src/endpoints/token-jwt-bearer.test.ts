// Assertions of trusted issuers as grants (RFC 7523, ID-JAG; standards.md JB and ME-04): a real issuer on loopback signs, the server
// fetches its keys. Each claim by itself is protocol/assertion-grant.test.ts; keys and algorithms, trusted-issuers.test.ts.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Client, Resource } from '@countersign/protocol'
import { byCommandLine } from '../audit.ts'
import type { Config } from '../config.ts'
import { basic, bodyOf, claimsOf, errorOf, introspect } from '../testing/device-flow.ts'
import { createProver } from '../testing/dpop.ts'
import {
  goodClaims,
  type IdentityProvider,
  localIssuer,
  startIdentityProvider,
} from '../testing/identity-provider.ts'
import {
  type CallOptions,
  createTestServerWith,
  startOfTime,
  type TestServer,
  testConfidentialClient,
} from '../testing/services.ts'
import { linkSubject } from '../trusted-issuers-subjects.ts'

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const mcp = 'https://mcp.example/mcp'

const agent: Client = {
  ...testConfidentialClient,
  id: 'agent',
  grantTypes: [jwtBearer, 'refresh_token'],
  scopes: ['openid', 'offline_access', 'read', 'write'],
  resources: [mcp],
}
const reader: Client = { ...testConfidentialClient, introspectsAll: true }

let idp: IdentityProvider
before(async () => {
  idp = await startIdentityProvider()
})
after(() => idp.close())

type Trusted = Partial<Config['trustedIssuers'][number]>

function setUp(trusted: Trusted = {}, ...clients: readonly Partial<Client>[]): Promise<TestServer> {
  const issuer = {
    issuer: idp.issuer,
    jwksUri: idp.jwksUri,
    algs: ['ES256' as const],
    kind: 'id-jag' as const,
    publicClients: [],
    linkByEmail: true,
    reusable: false,
    scopes: [],
    ...trusted,
  }
  return createTestServerWith([agent, reader, ...clients], {
    settings: { issuer: localIssuer, trustedIssuers: [issuer] },
  })
}

async function ask(
  server: TestServer,
  claims: Readonly<Record<string, unknown>>,
  form: Readonly<Record<string, string>> = {},
  more: {
    readonly header?: Readonly<Record<string, unknown>>
    readonly headers?: CallOptions['headers']
  } = {},
) {
  const assertion = await idp.sign(claims, more.header)
  const full = { grant_type: jwtBearer, assertion, ...form }
  return server.call('POST', '/oauth/token', { form: full, headers: more.headers ?? basic('agent') })
}

let drawn = 0
const claims = (changes: Readonly<Record<string, unknown>> = {}) => ({
  ...goodClaims(`jti-${++drawn}`),
  ...changes,
})

test('JB-06 JB-10 JB-13 ME-04 an enterprise lets an agent of Mia’s in: a token, no refresh token, no ID token', async () => {
  const server = await setUp()
  const response = await ask(
    server,
    claims({ resource: mcp, scope: 'openid read', auth_time: startOfTime - 900 }),
  )
  assert.equal(response.status, 200, response.body)
  const { access_token: token, ...rest } = bodyOf(response)
  assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 600, scope: 'read' })
  const said = claimsOf(String(token)).claims
  assert.deepEqual(
    [said.sub, said.aud, said.client_id, said.scope, said.auth_time],
    ['usr_mia', mcp, 'agent', 'read', startOfTime - 900],
  )
})

test('JB-06 it is a grant of its own, which the person and the client can end', async () => {
  const server = await setUp()
  const token = String(bodyOf(await ask(server, claims())).access_token)
  const [grant] = await server.services.store.find('grant', 'accountId', 'usr_mia')
  assert.deepEqual(
    [grant?.via, grant?.clientId, grant?.resources, grant?.refresh],
    ['jwt_bearer', 'agent', [mcp], null],
  )
  assert.equal((await introspect(server, token, 'api')).active, true)
  await server.call('POST', '/oauth/revoke', { form: { token }, headers: basic('agent') })
  assert.equal((await introspect(server, token, 'api')).active, false)
})

test('JB-01 the assertion is required, once', async () => {
  const server = await setUp()
  const call = (form: string) => server.call('POST', '/oauth/token', { form, headers: basic('agent') })
  const grant = `grant_type=${encodeURIComponent(jwtBearer)}`
  assert.equal(errorOf(await call(grant)), '400 invalid_request')
  assert.equal(errorOf(await call(`${grant}&assertion=`)), '400 invalid_request')
  const assertion = await idp.sign(claims())
  assert.equal(
    errorOf(await call(`${grant}&assertion=${assertion}&assertion=${assertion}`)),
    '400 invalid_request',
  )
})

test('JB-02 JB-03 JB-05 whatever is wrong with an assertion is invalid_grant', async () => {
  const server = await setUp()
  const bad: readonly [Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>?][] = [
    [claims({ iss: 'https://other.example' })],
    [claims({ iss: `${idp.issuer}/` })],
    [claims({ iss: undefined })],
    [claims({ aud: 'https://other.example' })],
    [claims({ aud: [localIssuer, 'https://other.example'] })],
    [claims({ client_id: 'api' })],
    [claims({ exp: startOfTime - 60 })],
    [claims({ sub: undefined })],
    [claims({ jti: undefined })],
    [claims(), { typ: 'JWT' }],
    [claims(), { typ: 'at+jwt' }],
    [claims({ resource: 'https://elsewhere.example' })],
    [claims({ cnf: { jkt: 'key-1' } })],
  ]
  for (const [said, header] of bad)
    assert.equal(
      errorOf(await ask(server, said, {}, header === undefined ? {} : { header })),
      '400 invalid_grant',
      JSON.stringify([said, header]),
    )
  for (const assertion of ['x', 'a.b.c', 'e30.e30.e30']) {
    const form = { grant_type: jwtBearer, assertion }
    const response = await server.call('POST', '/oauth/token', { form, headers: basic('agent') })
    assert.equal(errorOf(response), '400 invalid_grant')
  }
  assert.equal(
    (await ask(server, claims(), {}, { header: { typ: 'application/OAUTH-ID-JAG+jwt' } })).status,
    200,
  )
})

test('JB-08 X-10 an assertion is used once, by any number at once', async () => {
  const server = await setUp()
  const one = claims()
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(server, one)))
  const good = answers.filter(({ status }) => status === 200)
  assert.equal(good.length, 1)
  for (const answer of answers) if (answer !== good[0]) assert.equal(errorOf(answer), '400 invalid_grant')
  server.advance(200)
  assert.equal(errorOf(await ask(server, one)), '400 invalid_grant')
  assert.equal((await server.services.store.find('grant', 'accountId', 'usr_mia')).length, 1)
})

test('X-10 where the settings say so, an assertion may be used until it expires', async () => {
  const server = await setUp({ reusable: true })
  const one = claims()
  assert.equal((await ask(server, one)).status, 200)
  assert.equal((await ask(server, one)).status, 200)
  server.advance(400)
  assert.equal(errorOf(await ask(server, one)), '400 invalid_grant')
})

test('JB-08 a refused request spends nothing', async () => {
  const server = await setUp()
  const one = claims({ scope: 'read' })
  assert.equal(errorOf(await ask(server, one, { scope: 'write' })), '400 invalid_scope')
  assert.equal(errorOf(await ask(server, one, { resource: 'https://b.example' })), '400 invalid_target')
  assert.equal((await ask(server, one)).status, 200)
})

test('JB-08 JK-18 what one issuer used is not used by another', async () => {
  const other = await startIdentityProvider()
  try {
    const trusted = [idp, other].map(({ issuer, jwksUri }) => ({
      issuer,
      jwksUri,
      algs: ['ES256' as const],
      kind: 'id-jag' as const,
      publicClients: [],
      linkByEmail: true,
      reusable: false,
      scopes: [],
    }))
    const server = await createTestServerWith([agent], {
      settings: { issuer: localIssuer, trustedIssuers: trusted },
    })
    const one = claims()
    assert.equal((await ask(server, one)).status, 200)
    const form = { grant_type: jwtBearer, assertion: await other.sign(one) }
    assert.equal((await server.call('POST', '/oauth/token', { form, headers: basic('agent') })).status, 200)
    // Nor does one issuer speak for the other (JB-02).
    const posing = { grant_type: jwtBearer, assertion: await other.sign({ ...claims(), iss: idp.issuer }) }
    const refused = await server.call('POST', '/oauth/token', { form: posing, headers: basic('agent') })
    assert.equal(errorOf(refused), '400 invalid_grant')
  } finally {
    await other.close()
  }
})

test('JB-07 X-12 the scope is the intersection of request, assertion, client and issuer', async () => {
  const server = await setUp(
    { scopes: ['read', 'write'] },
    { ...agent, id: 'wide', scopes: ['read', 'write', 'delete'] },
  )
  const scopeOf = async (said: Record<string, unknown>, form: Readonly<Record<string, string>> = {}) =>
    bodyOf(await ask(server, claims({ client_id: 'wide', ...said }), form, { headers: basic('wide') })).scope
  assert.equal(await scopeOf({ scope: 'read delete' }), 'read')
  assert.equal(await scopeOf({ scope: 'read write' }, { scope: 'write delete' }), 'write')
  assert.equal(await scopeOf({}), 'read write')
  assert.equal(errorOf(await ask(server, claims({ scope: 'delete' }))), '400 invalid_scope')
  assert.equal(errorOf(await ask(server, claims(), { scope: 'read  write' })), '400 invalid_scope')
})

test('JB-06 X-11 the resource: of the assertion, else of the client, else there is none to be had', async () => {
  const two = [mcp, 'https://b.example']
  const server = await setUp(
    {},
    { ...agent, id: 'two', resources: two },
    { ...agent, id: 'none', resources: [] },
  )
  const record: Resource = {
    id: 'https://open.example',
    version: 0,
    name: 'Open',
    scopes: [],
    openToAll: true,
    accessTokenFormat: null,
    accessTokenSeconds: 90,
    createdAt: startOfTime,
  }
  await server.services.store.apply([{ op: 'insert', kind: 'resource', record }])
  const as = (
    id: string,
    said: Readonly<Record<string, unknown>>,
    form: Readonly<Record<string, string>> = {},
  ) => ask(server, claims({ client_id: id, ...said }), form, { headers: basic(id) })
  const audience = (response: { readonly body: string; readonly status: number }) =>
    response.status === 200
      ? claimsOf(String((JSON.parse(response.body) as { access_token: string }).access_token)).claims.aud
      : (JSON.parse(response.body) as { error: string }).error

  assert.equal(audience(await as('agent', {})), mcp)
  assert.equal(audience(await as('none', {})), 'invalid_grant')
  assert.equal(audience(await as('two', {})), 'invalid_target')
  assert.equal(audience(await as('two', {}, { resource: mcp })), mcp)
  assert.equal(audience(await as('two', { resource: two }, { resource: mcp })), mcp)
  assert.equal(
    audience(await as('two', { resource: mcp }, { resource: 'https://b.example' })),
    'invalid_target',
  )
  assert.equal(audience(await as('none', { resource: mcp })), 'invalid_grant')
  const open = await as('none', { resource: record.id })
  assert.equal(audience(open), record.id)
  assert.equal(bodyOf(open).expires_in, 90)
})

test('JB-09 X-37 a client that proves nothing may not, unless the administrator named it for this issuer', async () => {
  const open: Partial<Client> = { ...agent, id: 'open', authMethods: ['none'], secrets: [] }
  const server = await setUp({}, open)
  const bare = { headers: {} }
  const form = { client_id: 'open' }
  assert.equal(
    errorOf(await ask(server, claims({ client_id: 'open' }), form, bare)),
    '400 unauthorized_client',
  )
  assert.equal(errorOf(await ask(server, claims(), { client_id: 'agent' }, bare)), '401 invalid_client')
  const named = await setUp({ publicClients: ['open'] }, open, { ...open, id: 'shut' })
  assert.equal((await ask(named, claims({ client_id: 'open' }), form, bare)).status, 200)
  const shut = await ask(named, claims({ client_id: 'shut' }), { client_id: 'shut' }, bare)
  assert.equal(errorOf(shut), '400 unauthorized_client')
})

test('JB-09 X-37 a client with the keys of a document of its own uses only what was made for it, unless it is named', async () => {
  const id = 'https://agent.example/client.json'
  const known = { source: 'metadata_document' as const, expiresAt: startOfTime + 3600 }
  const headers = basic(encodeURIComponent(id))
  const plain = { ...goodClaims('plain'), client_id: undefined }
  const use = async (trusted: Trusted, said: Record<string, unknown>, typ?: string) =>
    ask(await setUp(trusted, { ...agent, ...known, id }), said, {}, { headers, header: { typ } })
  assert.equal(errorOf(await use({ kind: 'jwt' }, plain)), '400 unauthorized_client')
  assert.equal((await use({ kind: 'jwt', publicClients: [id] }, plain)).status, 200)
  assert.equal((await use({}, claims({ client_id: id }), 'oauth-id-jag+jwt')).status, 200)
})

test('G-23 a client that did not register the grant is refused before its assertion is read', async () => {
  const server = await setUp()
  const asked = idp.fetches()
  const refused = await ask(server, claims({ client_id: 'api' }), {}, { headers: basic('api') })
  assert.equal(errorOf(refused), '400 unauthorized_client')
  assert.equal(idp.fetches(), asked)
})

test('JB-04 X-09 a plain assertion of RFC 7523, for the token endpoint, with or without a resource', async () => {
  const server = await setUp({ kind: 'jwt' })
  const plain = { sub: 'mia-at-work', email: 'mia@example.com', exp: startOfTime + 300 }
  const header = { typ: undefined }
  const asked = await ask(server, { ...plain, aud: `${localIssuer}/oauth/token` }, {}, { header })
  assert.equal(asked.status, 200, asked.body)
  assert.equal(claimsOf(String(bodyOf(asked).access_token)).claims.aud, localIssuer)
  const forMcp = await ask(server, { ...plain, aud: localIssuer }, { resource: mcp }, { header })
  assert.equal(claimsOf(String(bodyOf(forMcp).access_token)).claims.aud, mcp)
  const elsewhere = await ask(
    server,
    { ...plain, aud: localIssuer, n: 1 },
    { resource: 'https://x.example' },
    { header },
  )
  assert.equal(errorOf(elsewhere), '400 invalid_target')
  assert.equal(errorOf(await ask(server, claims(), {})), '400 invalid_grant')
})

test('JB-08 a plain assertion without a jti is used once all the same', async () => {
  const server = await setUp({ kind: 'jwt' })
  const said = { sub: 'mia-at-work', email: 'mia@example.com', exp: startOfTime + 300, aud: localIssuer }
  const assertion = await idp.sign(said, { typ: undefined })
  const form = { grant_type: jwtBearer, assertion }
  const use = () => server.call('POST', '/oauth/token', { form, headers: basic('agent') })
  assert.equal((await use()).status, 200)
  assert.equal(errorOf(await use()), '400 invalid_grant')
})

test('ME-06 G-20 neither assertion nor token is in the log, and who came in by which assertion is in the audit log', async () => {
  const server = await setUp()
  const said = claims()
  const response = await ask(server, said)
  const entries = await server.services.store.list('auditEntry')
  const entry = entries.find(({ event }) => event === 'assertion.accepted')
  assert.ok(entry)
  assert.deepEqual(
    [entry.accountId, entry.clientId, entry.detail.issuer, entry.detail.jti],
    ['usr_mia', 'agent', idp.issuer, said.jti],
  )
  assert.ok(!JSON.stringify(entries).includes(String(bodyOf(response).access_token)))
})

test('MD-21 ME-04 the metadata names the profile where such an issuer is trusted, and only then', async () => {
  const profiles = async (server: TestServer) =>
    bodyOf(await server.call('GET', '/.well-known/oauth-authorization-server'))
      .authorization_grant_profiles_supported
  assert.deepEqual(await profiles(await setUp()), ['urn:ietf:params:oauth:grant-profile:id-jag'])
  assert.equal(await profiles(await setUp({ kind: 'jwt' })), undefined)
})

test('JB-12 an assertion that is bound to a key is used with a proof of that key, and the token is bound to it', async () => {
  const server = await setUp()
  const [key, other] = await Promise.all([createProver(), createProver()])
  const bound = claims({ cnf: { jkt: key.jkt } })
  assert.equal(errorOf(await ask(server, bound)), '400 invalid_grant')
  const form = { grant_type: jwtBearer, assertion: await idp.sign(bound) }
  const by = { headers: basic('agent') }
  const wrong = await other.post(server, '/oauth/token', form, by)
  assert.deepEqual([wrong.status, bodyOf(wrong).error], [400, 'invalid_grant'])
  const good = bodyOf(await key.post(server, '/oauth/token', form, by))
  assert.equal(good.token_type, 'DPoP')
  assert.deepEqual(claimsOf(String(good.access_token)).claims.cnf, { jkt: key.jkt })
})

test('JB-11 an unknown subject is invalid_grant where its address may not link it, and good once it was linked', async () => {
  const server = await setUp({ linkByEmail: false })
  assert.equal(errorOf(await ask(server, claims())), '400 invalid_grant')
  const mia = { issuer: idp.issuer, subject: 'mia-at-work', tenant: null }
  await linkSubject(server.services, mia, 'usr_mia', byCommandLine)
  assert.equal((await ask(server, claims({ email: undefined }))).status, 200)
  assert.equal(errorOf(await ask(server, claims({ tenant: 'acme' }))), '400 invalid_grant')
})

test('JB-11 an account that was disabled is let in by no assertion', async () => {
  const server = await setUp()
  assert.equal((await ask(server, claims())).status, 200)
  const account = await server.services.store.read('account', 'usr_mia')
  assert.ok(account)
  const record = { ...account, disabledAt: startOfTime }
  await server.services.store.apply([{ op: 'update', kind: 'account', record }])
  assert.equal(errorOf(await ask(server, claims())), '400 invalid_grant')
})
