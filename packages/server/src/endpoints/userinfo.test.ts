// UserInfo against standards.md section 16 (US) and the table of challenges in section 21.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf, signIn } from '../testing/device-flow.ts'
import { createTestServer, testAccount, testClient } from '../testing/services.ts'

const path = '/oauth/userinfo'

async function withClient() {
  const server = await createTestServer()
  await server.addClient({ resources: ['https://api.example'] })
  await server.addAccount()
  const ask = (authorization: string, method = 'GET') =>
    server.call(method, path, { headers: { authorization } })
  return { server, ask }
}

test('US-01 US-05 G-10 GET and POST answer with the subject as JSON that nobody stores', async () => {
  const { server, ask } = await withClient()
  const { access_token: token } = await signIn(server, { scope: 'openid' })
  for (const [method, scheme] of [
    ['GET', 'Bearer'],
    ['POST', 'Bearer'],
    ['GET', 'bEARER '],
  ] as const) {
    const response = await ask(`${scheme} ${token}`, method)
    assert.equal(response.status, 200)
    assert.deepEqual(bodyOf(response), { sub: testAccount.id })
    assert.equal(response.headers['content-type'], 'application/json')
    assert.equal(response.headers['cache-control'], 'no-store')
    assert.equal(response.headers['access-control-allow-origin'], '*')
  }
})

test('US-03 claims follow the scopes, and what is empty is left out', async () => {
  const { server, ask } = await withClient()
  const all = await signIn(server)
  assert.deepEqual(bodyOf(await ask(`Bearer ${all.access_token}`)), {
    sub: testAccount.id,
    name: 'Mia',
    email: 'mia@example.com',
    email_verified: false,
  })
  const account = await server.services.store.read('account', testAccount.id)
  assert.ok(account)
  await server.services.store.apply([{ op: 'update', kind: 'account', record: { ...account, name: '' } }])
  assert.ok(!('name' in bodyOf(await ask(`Bearer ${all.access_token}`))))
})

test('US-02 G-19 without a token the challenge names no error, also with credentials of another kind', async () => {
  const { server, ask } = await withClient()
  for (const response of [await server.call('GET', path), await ask('Basic YTpi'), await ask('DPoP x')]) {
    assert.equal(response.status, 401)
    assert.equal(response.headers['www-authenticate'], 'Bearer realm="countersign"')
  }
})

test('US-02 a bad token is invalid_token, a malformed header invalid_request, too little scope insufficient_scope', async () => {
  const { server, ask } = await withClient()
  const challengeOf = async (authorization: string) => {
    const { status, headers } = await ask(authorization)
    return `${status} ${/error="(\w+)"/.exec(String(headers['www-authenticate']))?.[1]}`
  }
  assert.equal(await challengeOf('Bearer x'), '401 invalid_token')
  assert.equal(await challengeOf('Bearer'), '400 invalid_request')
  assert.equal(await challengeOf('Bearer a b'), '400 invalid_request')
  const { access_token: narrow } = await signIn(server, { scope: 'email' })
  assert.equal(await challengeOf(`Bearer ${narrow}`), '403 insufficient_scope')
  const { headers } = await ask(`Bearer ${narrow}`)
  assert.match(String(headers['www-authenticate']), /scope="openid"/)
})

test('US-02 AT-10 JK-09 tokens of other kinds, for others, ended or too old are invalid_token', async () => {
  const { server, ask } = await withClient()
  const tokens = await signIn(server)
  const forApi = await signIn(server, 'client_id=countersign-cli&resource=https%3A%2F%2Fapi.example')
  for (const token of [tokens.id_token, tokens.refresh_token, forApi.access_token])
    assert.equal((await ask(`Bearer ${token}`)).status, 401)
  assert.equal((await ask(`Bearer ${tokens.access_token}`)).status, 200)
  await server.call('POST', '/oauth/revoke', {
    form: { client_id: testClient.id, token: tokens.refresh_token },
  })
  assert.equal((await ask(`Bearer ${tokens.access_token}`)).status, 401)
  const late = await signIn(server)
  server.advance(600)
  assert.equal((await ask(`Bearer ${late.access_token}`)).status, 401)
})

test('X-06 G-08 a token in the query or the body is not read', async () => {
  const { server } = await withClient()
  const { access_token: token } = await signIn(server)
  assert.equal((await server.call('GET', `${path}?access_token=${token}`)).status, 401)
  assert.equal((await server.call('POST', path, { form: { access_token: token } })).status, 401)
})
