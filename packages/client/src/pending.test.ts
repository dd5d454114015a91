// Sign-in in two steps against a scripted server: what is on disk, what the server sees of polling, how flows end.
// The command around it, with the real server: packages/cli/src/login-two-step.test.ts.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { type CredentialStore, openStore } from './credentials.ts'
import { cancelFlow, openFlow, readFlow, resumeFlow, startFlow } from './pending.ts'
import { returnCodeAsked } from './testing/answers.ts'
import {
  codeOf,
  json,
  paths,
  pending,
  reset,
  type ScriptedServer,
  slowDown,
  startScriptedServer,
  tokensOf,
} from './testing/scripted-server.ts'
import { type VirtualSystem, virtualSystem } from './testing/virtual-time.ts'

let home: string
let store: CredentialStore
let server: ScriptedServer
let system: VirtualSystem
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'countersign-'))
  store = openStore({ directory: join(home, 'credentials') })
  server = await startScriptedServer()
  server.on(paths.device, json(200, { ...codeOf(server.issuer), interval: 5 }))
  system = virtualSystem()
})
afterEach(() => server.close())

const start = () =>
  startFlow({ store, system, issuer: server.issuer, clientId: 'test-cli', deviceName: 'mia@aurora' })
const resume = (flow: string, waitSeconds = 0, returnCode?: string) =>
  resumeFlow({ store, system, flow, waitSeconds, returnCode })
const files = (): string[] => readdirSync(join(home, 'pending')).filter((name) => name.endsWith('.json'))

test('DC-08 CL-08 the first step keeps the device code in a 0600 file of a 0700 directory, and polls nothing', async () => {
  const flow = await start()
  const path = join(home, 'pending', `${flow.flow}.json`)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(statSync(join(home, 'pending')).mode & 0o777, 0o700)
  assert.ok(readFileSync(path, 'utf8').includes('DEVICE-CODE-canary'))
  assert.equal(server.at(paths.token).length, 0)
})

test('a later step signs in, and leaves no file of the request behind', async () => {
  const { flow } = await start()
  const resumed = await resume(flow)
  assert.equal(resumed.status, 'signed_in')
  const key = { issuer: server.issuer, clientId: 'test-cli', account: 'acct-1' }
  const kept = store.read(key)
  assert.equal(kept?.state === 'live' && kept.accessToken, 'ACCESS-canary-1')
  assert.equal(kept?.deviceName, 'mia@aurora')
  assert.deepEqual(files(), [])
  await assert.rejects(resume(flow), { code: 'unknown_flow' })
})

test('DC-09 the interval is kept between steps of different processes', async () => {
  server.on(paths.token, pending)
  const { flow } = await start()
  assert.equal((await resume(flow)).status, 'pending')
  assert.equal((await resume(flow)).status, 'pending')
  assert.equal(server.at(paths.token).length, 1)
  system.pass(5)
  await resume(flow)
  assert.equal(server.at(paths.token).length, 2)
})

test('DC-10 slow_down is remembered by the next step', async () => {
  server.on(paths.token, slowDown)
  const { flow } = await start()
  await resume(flow)
  assert.equal(readFlow(store, flow)?.interval, 10)
  system.pass(5)
  await resume(flow)
  assert.equal(server.at(paths.token).length, 1)
})

test('DC-15 two steps at once poll one after the other, and both learn that it is done', async () => {
  let answered = 0
  server.on(paths.token, async (_request, response) => {
    answered += 1
    await new Promise((resolve) => setTimeout(resolve, 50))
    json(200, tokensOf())(_request, response)
  })
  const { flow } = await start()
  const real = { store, flow, waitSeconds: 20 }
  const both = await Promise.all([resumeFlow(real), resumeFlow(real)])
  assert.deepEqual(
    both.map(({ status }) => status),
    ['signed_in', 'signed_in'],
  )
  assert.equal(answered, 1)
})

test('DC-11 no and too late end the request, each with its code', async () => {
  for (const [error, code] of [
    ['access_denied', 'access_denied'],
    ['expired_token', 'expired'],
  ]) {
    server.on(paths.token, json(400, { error }))
    const { flow } = await start()
    await assert.rejects(resume(flow), { code })
    assert.deepEqual(files(), [])
  }
})

test('a code that was redeemed by a process that died is ended on the server', async () => {
  server.on(paths.token, json(400, { error: 'invalid_grant' }))
  const { flow } = await start()
  await assert.rejects(resume(flow), { code: 'oauth_error' })
  assert.equal(server.at(paths.revoke)[0]?.form.token, 'DEVICE-CODE-canary')
  assert.deepEqual(files(), [])
})

test('DC-13 a network that fails ends nothing', async () => {
  server.on(paths.token, reset)
  const { flow } = await start()
  assert.equal((await resume(flow)).status, 'pending')
  server.on(paths.token, json(200, tokensOf()))
  system.pass(60)
  assert.equal((await resume(flow)).status, 'signed_in')
})

test('who stops waiting takes nothing back: the next step goes on', async () => {
  server.on(paths.token, pending)
  const { flow } = await start()
  const stop = new AbortController()
  const waiting = resumeFlow({ store, flow, waitSeconds: 60, signal: stop.signal })
  while (server.at(paths.token).length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  stop.abort()
  await assert.rejects(waiting, { code: 'cancelled' })
  assert.equal(server.at(paths.revoke).length, 0)
  assert.equal(readFlow(store, flow)?.flow, flow)
})

test('cancelling tells the server, and never depends on it', async () => {
  const first = await start()
  await cancelFlow({ store, system, flow: first.flow })
  assert.equal(server.at(paths.revoke)[0]?.form.token, 'DEVICE-CODE-canary')
  const second = await start()
  server.on(paths.revoke, reset)
  await cancelFlow({ store, system, flow: second.flow })
  assert.deepEqual(files(), [])
})

test('the return code is asked for, sent once, and asked for again when it was wrong', async () => {
  server.on(paths.token, returnCodeAsked(3))
  const { flow } = await start()
  const first = await resume(flow)
  assert.deepEqual(first.flow.returnCode, { length: 6, triesLeft: 3, wrong: false })
  assert.equal(server.at(paths.device)[0]?.form.return_code_supported, 'true')
  server.script(paths.token, [returnCodeAsked(3), returnCodeAsked(2, true)])
  system.pass(5)
  const wrong = await resume(flow, 0, 'AAAAAA')
  assert.deepEqual(wrong.flow.returnCode, { length: 6, triesLeft: 2, wrong: true })
  assert.deepEqual(
    server.at(paths.token).map(({ form }) => form.return_code),
    [undefined, undefined, 'AAAAAA'],
  )
  server.script(paths.token, [returnCodeAsked(2), json(200, tokensOf())])
  system.pass(5)
  assert.equal((await resume(flow, 0, 'K7XMPQ')).status, 'signed_in')
})

test('a flow is known by its name only: nothing leads out of the directory, nothing strange is believed', async () => {
  const { flow } = await start()
  for (const name of ['', '../credentials/x', 'f_../../../etc', `${flow}/`, `${flow}.json`, 'f_AAAAAAAAAAAA'])
    await assert.rejects(resume(name), { code: 'unknown_flow' })
  for (const text of ['', '{}', '[]', 'null', '{"version":1,"code":null}']) {
    writeFileSync(join(home, 'pending', `${flow}.json`), text)
    await assert.rejects(resume(flow), { code: 'unknown_flow' })
  }
})

test('an open request is found again; what ended long ago is swept away by the next', async () => {
  const asked = { store, system, issuer: server.issuer, clientId: 'test-cli' }
  const { flow } = await start()
  assert.equal(openFlow(asked)?.flow, flow)
  assert.equal(openFlow({ ...asked, clientId: 'other' }), undefined)
  assert.equal(openFlow({ ...asked, scope: 'more' }), undefined)
  system.pass(601)
  assert.equal(openFlow(asked), undefined)
  system.pass(3600)
  const next = await start()
  assert.deepEqual(files(), [`${next.flow}.json`])
})

test('a clock that is set back does not hold up, or hurry, the next step', async () => {
  server.on(paths.token, pending)
  const { flow } = await start()
  await resume(flow)
  system.setClock(system.now() - 86_400)
  assert.equal((await resume(flow, 5)).status, 'pending')
  server.on(paths.token, json(200, tokensOf()))
  assert.equal((await resume(flow, 6)).status, 'signed_in')
})
