// UserInfo against standards.md section 16 (US) and the table of challenges in section 21.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { clientToken } from '../admin/testing.ts'
import { bodyOf, signIn } from '../testing/device-flow.ts'
import { createTestServerWith, testAccount, testClient, testConfidentialClient } from '../testing/services.ts'

const path = '/oauth/userinfo'

async function withClient() {
  const server = await createTestServerWith([{ resources: ['https://api.example'] }])
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
  for (const response of [await server.call('GET', path), await ask('Basic YTpi'), await ask('Bearerx y')]) {
    assert.equal(response.status, 401)
    const [bearer, dpop, more] = [response.headers['www-authenticate'] ?? []].flat()
    assert.equal(bearer, 'Bearer realm="countersign"')
    assert.match(String(dpop), /^DPoP algs="[\w ]+"$/)
    assert.equal(more, undefined)
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

test('US-02 RS-12 a token that a client got for itself is about nobody', async () => {
  const { server, ask } = await withClient()
  const client = await server.addClient({ ...testConfidentialClient, scopes: ['openid'] })
  const own = clientToken(server, client, { scopes: ['openid'] })
  const { status, headers } = await ask(`Bearer ${own}`)
  assert.equal(status, 403)
  assert.match(String(headers['www-authenticate']), /error="insufficient_scope"/)
})

test('US-04 ID-06 who registered an algorithm gets the claims signed by it, with issuer and audience', async () => {
  for (const userinfoAlg of ['RS256', 'ES256', 'EdDSA'] as const) {
    const server = await createTestServerWith([{ userinfoAlg }])
    const { access_token: token } = await signIn(server)
    const response = await server.call('GET', path, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(response.status, 200)
    assert.equal(response.headers['content-type'], 'application/jwt')
    assert.equal(response.headers['cache-control'], 'no-store')
    const set = createLocalJWKSet(bodyOf(await server.call('GET', '/oauth/jwks')) as unknown as JSONWebKeySet)
    const { payload } = await jwtVerify(response.body, set, { algorithms: [userinfoAlg] })
    assert.deepEqual(payload, {
      iss: 'https://login.example',
      aud: testClient.id,
      sub: testAccount.id,
      name: 'Mia',
      email: 'mia@example.com',
      email_verified: false,
    })
  }
})
