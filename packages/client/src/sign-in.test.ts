// A whole sign-in against a scripted server: what is on disk afterwards, whatever happened.
// Polling itself: device-login.test.ts.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { type Credential, type CredentialStore, keyOf, openStore } from './credentials.ts'
import { type SignInOptions, signIn } from './sign-in.ts'
import { idTokenOf } from './testing/answers.ts'
import {
  json,
  page,
  paths,
  type ScriptedServer,
  startScriptedServer,
  tokensOf,
} from './testing/scripted-server.ts'
import { newDirectory, newStore } from './testing/signed-in.ts'
import { virtualSystem } from './testing/virtual-time.ts'

let server: ScriptedServer
let store: CredentialStore
beforeEach(async () => {
  server = await startScriptedServer()
  store = newStore()
})
afterEach(() => server.close())

function start(more: Partial<SignInOptions> = {}): ReturnType<typeof signIn> {
  const system = virtualSystem()
  return signIn({ issuer: server.issuer, clientId: 'test-cli', store, system, onCode: () => {}, ...more })
}

function kept(): (Credential | undefined)[] {
  return store.list().map((entry) => store.read(keyOf(entry)))
}

test('US-06 the account comes from userinfo, is stored and becomes the current one', async () => {
  const { credential } = await start({ deviceName: 'mia@aurora' })
  assert.deepEqual(credential.account, { id: 'acct-1', email: 'mia@example.com', name: 'Mia' })
  assert.equal(store.current(server.issuer, 'test-cli'), 'acct-1')
  assert.deepEqual(kept(), [credential])
  assert.equal(server.at(paths.userinfo)[0]?.headers.authorization, 'Bearer ACCESS-canary-1')
})

const idToken = (change: Record<string, unknown>): string =>
  idTokenOf(server.issuer, { sub: 'acct-2', ...change })

test('US-06 what userinfo says of somebody else than the ID token is not believed', async () => {
  server.on(paths.token, json(200, { ...tokensOf(), id_token: idToken({ email: 'eve@example.com' }) }))
  const { credential } = await start()
  assert.equal(server.at(paths.userinfo).length, 1)
  assert.deepEqual(credential.account, { id: 'acct-2', email: 'eve@example.com' })
})

const badIdTokens: [string, Record<string, unknown>][] = [
  ['another issuer', { iss: 'https://other.example' }],
  ['another client', { aud: 'other-cli' }],
  ['several clients, none of them named', { aud: ['test-cli', 'other-cli'] }],
  ['several clients, and another one named', { aud: ['test-cli', 'other-cli'], azp: 'other-cli' }],
  ['a time that is over', { exp: 1 }],
  ['nobody', { sub: undefined }],
]
for (const [name, change] of badIdTokens)
  test(`ID-10 an ID token of or for ${name} signs nobody in, and what arrived is revoked`, async () => {
    server.on(paths.token, json(200, { ...tokensOf(), id_token: idToken(change) }))
    await assert.rejects(start(), { code: 'malformed_answer' })
    assert.deepEqual(
      server.at(paths.revoke).map(({ form }) => form.token),
      ['REFRESH-canary-1'],
    )
    assert.deepEqual(store.list(), [])
  })

test('DC-16 a userinfo endpoint that fails does not lose the token that was issued', async () => {
  server.on(paths.userinfo, page(503, 'Down'))
  const { credential } = await start()
  assert.deepEqual(credential.account, { id: 'unknown' })
  assert.deepEqual(kept(), [credential])
})

test('CL-08 a store that cannot be written stops the sign-in before any request', async () => {
  const blocked = newDirectory()
  writeFileSync(blocked, '')
  const unusable = openStore({ directory: join(blocked, 'config') })
  await assert.rejects(start({ store: unusable }), { code: 'store_unwritable' })
  assert.equal(server.received.length, 0)
})

test('CL-08 a token that cannot be kept after all is revoked, not left alive', async () => {
  const write = (): never => {
    throw new Error('disk full')
  }
  await assert.rejects(start({ store: { ...store, write } }), { message: 'disk full' })
  assert.equal(server.at(paths.revoke)[0]?.form.token, 'REFRESH-canary-1')
})

test('DC-16 F-20 cancelling while the account is asked for stores nothing and revokes', async () => {
  const controller = new AbortController()
  server.on(paths.userinfo, async (request, response) => {
    controller.abort()
    await json(200, { sub: 'acct-1' })(request, response)
  })
  await assert.rejects(start({ signal: controller.signal }), { code: 'cancelled' })
  assert.deepEqual(store.list(), [])
  assert.equal(server.at(paths.revoke)[0]?.form.token, 'REFRESH-canary-1')
})

test('RV-12 signing in again as the same account replaces the sign-in and revokes the old one', async () => {
  await start()
  server.on(paths.token, json(200, tokensOf('2')))
  const { credential } = await start()
  assert.deepEqual(kept(), [credential])
  assert.deepEqual(
    server.at(paths.revoke).map((request) => request.form.token),
    ['REFRESH-canary-1'],
  )
})

test('CL-08 an old file that is corrupt is set aside and does not cost the new token', async () => {
  const { credential } = await start()
  const path = store.pathOf(keyOf(credential))
  writeFileSync(path, 'torn')
  server.on(paths.token, json(200, tokensOf('2')))
  assert.deepEqual((await start()).credential, store.read(keyOf(credential)))
  assert.equal(readFileSync(`${path}.corrupt-1`, 'utf8'), 'torn')
})
