// A registered client manages itself (RFC 7592; standards.md REG-16 to REG-21).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digest } from '../secrets.ts'
import {
  approveDevice,
  basic,
  bodyOf,
  errorOf,
  introspect,
  pollDevice,
  type TokenAnswer,
} from '../testing/device-flow.ts'
import {
  confidentialSecret,
  createTestServer,
  type TestServer,
  testAccount,
  testConfidentialClient,
} from '../testing/services.ts'

const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'

interface Managed {
  readonly server: TestServer
  readonly id: string
  readonly secret: string
  readonly token: string
  call(method: string, body?: object | string, token?: string, id?: string): ReturnType<TestServer['call']>
}

const metadata = {
  client_name: 'Service',
  redirect_uris: ['https://service.example/callback'],
  grant_types: [deviceCode, 'refresh_token', 'authorization_code'],
}

async function managed(members: object = metadata): Promise<Managed> {
  const server = await createTestServer({ settings: { registration: 'open' } })
  const headers = { 'content-type': 'application/json' }
  const response = await server.call('POST', '/oauth/register', { form: JSON.stringify(members), headers })
  assert.equal(response.status, 201, response.body)
  const {
    client_id,
    client_secret,
    registration_access_token: token,
  } = bodyOf<Record<string, string>>(response)
  const id = client_id ?? ''
  return {
    server,
    id,
    secret: client_secret ?? '',
    token: token ?? '',
    call: (method, body, used = token, of = id) =>
      server.call(method, `/oauth/register/${of}`, {
        headers: { ...headers, ...(used === '' ? {} : { authorization: `Bearer ${used}` }) },
        ...(body === undefined ? {} : { form: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
  }
}

test('REG-17 GET answers with what is registered, and never with the secret', async () => {
  const { id, token, secret, call } = await managed()
  const response = await call('GET')
  assert.equal(response.status, 200)
  assert.equal(response.headers['cache-control'], 'no-store')
  assert.equal(response.headers.pragma, 'no-cache')
  const body = bodyOf(response)
  assert.equal(body.client_id, id)
  assert.equal(body.client_name, 'Service')
  assert.equal(body.registration_access_token, token)
  assert.equal(body.registration_client_uri, `https://login.example/oauth/register/${id}`)
  assert.ok(!response.body.includes(secret))
})

test('REG-18 PUT replaces everything: what is left out is as if it had never been', async () => {
  const { server, id, secret, call } = await managed({
    ...metadata,
    client_uri: 'https://service.example/',
    scope: 'openid',
  })
  const next = {
    client_id: id,
    client_name: 'Renamed',
    redirect_uris: ['https://service.example/new'],
    'client_name#de': 'Neu',
  }
  const response = await call('PUT', next)
  assert.equal(response.status, 200, response.body)
  const body = bodyOf(response)
  assert.deepEqual(
    [
      body.client_name,
      body['client_name#de'],
      body.redirect_uris,
      body.grant_types,
      body.scope,
      body.client_uri,
    ],
    [
      'Renamed',
      'Neu',
      ['https://service.example/new'],
      ['authorization_code'],
      'openid profile email offline_access',
      undefined,
    ],
  )
  assert.deepEqual(bodyOf(await call('GET')), body)
  // Its secret is still its secret.
  const form = { token: 'x' }
  server.advance(2)
  assert.equal(
    (await server.call('POST', '/oauth/introspect', { form, headers: basic(id, secret) })).status,
    200,
  )
})

test('REG-18 a PUT that says too little, too much, or another secret is refused and changes nothing', async () => {
  const { id, secret, token, call } = await managed()
  const good = { ...metadata, client_id: id }
  const before = (await call('GET')).body
  const bad: (object | string)[] = [
    metadata,
    { ...good, client_id: 'other' },
    { ...good, registration_access_token: token },
    { ...good, registration_client_uri: 'https://login.example/' },
    { ...good, client_secret_expires_at: 0 },
    { ...good, client_id_issued_at: 1 },
    { ...good, client_secret: 'another-secret-of-more-than-thirty-two-characters' },
    { ...good, client_secret: 7 },
    { ...good, jwks: {} },
    '[]',
  ]
  for (const body of bad)
    assert.equal(errorOf(await call('PUT', body)), '400 invalid_client_metadata', JSON.stringify(body))
  assert.equal(errorOf(await call('PUT', { ...good, redirect_uris: ['x'] })), '400 invalid_redirect_uri')
  assert.equal(errorOf(await call('PUT', '{')), '400 invalid_request')
  assert.equal((await call('GET')).body, before)
  const same = bodyOf(await call('PUT', { ...good, client_secret: secret }))
  assert.deepEqual([same.client_secret, same.client_secret_expires_at], [secret, 0])
})

test('REG-18 REG-02 a client that becomes confidential gets a secret, and one that becomes public loses it', async () => {
  const { server, id, secret, call } = await managed()
  const toPublic = bodyOf(
    await call('PUT', { ...metadata, client_id: id, token_endpoint_auth_method: 'none' }),
  )
  assert.ok(!('client_secret' in toPublic) && !('client_secret_expires_at' in toPublic))
  assert.deepEqual((await server.services.store.read('client', id))?.secrets, [])
  const back = bodyOf(await call('PUT', { ...metadata, client_id: id }))
  assert.match(String(back.client_secret), /^[\w-]{43}$/)
  assert.notEqual(back.client_secret, secret)
  assert.equal(back.client_secret_expires_at, 0)
})

test('UI-11 who was vouched for is not, once it calls itself something else or wants its answers elsewhere', async () => {
  for (const [change, kept] of [
    [{ scope: 'openid' }, true],
    [{ client_name: 'Your Bank' }, false],
    [{ redirect_uris: ['https://elsewhere.example/'] }, false],
  ] as const) {
    const { server, id, call } = await managed()
    const record = await server.services.store.read('client', id)
    assert.ok(record)
    const vouched = {
      ...record,
      publisher: 'Service Ltd',
      skipsConsent: true,
      resources: ['https://api.example'],
    }
    await server.services.store.apply([{ op: 'update', kind: 'client', record: vouched }])
    assert.equal((await call('PUT', { ...metadata, client_id: id, ...change })).status, 200)
    const now = await server.services.store.read('client', id)
    assert.equal(now?.publisher, kept ? 'Service Ltd' : null)
    assert.equal(now?.skipsConsent, kept)
    assert.deepEqual(now?.resources, ['https://api.example'])
  }
})

test('REG-19 DELETE ends the client, its secret, its token, its grants and what people agreed to', async () => {
  const { server, id, secret, call } = await managed()
  await server.addAccount()
  await server.addClient({ ...testConfidentialClient, introspectsAll: true })
  const headers = basic(id, secret)
  const form = {}
  const started = await server.call('POST', '/oauth/device/authorize', { form, headers })
  const { device_code } = bodyOf<{ device_code: string }>(started)
  await approveDevice(server, device_code)
  const { access_token, refresh_token } = bodyOf<TokenAnswer>(
    await pollDevice(server, device_code, {}, { headers }),
  )
  const consent = {
    id: 'c1',
    version: 0,
    accountId: testAccount.id,
    clientId: id,
    redirectTarget: 'https://service.example/callback',
    resources: [],
    scopes: ['openid'],
    clientKeys: '',
    createdAt: 1,
    updatedAt: 1,
  }
  const { store } = server.services
  await store.apply([
    { op: 'insert', kind: 'consent', record: consent },
    { op: 'insert', kind: 'consent', record: { ...consent, id: 'c2', clientId: 'other' } },
  ])
  assert.equal((await introspect(server, access_token, 'api')).active, true)
  const gone = await call('DELETE')
  assert.deepEqual([gone.status, gone.body, gone.headers['cache-control']], [204, '', 'no-store'])
  server.advance(2)
  assert.equal((await introspect(server, access_token, 'api')).active, false)
  const refreshed = { grant_type: 'refresh_token', refresh_token }
  assert.equal(
    errorOf(await server.call('POST', '/oauth/token', { form: refreshed, headers })),
    '401 invalid_client',
  )
  assert.deepEqual(
    (await store.list('consent')).map(({ clientId }) => clientId),
    ['other'],
  )
  for (const method of ['GET', 'DELETE', 'PUT'])
    assert.equal(errorOf(await call(method)), '401 invalid_token')
  const events = (await store.list('auditEntry')).map(({ event, clientId }) => `${event} ${clientId === id}`)
  for (const event of ['client.registered', 'client.removed', 'grant.revoked'])
    assert.ok(events.includes(`${event} true`), events.join())
})

test('REG-20 REG-21 a wrong token and a client that is not there are one 401; a token is for its own client only', async () => {
  const first = await managed()
  const second = await first.server.call('POST', '/oauth/register', {
    form: JSON.stringify({ ...metadata, client_name: 'Second' }),
    headers: { 'content-type': 'application/json' },
  })
  const other = bodyOf<Record<string, string>>(second)
  const wrong = await first.call('GET', undefined, 'csm_wrong')
  for (const response of [
    await first.call('GET', undefined, other.registration_access_token),
    await first.call('GET', undefined, first.token, String(other.client_id)),
    await first.call('GET', undefined, first.token, 'reg_nobody'),
    await first.call('GET', undefined, first.token, '..%2f'),
    await first.call('GET', undefined, first.token, ''),
    await first.call('PUT', { client_id: 'x' }, 'csm_wrong'),
    await first.call('DELETE', undefined, 'csm_wrong'),
  ]) {
    assert.deepEqual(response, wrong)
  }
  assert.equal(errorOf(wrong), '401 invalid_token')
  assert.match(
    String(wrong.headers['www-authenticate']),
    /^Bearer realm="countersign", error="invalid_token"$/,
  )
  const none = await first.call('GET', undefined, '')
  assert.equal(none.headers['www-authenticate'], 'Bearer realm="countersign"')
})

test('REG-20 clients without a token to manage themselves have none to guess, and other methods are not there', async () => {
  const { server, call } = await managed({ ...metadata, token_endpoint_auth_method: 'none' })
  assert.equal(errorOf(await call('GET', undefined, 'undefined')), '401 invalid_token')
  await server.addClient(testConfidentialClient)
  for (const token of [confidentialSecret, digest(confidentialSecret), 'null'])
    assert.equal(errorOf(await call('GET', undefined, token, 'api')), '401 invalid_token')
  for (const method of ['POST', 'PATCH']) {
    const response = await call(method, {})
    assert.deepEqual([response.status, response.headers.allow], [405, 'GET, HEAD, PUT, DELETE'])
  }
})

test('REG-21 the token does not run out while the client lives', async () => {
  const { server, id, call } = await managed()
  const record = await server.services.store.read('client', id)
  assert.ok(record)
  await server.services.store.apply([
    { op: 'update', kind: 'client', record: { ...record, expiresAt: null } },
  ])
  server.advance(400 * 86_400)
  assert.equal((await call('GET')).status, 200)
})

test('REG-18 two who replace it at once leave one of the two, whole', async () => {
  const { id, call } = await managed()
  const put = (name: string) =>
    call('PUT', { client_id: id, client_name: name, redirect_uris: [`https://${name}.example/`] })
  const answers = await Promise.all(['a', 'b', 'c'].map(put))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  )
  const { client_name, redirect_uris } = bodyOf(await call('GET'))
  assert.deepEqual(redirect_uris, [`https://${String(client_name)}.example/`])
})
