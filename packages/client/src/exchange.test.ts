// Smaller tokens against a scripted server: what is sent, what stays of the sign-in, what a refusal becomes. Against the real
// server: packages/cli/src/exec.test.ts.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { type CredentialStore, keyOf, type LiveCredential } from './credentials.ts'
import { childToken, endChildToken, exchangeToken } from './exchange.ts'
import { system } from './system.ts'
import { numberedTokens } from './testing/answers.ts'
import {
  json,
  paths,
  reset,
  type ScriptedServer,
  startScriptedServer,
  tokensOf,
} from './testing/scripted-server.ts'
import { keepCurrent, liveCredential, newStore } from './testing/signed-in.ts'

let server: ScriptedServer
let store: CredentialStore
let stored: LiveCredential
beforeEach(async () => {
  server = await startScriptedServer()
  store = newStore()
  stored = liveCredential(server.issuer, {
    account: { id: 'acct-1', email: 'mia@example.com' },
    scope: 'openid files:read files:write',
  })
  keepCurrent(store, stored)
})
afterEach(() => server.close())

const child = (narrowing: { resource?: string; scope?: string } = {}) =>
  childToken({ store, key: keyOf(stored), system, ...narrowing })
const live = (): LiveCredential => {
  const found = store.read(keyOf(stored))
  assert.equal(found?.state, 'live')
  return found
}

test('RI-03 RT-05 a smaller token comes by the refresh token; the rotated one is kept, the sign-in stays as it was', async () => {
  server.on(paths.token, json(200, { ...tokensOf(), scope: 'files:read' }))
  const token = await child({ resource: 'https://api.example', scope: 'files:read' })
  assert.equal(token.accessToken, 'ACCESS-canary-1')
  assert.equal(token.scope, 'files:read')
  const form = server.at(paths.token)[0]?.form ?? {}
  assert.deepEqual(
    [form.grant_type, form.refresh_token, form.resource, form.scope],
    ['refresh_token', 'REFRESH-canary-0', 'https://api.example', 'files:read'],
  )
  const { accessToken, refreshToken, scope, expiresAt } = live()
  assert.deepEqual(
    [accessToken, refreshToken, scope, expiresAt],
    ['ACCESS-canary-0', 'REFRESH-canary-1', stored.scope, stored.expiresAt],
  )
})

test('CL-09 many at once spend each refresh token once', async () => {
  server.on(paths.token, numberedTokens())
  await Promise.all(Array.from({ length: 8 }, () => child({ scope: 'files:read' })))
  const spent = server.at(paths.token).map(({ form }) => form.refresh_token)
  assert.equal(new Set(spent).size, 8)
  assert.equal(live().refreshToken, 'REFRESH-canary-8')
})

test('CL-18 what the sign-in does not reach is said with all that the next one has to ask for', async () => {
  for (const error of ['invalid_scope', 'invalid_target']) {
    server.on(paths.token, json(400, { error }))
    await assert.rejects(child({ resource: 'https://b.example', scope: 'files:read admin' }), {
      code: 'sign_in_required',
      reason: 'more_access',
      needs: {
        scope: 'openid email files:read files:write admin',
        missing: ['admin'],
        resource: 'https://b.example',
      },
    })
  }
  assert.equal(live().refreshToken, 'REFRESH-canary-0')
})

test('CL-10 a sign-in that the server has ended is ended here too; one that is unreachable stays', async () => {
  server.on(paths.token, reset)
  await assert.rejects(child(), { code: 'network' })
  assert.equal(live().refreshToken, 'REFRESH-canary-0')
  server.on(paths.token, json(400, { error: 'invalid_grant' }))
  await assert.rejects(child(), { code: 'sign_in_required', reason: 'ended_by_server' })
  assert.equal(store.read(keyOf(stored))?.state, 'ended')
})

test('TX-01 without a refresh token it is exchanged, and nothing of it is stored', async () => {
  const { refreshToken: _none, ...rest } = stored
  keepCurrent(store, rest)
  server.on(paths.token, json(200, { ...tokensOf(), refresh_token: undefined, issued_token_type: 'x' }))
  assert.equal((await child({ scope: 'files:read' })).accessToken, 'ACCESS-canary-1')
  const form = server.at(paths.token)[0]?.form ?? {}
  assert.deepEqual(
    [form.grant_type, form.subject_token, form.subject_token_type, form.scope, form.client_id],
    [
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'ACCESS-canary-0',
      'urn:ietf:params:oauth:token-type:access_token',
      'files:read',
      'test-cli',
    ],
  )
  assert.equal(live().accessToken, 'ACCESS-canary-0')
})

test('TX-06 a server that lets only others exchange is quoted in a sentence', async () => {
  for (const error of ['unauthorized_client', 'unsupported_grant_type', 'invalid_client']) {
    server.on(paths.token, json(error === 'invalid_client' ? 401 : 400, { error }))
    const options = { issuer: server.issuer, clientId: 'test-cli', subjectToken: 'given', system }
    await assert.rejects(exchangeToken({ ...options, scope: 'files:read' }), {
      code: 'refused_by_policy',
      description: /may not exchange/,
    })
  }
})

test('CL-14 a token of an unknown type is not used', async () => {
  server.on(paths.token, json(200, { ...tokensOf(), token_type: 'mac' }))
  await assert.rejects(child(), { code: 'malformed_answer' })
})

test('RV-08 a child token is revoked by itself, and failing to is no error', async () => {
  const options = { issuer: server.issuer, clientId: 'test-cli', system }
  assert.equal(await endChildToken(options, 'ACCESS-canary-1'), 'revoked')
  assert.deepEqual(
    server.at(paths.revoke).map(({ form }) => [form.token, form.token_type_hint]),
    [['ACCESS-canary-1', 'access_token']],
  )
  await server.close()
  assert.equal(await endChildToken(options, 'ACCESS-canary-1'), 'unreachable')
})
