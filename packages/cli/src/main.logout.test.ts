// `logout --all`: every account of every server, each told in its own words, and one server that does not answer holds up
// neither the others nor the end. One account: main.test.ts; what is done for each: client/src/refresh.test.ts.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { keyOf, type LiveCredential, openStore } from '@countersign/client/credentials'
import { paths, reset, type ScriptedServer, startScriptedServer } from '@countersign/client/testing'
import { freshEnvironment, runProgram } from './testing/run-program.ts'

let servers: ScriptedServer[]
let env: Record<string, string>
beforeEach(async () => {
  servers = [await startScriptedServer(), await startScriptedServer()]
  env = freshEnvironment()
})
afterEach(() => Promise.all(servers.map((server) => server.close())))

function signIn({ issuer }: ScriptedServer, name: string): void {
  const now = Date.now() / 1000
  const credential: LiveCredential = {
    version: 1,
    state: 'live',
    issuer,
    clientId: 'countersign-cli',
    account: { id: `id-${name}`, email: `${name}@example.com` },
    signedInAt: now,
    accessToken: `ACCESS-${name}`,
    refreshToken: `REFRESH-${name}`,
    scope: 'openid',
    receivedAt: now,
    clockOffset: 0,
    expiresAt: now + 600,
  }
  const store = openStore({ env })
  store.write(credential)
  store.setCurrent(keyOf(credential))
}

test('RV-12 logout --all tells each server, erases everything, and says which server could not be told', async () => {
  const [one, two] = servers as [ScriptedServer, ScriptedServer]
  signIn(one, 'mia')
  signIn(one, 'work')
  signIn(two, 'zoe')
  two.on(paths.revoke, reset)
  const { code, stdout } = await runProgram(['logout', '--all', '--json'], env)
  assert.equal(code, 0)
  const told = JSON.parse(stdout).signed_out.map(({ account, revoked }: Record<string, unknown>) => [
    account,
    revoked,
  ])
  assert.deepEqual(told.toSorted(), [
    ['mia@example.com', true],
    ['work@example.com', true],
    ['zoe@example.com', false],
  ])
  assert.deepEqual(
    one
      .at(paths.revoke)
      .map(({ form }) => form.token)
      .toSorted(),
    ['REFRESH-mia', 'REFRESH-work'],
  )
  assert.deepEqual(openStore({ env }).list(), [])
  assert.match((await runProgram(['logout', '--all'], env)).stderr, /Nobody is signed in here\./)
})

test('RV-12 a server that never answers is given two seconds, and the others are told', async () => {
  const [one, two] = servers as [ScriptedServer, ScriptedServer]
  signIn(two, 'zoe')
  signIn(one, 'mia')
  two.on(paths.revoke, () => {})
  const { code, stderr } = await runProgram(['logout', '--all'], env)
  assert.equal(code, 0)
  assert.match(stderr, /✓ Signed out mia@example\.com\. Access was revoked on the server\./)
  assert.match(stderr, /✓ Removed from this computer\. ! The server could not be told; revoke at/)
})
