// The operations on clients, resources and initial access tokens. Who is let in is api.test.ts; what may be registered
// new-client.test.ts.

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createPeopledServer } from '../pages/testing.ts'
import { basic, introspect, signIn as signInDevice } from '../testing/device-flow.ts'
import type { TestServer } from '../testing/services.ts'
import { type ApiCaller, apiCaller, bearer, clientCaller, clientToken } from './testing.ts'

let server: TestServer
let admin: ApiCaller
beforeEach(async () => {
  server = await createPeopledServer()
  admin = await clientCaller(server, 'ops', ['countersign:admin'])
})

interface Client {
  readonly id: string
  readonly secret?: string
  readonly redirect_uris: readonly string[]
  readonly exchange: object
  readonly credentials: readonly object[]
}

const web = {
  id: 'web',
  name: 'Web',
  redirect_uris: ['https://app.example/cb'],
  grant_types: ['authorization_code', 'refresh_token', 'token-exchange'],
  scopes: ['openid'],
  exchange: { audiences: ['https://api.example'], foreign_tokens: true },
  access_token_seconds: 300,
  pages: { home: 'https://app.example/' },
}

test('CA-17 G-12 a client is registered, works with its secret, and the secret is told once', async () => {
  const added = await admin.call<Client>('POST', '/clients', { json: web })
  assert.equal(added.status, 201, added.body)
  assert.equal(added.headers.location, '/api/v1/clients/web')
  const { secret = '', ...rest } = added.json
  assert.match(secret, /^[\w-]{43}$/)
  assert.deepEqual(rest.exchange, web.exchange)
  const shown = await admin.call<Client>('GET', '/clients/web')
  assert.deepEqual(shown.json, rest)
  assert.doesNotMatch((await admin.call('GET', '/clients')).body, new RegExp(`"secret"|hash|${secret}`))
  const asked = await server.call('POST', '/oauth/introspect', {
    form: { token: 'x' },
    headers: basic('web', secret),
  })
  assert.equal(asked.status, 200)
})

test('what cannot be registered says which member, by the name it was sent under', async () => {
  const wrong: [object, RegExp][] = [
    [{ ...web, id: 'usr_x' }, /^id: /],
    [{ ...web, redirect_uris: ['http://app.example/cb'] }, /^redirect_uris: /],
    [{ ...web, redirectUris: [] }, /redirectUris/],
    [{ ...web, access_token_seconds: 1 }, /^access_token_seconds: /],
    [{ ...web, grant_types: ['password'] }, /^grant_types/],
    [{ ...web, exchange: { audiences: 1 } }, /^exchange\.audiences: /],
    [{ ...web, grant_types: ['authorization_code'] }, /^exchange: /],
    [{ id: 'x' }, /^name: /],
    [{ ...web, secret: 'short' }, /^secret: /],
  ]
  for (const [json, message] of wrong) {
    const answer = await admin.call<{ message: string }>('POST', '/clients', { json })
    assert.equal(answer.status, 400, answer.body)
    assert.match(answer.json.message, message)
  }
  await admin.call('POST', '/clients', { json: web })
  assert.equal((await admin.call('POST', '/clients', { json: web })).status, 409)
})

test('a client is changed member by member, what is not mentioned stays, and null takes back', async () => {
  await admin.call('POST', '/clients', { json: web })
  const before = (await admin.call<Client>('GET', '/clients/web')).json
  const change = { name: 'Wide Web', publisher: 'Acme', exchange: null }
  const changed = await admin.call<Client>('PATCH', '/clients/web', { json: change })
  assert.deepEqual(changed.json, { ...before, ...change })
  for (const json of [{ id: 'other' }, { public: true }, { secret: 'x'.repeat(40) }, { name: '' }])
    assert.equal((await admin.call('PATCH', '/clients/web', { json })).status, 400)
  assert.equal((await admin.call('PATCH', '/clients/none', { json: change })).status, 404)
})

test('audit: who registers or changes a client leaves behind what was said, and no secret', async () => {
  const secret = 'a secret of the caller, long enough to be one'
  await admin.call('POST', '/clients', { json: { ...web, secret } })
  const change = { redirect_uris: ['https://elsewhere.example/cb'], skips_consent: true, exchange: null }
  await admin.call('PATCH', '/clients/web', { json: change })
  const log = await admin.call<{ items: { event: string; detail: object }[] }>('GET', '/audit?client=web')
  const [changed, added] = log.json.items
  const { redirect_uris: redirectUris, skips_consent: skipsConsent, exchange } = change
  const members = ['redirectUris', 'skipsConsent', 'exchange']
  assert.deepEqual(changed?.detail, { members, redirectUris, skipsConsent, exchange })
  const { name, scopes } = web
  assert.partialDeepStrictEqual(added?.detail, { name, scopes, redirectUris: web.redirect_uris })
  assert.ok(!JSON.stringify(log.json).includes(secret))
})

test('CA-17 a secret is replaced without a gap, and the one before ends in time', async () => {
  const { secret: old = '' } = (await admin.call<Client>('POST', '/clients', { json: web })).json
  const rotated = await admin.call<Client>('POST', '/clients/web/secrets', { json: { overlap_seconds: 60 } })
  assert.equal(rotated.json.credentials.length, 2)
  const works = async (secret: string) => {
    const form = { token: 'x' }
    return (await server.call('POST', '/oauth/introspect', { form, headers: basic('web', secret) })).status
  }
  server.advance(2)
  assert.deepEqual([await works(old), await works(rotated.json.secret ?? '')], [200, 200])
  server.advance(60)
  assert.deepEqual([await works(old), await works(rotated.json.secret ?? '')], [401, 200])
})

test('RT-08 a client that is removed ends its sign-ins, and one of the same name begins with nothing', async () => {
  await admin.call('POST', '/clients', {
    json: {
      id: 'api',
      name: 'Api',
      first_party: true,
      secret: 'a-secret-of-more-than-thirty-two-characters',
    },
  })
  const { access_token: token } = await signInDevice(server)
  assert.equal((await introspect(server, token, 'api')).active, true)
  assert.equal((await admin.call('DELETE', '/clients/countersign-cli')).status, 204)
  assert.equal((await introspect(server, token, 'api')).active, false)
  assert.equal((await admin.call('DELETE', '/clients/countersign-cli')).status, 404)
})

test('a client whose scope was taken away has it no more, whatever its tokens say', async () => {
  const record = await server.services.store.read('client', 'ops')
  assert.ok(record)
  const token = clientToken(server, record)
  assert.equal((await apiCaller(server, bearer(token)).call('GET', '/keys')).status, 200)
  await admin.call('PATCH', '/clients/ops', { json: { scopes: ['openid'] } })
  server.advance(2)
  assert.equal((await apiCaller(server, bearer(token)).call('GET', '/keys')).status, 403)
})

test('RI-01 resources are registered under their identifiers, shown, changed and removed', async () => {
  const json = {
    id: 'https://mcp.example/server',
    name: 'MCP',
    scopes: [{ scope: 'files:read', words: 'read your files' }],
    open_to_all: true,
  }
  const added = await admin.call('POST', '/resources', { json })
  assert.equal(added.status, 201, added.body)
  const path = `/resources/${encodeURIComponent(json.id)}`
  assert.equal(added.headers.location, `/api/v1${path}`)
  assert.deepEqual((await admin.call('GET', path)).json, added.json)
  const changed = await admin.call('PATCH', path, { json: { access_token_seconds: 120 } })
  assert.deepEqual(changed.json, { ...added.json, access_token_seconds: 120 })
  assert.equal((await admin.call<{ items: object[] }>('GET', '/resources')).json.items.length, 1)
  assert.equal((await admin.call('POST', '/resources', { json })).status, 409)
  for (const wrong of [
    { ...json, id: 'nonsense' },
    { ...json, openToAll: true },
    { ...json, scopes: [{ scope: 'openid', words: 'x' }] },
    { ...json, scopes: [{ scope: 'countersign:admin', words: 'x' }] },
  ])
    assert.equal((await admin.call('POST', '/resources', { json: wrong })).status, 400)
  assert.equal((await admin.call('DELETE', path)).status, 204)
  assert.equal((await admin.call('GET', path)).status, 404)
})

test('REG-10 tokens for registration are made, told once, listed and removed', async () => {
  const made = await admin.call<{ id: string; token: string }>('POST', '/initial-access-tokens', {
    json: { name: 'CI', uses: 3, expires_in_seconds: 3600 },
  })
  assert.equal(made.status, 201)
  const listed = await admin.call<{ items: { id: string; uses_left: number }[] }>(
    'GET',
    '/initial-access-tokens',
  )
  assert.deepEqual(
    listed.json.items.map(({ id, uses_left: left }) => [id, left]),
    [[made.json.id, 3]],
  )
  assert.ok(!listed.body.includes(made.json.token))
  assert.equal((await admin.call('DELETE', `/initial-access-tokens/${made.json.id}`)).status, 204)
  assert.equal((await admin.call('DELETE', `/initial-access-tokens/${made.json.id}`)).status, 404)
  assert.equal((await admin.call('POST', '/initial-access-tokens', { json: { name: '' } })).status, 400)
})
