// Token exchange as a request and an answer (RFC 8693 §2, standards.md TX). What may be exchanged for what, in all its cases, is
// protocol/token-exchange.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '@countersign/protocol'
import {
  basic,
  bodyOf,
  claimsOf,
  errorOf,
  introspect,
  refresh,
  signIn,
  tampered,
} from '../testing/device-flow.ts'
import { createProver } from '../testing/dpop.ts'
import {
  createTestServerWith,
  startOfTime,
  type TestServer,
  testConfidentialClient,
} from '../testing/services.ts'

const exchangeGrantType = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const api = 'https://api.example'
const store = 'https://store.example'

const agent: Client = {
  ...testConfidentialClient,
  id: 'agent',
  grantTypes: [...testConfidentialClient.grantTypes, exchangeGrantType, 'client_credentials'],
  scopes: ['openid', 'offline_access', 'read', 'write'],
  resources: [api],
  exchange: { audiences: [], foreignTokens: false },
}
/** The API, which goes on to the store behind it. */
const middle: Client = {
  ...testConfidentialClient,
  id: 'middle',
  grantTypes: [exchangeGrantType, 'client_credentials'],
  scopes: ['read'],
  resources: [api],
  exchange: { audiences: [store], foreignTokens: true },
}
const behind: Client = { ...testConfidentialClient, id: 'behind', resources: [store], introspectsAll: true }
const child: Client = { ...testConfidentialClient, id: 'child', grantTypes: ['client_credentials'] }

const setUp = (...clients: readonly Partial<Client>[]) =>
  createTestServerWith([agent, middle, behind, child, ...clients])

async function agentSignsIn(server: TestServer) {
  const form = new URLSearchParams({ scope: 'openid offline_access read write', resource: api }).toString()
  return signIn(server, form, { headers: basic('agent') })
}

async function ownToken(server: TestServer, id: string): Promise<string> {
  const form = { grant_type: 'client_credentials' }
  const response = await server.call('POST', '/oauth/token', { form, headers: basic(id) })
  assert.equal(response.status, 200, response.body)
  return String(bodyOf(response).access_token)
}

/** A request to exchange; what is undefined is left out. */
function ask(
  server: TestServer,
  form: Readonly<Record<string, string | undefined>> | string,
  id = 'agent',
): ReturnType<TestServer['call']> {
  const base = { grant_type: exchangeGrantType, subject_token_type: accessTokenType }
  const full =
    typeof form === 'string'
      ? `${new URLSearchParams(base).toString()}&${form}`
      : new URLSearchParams(
          Object.entries({ ...base, ...form }).filter((entry): entry is [string, string] => !!entry[1]),
        ).toString()
  return server.call('POST', '/oauth/token', { form: full, headers: basic(id) })
}

async function exchanged(...args: Parameters<typeof ask>): Promise<Record<string, unknown>> {
  const response = await ask(...args)
  assert.equal(response.status, 200, response.body)
  return bodyOf(response)
}

test('TX-04 TX-07 TX-10 an agent hands a smaller token to its child', async () => {
  const server = await setUp()
  const { access_token: token } = await agentSignsIn(server)
  server.advance(10)
  const { access_token: smaller, ...rest } = await exchanged(server, {
    subject_token: token,
    scope: 'read',
    expires_in: '60',
  })
  assert.deepEqual(rest, {
    issued_token_type: accessTokenType,
    token_type: 'Bearer',
    expires_in: 60,
    scope: 'read',
  })
  const before = claimsOf(token).claims
  const { jti, ...claims } = claimsOf(String(smaller)).claims
  const { jti: first, ...same } = before
  assert.ok(String(jti).startsWith(`${String(first)}.`))
  assert.deepEqual(claims, { ...same, scope: 'read', iat: startOfTime + 10, exp: startOfTime + 70 })
})

test('TX-07 the child ends with the sign-in, with the token it came from, and never later than that', async () => {
  const server = await setUp()
  const { access_token: token, refresh_token: refreshToken } = await agentSignsIn(server)
  server.advance(400)
  const { access_token: late, expires_in: left } = await exchanged(server, { subject_token: token })
  assert.equal(left, 200)
  const renewed = bodyOf(await refresh(server, refreshToken, '', { headers: basic('agent') }))
  const { access_token: other } = await exchanged(server, { subject_token: String(renewed.access_token) })
  const alive = async (one: unknown) => (await introspect(server, String(one), 'behind')).active
  assert.deepEqual([await alive(late), await alive(other)], [true, true])

  const revoke = (one: unknown) =>
    server.call('POST', '/oauth/revoke', { form: { token: String(one) }, headers: basic('agent') })
  await revoke(token)
  assert.deepEqual([await alive(late), await alive(other)], [false, true])
  await revoke(renewed.refresh_token)
  assert.equal(await alive(other), false)
})

test('TX-08 an agent lets its child act for the person: act, and history inside', async () => {
  const server = await setUp()
  const { access_token: token } = await agentSignsIn(server)
  const { access_token: delegated } = await exchanged(server, {
    subject_token: token,
    actor_token: await ownToken(server, 'child'),
    actor_token_type: accessTokenType,
    scope: 'read',
  })
  const { claims } = claimsOf(String(delegated))
  assert.deepEqual([claims.sub, claims.act], ['usr_mia', { sub: 'child' }])
  const { access_token: further } = await exchanged(
    server,
    { subject_token: String(delegated), audience: store },
    'middle',
  )
  const told = await introspect(server, String(further), 'behind')
  assert.deepEqual(
    [told.sub, told.client_id, told.aud, told.act],
    ['usr_mia', 'middle', store, { sub: 'middle', act: { sub: 'child' } }],
  )
})

test('TX-01 subject_token, its type, and the type of an actor token exactly when there is one', async () => {
  const server = await setUp()
  const { access_token: token } = await agentSignsIn(server)
  const fault = async (form: Readonly<Record<string, string | undefined>>) =>
    errorOf(await ask(server, { subject_token: token, ...form }))
  assert.equal(await fault({ subject_token: undefined }), '400 invalid_request')
  assert.equal(await fault({ subject_token_type: undefined }), '400 invalid_request')
  assert.equal(await fault({ actor_token: token }), '400 invalid_request')
  assert.equal(await fault({ actor_token_type: accessTokenType }), '400 invalid_request')
})

test('TX-02 X-13 whatever is wrong with a subject or actor token is invalid_request', async () => {
  const server = await setUp()
  const { access_token: token, id_token: idToken, refresh_token: refreshToken } = await agentSignsIn(server)
  const foreign = await ownToken(server, 'middle')
  for (const subject of ['x', 'a.b.c', tampered(token), refreshToken, idToken ?? '', foreign]) {
    assert.equal(errorOf(await ask(server, { subject_token: subject })), '400 invalid_request')
    const actor = { subject_token: token, actor_token: subject, actor_token_type: accessTokenType }
    if (subject !== foreign) assert.equal(errorOf(await ask(server, actor)), '400 invalid_request')
  }
  for (const type of ['id_token', 'refresh_token', 'saml2', 'jwt']) {
    const form = { subject_token: token, subject_token_type: `urn:ietf:params:oauth:token-type:${type}` }
    assert.equal(errorOf(await ask(server, form)), '400 invalid_request', type)
  }
  server.advance(600)
  assert.equal(errorOf(await ask(server, { subject_token: token })), '400 invalid_request')
})

test('TX-02 tokens of a person who was disabled, or of a sign-in that ended, are exchanged for nothing', async () => {
  const server = await setUp()
  const { access_token: token } = await agentSignsIn(server)
  const account = await server.services.store.read('account', 'usr_mia')
  assert.ok(account)
  await server.services.store.apply([
    { op: 'update', kind: 'account', record: { ...account, disabledAt: startOfTime } },
  ])
  assert.equal(errorOf(await ask(server, { subject_token: token })), '400 invalid_request')
})

test('TX-03 a target that is not allowed is invalid_target', async () => {
  const server = await setUp()
  const { access_token: token } = await agentSignsIn(server)
  for (const target of [
    { resource: store },
    { audience: store },
    { audience: 'store' },
    { resource: `${api}/` },
  ])
    assert.equal(errorOf(await ask(server, { subject_token: token, ...target })), '400 invalid_target')
  assert.equal(
    (await exchanged(server, { subject_token: token, resource: api, audience: api })).expires_in,
    600,
  )
})

test('TX-03 G-07 resource and audience may be repeated; what they come to is one audience', async () => {
  const server = await setUp()
  const { access_token: token } = await agentSignsIn(server)
  const repeated = (...targets: string[]) =>
    ask(server, `subject_token=${token}&${targets.join('&')}`, 'middle')
  const [a, b] = [encodeURIComponent(api), encodeURIComponent(store)]
  assert.equal((await repeated(`audience=${b}`, `audience=${b}`)).status, 200)
  assert.equal((await repeated(`resource=${b}`, `audience=${b}`, `resource=${b}`)).status, 200)
  assert.equal(errorOf(await repeated(`audience=${a}`, `audience=${b}`)), '400 invalid_target')
  assert.equal(errorOf(await repeated(`scope=read`, `scope=read`)), '400 invalid_request')
})

test('TX-05 another kind of token than an access token is not made, so that no answer is N_A', async () => {
  const server = await setUp()
  const { access_token: token } = await agentSignsIn(server)
  for (const type of ['id_token', 'refresh_token', 'jwt', 'id-jag', 'saml2']) {
    const form = {
      subject_token: token,
      requested_token_type: `urn:ietf:params:oauth:token-type:${type}`,
    }
    assert.equal(errorOf(await ask(server, form)), '400 invalid_request', type)
  }
  const same = await exchanged(server, { subject_token: token, requested_token_type: accessTokenType })
  assert.deepEqual([same.issued_token_type, same.token_type], [accessTokenType, 'Bearer'])
})

test('TX-07 a wish for a lifetime is a whole number of seconds', async () => {
  const server = await setUp()
  const { access_token: token } = await agentSignsIn(server)
  for (const seconds of ['0', '-5', '1.5', 'soon', '9999999999', '1e3'])
    assert.equal(
      errorOf(await ask(server, { subject_token: token, expires_in: seconds })),
      '400 invalid_request',
      seconds,
    )
  assert.equal((await exchanged(server, { subject_token: token, expires_in: '999999999' })).expires_in, 600)
})

test('TX-06 who cannot authenticate, has no policy, or did not register the grant is refused', async () => {
  const grantTypes = [exchangeGrantType] as const
  const server = await setUp(
    { ...agent, id: 'bare', exchange: null },
    { ...agent, id: 'open', authMethods: ['none'], secrets: [] },
    { ...agent, id: 'other', grantTypes: ['client_credentials'] },
    { ...agent, id: 'stranger', grantTypes },
  )
  const { access_token: token } = await agentSignsIn(server)
  const form = { subject_token: token }
  assert.equal(errorOf(await ask(server, form, 'bare')), '400 unauthorized_client')
  assert.equal(errorOf(await ask(server, form, 'other')), '400 unauthorized_client')
  assert.equal(errorOf(await ask(server, form, 'stranger')), '400 invalid_request')
  const open = await server.call('POST', '/oauth/token', {
    form: { ...form, grant_type: exchangeGrantType, subject_token_type: accessTokenType, client_id: 'open' },
  })
  assert.equal(errorOf(open), '400 unauthorized_client')
  const wrong = await server.call('POST', '/oauth/token', {
    form: { ...form, grant_type: exchangeGrantType, subject_token_type: accessTokenType },
    headers: basic('agent', 'wrong'),
  })
  assert.equal(errorOf(wrong), '401 invalid_client')
})

test('TX-07 CC-03 a client token in the hands of another keeps its subject and ends with the token before it', async () => {
  const server = await setUp({ ...agent, id: 'job', scopes: ['read'] })
  const form = { grant_type: 'client_credentials', resource: api }
  const response = await server.call('POST', '/oauth/token', { form, headers: basic('job') })
  const token = String(bodyOf(response).access_token)
  const { access_token: further } = await exchanged(
    server,
    { subject_token: token, audience: store },
    'middle',
  )
  const told = await introspect(server, String(further), 'behind')
  assert.deepEqual([told.sub, told.client_id, told.act], ['job', 'middle', { sub: 'middle' }])
  // RS-12: nobody takes the job for a person.
  assert.deepEqual([told.sub_kind, claimsOf(String(further)).claims.sub_kind], ['client', 'client'])
  await server.call('POST', '/oauth/revoke', { form: { token }, headers: basic('job') })
  assert.equal((await introspect(server, String(further), 'behind')).active, false)
})

for (const gone of ['job', 'middle'])
  test(`TX-07 a token that two clients stand behind ends with either: ${gone}`, async () => {
    const server = await setUp({ ...agent, id: 'job', scopes: ['read'], accessTokenFormat: 'opaque' })
    const form = { grant_type: 'client_credentials', resource: api }
    const own = bodyOf(await server.call('POST', '/oauth/token', { form, headers: basic('job') }))
    const { access_token: person } = await agentSignsIn(server)
    const of = async (subject: unknown) =>
      (await exchanged(server, { subject_token: String(subject), audience: store }, 'middle')).access_token
    const [ofJob, ofPerson] = [await of(own.access_token), await of(person)]
    const record = await server.services.store.read('client', gone)
    assert.ok(record)
    await server.services.store.apply([{ op: 'delete', kind: 'client', record }])
    server.advance(2)
    assert.equal((await introspect(server, String(ofJob), 'behind')).active, false)
    assert.equal((await introspect(server, String(ofPerson), 'behind')).active, gone === 'job')
  })

test('TX-07 TX-08 what the last of a chain holds ends with each that acts in it, also with one in between', async () => {
  const server = await setUp({ ...middle, id: 'last', resources: [store] })
  const { access_token: persons } = await agentSignsIn(server)
  const job = { grant_type: 'client_credentials', resource: api, scope: 'read' }
  const own = await server.call('POST', '/oauth/token', { form: job, headers: basic('agent') })
  const held = await Promise.all(
    [persons, String(bodyOf(own).access_token)].map(async (subject) => {
      const between = await exchanged(server, { subject_token: subject, audience: store }, 'middle')
      return String(
        (await exchanged(server, { subject_token: String(between.access_token) }, 'last')).access_token,
      )
    }),
  )
  const active = () =>
    Promise.all(held.map(async (token) => (await introspect(server, token, 'behind')).active))
  assert.deepEqual(await active(), [true, true])
  const record = await server.services.store.read('client', 'middle')
  assert.ok(record)
  await server.services.store.apply([{ op: 'delete', kind: 'client', record }])
  server.advance(2)
  assert.deepEqual(await active(), [false, false])
})

test('TX-07 the same facts travel in opaque tokens', async () => {
  const server = await setUp({ ...middle, id: 'opaque', accessTokenFormat: 'opaque' })
  const form = { grant_type: 'client_credentials', resource: api, scope: 'read' }
  const own = bodyOf(await server.call('POST', '/oauth/token', { form, headers: basic('agent') }))
  const subject = String(own.access_token)
  const { access_token: token } = await exchanged(
    server,
    { subject_token: subject, audience: store },
    'opaque',
  )
  assert.match(String(token), /^cst_/)
  const told = await introspect(server, String(token), 'behind')
  assert.deepEqual([told.sub, told.client_id, told.act], ['agent', 'opaque', { sub: 'opaque' }])
})

test('TX-08 may_act of a token that names its one actor is enforced', async () => {
  const server = await setUp()
  const { access_token: token } = await agentSignsIn(server)
  const { claims } = claimsOf(token)
  const naming = (sub: string) =>
    server.services.keys.sign('ES256', { typ: 'at+jwt' }, { ...claims, may_act: { sub } }).text
  assert.equal(errorOf(await ask(server, { subject_token: naming('child') })), '400 invalid_request')
  const { access_token: kept } = await exchanged(server, { subject_token: naming('agent') })
  assert.deepEqual(claimsOf(String(kept)).claims.may_act, { sub: 'agent' })
})

test('G-20 each exchange is in the audit log: who, for whom, from which token, and no token in it', async () => {
  const server = await setUp()
  const { access_token: token } = await agentSignsIn(server)
  const { access_token: further } = await exchanged(
    server,
    { subject_token: token, audience: store },
    'middle',
  )
  const entries = await server.services.store.list('auditEntry')
  const entry = entries.find(({ event }) => event === 'token.exchanged')
  assert.ok(entry)
  assert.deepEqual(
    [entry.actor, entry.accountId, entry.clientId, entry.detail.audience, entry.detail.actor],
    [{ kind: 'client', id: 'middle' }, 'usr_mia', 'middle', store, 'middle'],
  )
  const text = JSON.stringify(entry)
  assert.ok(!text.includes(token) && !text.includes(String(further)))
})

test('TX-07 DP-06 the token of a key is exchanged by that key, or by a service with a key of its own', async () => {
  const server = await setUp()
  const [ofAgent, ofThief, ofService] = await Promise.all([createProver(), createProver(), createProver()])
  const own = { grant_type: 'client_credentials', resource: api, scope: 'read' }
  const first = await ofAgent.post(server, '/oauth/token', own, { headers: basic('agent') })
  const { access_token: token, token_type: type } = bodyOf(first)
  assert.equal(type, 'DPoP')
  const form = {
    grant_type: exchangeGrantType,
    subject_token: String(token),
    subject_token_type: accessTokenType,
  }
  const agentHeaders = { headers: basic('agent') }
  const without = await server.call('POST', '/oauth/token', { form, ...agentHeaders })
  assert.equal(errorOf(without), '400 invalid_dpop_proof')
  const stolen = await ofThief.post(server, '/oauth/token', form, agentHeaders)
  assert.equal(stolen.status, 400, stolen.body)
  assert.equal(bodyOf(stolen).error, 'invalid_request')
  const kept = bodyOf(await ofAgent.post(server, '/oauth/token', form, agentHeaders))
  assert.deepEqual(claimsOf(String(kept.access_token)).claims.cnf, { jkt: ofAgent.jkt })
  assert.equal(kept.token_type, 'DPoP')

  const further = { ...form, audience: store }
  const bare = await server.call('POST', '/oauth/token', { form: further, headers: basic('middle') })
  assert.equal(errorOf(bare), '400 invalid_dpop_proof')
  const moved = bodyOf(await ofService.post(server, '/oauth/token', further, { headers: basic('middle') }))
  assert.deepEqual(claimsOf(String(moved.access_token)).claims.cnf, { jkt: ofService.jkt })
})
