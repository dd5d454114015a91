// The device login of the Codex command line, step by step as systems.md 3.4 records it.
// Not here: what holds for every vendor (providers/index.test.ts), hostile answers (oauth-server.hostile.test.ts).

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { system } from '@countersign/client/system'
import {
  json,
  page,
  reset,
  type ScriptedServer,
  startScriptedServer,
  text,
} from '@countersign/client/testing'
import type { Provider, ProviderContext } from './provider.ts'
import { codex } from './providers/codex.ts'

let server: ScriptedServer
let provider: Provider
const notes: unknown[] = []
const context: ProviderContext = {
  system,
  signal: new AbortController().signal,
  note: (event, detail) => void notes.push({ event, ...detail }),
}
const asked = { scopes: [], redirectUri: '', state: '' }
const kept = { device_auth_id: 'DEVICE', user_code: 'ABCD-12345' }
const steps = {
  code: '/api/accounts/deviceauth/usercode',
  wait: '/api/accounts/deviceauth/token',
  tokens: '/oauth/token',
}

before(async () => {
  server = await startScriptedServer()
  provider = codex({ baseUrl: `${server.issuer}/` })
})
after(() => server.close())
beforeEach(() => void notes.splice(0))

test('S3 3.4 step 1: JSON out, either name of the code, the interval as it came', async () => {
  for (const name of ['user_code', 'usercode']) {
    server.on(steps.code, json(200, { device_auth_id: 'DEVICE', [name]: 'ABCD-12345', interval: '5' }))
    assert.deepEqual(await provider.begin(context, asked), {
      type: 'begun',
      shown: {
        kind: 'code',
        userCode: 'ABCD-12345',
        verificationUri: `${server.issuer}/codex/device`,
        verificationUriComplete: null,
      },
      remembered: kept,
      interval: '5',
      lifetime: undefined,
    })
  }
  const { body, headers } = server.at(steps.code).at(-1) ?? {}
  assert.deepEqual(JSON.parse(body ?? ''), { client_id: 'app_EMoamEEZ73f0CkXaXp7hrann' })
  assert.equal(headers?.['content-type'], 'application/json')
})

test('S3 3.4 step 1: 404 says that this login is switched off, and the operator learns it', async () => {
  server.on(steps.code, text(404, ''))
  assert.deepEqual(await provider.begin(context, asked), { type: 'problem', problem: 'provider_refused' })
  assert.deepEqual(notes, [
    { event: 'provider_refused', provider: 'openai-codex', error: 'no_device_login', status: 404 },
  ])
})

test('S3 3.4 step 2: 403 and 404 are pending, whatever their body; a page is trouble; all else is the end', async () => {
  for (const status of [403, 404])
    for (const handler of [json(status, {}), text(status, ''), text(status, 'no')]) {
      server.on(steps.wait, handler)
      assert.equal((await provider.poll(context, kept)).type, 'pending')
    }
  assert.deepEqual(JSON.parse(server.at(steps.wait).at(-1)?.body ?? ''), kept)
  for (const handler of [page(403, 'Just a moment...'), json(500, {}), json(429, {}), reset]) {
    server.on(steps.wait, handler)
    assert.equal((await provider.poll(context, kept)).type, 'trouble')
  }
  for (const [status, problem] of [
    [400, 'provider_refused'],
    [200, 'provider_answer'],
  ] as const) {
    server.on(steps.wait, json(status, {}))
    assert.deepEqual(await provider.poll(context, kept), { type: 'problem', problem })
  }
})

test('S3 3.4 step 3: the code goes out with the verifier that the server made', async () => {
  server.on(steps.wait, json(200, { authorization_code: 'CODE', code_verifier: 'VERIFIER' }))
  const answer = await provider.poll(context, kept)
  assert.deepEqual(answer, { type: 'further', remembered: { code: 'CODE', code_verifier: 'VERIFIER' } })
  server.on(steps.tokens, json(200, { access_token: 'A', refresh_token: 'R' }))
  const last = await provider.poll(context, { code: 'CODE', code_verifier: 'VERIFIER' })
  assert.ok(last.type === 'tokens')
  assert.deepEqual([last.tokens.accessToken, last.tokens.refreshToken, last.account], ['A', 'R', null])
  assert.deepEqual(server.at(steps.tokens).at(-1)?.form, {
    grant_type: 'authorization_code',
    code: 'CODE',
    code_verifier: 'VERIFIER',
    redirect_uri: `${server.issuer}/deviceauth/callback`,
    client_id: 'app_EMoamEEZ73f0CkXaXp7hrann',
  })
})
