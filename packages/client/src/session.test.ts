// The fetch that carries a token: when it renews, what it never does on a redirect.
// Renewing itself, with many processes: refresh.test.ts.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { createSession, type Session } from './session.ts'
import { json, paths, type ScriptedServer, startScriptedServer, text } from './testing/scripted-server.ts'
import { keepCurrent, liveCredential, newStore } from './testing/signed-in.ts'

let server: ScriptedServer
let other: ScriptedServer
let session: Session
beforeEach(async () => {
  server = await startScriptedServer()
  other = await startScriptedServer()
  const store = newStore()
  keepCurrent(store, liveCredential(server.issuer))
  session = createSession({ issuer: server.issuer, clientId: 'test-cli', store })
})
afterEach(async () => {
  await server.close()
  await other.close()
})

function bearersAt(on: ScriptedServer, path: string): (string | undefined)[] {
  return on.at(path).map((request) => request.headers.authorization)
}

test('CL-09 the token travels in the Authorization header only', async () => {
  server.on('/api', json(200, { ok: true }))
  assert.deepEqual(await (await session.fetch(`${server.issuer}/api`)).json(), { ok: true })
  assert.deepEqual(bearersAt(server, '/api'), ['Bearer ACCESS-canary-0'])
})

test('CL-09 CL-12 401 invalid_token among several challenges renews once and repeats the request with its body', async () => {
  const challenge = 'Digest realm="a, \\"b", nonce=x, Bearer realm="api", error="invalid_token"'
  server.script('/api', [json(401, {}, { 'www-authenticate': challenge }), json(200, { ok: true })])
  const response = await session.fetch(`${server.issuer}/api`, {
    method: 'POST',
    body: new URLSearchParams({ a: '1' }),
  })
  assert.equal(response.status, 200)
  assert.deepEqual(bearersAt(server, '/api'), ['Bearer ACCESS-canary-0', 'Bearer ACCESS-canary-1'])
  assert.deepEqual(server.at('/api')[1]?.form, { a: '1' })
})

test('CL-09 a fresh token that is refused again is not renewed for ever', async () => {
  server.on('/api', json(401, {}, { 'www-authenticate': 'Bearer error="invalid_token"' }))
  assert.equal((await session.fetch(`${server.issuer}/api`)).status, 401)
  assert.equal(server.at('/api').length, 2)
  assert.equal(server.at(paths.token).length, 1)
})

test('CL-09 401 for another reason is the caller’s to read', async () => {
  const challenge = 'Bearer error="insufficient_scope", scope="x"'
  server.on('/api', json(403, {}, { 'www-authenticate': challenge }))
  assert.equal((await session.fetch(`${server.issuer}/api`)).status, 403)
  assert.equal(server.at(paths.token).length, 0)
})

test('CL-07 a redirect to another origin is followed without the token', async () => {
  server.on('/api', text(307, '', { location: `${other.issuer}/api` }))
  other.on('/api', json(200, { ok: true }))
  const headers = { cookie: 'a=b' }
  assert.equal((await session.fetch(`${server.issuer}/api`, { headers })).status, 200)
  assert.deepEqual(bearersAt(other, '/api'), [undefined])
  assert.equal(other.at('/api')[0]?.headers.cookie, undefined)
})

test('CL-07 another origin cannot send the request back with the token to an address of its choice', async () => {
  server.on('/api', text(307, '', { location: `${other.issuer}/api` }))
  other.on('/api', text(307, '', { location: `${server.issuer}/delete-all` }))
  server.on('/delete-all', json(401, {}))
  await session.fetch(`${server.issuer}/api`, { method: 'POST', body: 'a=1' })
  assert.deepEqual(bearersAt(server, '/delete-all'), [undefined])
})

test('CL-07 a redirect within the origin keeps the token, 303 becomes a GET', async () => {
  server.on('/api', text(303, '', { location: '/done' }))
  server.on('/done', json(200, {}))
  await session.fetch(`${server.issuer}/api`, { method: 'POST', body: 'a=1' })
  assert.equal(server.at('/done')[0]?.method, 'GET')
  assert.deepEqual(bearersAt(server, '/done'), ['Bearer ACCESS-canary-0'])
})

test('CL-07 the token is never sent over plain http to another machine', async () => {
  await assert.rejects(session.fetch('http://api.example/x'), { code: 'insecure_url' })
})

test('CL-19 without a sign-in the fetch fails with a code, and asks nobody', async () => {
  const nobody = createSession({ issuer: server.issuer, clientId: 'test-cli', store: newStore() })
  await assert.rejects(nobody.fetch(`${server.issuer}/api`), { code: 'sign_in_required' })
  assert.equal(server.received.length, 0)
})
