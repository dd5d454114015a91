// Fifty `countersign token` processes whose access token has expired, against the real server: one refresh, all
// served, nobody signed out; also when the process that refreshes is killed before or after the server's answer.
// The lock by itself is tested in packages/client/src/refresh.test.ts.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { type CredentialStore, keyOf, type LiveCredential, openStore } from '@countersign/client/credentials'
import { addPerson, person, signInProgram } from './support/approve-in-store.ts'
import { expireSignIn } from './support/expire.ts'
import { type ForwardingProxy, type Passed, startForwardingProxy } from './support/forwarding-proxy.ts'
import { type Exit, type RunningServer, runProgram, startProgram, startServer } from './support/process.ts'

let proxy: ForwardingProxy
let server: RunningServer
let home: string
let env: Record<string, string>
let store: CredentialStore

beforeEach(async () => {
  proxy = await startForwardingProxy()
  server = await startServer({ args: ['--issuer', proxy.url, '--port', String(proxy.port)] })
  home = mkdtempSync(join(tmpdir(), 'countersign-storm-'))
  env = { COUNTERSIGN_CONFIG_DIR: join(home, 'config') }
  store = openStore({ env })
  await addPerson(server.data)
  await signInProgram(proxy.url, server.data, env)
})
afterEach(async () => {
  await server.stop()
  await proxy.close()
  rmSync(home, { recursive: true, force: true })
})

const isRefresh = ({ url, body }: Passed) => url === '/oauth/token' && /grant_type=refresh_token/.test(body)
const refreshes = () => proxy.passed.filter(isRefresh)

function tokens(count: number): Promise<Exit[]> {
  return Promise.all(Array.from({ length: count }, () => runProgram(['token'], { env })))
}

/** All got one token, which is new and works; the sign-in is alive, there is one of it, and nothing else is signed in. */
async function assertAllServed(exits: Exit[], before: LiveCredential): Promise<void> {
  assert.deepEqual([...new Set(exits.map(({ code }) => code))], [0])
  assert.deepEqual([...new Set(exits.map(({ stderr }) => stderr))], [''])
  const printed = [...new Set(exits.map(({ stdout }) => stdout.trim()))]
  assert.equal(printed.length, 1)
  assert.notEqual(printed[0], before.accessToken)
  const headers = { authorization: `Bearer ${printed[0]}` }
  const answer = await fetch(`${proxy.url}/oauth/userinfo`, { headers })
  assert.equal(answer.status, 200)
  assert.equal((await answer.json()).email, person.email)
  const status = await runProgram(['status', '--json'], { env })
  assert.equal(status.code, 0, status.stdout)
  const listed = await runProgram(['grants', 'list', '--json', '--data', server.data])
  const grants: { revoked_at: unknown }[] = JSON.parse(listed.stdout)
  assert.deepEqual(
    grants.map((grant) => grant.revoked_at),
    [null],
  )
}

test('CL-09 RT-12 fifty processes with an expired access token send one refresh and all print its token', async () => {
  const before = expireSignIn(store)
  const exits = await tokens(50)
  await assertAllServed(exits, before)
  assert.equal(refreshes().length, 1)
  const stored = store.read(keyOf(before))
  assert.ok(stored?.state === 'live')
  assert.notEqual(stored.refreshToken, before.refreshToken)
  assert.equal(refreshes()[0]?.body.includes(before.refreshToken ?? 'none'), true)
})

/** One process is stopped in the middle of its refresh and killed there, while 49 others wait for it. */
async function killHolder(at: 'before' | 'after'): Promise<{ exits: Exit[]; before: LiveCredential }> {
  const before = expireSignIn(store)
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
  const { promise: killed, resolve: kill } = Promise.withResolvers<void>()
  proxy[at] = async (passed) => {
    if (!isRefresh(passed) || refreshes().length > 1) return
    reach()
    await killed
  }
  const holder = startProgram(['token'], { env })
  await reached
  const others = tokens(49)
  const died = await holder.kill('SIGKILL')
  assert.equal(died.signal, 'SIGKILL')
  assert.equal(died.stdout, '')
  kill()
  return { exits: await others, before }
}

test('CL-09 RT-12 the process that refreshes is killed before its request reaches the server: another takes over', async () => {
  const { exits, before } = await killHolder('before')
  await assertAllServed(exits, before)
  // The killed one's was stopped on the way; of the others exactly one went through.
  assert.deepEqual(
    refreshes().map(({ status }) => status),
    [undefined, 200],
  )
})

test('CL-09 RT-04 RT-12 the process that refreshes is killed with the answer on its way: the next gets the same successor', async () => {
  const { exits, before } = await killHolder('after')
  await assertAllServed(exits, before)
  assert.deepEqual(
    refreshes().map(({ status }) => status),
    [200, 200],
  )
  const [lost, kept] = refreshes().map(({ answer }) => JSON.parse(answer ?? '{}').refresh_token)
  assert.equal(kept, lost)
})
