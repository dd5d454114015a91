// The fetch of a program when an API wants more than its token has: once, by policy, as the same person, at the same place.
// Renewing and redirects: session.test.ts.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { CredentialStore, LiveCredential } from './credentials.ts'
import type { AccessNeeds } from './errors.ts'
import { createSession, type SessionOptions } from './session.ts'
import { numberedTokens } from './testing/answers.ts'
import { json, paths, type ScriptedServer, startScriptedServer, text } from './testing/scripted-server.ts'
import { keepCurrent, liveCredential, newStore } from './testing/signed-in.ts'

let server: ScriptedServer
let other: ScriptedServer
let store: CredentialStore
let stored: LiveCredential
beforeEach(async () => {
  server = await startScriptedServer()
  other = await startScriptedServer()
  store = newStore()
  stored = liveCredential(server.issuer, { scope: 'openid read' })
  keepCurrent(store, stored)
})
afterEach(async () => {
  await server.close()
  await other.close()
})

const open = (more: Partial<SessionOptions> = {}) =>
  createSession({ issuer: server.issuer, clientId: 'test-cli', store, ...more })
const refusal = (status: number, challenge: string) => json(status, {}, { 'www-authenticate': challenge })
const needsDeploy = refusal(403, 'Bearer error="insufficient_scope", scope="deploy"')
const bearers = (on = server, path = '/api') => on.at(path).map(({ headers }) => headers.authorization)

function signInAgain(accessToken: string): void {
  store.write({ ...stored, accessToken, scope: 'openid read deploy' })
}

test('SU-06 CL-18 after 403 the policy learns what is missing, and the request goes out once more', async () => {
  server.script('/api', [needsDeploy, json(200, { ok: true })])
  const asked: AccessNeeds[] = []
  const session = open({
    onStepUp: async (needs) => {
      asked.push(needs)
      signInAgain('ACCESS-canary-more')
      return 'retry'
    },
  })
  const response = await session.fetch(`${server.issuer}/api`, { method: 'POST', body: 'a=1' })
  assert.equal(response.status, 200)
  assert.deepEqual(bearers(), ['Bearer ACCESS-canary-0', 'Bearer ACCESS-canary-more'])
  assert.deepEqual(server.at('/api')[1]?.form, { a: '1' })
  assert.deepEqual(asked, [{ scope: 'openid read deploy', missing: ['deploy'], resource: undefined }])
})

test('SU-06 once only: what is refused again is the caller’s to read', async () => {
  server.on('/api', needsDeploy)
  let times = 0
  const session = open({
    onStepUp: async () => {
      times += 1
      signInAgain('ACCESS-canary-more')
      return 'retry'
    },
  })
  assert.equal((await session.fetch(`${server.issuer}/api`)).status, 403)
  assert.equal(times, 1)
  assert.equal(server.at('/api').length, 2)
})

test('SU-01 SU-06 after 401 insufficient_user_authentication the policy learns how the person has to sign in', async () => {
  const challenge = 'Bearer error="insufficient_user_authentication", acr_values="phr", max_age="300"'
  server.script('/api', [refusal(401, challenge), json(200, {})])
  const asked: AccessNeeds[] = []
  const session = open({
    onStepUp: async (needs) => {
      asked.push(needs)
      signInAgain('ACCESS-canary-strong')
      return 'retry'
    },
  })
  assert.equal((await session.fetch(`${server.issuer}/api`)).status, 200)
  assert.equal(asked[0]?.acrValues, 'phr')
  assert.equal(asked[0]?.maxAge, 300)
})

test('giving up hands over the refusal with its body; an error of the policy is the program’s', async () => {
  server.on('/api', needsDeploy)
  const response = await open({ onStepUp: async () => 'give-up' }).fetch(`${server.issuer}/api`)
  assert.equal(response.status, 403)
  assert.deepEqual(await response.json(), {})
  const failing = open({
    onStepUp: async () => {
      throw new Error('no')
    },
  })
  await assert.rejects(failing.fetch(`${server.issuer}/api`), { message: 'no' })
})

test('CL-07 a foreign origin that a redirect leads to cannot ask for more', async () => {
  server.on('/api', text(307, '', { location: `${other.issuer}/api` }))
  other.on('/api', needsDeploy)
  const session = open({ onStepUp: async () => assert.fail('asked') })
  assert.equal((await session.fetch(`${server.issuer}/api`)).status, 403)
  assert.deepEqual(bearers(other), [undefined])
})

test('CL-07 somebody else who signs in meanwhile does not take the request over', async () => {
  server.on('/api', needsDeploy)
  const session = open({
    onStepUp: async () => {
      keepCurrent(store, { ...stored, account: { id: 'acct-2' }, accessToken: 'ACCESS-canary-eve' })
      return 'retry'
    },
  })
  await session.fetch(`${server.issuer}/api`)
  assert.deepEqual(bearers(), ['Bearer ACCESS-canary-0', 'Bearer ACCESS-canary-0'])
})

test('RI-03 a session for a resource has small tokens of its own, got once and renewed when refused', async () => {
  server.on(paths.token, numberedTokens())
  server.on('/api', json(200, {}))
  const session = open({ resource: 'https://api.example', scope: 'read' })
  await Promise.all([session.fetch(`${server.issuer}/api`), session.fetch(`${server.issuer}/api`)])
  await session.fetch(`${server.issuer}/api`)
  assert.deepEqual(bearers(), Array(3).fill('Bearer ACCESS-canary-1'))
  server.script('/api', [refusal(401, 'Bearer error="invalid_token"'), json(200, {})])
  await session.fetch(`${server.issuer}/api`)
  assert.deepEqual(bearers().slice(3), ['Bearer ACCESS-canary-1', 'Bearer ACCESS-canary-2'])
})

test('a token that was made too small grows to what the sign-in has, and nobody is asked', async () => {
  store.write({ ...stored, scope: 'openid read deploy' })
  server.script('/api', [needsDeploy, json(200, {})])
  const session = open({ scope: 'read', onStepUp: async () => assert.fail('asked') })
  assert.equal((await session.fetch(`${server.issuer}/api`)).status, 200)
  assert.deepEqual(
    server.at(paths.token).map(({ form }) => form.scope),
    ['read', 'read deploy'],
  )
})
