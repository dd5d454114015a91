// A sign-in for the token of a connected account, as request and answer. Who may have it, in all its cases, is
// protocol/connection-exchange.test.ts; real connections are tested in test/broker.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectionErrorCode, Connections } from '../connections.ts'
import { approveDevice, bodyOf, signIn, startDevice } from '../testing/device-flow.ts'
import { createProver } from '../testing/dpop.ts'
import {
  createTestServerWith,
  startOfTime,
  type TestServer,
  testAccount,
  testClient,
} from '../testing/services.ts'
import { deviceGrantType } from './device-authorize.ts'

const exchangeGrantType = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const tokenType = 'urn:countersign:params:oauth:token-type:connection:github'
const scope = 'countersign:connection:github'

const tool = {
  ...testClient,
  grantTypes: [...testClient.grantTypes, exchangeGrantType] as typeof testClient.grantTypes,
  scopes: ['openid', 'offline_access', scope],
}

interface Asked {
  readonly person: string
  readonly provider: string
  readonly scopes: readonly string[] | undefined
  readonly connection: string | undefined
}

/** One connection of one person, or a refusal with this code; what was asked for is written down. */
function connected(refusal?: ConnectionErrorCode, more: object = {}) {
  const asked: Asked[] = []
  const token: Connections['token'] = async (person, provider, { scopes, connection } = {}) => {
    asked.push({ person, provider, scopes, connection })
    if (refusal !== undefined) throw Object.assign(new Error('No.'), { code: refusal, ...more })
    return {
      accessToken: 'gho_of-the-person',
      expiresAt: startOfTime + 500.7,
      scopes: ['repo', 'read:user'],
      connection: {
        id: 'connection-1',
        provider,
        providerName: 'GitHub',
        account: null,
        label: 'GitHub',
        scopes: ['repo', 'read:user'],
        ended: null,
        createdAt: startOfTime,
        updatedAt: startOfTime,
      },
    }
  }
  const connections = { token, providers: [{ id: 'github', name: 'GitHub' }] } as unknown as Connections
  return { asked, connections }
}

const setUp = (connections: Connections | undefined, client: object = tool) =>
  createTestServerWith([client], connections === undefined ? {} : { connections })

async function signedIn(server: TestServer, form: Record<string, string> = {}): Promise<string> {
  const { access_token } = await signIn(server, { scope: `openid ${scope}`, ...form })
  return access_token
}

function formOf(subject: string, form: Record<string, string> = {}) {
  return {
    grant_type: exchangeGrantType,
    client_id: tool.id,
    subject_token: subject,
    subject_token_type: accessTokenType,
    requested_token_type: tokenType,
    ...form,
  }
}

function ask(server: TestServer, subject: string, form: Record<string, string> = {}) {
  return server.call('POST', '/oauth/token', { form: formOf(subject, form) })
}

test('TX-04 a terminal that is signed in gets the token of the account that its person has connected', async () => {
  const { asked, connections } = connected()
  const server = await setUp(connections)
  const response = await ask(server, await signedIn(server), { scope: 'repo', connection: 'connection-1' })
  assert.equal(response.status, 200, response.body)
  assert.deepEqual(bodyOf(response), {
    access_token: 'gho_of-the-person',
    issued_token_type: tokenType,
    token_type: 'Bearer',
    expires_in: 500,
    scope: 'repo read:user',
  })
  assert.equal(response.headers['cache-control'], 'no-store')
  assert.deepEqual(asked, [
    { person: testAccount.id, provider: 'github', scopes: ['repo'], connection: 'connection-1' },
  ])
})

test('the audit log tells who got which token of whom, and not the token', async () => {
  const server = await setUp(connected().connections)
  await ask(server, await signedIn(server))
  const entries = await server.services.store.list('auditEntry', '', 100)
  const told = entries.filter(({ event }) => event === 'connection.token_given')
  assert.equal(told.length, 1)
  assert.deepEqual(told[0]?.actor, { kind: 'client', id: tool.id })
  assert.equal(told[0]?.accountId, testAccount.id)
  assert.deepEqual(told[0]?.detail, {
    provider: 'github',
    connection: 'connection-1',
    scopes: ['repo', 'read:user'],
  })
  assert.doesNotMatch(JSON.stringify(entries), /gho_/)
})

test('TX-06 nobody gets one whom an administrator has not allowed it, and nobody is asked for it', async () => {
  const { asked, connections } = connected()
  const server = await setUp(connections)
  const subject = await signedIn(server)
  const other = 'urn:countersign:params:oauth:token-type:connection:google'
  const response = await ask(server, subject, { requested_token_type: other })
  assert.equal(bodyOf(response).error, 'unauthorized_client')
  const without = await signedIn(server, { scope: 'openid' })
  assert.equal(bodyOf(await ask(server, without)).error, 'invalid_scope')
  assert.equal(bodyOf(await ask(server, 'no-token')).error, 'invalid_request')
  assert.deepEqual(asked, [])
})

test('a sign-in that has ended brings nothing', async () => {
  const { asked, connections } = connected()
  const server = await setUp(connections)
  const subject = await signedIn(server)
  await server.call('POST', '/oauth/revoke', { form: { client_id: tool.id, token: subject } })
  assert.equal(bodyOf(await ask(server, subject)).error, 'invalid_request')
  assert.deepEqual(asked, [])
})

test('TX-02 the token of another program does not help', async () => {
  const { asked, connections } = connected()
  const server = await setUp(connections)
  await server.addClient({ ...tool, id: 'other' })
  const response = await ask(server, await signedIn(server), { client_id: 'other' })
  assert.equal(bodyOf(response).error, 'invalid_request')
  assert.deepEqual(asked, [])
})

test('TX-01 what has no meaning here is refused', async () => {
  const server = await setUp(connected().connections)
  const subject = await signedIn(server)
  for (const form of [
    { resource: 'https://api.example' },
    { audience: 'x' },
    { actor_token: 'x', actor_token_type: accessTokenType },
    { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
    { requested_token_type: `${tokenType}/..` },
  ])
    assert.equal(bodyOf(await ask(server, subject, form)).error, 'invalid_request', JSON.stringify(form))
})

for (const [code, sentence] of [
  ['not_connected', 'No account of this provider is connected.'],
  ['connection_not_found', 'No account of this provider is connected.'],
  ['connect_again', 'The account must be connected again.'],
  ['more_scopes', 'The account must be connected again with more permissions.'],
] as const) {
  test(`RFC 6749 §5.2 where only the person can help, the answer names the page: ${code}`, async () => {
    const server = await setUp(connected(code).connections)
    const response = await ask(server, await signedIn(server))
    assert.equal(response.status, 400)
    assert.deepEqual(bodyOf(response), {
      error: 'interaction_required',
      error_description: sentence,
      error_uri: 'https://login.example/account/connections',
    })
  })
}

test('TX-03 a provider that is not configured, or none at all', async () => {
  for (const connections of [connected('unknown_provider').connections, undefined]) {
    const server = await setUp(connections)
    const response = await ask(server, await signedIn(server))
    assert.equal(`${response.status} ${bodyOf(response).error}`, '400 invalid_target')
  }
})

test('trouble elsewhere is said to be for now, with a time to come back', async () => {
  for (const [code, more, after] of [
    ['try_later', { retryAfterSeconds: 17.2 }, '18'],
    ['try_later', { retryAfterSeconds: 1e9 }, '3600'],
    ['store_unavailable', {}, '2'],
    ['vault_locked', {}, '2'],
  ] as const) {
    const server = await setUp(connected(code, more).connections)
    const response = await ask(server, await signedIn(server))
    assert.equal(response.status, 503)
    assert.equal(response.headers['retry-after'], after)
  }
})

test('TX-07 a sign-in that is bound to a key brings nothing without that key', async () => {
  const { asked, connections } = connected()
  const server = await setUp(connections)
  const [owner, thief] = await Promise.all([createProver(), createProver()])
  const device = await startDevice(server, { scope: `openid ${scope}` })
  await approveDevice(server, device.device_code)
  const poll = { grant_type: deviceGrantType, device_code: device.device_code, client_id: tool.id }
  const { access_token: subject, token_type: type } = bodyOf(await owner.post(server, '/oauth/token', poll))
  assert.equal(type, 'DPoP')
  const bare = await ask(server, String(subject))
  assert.equal(bodyOf(bare).error, 'invalid_dpop_proof')
  const stolen = await thief.post(server, '/oauth/token', formOf(String(subject)))
  assert.equal(bodyOf(stolen).error, 'invalid_request')
  assert.deepEqual(asked, [])
  const own = await owner.post(server, '/oauth/token', formOf(String(subject)))
  assert.equal(own.status, 200, own.body)
})
