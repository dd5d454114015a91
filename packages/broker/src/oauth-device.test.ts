// The device grant of any RFC 8628 provider, where one answer or request is peculiar to it. Not here: what holds for every vendor
// (providers/index.test.ts), hostile answers (oauth-server.hostile.test.ts), a real server (test/broker/providers.test.ts).

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { system } from '@countersign/client/system'
import {
  codeOf,
  json,
  metadataOf,
  paths,
  type ScriptedServer,
  startScriptedServer,
} from '@countersign/client/testing'
import { SettingError } from './errors.ts'
import { deviceProvider } from './oauth-device.ts'
import type { OAuthVendor } from './oauth-vendor.ts'
import type { Provider, ProviderContext } from './provider.ts'

let server: ScriptedServer
let provider: Provider
const context: ProviderContext = { system, signal: new AbortController().signal, note: () => {} }
const asked = { scopes: [], redirectUri: '', state: '' }
const kept = { device_code: 'DEVICE', scope: 'mail' }

before(async () => {
  server = await startScriptedServer()
})
after(() => server.close())
beforeEach(() => {
  server.on(paths.metadata, json(200, metadataOf(server.issuer)))
  server.on(paths.device, json(200, codeOf(server.issuer)))
  provider = providerWith({ scopes: ['mail'] })
})

const providerWith = (changes: Partial<OAuthVendor>): Provider =>
  deviceProvider({ id: 'x', issuer: server.issuer, clientId: 'app', ...changes })

async function polled(answer: object, status = 200) {
  server.on(paths.token, json(status, { token_type: 'bearer', ...answer }))
  return await provider.poll(context, kept)
}

test('DC-01 the metadata is asked for at first use and then kept', async () => {
  const before = server.at(paths.metadata).length
  await provider.begin(context, asked)
  await provider.poll(context, kept)
  assert.equal(server.at(paths.metadata).length, before + 1)
})

test('CL-18 asks for its own scopes only where the application asks for none', async () => {
  await provider.begin(context, asked)
  const { form, headers } = server.at(paths.device).at(-1) ?? {}
  assert.equal(form?.scope, 'mail')
  // A server like ours shows it to the person who is asked.
  assert.equal(headers?.['user-agent'], 'countersign-broker')
  await provider.begin(context, { ...asked, scopes: ['files', 'chat'] })
  assert.equal(server.at(paths.device).at(-1)?.form.scope, 'files chat')
  provider = providerWith({})
  await provider.begin(context, asked)
  assert.equal('scope' in (server.at(paths.device).at(-1)?.form ?? {}), false)
})

test('a server without the device grant is a refusal, one that names another issuer is no answer', async () => {
  const { device_authorization_endpoint: _gone, ...rest } = metadataOf(server.issuer)
  server.on(paths.metadata, json(200, rest))
  assert.deepEqual(await provider.begin(context, asked), { type: 'problem', problem: 'provider_refused' })
  provider = providerWith({})
  server.on(paths.metadata, json(200, { ...rest, issuer: 'https://evil.example' }))
  assert.deepEqual(await provider.begin(context, asked), { type: 'problem', problem: 'provider_answer' })
})

test('the draft name of the link is understood, and control characters in a code are not shown', async () => {
  const { verification_uri, ...rest } = codeOf(server.issuer)
  const body = { ...rest, verification_url: verification_uri, user_code: '\u202eAB\nCD' }
  server.on(paths.device, json(200, body))
  const begun = await provider.begin(context, asked)
  assert.ok(begun.type === 'begun' && begun.shown.kind === 'code')
  assert.equal(begun.shown.verificationUri, `${server.issuer}/device`)
  assert.match(begun.shown.userCode, /^AB CD$/)
})

test('CL-11 lifetimes that make no sense count as not said', async () => {
  for (const expires_in of ['soon', -1, 0, null, {}, 1e300]) {
    const answer = await polled({ access_token: 'A', expires_in })
    assert.ok(answer.type === 'tokens')
    assert.equal(answer.tokens.expiresAt, null)
  }
  const answer = await polled({ access_token: 'A', expires_in: '60' })
  assert.ok(answer.type === 'tokens' && answer.tokens.expiresAt !== null)
})

test('RFC 6749 §5.1: scopes that are not said are those that were asked for; none at all stay none', async () => {
  const scopes = async (answer: object) => {
    const told = await polled({ access_token: 'A', ...answer })
    return told.type === 'tokens' ? told.tokens.scopes : told.type
  }
  assert.deepEqual(await scopes({}), ['mail'])
  assert.deepEqual(await scopes({ scope: 'a  b a' }), ['a', 'b'])
  assert.deepEqual(await scopes({ scope: ['a', 7, 'b'] }), ['a', 'b'])
  assert.deepEqual(await scopes({ scope: '' }), [])
  assert.deepEqual(await scopes({ scope: 7 }), ['mail'])
})

test('a code that counts no more was spent, and what nobody knows ends the flow', async () => {
  const problem = (name: string) => ({ type: 'problem', problem: name })
  assert.deepEqual(await polled({ error: 'invalid_grant' }, 400), problem('answer_lost'))
  assert.deepEqual(await polled({ error: 'invalid_client' }, 401), problem('provider_refused'))
  assert.deepEqual(await polled({ hello: 1 }), problem('provider_answer'))
  assert.deepEqual(await polled({ error: 'temporarily_unavailable' }, 400), { type: 'trouble' })
})

test('a token that no header can carry is not used, and is ended', async () => {
  const answer = await polled({ access_token: 'a\r\nX-Evil: 1' })
  assert.deepEqual(answer, { type: 'problem', problem: 'provider_answer' })
})

test('S3-9 the vendor is told that nobody waits any more, where it has a place for that', async () => {
  await provider.abandon?.(context, kept)
  const { form } = server.at(paths.revoke).at(-1) ?? {}
  assert.deepEqual(form, { token: 'DEVICE', token_type_hint: 'device_code', client_id: 'app' })
  const before = server.received.length
  const { revocation_endpoint: _gone, ...rest } = metadataOf(server.issuer)
  server.on(paths.metadata, json(200, rest))
  await providerWith({}).abandon?.(context, kept)
  assert.deepEqual(
    server.received.slice(before).map(({ path }) => path),
    [paths.metadata],
  )
})

test('the account of another subject than the ID token names is nobody', async () => {
  const parts = [
    { alg: 'RS256' },
    { iss: server.issuer, aud: 'app', sub: 'mia', iat: system.now(), exp: system.now() + 60 },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  const answer = await polled({ access_token: 'A', scope: 'openid', id_token: `${parts.join('.')}.c2ln` })
  assert.ok(answer.type === 'tokens')
  // UserInfo of the scripted server says `acct-1`.
  assert.deepEqual(answer.account, { id: 'mia', name: 'mia' })
})

test('a setting that cannot work is refused before any flow', () => {
  for (const wrong of [
    { id: 'Not An Id' },
    { clientId: '' },
    { issuer: 'http://vendor.example' },
    { issuer: 'vendor.example' },
    { endpoints: { token_endpoint: 'http://vendor.example/token' } },
  ])
    assert.throws(() => providerWith(wrong), SettingError, JSON.stringify(wrong))
})
