// Who calls: every way to say it right and wrong (standards.md section 7), at every endpoint where it is asked.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digest } from './secrets.ts'
import { basic, bodyOf, errorOf, startDevice } from './testing/device-flow.ts'
import {
  type CallOptions,
  confidentialSecret,
  createTestServer,
  testConfidentialClient,
} from './testing/services.ts'

const endpoints = ['/oauth/device/authorize', '/oauth/token', '/oauth/introspect', '/oauth/revoke'] as const

async function serverWithBoth() {
  const server = await createTestServer()
  await server.addClient()
  await server.addClient(testConfidentialClient)
  return server
}

async function deviceError(more: CallOptions): Promise<string> {
  const server = await serverWithBoth()
  const response = await server.call('POST', '/oauth/device/authorize', more)
  return response.status === 200 ? '200' : errorOf(response)
}

test('CA-01 X-04 CA-05 a public client is known by its name, a confidential one by Basic or the body', async () => {
  assert.equal(await deviceError({ form: { client_id: 'countersign-cli' } }), '200')
  assert.equal(await deviceError({ form: {}, headers: basic('api') }), '200')
  assert.equal(await deviceError({ form: { client_id: 'api', client_secret: confidentialSecret } }), '200')
})

test('CA-05 CA-18 a confidential client without its secret is not let in, at any endpoint', async () => {
  const server = await serverWithBoth()
  for (const path of endpoints) {
    for (const secret of [undefined, '', 'wrong']) {
      const form = {
        client_id: 'api',
        token: 't',
        grant_type: 'refresh_token',
        ...(secret === undefined ? {} : { client_secret: secret }),
      }
      const response = await server.call('POST', path, { form })
      assert.equal(errorOf(response), '401 invalid_client', path)
    }
  }
})

test('CA-15 CA-04 CA-03 CA-09 X-14 the rules are the same at every endpoint', async () => {
  const server = await serverWithBoth()
  for (const path of endpoints) {
    const call = (form: Record<string, string>, headers = {}) => server.call('POST', path, { form, headers })
    const two = await call({ client_secret: confidentialSecret }, basic('api'))
    assert.equal(errorOf(two), '400 invalid_request', path)
    const other = await call({ client_id: 'countersign-cli' }, basic('api'))
    assert.equal(errorOf(other), '400 invalid_request', path)
    const failed = await call({}, basic('api', 'wrong'))
    assert.equal(errorOf(failed), '401 invalid_client', path)
    assert.equal(failed.headers['www-authenticate'], 'Basic realm="countersign"')
  }
})

test('CA-02 F-12 Basic: identifier and secret are form-encoded, and split at the first colon', async () => {
  const server = await createTestServer()
  const secret = 'a:b%c+d e/ä=and-so-on-until-it-is-long-enough'
  await server.addClient({
    ...testConfidentialClient,
    id: 'a+b',
    secrets: [{ hash: digest(secret), endsAt: null }],
  })
  const encode = (text: string) => new URLSearchParams({ x: text }).toString().slice(2)
  const header = (id: string, scheme = 'Basic') => ({
    authorization: `${scheme} ${Buffer.from(`${id}:${encode(secret)}`).toString('base64')}`,
  })
  for (const headers of [
    header(encode('a+b')),
    header(encode('a+b'), 'bAsIc'),
    header(encode('a+b'), 'BASIC '),
  ]) {
    const response = await server.call('POST', '/oauth/device/authorize', { form: {}, headers })
    assert.equal(response.status, 200, headers.authorization)
  }
  // Read as a form, `a+b` is `a b`, which is somebody else.
  const unencoded = await server.call('POST', '/oauth/device/authorize', { form: {}, headers: header('a+b') })
  assert.equal(errorOf(unencoded), '401 invalid_client')
})

test('CA-02 CA-09 an Authorization header that says nothing usable is a failed authentication', async () => {
  const encoded = (text: string) => Buffer.from(text).toString('base64')
  const headers = [
    '',
    'Basic',
    'Basic ',
    'Basic !!!',
    `Basic ${encoded('nocolon')}`,
    `Basic ${encoded(':secret')}`,
    `Basic ${encoded('a%:b')}`,
    `Basic ${encoded('api%00:b')}`,
    'Bearer abc',
    `Basic ${encoded('api:x')} x`,
    'Negotiate x',
  ]
  for (const authorization of headers) {
    const answer = await deviceError({ form: {}, headers: { authorization } })
    assert.equal(answer, '401 invalid_client', authorization)
  }
})

test('F-12 Basic is read also when the body names the client', async () => {
  assert.equal(await deviceError({ form: { client_id: 'api' }, headers: basic('api') }), '200')
  const wrong = { form: { client_id: 'api' }, headers: basic('api', 'wrong') }
  assert.equal(await deviceError(wrong), '401 invalid_client')
})

test('CA-03 an assertion beside a secret is two credentials, and alone it is one that does not count', async () => {
  const assertion = {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: 'x.y.z',
  }
  assert.equal(
    await deviceError({ form: { client_id: 'countersign-cli', ...assertion } }),
    '401 invalid_client',
  )
  const beside = { client_id: 'api', client_secret: confidentialSecret, ...assertion }
  assert.equal(await deviceError({ form: beside }), '400 invalid_request')
  assert.equal(await deviceError({ form: assertion, headers: basic('api') }), '400 invalid_request')
})

test('CA-06 a client uses a method it registered', async () => {
  const server = await createTestServer()
  await server.addClient({ ...testConfidentialClient, authMethods: ['client_secret_basic'] })
  const form = { client_id: 'api', client_secret: confidentialSecret }
  const response = await server.call('POST', '/oauth/device/authorize', { form })
  assert.equal(errorOf(response), '401 invalid_client')
})

test('CA-07 a public client that sends a secret is not taken for a confidential one', async () => {
  const form = { client_id: 'countersign-cli', client_secret: 'shipped-in-the-binary' }
  assert.equal(await deviceError({ form }), '401 invalid_client')
})

test('CA-08 an unknown client and a wrong secret are one answer', async () => {
  const server = await serverWithBoth()
  const wrong = await server.call('POST', '/oauth/token', { form: {}, headers: basic('api', 'wrong') })
  const unknown = await server.call('POST', '/oauth/token', { form: {}, headers: basic('nobody', 'wrong') })
  assert.deepEqual(unknown, wrong)
})

test('CA-17 two secrets live at once while one is rotated', async () => {
  const server = await createTestServer()
  const next = 'the-next-secret-of-more-than-thirty-two-characters'
  await server.addClient({
    ...testConfidentialClient,
    secrets: [
      { hash: digest(confidentialSecret), endsAt: null },
      { hash: digest(next), endsAt: null },
    ],
  })
  await startDevice(server, '', { headers: basic('api') })
  await startDevice(server, '', { headers: basic('api', next) })
})

test('TK-08 cookies identify nobody', async () => {
  const headers = { cookie: `client_id=countersign-cli; __Host-countersign=x` }
  assert.equal(await deviceError({ form: {}, headers }), '400 invalid_request')
})

test('G-14 wrong client secrets are braked per network with 429, right ones and other networks are not', async () => {
  const server = await createTestServer({ settings: { rateInvalidPerAddress: 3 } })
  await server.addClient()
  await server.addClient(testConfidentialClient)
  const guess = (address: string, secret: string) =>
    server.call('POST', '/oauth/token', { form: {}, headers: basic('api', secret), address })
  const statuses: number[] = []
  for (let i = 0; i < 5; i++) statuses.push((await guess('192.0.2.9', `wrong ${i}`)).status)
  assert.deepEqual(statuses, [401, 401, 401, 429, 429])
  const braked = await guess('192.0.2.9', 'wrong')
  assert.match(String(braked.headers['retry-after']), /^[1-9]\d*$/)
  assert.deepEqual(bodyOf(braked), { error: 'too_many_requests' })
  assert.equal((await guess('192.0.2.10', 'wrong')).status, 401)
  assert.equal(errorOf(await guess('192.0.2.9', confidentialSecret)), '400 invalid_request')
})
