// The device authorization endpoint against standards.md section 8 (DA) and the error matrix of section 22.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readUserCode, userCodeAlphabet } from '@countersign/protocol'
import { digest } from '../secrets.ts'
import { openMemoryStore } from '../store/memory.ts'
import {
  basic,
  bodyOf,
  errorOf,
  pollDevice,
  type StartedDevice,
  startDevice,
} from '../testing/device-flow.ts'
import { createProver } from '../testing/dpop.ts'
import {
  type CallOptions,
  createTestServerWith,
  type TestOptions,
  testClient,
  testConfidentialClient,
} from '../testing/services.ts'
import { deviceCodeId } from '../tokens.ts'

const path = '/oauth/device/authorize'

async function withClient(options: TestOptions = {}) {
  const resources = ['https://api.example/v1', 'https://other.example']
  const server = await createTestServerWith([{ resources }, testConfidentialClient], options)
  const ask = (form: CallOptions['form'], more: CallOptions = {}) =>
    server.call('POST', path, { form: form ?? '', ...more })
  return { server, ask }
}

test('DA-01 its own URL, by POST only', async () => {
  const { server } = await withClient()
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'BREW']) {
    const response = await server.call(method, path)
    assert.equal(response.status, 405)
    assert.equal(response.headers.allow, 'POST')
  }
})

test('DA-02 F-02 nobody asks without a client', async () => {
  const { ask } = await withClient()
  assert.equal(errorOf(await ask({ scope: 'openid' })), '400 invalid_request')
  assert.equal(errorOf(await ask({ client_id: '' })), '400 invalid_request')
  assert.equal(errorOf(await ask({ client_id: 'nobody' })), '401 invalid_client')
  assert.equal(errorOf(await ask({ client_id: 'api' })), '401 invalid_client')
  assert.equal((await ask({}, { headers: basic('api') })).status, 200)
})

test('DA-03 DA-21 X-25 a client without the grant is unauthorized', async () => {
  const { server, ask } = await withClient()
  await server.addClient({ ...testClient, id: 'web', grantTypes: ['refresh_token'] })
  assert.equal(errorOf(await ask({ client_id: 'web' })), '400 unauthorized_client')
})

test('DA-04 scope: all of the client by default, a subset, or invalid_scope', async () => {
  const { server, ask } = await withClient()
  const scopesOf = async (form: Record<string, string>) => {
    const { device_code: code } = await startDevice(server, form)
    return (await server.services.store.read('deviceAuthorization', deviceCodeId(code)))?.scopes
  }
  assert.deepEqual(await scopesOf({}), testClient.scopes)
  assert.deepEqual(await scopesOf({ scope: '' }), testClient.scopes)
  assert.deepEqual(await scopesOf({ scope: 'email openid email' }), ['email', 'openid'])
  for (const scope of [
    'admin',
    'openid admin',
    ' openid',
    'openid  email',
    'openid\temail',
    'a"b',
    'ä',
    'x'.repeat(5000),
  ])
    assert.equal(errorOf(await ask({ client_id: testClient.id, scope })), '400 invalid_scope', scope)
})

test('DA-05 empty is absent, unknown is ignored, repeated is refused', async () => {
  const { ask } = await withClient()
  assert.equal((await ask('client_id=countersign-cli&scope=&foo=bar&resource=')).status, 200)
  assert.equal(
    errorOf(await ask('client_id=countersign-cli&scope=openid&scope=openid')),
    '400 invalid_request',
  )
  assert.equal(
    errorOf(await ask('client_id=countersign-cli&client_id=countersign-cli')),
    '400 invalid_request',
  )
})

test('DA-06 DA-07 DA-08 DA-13 DA-14 G-09 the answer has every member, and nothing stores it', async () => {
  const { ask } = await withClient()
  const response = await ask({ client_id: testClient.id })
  assert.equal(response.status, 200)
  assert.equal(response.headers['content-type'], 'application/json')
  assert.equal(response.headers['cache-control'], 'no-store')
  const body = bodyOf<StartedDevice>(response)
  assert.deepEqual(Object.keys(body).sort(), [
    'device_code',
    'expires_in',
    'interval',
    'user_code',
    'verification_uri',
    'verification_uri_complete',
  ])
  assert.equal(body.verification_uri, 'https://login.example/device')
  assert.equal(body.verification_uri_complete, `https://login.example/device/${body.user_code}`)
  assert.equal(body.expires_in, 600)
  assert.equal(body.interval, 5)
})

test('DA-09 G-12 the device code has 256 random bits in URL-safe characters', async () => {
  const { server } = await withClient()
  const codes = new Set<string>()
  for (let i = 0; i < 50; i++) codes.add((await startDevice(server)).device_code)
  assert.equal(codes.size, 50)
  for (const code of codes) assert.match(code, /^csd_[0-9a-z]{9}[A-Za-z0-9_-]{43}$/)
})

test('DA-11 the user code is two groups of four consonants, and reads back', async () => {
  const { server } = await withClient()
  for (let i = 0; i < 50; i++) {
    const { user_code: code } = await startDevice(server)
    assert.match(code, new RegExp(`^[${userCodeAlphabet}]{4}-[${userCodeAlphabet}]{4}$`))
    assert.deepEqual(readUserCode(code), { ok: true, code: code.replace('-', '') })
  }
})

test('DA-12 a user code that is taken is drawn again, and after three collisions the client may come back', async () => {
  const store = openMemoryStore()
  const { server, ask } = await withClient({ store })
  let conflicts = 2
  const apply = store.apply
  Object.assign(server.services.store, {
    apply: async (writes: Parameters<typeof apply>[0]) => (conflicts-- > 0 ? 'conflict' : apply(writes)),
  })
  assert.equal((await ask({ client_id: testClient.id })).status, 200)
  conflicts = 3
  const response = await ask({ client_id: testClient.id })
  assert.equal(response.status, 503)
  assert.equal(response.headers['retry-after'], '1')
})

test('DA-12 DA-23 F-07 an expired user code is free again, a tombstone stays an hour, and then nothing is left', async () => {
  const { server } = await withClient()
  const { store, system } = server.services
  const { device_code: code } = await startDevice(server)
  const record = await store.read('deviceAuthorization', deviceCodeId(code))
  assert.ok(record)
  const twin = { ...record, id: 'another', version: 0 }
  assert.equal(await store.apply([{ op: 'insert', kind: 'deviceAuthorization', record: twin }]), 'conflict')
  server.advance(600)
  await store.sweep(system.now())
  assert.equal(await store.apply([{ op: 'insert', kind: 'deviceAuthorization', record: twin }]), 'applied')
  assert.equal(errorOf(await pollDevice(server, code)), '400 expired_token')
  server.advance(3600)
  await store.sweep(system.now())
  assert.equal(errorOf(await pollDevice(server, code)), '400 invalid_grant')
  assert.equal((await store.counts()).deviceAuthorization, 0)
})

test('DA-14 lifetime and interval are settings', async () => {
  const { server } = await withClient({ settings: { deviceCodeSeconds: 300, pollIntervalSeconds: 2 } })
  const device = await startDevice(server)
  assert.deepEqual([device.expires_in, device.interval], [300, 2])
})

test('DA-16 creation is braked per network and per client with 429 and a time to come back', async () => {
  const perAddress = await withClient({ settings: { rateCreatePerAddress: 2 } })
  const ask = (address: string) => perAddress.ask({ client_id: testClient.id }, { address })
  assert.deepEqual(
    [(await ask('192.0.2.1')).status, (await ask('192.0.2.1')).status, (await ask('192.0.2.2')).status],
    [200, 200, 200],
  )
  const braked = await ask('192.0.2.1')
  assert.equal(braked.status, 429)
  assert.match(String(braked.headers['retry-after']), /^[1-9]\d*$/)
  const perClient = await withClient({ settings: { rateCreatePerClient: 1 } })
  const from = (address: string) => perClient.ask({ client_id: testClient.id }, { address })
  assert.deepEqual([(await from('192.0.2.1')).status, (await from('192.0.2.2')).status], [200, 429])
})

test('DA-16 one IPv6 customer is one network, however many addresses it has', async () => {
  const { ask } = await withClient({ settings: { rateCreatePerAddress: 1 } })
  const from = (address: string) => ask({ client_id: testClient.id }, { address })
  assert.equal((await from('2001:db8:1:2::1')).status, 200)
  assert.equal((await from('2001:db8:1:2:ffff::9')).status, 429)
  assert.equal((await from('2001:db8:1:3::1')).status, 200)
})

test('DA-17 G-13 the store has digests: neither code is in it in clear', async () => {
  const { server } = await withClient()
  const { device_code: code, user_code: userCode } = await startDevice(server)
  const records = JSON.stringify(await server.services.store.list('deviceAuthorization'))
  for (const secret of [code, userCode, userCode.replace('-', '')]) assert.ok(!records.includes(secret))
  // A plain digest of eight letters is found in a minute; this one needs the key, too.
  assert.ok(!records.includes(digest(userCode.replace('-', '')).slice(0, 8)))
})

test('DA-18 X-34 RI-01 RI-02 resources are bound when they are well formed and allowed', async () => {
  const { server, ask } = await withClient()
  const form =
    'client_id=countersign-cli&resource=https%3A%2F%2Fapi.example%2Fv1&resource=https%3A%2F%2Fother.example'
  const { device_code: code } = await startDevice(server, form)
  const record = await server.services.store.read('deviceAuthorization', deviceCodeId(code))
  assert.deepEqual(record?.resources, ['https://api.example/v1', 'https://other.example'])
  for (const resource of [
    'https://api.example/v1/',
    'HTTPS://api.example/v1',
    'https://api.example/v1#x',
    'api',
    'https://unknown.example',
  ])
    assert.equal(errorOf(await ask({ client_id: testClient.id, resource })), '400 invalid_target', resource)
})

test('DA-20 UI-10 the context is what we saw and, apart from it, what the device says, cleaned', async () => {
  const { server } = await withClient()
  const claims = {
    device_name: '  mia\u202es\nbox ',
    client_version: '1.2.3',
    agent: `${' '.repeat(239)}😀`,
  }
  const { device_code: code } = await startDevice(server, claims, { address: '203.0.113.5' })
  const record = await server.services.store.read('deviceAuthorization', deviceCodeId(code))
  assert.deepEqual(record?.context, {
    observed: { address: '203.0.113.5', userAgent: '' },
    reported: { deviceName: 'mia s box', clientVersion: '1.2.3', agent: null },
  })
  assert.equal(record?.createdAt, server.services.system.now())
})

test('DA-15 errors have the form and status of the token endpoint', async () => {
  const { ask } = await withClient()
  const json = await ask('{}', { headers: { 'content-type': 'application/json' } })
  assert.equal(errorOf(json), '400 invalid_request')
  assert.equal(errorOf(await ask({ client_id: testClient.id, scope: 'admin' })), '400 invalid_scope')
})

test('F-03 G-15 links do not follow the Host of the request', async () => {
  const { server } = await withClient()
  const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' }
  const form = { client_id: testClient.id }
  const response = await server.call('POST', path, { form, headers })
  assert.equal(bodyOf<StartedDevice>(response).verification_uri, 'https://login.example/device')
})

test('DA-19 X-34 DP-03 a proof or dpop_jkt binds the request to that key; without either it is bound to none', async () => {
  const { server, ask } = await withClient({ settings: { dpopNonces: false } })
  const prover = await createProver()
  const form = { client_id: testClient.id }
  const stored = async (more: Record<string, string>, headers: Record<string, string> = {}) => {
    const response = await ask({ ...form, ...more }, { headers })
    assert.equal(response.status, 200, response.body)
    const { device_code: code } = bodyOf<StartedDevice>(response)
    return (await server.services.store.read('deviceAuthorization', deviceCodeId(code)))?.jkt
  }
  const proof = () => prover.prove(server, { path })
  assert.equal(await stored({}), null)
  assert.equal(await stored({}, { dpop: await proof() }), prover.jkt)
  assert.equal(await stored({ dpop_jkt: prover.jkt }), prover.jkt)
  assert.equal(await stored({ dpop_jkt: prover.jkt }, { dpop: await proof() }), prover.jkt)
  const other = (await createProver()).jkt
  for (const [more, headers, error] of [
    [{ dpop_jkt: other }, { dpop: await proof() }, '400 invalid_dpop_proof'],
    [{ dpop_jkt: 'short' }, {}, '400 invalid_request'],
    [{ dpop_jkt: `${other}=` }, {}, '400 invalid_request'],
    [{}, { dpop: 'x' }, '400 invalid_dpop_proof'],
    [{}, { dpop: await prover.prove(server, { path: '/oauth/token' }) }, '400 invalid_dpop_proof'],
  ] as const)
    assert.equal(errorOf(await ask({ ...form, ...more }, { headers: { ...headers } })), error)
})

test('DA-19 DP-08 a nonce is asked for here, too', async () => {
  const { server, ask } = await withClient()
  const prover = await createProver()
  const dpop = await prover.prove(server, { path })
  const first = await ask({ client_id: testClient.id }, { headers: { dpop } })
  assert.equal(errorOf(first), '400 use_dpop_nonce')
  assert.ok(first.headers['dpop-nonce'])
  assert.equal((await prover.post(server, path, { client_id: testClient.id })).status, 200)
})

test('DP-07 DA-19 a client that needs a key for its tokens may ask without one', async () => {
  const { server, ask } = await withClient()
  await server.addClient({ ...testClient, id: 'bound', requiresDpop: true })
  assert.equal((await ask({ client_id: 'bound' })).status, 200)
})

test('SU-07 acr_values and max_age are kept for the approval, malformed ones refused, and classes that nobody reaches', async () => {
  const { server, ask } = await withClient()
  const stored = async (more: Record<string, string>) => {
    const response = await ask({ client_id: testClient.id, ...more })
    assert.equal(response.status, 200, response.body)
    const { device_code: code } = bodyOf<StartedDevice>(response)
    const record = await server.services.store.read('deviceAuthorization', deviceCodeId(code))
    return [record?.acrValues, record?.maxAge]
  }
  assert.deepEqual(await stored({}), [[], null])
  assert.deepEqual(await stored({ acr_values: '', max_age: '' }), [[], null])
  assert.deepEqual(await stored({ acr_values: 'urn:x phr phr', max_age: '300' }), [['urn:x', 'phr'], 300])
  assert.deepEqual(await stored({ max_age: '0' }), [[], 0])
  for (const max_age of ['-1', '1.5', 'x', '1e3', ' 5', '9999999999'])
    assert.equal(errorOf(await ask({ client_id: testClient.id, max_age })), '400 invalid_request', max_age)
  assert.equal(
    errorOf(await ask({ client_id: testClient.id, acr_values: 'urn:x urn:y' })),
    '400 unmet_authentication_requirements',
  )
})
