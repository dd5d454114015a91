// The introspection endpoint against standards.md section 15 (IN).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { clientToken } from '../admin/testing.ts'
import { openMemoryStore } from '../store/memory.ts'
import { StoreUnavailable } from '../store/store.ts'
import {
  approveDevice,
  basic,
  bodyOf,
  errorOf,
  introspect,
  pollDevice,
  refresh,
  signIn,
  type TokenAnswer,
} from '../testing/device-flow.ts'
import {
  createKnownTokens,
  createTestServerWith,
  type TestOptions,
  type TestServer,
  testAccount,
  testClient,
  testConfidentialClient,
} from '../testing/services.ts'

const path = '/oauth/introspect'
const inactive = { active: false }

function withClients(options: TestOptions = {}) {
  const resources = ['https://api.example']
  const clients = [
    { resources },
    testConfidentialClient,
    { ...testConfidentialClient, id: 'rs', introspectsAll: true },
    { ...testConfidentialClient, id: 'resource', resources },
  ]
  return createTestServerWith(clients, options)
}

test('IN-01 IN-02 F-11 who does not authenticate is told so, and never hears that a token is inactive', async () => {
  const server = await withClients()
  const { access_token: token } = await signIn(server)
  const attempts = [
    { form: { token } },
    { form: { token, client_id: testClient.id } },
    { form: { token, client_id: 'api' } },
    { form: { token }, headers: basic('api', 'wrong') },
    { form: { token }, headers: { authorization: `Bearer ${token}` } },
  ]
  for (const attempt of attempts) {
    const response = await server.call('POST', path, attempt)
    assert.equal(errorOf(response), '401 invalid_client')
    assert.equal(response.headers['www-authenticate'], 'Basic realm="countersign"')
  }
})

test('IN-03 IN-05 IN-09 a token that is not the caller’s business is answered like none', async () => {
  const server = await withClients()
  const tokens = await signIn(server)
  assert.deepEqual(await introspect(server, tokens.access_token, 'api'), inactive)
  assert.deepEqual(await introspect(server, tokens.refresh_token, 'api'), inactive)
  assert.deepEqual(await introspect(server, tokens.refresh_token, 'rs'), inactive)
  assert.equal((await introspect(server, tokens.access_token, 'rs')).active, true)
})

test('IN-03 a resource server may ask about tokens for its own resource', async () => {
  const server = await withClients()
  const forIt = await signIn(server, 'client_id=countersign-cli&resource=https%3A%2F%2Fapi.example')
  const notForIt = await signIn(server)
  assert.equal((await introspect(server, forIt.access_token, 'resource')).aud, 'https://api.example')
  assert.deepEqual(await introspect(server, notForIt.access_token, 'resource'), inactive)
})

test('IN-04 a missing token is malformed', async () => {
  const server = await withClients()
  for (const form of [{}, { token: '' }])
    assert.equal(
      errorOf(await server.call('POST', path, { form, headers: basic('rs') })),
      '400 invalid_request',
    )
})

test('IN-05 whatever is no token that counts is exactly {"active":false}', async () => {
  const server = await withClients()
  const { access_token: token, refresh_token: refreshToken, id_token: idToken } = await signIn(server)
  const [head, body, signature] = token.split('.')
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const evilKid = part({ typ: 'at+jwt', alg: 'ES256', kid: { toString: 1, valueOf: 1 } })
  const { kid } = JSON.parse(Buffer.from(head ?? '', 'base64url').toString()) as { kid: string }
  const wrong = [
    'x',
    'a.b.c',
    '..',
    `${head}.${body}.`,
    `${head}.${body}.AAAA`,
    `${head}.${body}.${signature}A`,
    `${head}.${body}`,
    `${token}.x`,
    `${head}.${part({ sub: 'usr_admin' })}.${signature}`,
    `${part({ alg: 'none', typ: 'at+jwt' })}.${body}.`,
    `${part({ typ: 'at+jwt', alg: 'RS256', kid })}.${body}.${signature}`,
    `${part({ typ: 'at+jwt', alg: 'HS256', kid })}.${body}.AAAA`,
    `${evilKid}.${body}.${signature}`,
    `${part(null)}.${body}.${signature}`,
    `${part([])}.${body}.${signature}`,
    idToken ?? '',
    'cst_',
    `cst_${'A'.repeat(200)}`,
    'csr_',
    `${refreshToken}x`,
    'csd_x',
    'x'.repeat(20_000),
  ]
  for (const text of wrong)
    assert.deepEqual(await introspect(server, text, 'rs'), inactive, text.slice(0, 60))
})

test('IN-06 G-10 what an active token says, and nobody stores it', async () => {
  const server = await withClients()
  const { access_token: token } = await signIn(server, { scope: 'openid email' })
  const response = await server.call('POST', path, { form: { token }, headers: basic('rs') })
  assert.equal(response.headers['cache-control'], 'no-store')
  const { jti, ...said } = bodyOf(response)
  assert.match(String(jti), /^[A-Za-z0-9_-]{22}$/)
  const now = server.services.system.now()
  assert.deepEqual(said, {
    active: true,
    scope: 'openid email',
    client_id: testClient.id,
    username: testAccount.email,
    token_type: 'Bearer',
    exp: now + 600,
    iat: now,
    sub: testAccount.id,
    aud: 'https://login.example',
    iss: 'https://login.example',
    auth_time: now - 30,
    acr: 'urn:countersign:acr:password',
    amr: ['pwd'],
  })
})

test('IN-06 the address of the person is not for who was not given it', async () => {
  const server = await withClients()
  const { access_token: token } = await signIn(server, { scope: 'openid' })
  assert.ok(!('username' in (await introspect(server, token, 'rs'))))
})

test('IN-06 opaque tokens say the same as signed ones', async () => {
  const server = await withClients()
  await server.addClient({ ...testClient, id: 'opaque', accessTokenFormat: 'opaque' })
  const signed = await signIn(server)
  const { device_code: code } = bodyOf<{ device_code: string }>(
    await server.call('POST', '/oauth/device/authorize', { form: { client_id: 'opaque' } }),
  )
  await approveDevice(server, code)
  const opaque = bodyOf<TokenAnswer>(await pollDevice(server, code, { client_id: 'opaque' }))
  assert.match(opaque.access_token, /^cst_/)
  const [a, b] = [
    await introspect(server, signed.access_token, 'rs'),
    await introspect(server, opaque.access_token, 'rs'),
  ]
  assert.deepEqual({ ...b, jti: '', client_id: '' }, { ...a, jti: '', client_id: '' })
})

test('IN-07 the hint is only a hint', async () => {
  const server = await withClients()
  const { access_token: token } = await signIn(server)
  for (const hint of ['refresh_token', 'access_token', 'nonsense', '']) {
    const form = { token, token_type_hint: hint }
    const response = await server.call('POST', path, { form, headers: basic('rs') })
    assert.equal(bodyOf(response).active, true, hint)
  }
})

test('IN-08 RV-10 expiry, revocation, a disabled account and a swept grant show at once', async () => {
  const server = await withClients()
  const { store } = server.services
  const ended = await signIn(server)
  await server.call('POST', '/oauth/revoke', {
    form: { client_id: testClient.id, token: ended.refresh_token },
  })
  assert.deepEqual(await introspect(server, ended.access_token, 'rs'), inactive)
  const tokens = await signIn(server)
  const setDisabled = async (disabledAt: number | null) => {
    const account = await store.read('account', testAccount.id)
    assert.ok(account)
    await store.apply([{ op: 'update', kind: 'account', record: { ...account, disabledAt } }])
  }
  await setDisabled(1)
  assert.deepEqual(await introspect(server, tokens.access_token, 'rs'), inactive)
  await setDisabled(null)
  assert.equal((await introspect(server, tokens.access_token, 'rs')).active, true)
  server.advance(600)
  assert.deepEqual(await introspect(server, tokens.access_token, 'rs'), inactive)
})

test('IN-09 a refresh token is described to its own client, and only the one that works', async () => {
  const server = await withClients()
  const first = await signIn(server, '', { headers: basic('api') })
  const described = await introspect(server, first.refresh_token, 'api')
  assert.deepEqual([described.active, described.client_id, described.sub], [true, 'api', testAccount.id])
  assert.ok(!('token_type' in described))
  await refresh(server, first.refresh_token, {}, { headers: basic('api') })
  assert.deepEqual(await introspect(server, first.refresh_token, 'api'), inactive)
})

test('IN-10 scanning is braked, and good tokens are answered all the same', async () => {
  const server = await withClients({ settings: { rateInvalidPerAddress: 2 } })
  const { access_token: token } = await signIn(server)
  const ask = (text: string) => server.call('POST', path, { form: { token: text }, headers: basic('rs') })
  const statuses: number[] = []
  for (let i = 0; i < 4; i++) statuses.push((await ask(`guess-${i}`)).status)
  assert.deepEqual(statuses, [200, 200, 429, 429])
  assert.equal(bodyOf(await ask(token)).active, true)
})

test('IN-15 other sites cannot call it', async () => {
  const server = await withClients()
  const preflight = await server.call('OPTIONS', path, { headers: { origin: 'https://app.example' } })
  assert.equal(preflight.status, 405)
  const call = await server.call('POST', path, { form: { token: 'x' }, headers: basic('rs') })
  for (const { headers } of [preflight, call])
    assert.ok(!Object.keys(headers).some((name) => name.startsWith('access-control')))
})

test('F-11 G-21 a store that cannot answer is 503 with a time, not an inactive token', async () => {
  const store = openMemoryStore()
  const server = await withClients({ store })
  const { access_token: token } = await signIn(server)
  await introspect(server, token, 'rs')
  Object.assign(store, {
    readWithAccount: () => Promise.reject(new StoreUnavailable(new Error('connection lost'))),
  })
  const response = await server.call('POST', path, { form: { token }, headers: basic('rs') })
  assert.equal(response.status, 503)
  assert.ok(Number(response.headers['retry-after']) > 0)
  assert.ok(!response.body.includes('connection'))
})

const jwtType = 'application/token-introspection+jwt'

test('IN-11 IN-12 JK-09 who asks for a JWT gets a signed answer of that kind, for itself, without claims of a token', async () => {
  const server = await withClients()
  const { access_token: token } = await signIn(server)
  const set = createLocalJWKSet(bodyOf(await server.call('GET', '/oauth/jwks')) as unknown as JSONWebKeySet)
  for (const [id, introspectionAlg] of [
    ['default', null],
    ['rs256', 'RS256'],
    ['es256', 'ES256'],
    ['eddsa', 'EdDSA'],
  ] as const) {
    await server.addClient({ ...testConfidentialClient, id, introspectsAll: true, introspectionAlg })
    const plain = await introspect(server, token, id)
    const headers = { ...basic(id), accept: jwtType }
    for (const [text, said] of [
      [token, plain],
      ['unknown', inactive],
    ] as const) {
      const response = await server.call('POST', path, { form: { token: text }, headers })
      assert.equal(response.status, 200)
      assert.equal(response.headers['content-type'], jwtType)
      assert.equal(response.headers['cache-control'], 'no-store')
      const { payload, protectedHeader } = await jwtVerify(response.body, set, {
        typ: 'token-introspection+jwt',
      })
      assert.equal(protectedHeader.alg, introspectionAlg ?? 'RS256')
      const iat = server.services.system.now()
      assert.deepEqual(payload, { iss: 'https://login.example', aud: id, iat, token_introspection: said })
    }
  }
})

test('IN-11 JSON is the answer to everybody who does not ask for a JWT, or would rather have JSON', async () => {
  const server = await withClients()
  const { access_token: token } = await signIn(server)
  const typeFor = async (accept: string) => {
    const response = await server.call('POST', path, { form: { token }, headers: { ...basic('rs'), accept } })
    return response.headers['content-type']
  }
  for (const accept of [
    '*/*',
    'application/json',
    'application/jwt',
    `application/json, ${jwtType};q=0.5`,
    `${jwtType};q=0`,
    `x${jwtType}`,
    '',
  ])
    assert.equal(await typeFor(accept), 'application/json', accept)
  for (const accept of [
    jwtType,
    'Application/Token-Introspection+JWT',
    `application/json;q=0.9, ${jwtType}`,
    `${jwtType}, application/json`,
    `text/html,${jwtType};q=0.1`,
  ])
    assert.equal(await typeFor(accept), jwtType, accept)
})

test('IN-02 IN-11 who does not authenticate gets no signed answer', async () => {
  const server = await withClients()
  const headers = { ...basic('rs', 'wrong'), accept: jwtType }
  assert.equal(
    errorOf(await server.call('POST', path, { form: { token: 'x' }, headers })),
    '401 invalid_client',
  )
})

test('IN-03 IN-06 CC-03 a client’s own token: its subject is the client, and nobody signed in', async () => {
  const server = await withClients()
  const api = await server.services.clients.find('api')
  assert.ok(api)
  const token = clientToken(server, api, { scopes: ['openid'] })
  const { jti, ...said } = await introspect(server, token, 'rs')
  assert.ok(jti)
  assert.deepEqual(said, {
    active: true,
    scope: 'openid',
    client_id: 'api',
    token_type: 'Bearer',
    exp: server.services.system.now() + 3600,
    iat: server.services.system.now(),
    sub: 'api',
    aud: 'https://login.example',
    iss: 'https://login.example',
  })
  assert.equal((await introspect(server, token, 'api')).active, true)
  assert.deepEqual(await introspect(server, token, 'resource'), inactive)
})

test('IN-06 TX-08 DP-06 key and actors of a token are told', async () => {
  const server = await withClients()
  const api = await server.services.clients.find('api')
  assert.ok(api)
  const act = { sub: 'outer', act: { sub: 'inner' } }
  for (const id of ['outer', 'inner']) await server.addClient({ ...testConfidentialClient, id })
  for (const accessTokenFormat of ['jwt', 'opaque'] as const) {
    const token = clientToken(server, { ...api, accessTokenFormat }, { jkt: 'key', act })
    const said = await introspect(server, token, 'rs')
    assert.deepEqual([said.token_type, said.cnf, said.act], ['DPoP', { jkt: 'key' }, act])
  }
})

test('IN-08 RV-10 a client’s own token ends with its revocation, its time and its client', async () => {
  const server = await withClients()
  const client = await server.addClient({ ...testConfidentialClient, id: 'own' })
  const [revoked, kept] = [clientToken(server, client), clientToken(server, client)]
  await server.call('POST', '/oauth/revoke', { form: { token: revoked }, headers: basic('own') })
  assert.deepEqual(await introspect(server, revoked, 'rs'), inactive)
  assert.equal((await introspect(server, kept, 'rs')).active, true)
  const record = await server.services.store.read('client', 'own')
  assert.ok(record)
  await server.services.store.apply([{ op: 'delete', kind: 'client', record }])
  server.advance(2)
  assert.deepEqual(await introspect(server, kept, 'rs'), inactive)
})

const ends: Record<string, (server: TestServer, token: string) => unknown> = {
  revoked: (server, token) =>
    server.call('POST', '/oauth/revoke', { form: { token, client_id: testClient.id } }),
  expired: (server) => server.advance(601),
  'of a disabled account': async ({ services: { store } }) => {
    const account = await store.read('account', testAccount.id)
    assert.ok(account)
    const record = { ...account, disabledAt: account.createdAt }
    await store.apply([{ op: 'update', kind: 'account', record }])
  },
}

for (const accessTokenFormat of ['jwt', 'opaque'] as const) {
  for (const [end, bring] of Object.entries(ends)) {
    test(`IN-08 a token (${accessTokenFormat}) that this server remembers is asked about anew: ${end}`, async () => {
      const clients = [{ accessTokenFormat }, { ...testConfidentialClient, id: 'rs', introspectsAll: true }]
      const server = await createTestServerWith(clients, { knownTokens: createKnownTokens() })
      const { access_token: token } = await signIn(server)
      assert.equal(token.startsWith('cst_'), accessTokenFormat === 'opaque')
      for (let i = 0; i < 2; i++) assert.equal((await introspect(server, token, 'rs')).active, true)
      await bring(server, token)
      assert.deepEqual(await introspect(server, token, 'rs'), inactive)
    })
  }
}
