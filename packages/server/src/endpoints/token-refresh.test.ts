// Refreshing against standards.md section 13 (RT). The rule by itself is tested in @countersign/protocol.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  approveDevice,
  basic,
  bodyOf,
  claimsOf,
  errorOf,
  introspect,
  pollDevice,
  refresh,
  signIn,
  startDevice,
  type TokenAnswer,
} from '../testing/device-flow.ts'
import { createProver } from '../testing/dpop.ts'
import {
  createTestServerWith,
  startOfTime,
  type TestOptions,
  testAccount,
  testClient,
  testConfidentialClient,
} from '../testing/services.ts'

function withClients(options: TestOptions = {}) {
  const resources = ['https://a.example', 'https://b.example']
  const clients = [{ resources }, { ...testConfidentialClient, introspectsAll: true }]
  return createTestServerWith(clients, options)
}

const refreshed = async (...args: Parameters<typeof refresh>): Promise<TokenAnswer> => {
  const response = await refresh(...args)
  assert.equal(response.status, 200, response.body)
  return bodyOf<TokenAnswer>(response)
}

test('RT-01 a refresh token works for its own client only, and a stranger ends nothing', async () => {
  const server = await withClients()
  await server.addClient({ ...testClient, id: 'other' })
  const tokens = await signIn(server)
  assert.equal(
    errorOf(await refresh(server, tokens.refresh_token, { client_id: 'other' })),
    '400 invalid_grant',
  )
  assert.equal(
    errorOf(await refresh(server, tokens.refresh_token, {}, { headers: basic('api') })),
    '400 invalid_grant',
  )
  await refreshed(server, tokens.refresh_token)
})

test('RT-01 a confidential client authenticates for it', async () => {
  const server = await withClients()
  const tokens = await signIn(server, '', { headers: basic('api') })
  assert.equal(
    errorOf(await refresh(server, tokens.refresh_token, { client_id: 'api' })),
    '401 invalid_client',
  )
  await refreshed(server, tokens.refresh_token, {}, { headers: basic('api') })
})

test('RT-01 what is no refresh token of ours is invalid_grant, and none at all invalid_request', async () => {
  const server = await withClients()
  const { refresh_token: token, access_token: access } = await signIn(server)
  const flipped = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A')
  for (const wrong of [
    'x',
    'csr_',
    `csr_${'A'.repeat(100)}`,
    flipped,
    `${token}A`,
    `${token} `,
    access,
    'csr_'.padEnd(5000, 'A'),
  ])
    assert.equal(errorOf(await refresh(server, wrong)), '400 invalid_grant', wrong.slice(0, 40))
  assert.equal(errorOf(await refresh(server, '')), '400 invalid_request')
})

test('RT-02 TK-01 every use rotates, and the answer is a full one', async () => {
  const server = await withClients()
  const first = await signIn(server)
  const second = await refreshed(server, first.refresh_token)
  const third = await refreshed(server, second.refresh_token)
  assert.equal(new Set([first, second, third].map((tokens) => tokens.refresh_token)).size, 3)
  assert.equal(new Set([first, second, third].map((tokens) => tokens.access_token)).size, 3)
  assert.deepEqual(
    [third.token_type, third.expires_in, third.scope],
    ['Bearer', 600, testClient.scopes.join(' ')],
  )
})

test('RT-03 reuse after the grace ends the grant: its refresh tokens and its access tokens', async () => {
  const server = await withClients()
  const first = await signIn(server)
  const second = await refreshed(server, first.refresh_token)
  server.advance(31)
  assert.equal(errorOf(await refresh(server, first.refresh_token)), '400 invalid_grant')
  assert.equal(errorOf(await refresh(server, second.refresh_token)), '400 invalid_grant')
  assert.deepEqual(await introspect(server, second.access_token, 'api'), { active: false })
})

test('RT-03 it ends that grant and no other', async () => {
  const server = await withClients()
  const one = await signIn(server)
  const other = await signIn(server)
  await refreshed(server, one.refresh_token)
  server.advance(31)
  assert.equal(errorOf(await refresh(server, one.refresh_token)), '400 invalid_grant')
  await refreshed(server, other.refresh_token)
})

test('RT-04 twenty parallel requests with one token inside the grace get the same successor', async () => {
  const server = await withClients()
  const { refresh_token: token } = await signIn(server)
  const all = await Promise.all(Array.from({ length: 20 }, () => refresh(server, token)))
  const successors = all.map((response) => bodyOf<TokenAnswer>(response).refresh_token)
  assert.deepEqual(
    all.map(({ status }) => status),
    Array(20).fill(200),
  )
  assert.equal(new Set(successors).size, 1)
  await refreshed(server, successors[0] ?? '')
})

test('RT-04 the grace is for the token before, not for older ones, and a setting switches it off', async () => {
  const server = await withClients()
  const first = await signIn(server)
  const second = await refreshed(server, first.refresh_token)
  assert.equal((await refreshed(server, first.refresh_token)).refresh_token, second.refresh_token)
  await refreshed(server, second.refresh_token)
  assert.equal(errorOf(await refresh(server, first.refresh_token)), '400 invalid_grant')
  const strict = await withClients({ settings: { refreshGraceSeconds: 0 } })
  const only = await signIn(strict)
  await refreshed(strict, only.refresh_token)
  assert.equal(errorOf(await refresh(strict, only.refresh_token)), '400 invalid_grant')
})

test('RT-05 scope shrinks one access token, wider is refused and consumes nothing, the refresh token keeps all', async () => {
  const server = await withClients()
  const tokens = await signIn(server, { scope: 'openid email' })
  assert.equal(
    errorOf(await refresh(server, tokens.refresh_token, { scope: 'openid profile' })),
    '400 invalid_scope',
  )
  const narrow = await refreshed(server, tokens.refresh_token, { scope: 'email' })
  assert.equal(narrow.scope, 'email')
  assert.equal(narrow.id_token, undefined)
  const full = await refreshed(server, narrow.refresh_token)
  assert.equal(full.scope, 'openid email')
})

test('RT-06 RI-03 resource chooses within the grant, the refresh token stays bound to all of it', async () => {
  const server = await withClients()
  const a = 'resource=https%3A%2F%2Fa.example'
  const tokens = await signIn(server, `client_id=countersign-cli&${a}`)
  assert.equal(
    errorOf(await refresh(server, tokens.refresh_token, 'resource=https%3A%2F%2Fb.example')),
    '400 invalid_target',
  )
  const next = await refreshed(server, tokens.refresh_token, a)
  assert.equal(claimsOf(next.access_token).claims.aud, 'https://a.example')
  assert.equal(
    claimsOf((await refreshed(server, next.refresh_token)).access_token).claims.aud,
    'https://a.example',
  )
})

test('RT-07 it ends when idle too long, and sliding use never passes the absolute end', async () => {
  const server = await withClients({ settings: { refreshIdleSeconds: 1000, refreshAbsoluteSeconds: 2500 } })
  const idle = await signIn(server)
  server.advance(1000)
  assert.equal(errorOf(await refresh(server, idle.refresh_token)), '400 invalid_grant')
  let { refresh_token: token } = await signIn(server)
  for (const step of [900, 900]) {
    server.advance(step)
    token = (await refreshed(server, token)).refresh_token
  }
  server.advance(650)
  const last = await refreshed(server, token)
  assert.equal(last.expires_in, 50)
  server.advance(50)
  assert.equal(errorOf(await refresh(server, last.refresh_token)), '400 invalid_grant')
})

test('RT-07 every answer says when its refresh token ends unused, and when the authorization does', async () => {
  const server = await withClients({ settings: { refreshIdleSeconds: 1000, refreshAbsoluteSeconds: 2500 } })
  const endsOf = ({ refresh_token_expires_in: idle, authorization_expires_in: end }: TokenAnswer) => [
    idle,
    end,
  ]
  let tokens = await signIn(server)
  assert.deepEqual(endsOf(tokens), [1000, 2500])
  server.advance(900)
  tokens = await refreshed(server, tokens.refresh_token)
  assert.deepEqual(endsOf(tokens), [1000, 1600])
  server.advance(900)
  tokens = await refreshed(server, tokens.refresh_token)
  assert.deepEqual(endsOf(tokens), [700, 700])
})

test('RT-08 a disabled account and a deleted client end it', async () => {
  const server = await withClients()
  const { store } = server.services
  const tokens = await signIn(server)
  const account = await store.read('account', testAccount.id)
  assert.ok(account)
  await store.apply([{ op: 'update', kind: 'account', record: { ...account, disabledAt: 1 } }])
  assert.equal(errorOf(await refresh(server, tokens.refresh_token)), '400 invalid_grant')
  const client = await store.read('client', testClient.id)
  assert.ok(client)
  await store.apply([{ op: 'delete', kind: 'client', record: client }])
  server.advance(1)
  assert.equal(errorOf(await refresh(server, tokens.refresh_token)), '401 invalid_client')
})

test('RT-10 AT-04 the new ID token keeps issuer, subject, audience and the time of the sign-in', async () => {
  const server = await withClients()
  const first = await signIn(server)
  server.advance(500)
  const second = await refreshed(server, first.refresh_token)
  const [before, after] = [first, second].map((tokens) => claimsOf(tokens.id_token ?? '').claims)
  for (const name of ['iss', 'sub', 'aud', 'auth_time', 'amr'])
    assert.deepEqual(after?.[name], before?.[name], name)
  assert.ok(!('nonce' in (after ?? {})))
  assert.equal(Number(after?.iat) - Number(before?.iat), 500)
  assert.equal(claimsOf(second.access_token).claims.auth_time, claimsOf(first.access_token).claims.auth_time)
})

test('RT-11 a client that did not register it may not use it', async () => {
  const server = await withClients()
  await server.addClient({
    ...testClient,
    id: 'short',
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'],
  })
  const tokens = await signIn(server)
  assert.equal(
    errorOf(await refresh(server, tokens.refresh_token, { client_id: 'short' })),
    '400 unauthorized_client',
  )
})

test('G-13 the store holds no refresh token in clear, nor its successor', async () => {
  const server = await withClients()
  const first = await signIn(server)
  const second = await refreshed(server, first.refresh_token)
  const grants = JSON.stringify(await server.services.store.list('grant'))
  for (const token of [first.refresh_token, second.refresh_token, first.access_token])
    assert.ok(!grants.includes(token))
})

const tokenPath = '/oauth/token'
const withKey = { settings: { dpopNonces: false } }

test('RT-09 RT-02 X-19 tokens of a public client that proved a key rotate with that key only, and a thief ends nothing', async () => {
  const server = await withClients(withKey)
  const [prover, thief] = [await createProver(), await createProver()]
  const device = await startDevice(server)
  await approveDevice(server, device.device_code)
  const dpop = await prover.prove(server, { path: tokenPath })
  const first = bodyOf<TokenAnswer>(await pollDevice(server, device.device_code, {}, { headers: { dpop } }))
  assert.equal(first.token_type, 'DPoP')
  const form = (token: string) => ({
    grant_type: 'refresh_token',
    refresh_token: token,
    client_id: testClient.id,
  })
  for (let i = 0; i < 2; i++) {
    assert.equal(errorOf(await refresh(server, first.refresh_token)), '400 invalid_grant')
    assert.equal(errorOf(await thief.post(server, tokenPath, form(first.refresh_token))), '400 invalid_grant')
  }
  const second = bodyOf<TokenAnswer>(await prover.post(server, tokenPath, form(first.refresh_token)))
  assert.equal(second.token_type, 'DPoP')
  assert.deepEqual(claimsOf(second.access_token).claims.cnf, { jkt: prover.jkt })
  // RT-04: the grace is for the same key as well.
  assert.equal(errorOf(await refresh(server, first.refresh_token)), '400 invalid_grant')
  const again = bodyOf<TokenAnswer>(await prover.post(server, tokenPath, form(first.refresh_token)))
  assert.equal(again.refresh_token, second.refresh_token)
  server.advance(31)
  assert.equal(errorOf(await refresh(server, first.refresh_token)), '400 invalid_grant')
  assert.equal((await prover.post(server, tokenPath, form(second.refresh_token))).status, 200)
})

test('RT-03 RT-09 a reuse with the key ends a bound family like any other', async () => {
  const server = await withClients(withKey)
  const prover = await createProver()
  const device = await startDevice(server)
  await approveDevice(server, device.device_code)
  const dpop = await prover.prove(server, { path: tokenPath })
  const first = bodyOf<TokenAnswer>(await pollDevice(server, device.device_code, {}, { headers: { dpop } }))
  const form = (token: string) => ({
    grant_type: 'refresh_token',
    refresh_token: token,
    client_id: testClient.id,
  })
  const second = bodyOf<TokenAnswer>(await prover.post(server, tokenPath, form(first.refresh_token)))
  server.advance(31)
  for (const token of [first.refresh_token, second.refresh_token])
    assert.equal(errorOf(await prover.post(server, tokenPath, form(token))), '400 invalid_grant')
})

test('RT-09 those of a confidential client are bound to its credential, and each access token to the key of its request', async () => {
  const server = await withClients(withKey)
  const headers = basic('api')
  const tokens = await signIn(server, '', { headers })
  for (const prover of [await createProver(), await createProver('EdDSA')]) {
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
    const bound = bodyOf<TokenAnswer>(await prover.post(server, tokenPath, form, { headers }))
    assert.deepEqual(claimsOf(bound.access_token).claims.cnf, { jkt: prover.jkt })
  }
  const plain = await refreshed(server, tokens.refresh_token, {}, { headers })
  assert.equal(plain.token_type, 'Bearer')
  assert.ok(!('cnf' in claimsOf(plain.access_token).claims))
})

test('RT-07 a client has lifetimes of its own where it has them', async () => {
  const server = await withClients({ settings: { refreshIdleSeconds: 1000, refreshAbsoluteSeconds: 5000 } })
  await server.addClient({ ...testClient, id: 'brief', refreshIdleSeconds: 100, refreshAbsoluteSeconds: 250 })
  await server.addClient({
    ...testClient,
    id: 'long',
    refreshIdleSeconds: 3000,
    refreshAbsoluteSeconds: 9000,
  })
  const ofClient = async (id: string) => {
    const { device_code: code } = await startDevice(server, { client_id: id })
    await approveDevice(server, code)
    return bodyOf<TokenAnswer>(await pollDevice(server, code, { client_id: id }))
  }
  const [brief, idle, long] = [await ofClient('brief'), await ofClient('brief'), await ofClient('long')]
  server.advance(99)
  const second = await refreshed(server, brief.refresh_token, { client_id: 'brief' })
  server.advance(1)
  assert.equal(
    errorOf(await refresh(server, idle.refresh_token, { client_id: 'brief' })),
    '400 invalid_grant',
  )
  server.advance(98)
  const third = await refreshed(server, second.refresh_token, { client_id: 'brief' })
  server.advance(51)
  const last = await refreshed(server, third.refresh_token, { client_id: 'brief' })
  assert.equal(last.expires_in, 1)
  server.advance(1)
  assert.equal(
    errorOf(await refresh(server, last.refresh_token, { client_id: 'brief' })),
    '400 invalid_grant',
  )
  assert.equal(server.services.system.now(), startOfTime + 250)
  server.advance(2700)
  await refreshed(server, long.refresh_token, { client_id: 'long' })
})

test('RI-05 RT-06 a resource has its own form and lifetime of tokens, and only its own scopes are in them', async () => {
  const server = await createTestServerWith([
    {
      scopes: ['openid', 'notes:read', 'other'],
      resources: ['https://notes.example', 'https://plain.example'],
    },
    { ...testConfidentialClient, introspectsAll: true },
  ])
  const record = {
    id: 'https://notes.example',
    version: 0,
    name: 'Notes',
    scopes: [{ scope: 'notes:read', words: 'read your notes', risk: null, optional: false }],
    openToAll: false,
    accessTokenFormat: 'opaque' as const,
    accessTokenSeconds: 60,
    createdAt: startOfTime,
  }
  await server.services.store.apply([{ op: 'insert', kind: 'resource', record }])
  const form = new URLSearchParams([
    ['client_id', testClient.id],
    ['scope', 'openid notes:read other'],
    ['resource', 'https://notes.example'],
    ['resource', 'https://plain.example'],
  ]).toString()
  const { device_code: code } = await startDevice(server, form)
  await approveDevice(server, code)
  const notes = 'resource=https%3A%2F%2Fnotes.example'
  const first = bodyOf<TokenAnswer>(await pollDevice(server, code, notes))
  assert.match(first.access_token, /^cst_/)
  assert.deepEqual([first.expires_in, first.scope], [60, 'notes:read'])
  assert.ok(first.id_token, 'openid was granted, whatever this token is for')
  const said = await introspect(server, first.access_token, 'api')
  assert.deepEqual([said.aud, said.scope], ['https://notes.example', 'notes:read'])
  const plain = await refreshed(server, first.refresh_token, 'resource=https%3A%2F%2Fplain.example')
  assert.deepEqual([plain.expires_in, plain.scope], [600, 'openid notes:read other'])
  assert.equal(claimsOf(plain.access_token).claims.aud, 'https://plain.example')
  const back = await refreshed(server, plain.refresh_token, notes)
  assert.deepEqual([back.expires_in, back.scope], [60, 'notes:read'])
})
