// Dynamic registration (RFC 7591): who may, what is answered, and how it stays bounded (standards.md REG-01 to REG-16, X-20).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstUse } from '../client-first-use.ts'
import { digest } from '../secrets.ts'
import { obtainCode, redeemCode } from '../testing/code-flow.ts'
import { approveDevice, basic, bodyOf, errorOf, pollDevice } from '../testing/device-flow.ts'
import { createTestServer, startOfTime, type TestOptions, type TestServer } from '../testing/services.ts'

const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'
const json = { 'content-type': 'application/json' }
const publicClient = {
  client_name: 'Inspector',
  redirect_uris: ['http://localhost:6274/callback'],
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  application_type: 'native',
}
const confidential = { client_name: 'Service', redirect_uris: ['https://service.example/callback'] }

function serve(registration: 'off' | 'token' | 'open', settings: TestOptions['settings'] = {}) {
  return createTestServer({ settings: { registration, ...settings } })
}

interface Sent {
  readonly token?: string
  readonly headers?: Record<string, string>
  readonly address?: string
}

function post(server: TestServer, body: unknown, { token, headers = {}, address }: Sent = {}) {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return server.call('POST', '/oauth/register', {
    form: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { ...json, ...authorization, ...headers },
    ...(address === undefined ? {} : { address }),
  })
}

async function registered(
  server: TestServer,
  body: unknown,
  sent: Sent = {},
): Promise<Record<string, unknown>> {
  const response = await post(server, body, sent)
  assert.equal(response.status, 201, response.body)
  assert.equal(response.headers['content-type'], 'application/json')
  assert.equal(response.headers['cache-control'], 'no-store')
  assert.equal(response.headers.pragma, 'no-cache')
  assert.ok(!Object.values(bodyOf(response)).includes(null))
  return bodyOf(response)
}

async function addToken(server: TestServer, usesLeft = 1, expiresIn = 600): Promise<string> {
  const token = `csi_${usesLeft}-${expiresIn}-and-many-more-characters`
  const expiresAt = startOfTime + expiresIn
  const record = {
    id: digest(token),
    version: 0,
    name: 'partner',
    createdAt: startOfTime,
    expiresAt,
    usesLeft,
  }
  await server.services.store.apply([{ op: 'insert', kind: 'initialAccessToken', record }])
  return token
}

test('X-20 MA-04 registration is off unless it is switched on', async () => {
  const server = await createTestServer()
  assert.equal((await post(server, publicClient)).status, 404)
  const metadata = bodyOf(await server.call('GET', '/.well-known/oauth-authorization-server'))
  assert.ok(!('registration_endpoint' in metadata))
  const open = await serve('open')
  const announced = bodyOf(await open.call('GET', '/.well-known/oauth-authorization-server'))
  assert.equal(announced.registration_endpoint, 'https://login.example/oauth/register')
})

test('REG-01 REG-09 MX-06 a public client is told everything that was registered', async () => {
  const server = await serve('open')
  const { client_id, client_id_issued_at, ...rest } = await registered(server, publicClient)
  assert.match(String(client_id), /^reg_[\w-]{43}$/)
  assert.equal(client_id_issued_at, startOfTime)
  assert.deepEqual(rest, {
    ...publicClient,
    response_types: ['code'],
    scope: 'openid profile email offline_access',
    id_token_signed_response_alg: 'RS256',
  })
})

test('REG-01 REG-02 REG-03 REG-16 a confidential one also gets a secret and the means to manage itself', async () => {
  const server = await serve('open')
  const client = await registered(server, confidential)
  assert.match(String(client.client_id), /^reg_[\w-]{22}$/)
  assert.match(String(client.client_secret), /^[\w-]{43}$/)
  assert.equal(client.client_secret_expires_at, 0)
  assert.equal(client.registration_client_uri, `https://login.example/oauth/register/${client.client_id}`)
  assert.match(String(client.registration_access_token), /^csm_[\w-]{43}$/)
  const again = await registered(server, confidential)
  assert.notEqual(again.client_id, client.client_id)
  const stored = JSON.stringify(await server.services.store.list('client'))
  for (const secret of [client.client_secret, client.registration_access_token])
    assert.ok(!stored.includes(String(secret)))
  const form = { token: 'x' }
  const headers = basic(String(client.client_id), String(client.client_secret))
  assert.equal((await server.call('POST', '/oauth/introspect', { form, headers })).status, 200)
})

test('CA-06 a registered client has the one method that it registered', async () => {
  const server = await serve('open')
  const client = await registered(server, {
    ...confidential,
    token_endpoint_auth_method: 'client_secret_post',
  })
  const [id, secret] = [String(client.client_id), String(client.client_secret)]
  const post = await server.call('POST', '/oauth/introspect', {
    form: { token: 'x', client_id: id, client_secret: secret },
  })
  assert.equal(post.status, 200)
  const header = await server.call('POST', '/oauth/introspect', {
    form: { token: 'x' },
    headers: basic(id, secret),
  })
  assert.equal(errorOf(header), '401 invalid_client')
})

test('REG-04 unknown members are not echoed, and changed ones are echoed as changed', async () => {
  const server = await serve('open')
  const client = await registered(server, {
    ...publicClient,
    grant_types: ['authorization_code', 'client_credentials', 'implicit', 'password'],
    scope: 'openid files:read countersign:admin',
    client_id: 'mine',
    client_secret: 'mine',
    registration_access_token: 'mine',
    nonsense: 1,
    skips_consent: true,
    contacts: ['a@example.com'],
    __proto__: { polluted: true },
  })
  assert.deepEqual(client.grant_types, ['authorization_code'])
  assert.equal(client.scope, 'openid')
  assert.notEqual(client.client_id, 'mine')
  for (const name of [
    'nonsense',
    'client_secret',
    'registration_access_token',
    'skips_consent',
    'contacts',
    'polluted',
  ])
    assert.ok(!(name in client), name)
})

test('REG-06 REG-07 REG-08 REG-13 F-01 X-35 what cannot be registered is refused in the OAuth form', async () => {
  const server = await serve('open')
  const cases: [unknown, string][] = [
    [{ ...publicClient, redirect_uris: ['http://evil.example/'] }, '400 invalid_redirect_uri'],
    [{ ...publicClient, redirect_uris: [] }, '400 invalid_redirect_uri'],
    [{ ...publicClient, response_types: ['token'] }, '400 invalid_client_metadata'],
    [{ ...publicClient, jwks: { keys: [] }, jwks_uri: 'https://a.example/' }, '400 invalid_client_metadata'],
    [{ ...publicClient, logo_uri: 'http://a.example/' }, '400 invalid_client_metadata'],
    [{ ...publicClient, grant_types: ['client_credentials'] }, '400 invalid_client_metadata'],
    [[], '400 invalid_client_metadata'],
    ['null', '400 invalid_client_metadata'],
    ['7', '400 invalid_client_metadata'],
    ['', '400 invalid_request'],
    ['{', '400 invalid_request'],
    ['client_name=x', '400 invalid_request'],
  ]
  for (const [body, expected] of cases)
    assert.equal(errorOf(await post(server, body)), expected, JSON.stringify(body))
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  assert.equal(errorOf(await post(server, publicClient, { headers: form })), '400 invalid_request')
  assert.equal((await server.services.store.list('client')).length, 0)
})

test('REG-11 software statements are refused by the right name, as nobody is trusted to make them', async () => {
  const server = await serve('open')
  const refused = async (software_statement: unknown) =>
    errorOf(await post(server, { ...publicClient, software_statement }))
  assert.equal(await refused('eyJ.eyJ.c2ln'), '400 unapproved_software_statement')
  for (const bad of ['x', 'eyJ.eyJ.', '', 7, {}])
    assert.equal(await refused(bad), '400 invalid_software_statement')
  assert.equal((await post(server, { ...publicClient, software_statement: null })).status, 201)
})

test('REG-10 without a token where one is needed there is a challenge, with a bad one its error', async () => {
  const server = await serve('token')
  const none = await post(server, confidential)
  assert.equal(none.status, 401)
  assert.equal(none.headers['www-authenticate'], 'Bearer realm="countersign"')
  const expired = await addToken(server, 1, 0)
  for (const token of ['nonsense', expired]) {
    const bad = await post(server, confidential, { token })
    assert.equal(errorOf(bad), '401 invalid_token')
    assert.equal(bad.headers['www-authenticate'], 'Bearer realm="countersign", error="invalid_token"')
  }
  const other = await post(server, confidential, { headers: { authorization: 'Basic eDp5' } })
  assert.equal(errorOf(other), '401 invalid_token')
  // A bad token is no better than none where anybody may register.
  assert.equal(
    errorOf(await post(await serve('open'), confidential, { token: 'nonsense' })),
    '401 invalid_token',
  )
})

test('REG-10 G-14 guesses at tokens are braked per network', async () => {
  const server = await serve('token', { rateInvalidPerAddress: 2 })
  const statuses = []
  for (let i = 0; i < 3; i++)
    statuses.push((await post(server, confidential, { token: `guess-${i}` })).status)
  assert.deepEqual(statuses, [401, 401, 429])
})

test('REG-10 CC-01 a token is good for its number of clients, which may have grants without a person', async () => {
  const server = await serve('token')
  const token = await addToken(server, 2)
  const body = { client_name: 'Robot', grant_types: ['client_credentials'] }
  const first = await registered(server, body, { token })
  assert.deepEqual(first.grant_types, ['client_credentials'])
  assert.deepEqual(first.response_types, [])
  // Its own record, even if it is public.
  const second = await registered(server, publicClient, { token })
  assert.match(String(second.registration_access_token), /^csm_/)
  assert.equal(errorOf(await post(server, body, { token })), '401 invalid_token')
  assert.equal(await server.services.store.read('initialAccessToken', digest(token)), undefined)
})

test('REG-10 many who use one token at the same moment register as many clients as it is good for', async () => {
  const server = await serve('token')
  const token = await addToken(server, 3)
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(server, confidential, { token })))
  assert.equal(answers.filter(({ status }) => status === 201).length, 3)
  assert.equal((await server.services.store.list('client')).length, 3)
})

test('REG-12 X-20 a program that registers at every start is one client', async () => {
  const server = await serve('open')
  const first = await registered(server, publicClient)
  const reordered = Object.fromEntries(Object.entries(publicClient).reverse())
  assert.deepEqual(await registered(server, reordered), first)
  const at = await Promise.all(
    Array.from({ length: 10 }, (_, i) => registered(server, { ...publicClient, client_name: `P${i % 2}` })),
  )
  assert.equal(new Set(at.map(({ client_id }) => client_id)).size, 2)
  for (const other of [
    { ...publicClient, client_name: 'Other' },
    { ...publicClient, redirect_uris: ['http://localhost:6275/callback'] },
    { ...publicClient, 'client_name#de': 'x' },
  ])
    assert.notEqual((await registered(server, other)).client_id, first.client_id)
  assert.ok(!('registration_access_token' in first) && !('registration_client_uri' in first))
})

test('REG-12 unused clients are forgotten, those that are wanted again stay a while, and used ones for good', async () => {
  const server = await serve('open', { registrationUnusedSeconds: 1000 })
  const { store, system } = server.services
  const id = String(
    (await registered(server, { ...publicClient, grant_types: [deviceCode, 'refresh_token'] })).client_id,
  )
  const again = () => registered(server, { ...publicClient, grant_types: [deviceCode, 'refresh_token'] })
  server.advance(400)
  await again()
  assert.equal((await store.read('client', id))?.version, 1)
  server.advance(400)
  await again()
  server.advance(400)
  const start = () => server.call('POST', '/oauth/device/authorize', { form: { client_id: id } })
  assert.equal((await start()).status, 200)
  server.advance(600)
  // Past its time it is gone, whether a sweep has come by or not.
  assert.equal(errorOf(await start()), '401 invalid_client')
  await again()
  const client = await store.read('client', id)
  assert.ok(client)
  assert.equal(await store.apply(await firstUse(server.services, client)), 'applied')
  assert.deepEqual(await firstUse(server.services, client), [])
  server.advance(100_000)
  await store.sweep(system.now())
  assert.equal((await start()).status, 200)
})

test('REG-12 the first sign-in with the device grant is a use', async () => {
  const server = await serve('open')
  await server.addAccount()
  const body = {
    client_name: 'CLI',
    token_endpoint_auth_method: 'none',
    grant_types: [deviceCode, 'refresh_token'],
  }
  const form = { client_id: String((await registered(server, body)).client_id) }
  const { device_code } = bodyOf<{ device_code: string }>(
    await server.call('POST', '/oauth/device/authorize', { form }),
  )
  await approveDevice(server, device_code)
  assert.equal((await pollDevice(server, device_code, form)).status, 200)
  assert.equal((await server.services.store.read('client', form.client_id))?.expiresAt, null)
})

test('REG-12 AC-01 a code is a use, also when the first ones are given at the same moment', async () => {
  const server = await serve('open')
  await server.addAccount()
  const id = String((await registered(server, publicClient)).client_id)
  const client = await server.services.store.read('client', id)
  assert.ok(client)
  const codes = await Promise.all(Array.from({ length: 3 }, () => obtainCode(server, client)))
  assert.equal((await server.services.store.read('client', id))?.expiresAt, null)
  for (const code of codes) {
    const redirect_uri = String(publicClient.redirect_uris[0])
    const response = await redeemCode(server, code, { client_id: id, redirect_uri })
    assert.equal(response.status, 200, response.body)
  }
})

test('REG-12 G-14 anybody may register so many clients per network and hour', async () => {
  const server = await serve('open')
  const from = async (address: string, name: string) =>
    (await post(server, { ...publicClient, client_name: name }, { address })).status
  const statuses = []
  for (let i = 0; i < 21; i++) statuses.push(await from('2001:db8:1:2::1', `A${i}`))
  assert.deepEqual(statuses, [...Array(20).fill(201), 429])
  const braked = await post(server, { ...publicClient, client_name: 'B' }, { address: '2001:db8:1:2::ffff' })
  assert.equal(braked.status, 429)
  assert.match(String(braked.headers['retry-after']), /^[1-9]\d*$/)
  // What is there already costs nothing.
  assert.equal(await from('2001:db8:1:2::1', 'A0'), 201)
  assert.equal(await from('2001:db8:1:3::1', 'C'), 201)
})

test('REG-12 and so many altogether, whoever comes', async () => {
  const server = await serve('open', { registrationLimit: 3, registrationUnusedSeconds: 1000 })
  let hosts = 0
  const one = async (name: string) =>
    (await post(server, { ...publicClient, client_name: name }, { address: `192.0.2.${hosts++}` })).status
  const all = await Promise.all(['A', 'B', 'C', 'D', 'E', 'F'].map(one))
  assert.deepEqual(all.toSorted(), [201, 201, 201, 503, 503, 503])
  assert.equal((await server.services.store.list('client')).length, 3)
  server.advance(1000)
  await server.services.store.sweep(server.services.system.now())
  assert.equal(await one('G'), 201)
})

test('REG-12 every registration is in the audit log, without its secrets', async () => {
  const server = await serve('open')
  const client = await registered(server, confidential, { address: '192.0.2.77' })
  const [entry, more] = await server.services.store.list('auditEntry')
  assert.equal(more, undefined)
  assert.deepEqual(
    [entry?.event, entry?.clientId, entry?.actor, entry?.address, entry?.detail],
    [
      'client.registered',
      client.client_id,
      { kind: 'client', id: client.client_id },
      '192.0.2.77',
      { name: 'Service' },
    ],
  )
})

test('CA-08 MA-01 a client that is gone is invalid_client at every JSON endpoint, whatever the caller likes to read', async () => {
  const server = await serve('open')
  const { client_id } = await registered(server, {
    ...publicClient,
    grant_types: [deviceCode, 'authorization_code'],
  })
  const record = await server.services.store.read('client', String(client_id))
  assert.ok(record)
  await server.services.store.apply([{ op: 'delete', kind: 'client', record }])
  server.advance(2)
  for (const path of ['device/authorize', 'token', 'introspect', 'revoke', 'par']) {
    for (const id of [String(client_id), 'never-was']) {
      const form = { client_id: id, grant_type: 'refresh_token', token: 'x' }
      const response = await server.call('POST', `/oauth/${path}`, { form, headers: { accept: 'text/html' } })
      assert.deepEqual([response.status, bodyOf(response).error], [401, 'invalid_client'], path)
    }
  }
})
