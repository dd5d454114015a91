// Refreshing: when, how often, what survives which failure; with fifty real processes and a killed one.
// What the files look like on disk: credentials.test.ts.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type CredentialStore, keyOf, type LiveCredential, openStore } from './credentials.ts'
import type { CountersignError } from './errors.ts'
import * as errors from './errors.ts'
import { freshCredential, type RefreshOptions } from './refresh.ts'
import { signOut } from './sign-out.ts'
import { failure } from './testing/answers.ts'
import {
  type Handler,
  json,
  page,
  paths,
  reset,
  type ScriptedServer,
  startScriptedServer,
  text,
  tokensOf,
} from './testing/scripted-server.ts'
import { keepCurrent, liveCredential, newDirectory, newStore } from './testing/signed-in.ts'
import { type VirtualSystem, virtualSystem } from './testing/virtual-time.ts'

let server: ScriptedServer
let store: CredentialStore
let system: VirtualSystem
let stale: LiveCredential
beforeEach(async () => {
  server = await startScriptedServer()
  system = virtualSystem()
  store = newStore()
  const now = system.now()
  stale = liveCredential(server.issuer, {
    account: { id: 'acct-1', email: 'mia@example.com' },
    signedInAt: now - 1000,
    receivedAt: now - 1000,
    expiresAt: now - 400,
  })
  keepCurrent(store, stale)
})
afterEach(() => server.close())

function refresh(more: Partial<RefreshOptions> = {}): Promise<LiveCredential> {
  return freshCredential({ store, key: keyOf(stale), system, ...more })
}

test('CL-09 F-18 a fresh token is used without any request', async () => {
  store.write({ ...stale, expiresAt: system.now() + 600, receivedAt: system.now() })
  assert.equal((await refresh()).accessToken, 'ACCESS-canary-0')
  assert.equal(server.received.length, 0)
})

test('CL-09 RT-12 a stale token is renewed and both new tokens are stored', async () => {
  const renewed = await refresh()
  assert.equal(renewed.accessToken, 'ACCESS-canary-1')
  assert.equal(server.at(paths.token)[0]?.form.refresh_token, 'REFRESH-canary-0')
  assert.deepEqual(store.read(keyOf(stale)), renewed)
  assert.equal(renewed.refreshToken, 'REFRESH-canary-1')
})

test('CL-09 a refresh token that the answer leaves out stays', async () => {
  server.on(paths.token, json(200, { ...tokensOf(), refresh_token: undefined, scope: undefined }))
  assert.equal((await refresh()).refreshToken, 'REFRESH-canary-0')
})

test('CL-09 the end of the authorization is kept by the server’s clock, and stays where an answer does not name it', async () => {
  const now = system.now()
  server.on(paths.token, json(200, { ...tokensOf(), authorization_expires_in: 5000 }))
  const { authorizationExpiresAt } = await refresh()
  assert.ok(Math.abs((authorizationExpiresAt ?? 0) - (now + 5000)) < 86_400 * 365)
  assert.equal(store.entry(keyOf(stale))?.state, 'live')
  for (const senseless of [undefined, 0, -5, 1e300, '5000', null]) {
    server.on(paths.token, json(200, { ...tokensOf(), authorization_expires_in: senseless }))
    const again = await refresh({ refused: 'ACCESS-canary-1' })
    assert.equal(again.authorizationExpiresAt, authorizationExpiresAt, String(senseless))
  }
})

test('CL-09 a token that a server refused is renewed although it looks fresh, once for all callers', async () => {
  store.write({ ...stale, expiresAt: system.now() + 600, receivedAt: system.now() })
  const all = await Promise.all(Array.from({ length: 20 }, () => refresh({ refused: 'ACCESS-canary-0' })))
  assert.deepEqual(new Set(all.map((credential) => credential.accessToken)), new Set(['ACCESS-canary-1']))
  assert.equal(server.at(paths.token).length, 1)
})

test('CL-10 invalid_grant leaves a tombstone, and ten thousand more calls reach no server', async () => {
  server.on(paths.token, json(400, { error: 'invalid_grant' }))
  assert.equal((await failure(refresh())).code, 'sign_in_required')
  const before = server.received.length
  for (let i = 0; i < 10_000; i += 1) assert.equal((await failure(refresh())).code, 'sign_in_required')
  assert.equal(server.received.length, before)
  assert.equal(store.read(keyOf(stale))?.state, 'ended')
})

test('CL-10 invalid_grant does not touch a credential that has been replaced meanwhile', async () => {
  const newer = { ...stale, accessToken: 'newer', refreshToken: 'newer' }
  server.on(paths.token, async (request, response) => {
    store.write(newer)
    await json(400, { error: 'invalid_grant' })(request, response)
  })
  await failure(refresh())
  assert.deepEqual(store.read(keyOf(stale)), newer)
})

const faults: [string, Handler, CountersignError['code']][] = [
  ['a reset connection', reset, 'network'],
  ['503', json(503, { error: 'server_error' }), 'server_unavailable'],
  ['a proxy’s page', page(200, 'Hotel'), 'html_answer'],
  ['429', json(429, { error: 'too_many' }), 'server_unavailable'],
  ['half a JSON', text(200, '{"access', { 'content-type': 'application/json' }), 'malformed_answer'],
  ['a missing endpoint', page(404, 'Nothing'), 'html_answer'],
]
for (const [name, handler, code] of faults)
  test(`CL-10 DC-13 ${name} keeps the session, after three attempts`, async () => {
    server.on(paths.token, handler)
    assert.equal((await failure(refresh())).code, code)
    assert.equal(server.at(paths.token).length, 3)
    assert.deepEqual(store.read(keyOf(stale)), stale)
    server.on(paths.token, json(200, tokensOf()))
    assert.equal((await refresh()).accessToken, 'ACCESS-canary-1')
  })

test('CL-10 DC-13 a short Retry-After is waited for, a long one is reported and asked about only when it is over', async () => {
  server.script(paths.token, [json(429, {}, { 'retry-after': '4' }), json(200, tokensOf())])
  assert.equal((await refresh()).accessToken, 'ACCESS-canary-1')
  assert.deepEqual(system.slept, [4])
  store.write(stale)
  server.on(paths.token, json(503, {}, { 'retry-after': '40' }))
  const before = server.at(paths.token).length
  for (const wait of [40, 30]) {
    const error = await failure(refresh())
    assert.ok(error.code === 'server_unavailable')
    assert.ok(Math.abs((error.retryAfterSeconds ?? 0) - wait) <= 1)
    system.pass(10)
  }
  assert.equal(server.at(paths.token).length, before + 1)
  system.pass(21)
  await failure(refresh())
  assert.equal(server.at(paths.token).length, before + 2)
})

test('CL-09 an outage is met once, not by each of those who wait for the same renewal', async () => {
  server.on(paths.token, async (request, response) => {
    // Longer than the clock's grain: those who begin after a failure ask for themselves.
    await new Promise((resolve) => setTimeout(resolve, 20))
    await json(503, {})(request, response)
  })
  const all = await Promise.all(Array.from({ length: 6 }, () => failure(refresh())))
  assert.deepEqual(new Set(all.map(({ code }) => code)), new Set(['server_unavailable']))
  assert.equal(server.at(paths.token).length, 3)
  await failure(refresh())
  assert.equal(server.at(paths.token).length, 6)
})

test('CL-10 a server that asks to be left alone for a year is asked again after a minute', async () => {
  server.on(paths.token, json(429, {}, { 'retry-after': '31536000' }))
  await failure(refresh())
  system.pass(61)
  server.on(paths.token, json(200, tokensOf()))
  assert.equal((await refresh()).accessToken, 'ACCESS-canary-1')
})

test('CL-10 errors say whether to sign in again or to try later, and never both', async () => {
  const later = [
    new errors.NetworkError('network', 'h', 'm'),
    new errors.CertificateError('h', 'SELF_SIGNED', undefined),
    new errors.AnswerError('html_answer', 'm', { host: 'h', status: 403 }),
    new errors.LockError('busy'),
  ]
  const again = [
    new errors.SignInRequiredError('ended_by_server'),
    new errors.StoreError('credential_corrupt', 'p', 'm'),
    new errors.StoreError('keychain_lacks_key', 'p', 'm'),
  ]
  const neither = [
    new errors.StoreError('keychain_unavailable', 'p', 'm'),
    new errors.StoreError('store_full', 'p', 'm'),
    new errors.OAuthError({ error: 'invalid_client', status: 401 }),
    new Error('anything'),
  ]
  for (const error of later)
    assert.deepEqual([errors.isTransient(error), errors.needsSignIn(error)], [true, false])
  for (const error of again)
    assert.deepEqual([errors.isTransient(error), errors.needsSignIn(error)], [false, true])
  for (const error of neither)
    assert.deepEqual([errors.isTransient(error), errors.needsSignIn(error)], [false, false])
})

test('CL-09 a store in memory renews once for all callers, and leaves no file', async () => {
  const directory = newDirectory()
  const memory = openStore({ kind: 'memory', directory })
  keepCurrent(memory, stale)
  const all = await Promise.all(Array.from({ length: 20 }, () => refresh({ store: memory })))
  assert.deepEqual(new Set(all.map(({ accessToken }) => accessToken)), new Set(['ACCESS-canary-1']))
  assert.equal(server.at(paths.token).length, 1)
  assert.equal(memory.current(server.issuer, 'test-cli'), 'acct-1')
  await signOut({ store: memory, key: keyOf(stale) })
  assert.deepEqual(memory.list(), [])
  assert.equal(existsSync(directory), false)
})

test('CL-10 another OAuth error is reported and keeps the session', async () => {
  server.on(paths.token, json(401, { error: 'invalid_client' }))
  assert.equal((await failure(refresh())).code, 'oauth_error')
  assert.deepEqual(store.read(keyOf(stale)), stale)
})

test('CL-10 a session without a refresh token ends with sign_in_required and no request', async () => {
  const { refreshToken: _gone, ...rest } = stale
  store.write(rest)
  assert.equal((await failure(refresh())).code, 'sign_in_required')
  assert.equal(server.received.length, 0)
})

for (const skew of [86_400, -86_400])
  test(`CL-09 a clock that is ${skew} seconds wrong neither logs out nor refreshes on every use`, async () => {
    system.setClock(system.now() + skew)
    store.write({ ...stale, receivedAt: system.now() - 1000, expiresAt: system.now() - 400 })
    const renewed = await refresh()
    assert.ok(Math.abs(renewed.clockOffset + skew) <= 2)
    await refresh()
    await refresh()
    assert.equal(server.at(paths.token).length, 1)
    await system.sleep(560)
    await refresh()
    assert.equal(server.at(paths.token).length, 2)
  })

test('CL-08 a store that cannot be written is found before the refresh token is spent', async () => {
  const probe = (): never => {
    throw new Error('disk')
  }
  await failure(refresh({ store: { ...store, probe } }))
  assert.equal(server.received.length, 0)
})

test('RT-12 a lock file with rubbish in it is emptied and used', async () => {
  writeFileSync(
    store.pathOf(keyOf(stale)).replace(/\.json$/, '.lock'),
    'not a database, and long enough. '.repeat(40),
  )
  assert.equal((await refresh()).accessToken, 'ACCESS-canary-1')
})

test('RV-12 signing out revokes the refresh token, then erases; and erases without a server too', async () => {
  assert.deepEqual(await signOut({ store, key: keyOf(stale) }), { account: stale.account, server: 'revoked' })
  assert.deepEqual(server.at(paths.revoke)[0]?.form, {
    token: 'REFRESH-canary-0',
    token_type_hint: 'refresh_token',
    client_id: 'test-cli',
  })
  assert.equal(store.read(keyOf(stale)), undefined)
  store.write(stale)
  server.on(paths.revoke, reset)
  assert.equal((await signOut({ store, key: keyOf(stale) }))?.server, 'unreachable')
  assert.equal(store.read(keyOf(stale)), undefined)
  assert.equal(await signOut({ store, key: keyOf(stale) }), undefined)
})

test('RV-12 a refresh under way does not bring a signed-out credential back', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  server.on(paths.token, async (request, response) => {
    arrive()
    await released
    await json(200, tokensOf())(request, response)
  })
  const refreshing = refresh()
  await arrived
  store.remove(keyOf(stale))
  release()
  await refreshing
  assert.equal(store.read(keyOf(stale)), undefined)
})

const program = fileURLToPath(new URL('./testing/print-token.ts', import.meta.url))

function start(): ChildProcess {
  const args = [program, store.directory, server.issuer, 'test-cli']
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function outputOf(child: ChildProcess): Promise<string> {
  let out = ''
  child.stdout?.on('data', (chunk) => {
    out += chunk
  })
  await new Promise((resolve) => child.on('close', resolve))
  return out.trim()
}

test('CL-09 RT-12 fifty processes with an expired token make exactly one refresh, all get a valid token', async () => {
  const outputs = await Promise.all(Array.from({ length: 50 }, () => outputOf(start())))
  assert.deepEqual(new Set(outputs), new Set(['ACCESS-canary-1']))
  assert.equal(server.at(paths.token).length, 1)
})

test('CL-09 RT-12 when the holder of the lock is killed, the others go on and nobody is logged out', async () => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  server.script(paths.token, [() => arrive(), json(200, tokensOf())])
  const holder = start()
  await arrived
  const others = Array.from({ length: 20 }, () => outputOf(start()))
  await new Promise((resolve) => setTimeout(resolve, 300))
  holder.kill('SIGKILL')
  assert.deepEqual(new Set(await Promise.all(others)), new Set(['ACCESS-canary-1']))
  assert.equal(server.at(paths.token).length, 2)
})
