// The device login against scripted servers on real sockets. The schedule itself is tested in
// packages/protocol, an independent server in device-login.oidc-provider.test.ts.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { type DeviceLoginEvent, type DeviceLoginOptions, deviceLogin } from './device-login.ts'
import type { CountersignError } from './errors.ts'
import { failure } from './testing/answers.ts'
import {
  codeOf,
  type Handler,
  json,
  metadataOf,
  page,
  paths,
  pending,
  reset,
  type ScriptedServer,
  slowDown,
  startScriptedServer,
  text,
  tokensOf,
  truncated,
} from './testing/scripted-server.ts'
import { patient, type VirtualSystem, virtualSystem } from './testing/virtual-time.ts'

let server: ScriptedServer
let system: VirtualSystem
beforeEach(async () => {
  server = await startScriptedServer()
  system = virtualSystem()
})
afterEach(() => server.close())

function login(more: Partial<DeviceLoginOptions> = {}): ReturnType<typeof deviceLogin> {
  return deviceLogin({ issuer: server.issuer, clientId: 'test-cli', onCode: () => {}, system, ...more })
}

test('DC-05 DC-08 the code for people is handed out before the first poll, the device code never', async () => {
  const seen: unknown[] = []
  await login({
    onCode: (code) => {
      seen.push(code)
      assert.equal(server.at(paths.token).length, 0)
    },
    onEvent: (event) => seen.push(event),
    system: { ...system, log: (entry) => seen.push(entry) },
  })
  assert.match(JSON.stringify(seen), /WDJB-MJHT/)
  assert.doesNotMatch(JSON.stringify(seen), /canary/)
})

test('DC-19 DC-20 AT-11 a public client sends client_id alone and gets validated tokens', async () => {
  const tokens = await login({
    scope: 'openid email',
    deviceName: 'mia@aurora',
    agent: 'Claude Code',
    clientVersion: '1.4',
  })
  assert.equal(tokens.accessToken, 'ACCESS-canary-1')
  assert.equal(tokens.refreshToken, 'REFRESH-canary-1')
  assert.equal(tokens.expiresIn, 600)
  const asked = server.at(paths.device)[0]
  assert.deepEqual(asked?.form, {
    client_id: 'test-cli',
    scope: 'openid email',
    device_name: 'mia@aurora',
    agent: 'Claude Code',
    client_version: '1.4',
  })
  assert.equal(asked?.headers.authorization, undefined)
})

test('DC-09 LP-14 every poll asks to be held; where none is, each waits an interval after the answer before it', async () => {
  server.script(paths.token, [pending, pending, json(200, tokensOf())])
  await login()
  assert.deepEqual(system.slept, [1, 1])
  assert.deepEqual(
    server.at(paths.token).map((poll) => poll.headers.prefer),
    ['wait=20', 'wait=20', 'wait=20'],
  )
})

/** Takes so long in virtual time, and says what the server says that held it. */
function held(seconds: number, applied: string): Handler {
  return (request, response) => {
    system.pass(seconds)
    return json(400, { error: 'authorization_pending' }, { 'preference-applied': applied })(request, response)
  }
}

const holds: [string, Handler[], number[]][] = [
  ['held for longer than the interval: the next poll follows at once', [held(20, 'wait=20')], []],
  ['held twice', [held(20, 'wait=20'), held(20, 'wait=20')], []],
  ['said in other letters, among other preferences', [held(20, 'respond-async, Wait="20"; x=y')], []],
  ['held for less than the interval: its rest follows', [held(2, 'wait=20')], [3]],
  ['said to be held, but answered at once', [held(0, 'wait=20')], [5]],
  ['slow without a hold', [held(20, '')], [5]],
  ['slow, with another preference confirmed', [held(20, 'return=minimal')], [5]],
  ['confirmed in words', [held(20, 'wait=long')], [5]],
]
for (const [name, answers, expected] of holds)
  test(`LP-15 a poll ${name}`, async () => {
    server.on(paths.device, json(200, { ...codeOf(server.issuer), interval: 5 }))
    server.script(paths.token, [...answers, json(200, tokensOf())])
    await login()
    assert.deepEqual(system.slept.map(Math.round), expected)
    assert.equal(server.at(paths.token).length, answers.length + 1)
  })

test('DC-10 F-21 slow_down adds five seconds for good', async () => {
  server.script(paths.token, [slowDown, pending, slowDown, pending, json(200, tokensOf())])
  await login()
  assert.deepEqual(system.slept, [6, 6, 11, 11])
})

test('DC-12 LP-14 connections that break double the interval, and twice in a row drop the wait hint', async () => {
  server.script(paths.token, [reset, reset, pending, json(200, tokensOf())])
  const events: DeviceLoginEvent[] = []
  await login({ onEvent: (event) => events.push(event) })
  assert.deepEqual(system.slept, [2, 4, 4])
  assert.deepEqual(
    server.at(paths.token).map((poll) => poll.headers.prefer),
    ['wait=20', 'wait=20', undefined, undefined],
  )
  assert.deepEqual(
    events.map((event) => event.type),
    ['waiting', 'offline', 'offline', 'online'],
  )
})

const strays: [string, Handler][] = [
  ['503 with a page', page(503, 'Down')],
  ['200 with a page', page(200, 'Sign in to the hotel network')],
  ['400 with a page', page(400, 'Bad request')],
  ['503 with a JSON error', json(503, { error: 'server_error' })],
  ['429 without OAuth', text(429, 'slow', { 'content-type': 'text/plain' })],
  ['a framework error', json(422, { detail: [{ msg: 'no' }] })],
  ['a JSON array', json(200, [1])],
  ['JSON under another type', text(200, '{"access_token":"x"}', { 'content-type': 'text/plain' })],
  ['half a JSON', truncated],
  ['an empty body', text(200, '', { 'content-type': 'application/json' })],
  ['a redirect', text(302, '', { location: 'http://127.0.0.1:1/' })],
  ['a huge body', text(200, `{"a":"${'x'.repeat(300_000)}"}`, { 'content-type': 'application/json' })],
]
for (const [name, handler] of strays)
  test(`DC-13 X-32 F-17 CL-15 CL-16 ${name} is no answer: the poll is repeated and the login succeeds`, async () => {
    server.script(paths.token, [handler, json(200, tokensOf())])
    assert.equal((await login()).accessToken, 'ACCESS-canary-1')
    assert.equal(server.at(paths.token).length, 2)
  })

test('DC-13 Retry-After is honoured, and ten stray answers in a row end the flow with what answered', async () => {
  server.on(paths.token, page(503, 'Zscaler'))
  const error = await failure(login())
  assert.equal(error.code, 'html_answer')
  assert.match(error.message, /answered a web page instead of data \(status 503, "Zscaler"\)/)
  assert.equal(server.at(paths.token).length, 10)
  server.script(paths.token, [
    text(503, 'busy', { 'content-type': 'text/plain', 'retry-after': '42' }),
    json(200, tokensOf()),
  ])
  system.slept.length = 0
  await login()
  assert.deepEqual(system.slept, [42])
})

const endings: [string, Record<string, unknown>, CountersignError['code']][] = [
  ['a denial', { error: 'access_denied' }, 'access_denied'],
  ['a policy', { error: 'access_denied', error_uri: 'https://x.example/p' }, 'refused_by_policy'],
  ['an expiry', { error: 'expired_token' }, 'expired'],
  ['a used code', { error: 'invalid_grant' }, 'oauth_error'],
  ['an unknown error', { error: 'made_up', error_description: 'a\u001b[2Jb' }, 'oauth_error'],
]
for (const [name, body, code] of endings)
  test(`DC-11 DC-17 X-32 ${name} ends the polling at once`, async () => {
    server.on(paths.token, json(400, body))
    const error = await failure(login())
    assert.equal(error.code, code)
    assert.doesNotMatch(error.message, /\p{Cc}/u)
    assert.equal(server.at(paths.token).length, 1)
    assert.equal(server.at(paths.device).length, 1)
  })

test('DC-11 a server that refuses to start says so as a policy, with its own words', async () => {
  const description = 'Sign-in by code is switched off here.'
  server.on(paths.device, json(400, { error: 'unauthorized_client', error_description: description }))
  const error = await failure(login())
  assert.equal(error.code, 'refused_by_policy')
  assert.ok('description' in error && error.description === description)
})

test('DC-14 polling stops at expires_in on the own clock', async () => {
  server.on(paths.device, json(200, { ...codeOf(server.issuer), expires_in: 10, interval: 4 }))
  server.on(paths.token, pending)
  const error = await failure(login())
  assert.equal(error.code, 'expired')
  assert.equal(server.at(paths.token).length, 3)
  assert.deepEqual(
    server.at(paths.token).map((poll) => poll.headers.prefer),
    ['wait=10', 'wait=6', 'wait=2'],
  )
})

const brokenCodes: [string, Record<string, unknown>][] = [
  ['no device_code', { device_code: undefined }],
  ['a number as user_code', { user_code: 7 }],
  ['no verification_uri', { verification_uri: undefined }],
  ['a verification_uri that is no URL', { verification_uri: 'over there' }],
  ['no expires_in', { expires_in: undefined }],
  ['a negative expires_in', { expires_in: -1 }],
  ['null everywhere', { device_code: null, user_code: null, verification_uri: null, expires_in: null }],
]
for (const [name, change] of brokenCodes)
  test(`DC-04 F-17 a device answer with ${name} ends with a readable error`, async () => {
    server.on(paths.device, json(200, { ...codeOf(server.issuer), ...change }))
    const error = await failure(login())
    assert.equal(error.code, 'malformed_answer')
    assert.match(error.message, /answered without a usable code/)
  })

test('DC-03 a verification_uri over plain http on another host is refused', async () => {
  server.on(paths.device, json(200, { ...codeOf(server.issuer), verification_uri: 'http://x.example/d' }))
  assert.equal((await failure(login())).code, 'insecure_url')
})

test('DC-06 a complete link that no browser should open is dropped, the rest is kept', async () => {
  const body = { ...codeOf(server.issuer), verification_uri_complete: 'javascript:alert(1)' }
  server.on(paths.device, json(200, body))
  await login({ onCode: (code) => assert.equal(code.verificationUriComplete, undefined) })
})

test('DC-07 control characters of the server never reach the caller', async () => {
  server.on(paths.device, json(200, { ...codeOf(server.issuer), user_code: 'WD\u001b[31mJB\u202e' }))
  await login({ onCode: (code) => assert.equal(code.userCode, 'WD [31mJB') })
})

const intervals: [unknown, number][] = [
  [0, 1],
  [-5, 1],
  [9999, 60],
  ['12', 5],
  [null, 5],
  [undefined, 5],
]
for (const [interval, expected] of intervals)
  test(`F-22 an interval of ${String(interval)} waits ${expected} seconds`, async () => {
    server.on(paths.device, json(200, { ...codeOf(server.issuer), interval }))
    server.script(paths.token, [pending, json(200, tokensOf())])
    await login()
    assert.deepEqual(system.slept, [expected])
  })

const badTokens: [string, Record<string, unknown>][] = [
  ['no access_token', { access_token: undefined }],
  ['an unknown token_type', { token_type: 'mac' }],
  ['a DPoP token that nobody asked for', { token_type: 'DPoP' }],
  ['expires_in of zero', { expires_in: 0 }],
  ['expires_in of text', { expires_in: 'soon' }],
  ['an access token that steers the terminal', { access_token: 'a\u001b[2J\nb' }],
]
for (const [name, change] of badTokens)
  test(`DC-20 DC-21 CL-14 ${name} makes the answer unusable, and what arrived is revoked`, async () => {
    server.on(paths.token, json(200, { ...tokensOf(), ...change }))
    const error = await failure(login())
    assert.equal(error.code, 'malformed_answer')
    assert.doesNotMatch(error.message, /canary/)
    assert.equal(server.at(paths.token).length, 1)
    assert.equal(server.at(paths.revoke)[0]?.form.token, 'REFRESH-canary-1')
  })

test('CL-13 unknown members are ignored and a token without expires_in has an unknown end', async () => {
  server.on(paths.token, json(200, { ...tokensOf('1'), expires_in: undefined, surprise: { a: 1 } }))
  assert.equal((await login()).expiresIn, undefined)
})

test('DC-16 cancelling between polls ends the request on the server and polls no more', async () => {
  server.on(paths.token, pending)
  const controller = new AbortController()
  const waiting = patient(system)
  const sleep = (seconds: number): Promise<void> => {
    controller.abort()
    return waiting.sleep(seconds)
  }
  const error = await failure(login({ signal: controller.signal, system: { ...waiting, sleep } }))
  assert.equal(error.code, 'cancelled')
  assert.equal(server.at(paths.token).length, 1)
  assert.deepEqual(server.at(paths.revoke)[0]?.form, {
    token: 'DEVICE-CODE-canary',
    token_type_hint: 'device_code',
    client_id: 'test-cli',
  })
})

test('DC-16 F-20 cancelling during a poll wins over its answer, and the token that arrives is revoked', async () => {
  const controller = new AbortController()
  server.on(paths.token, async (request, response) => {
    controller.abort()
    await json(200, tokensOf())(request, response)
  })
  const error = await failure(login({ signal: controller.signal, system: patient(system) }))
  assert.equal(error.code, 'cancelled')
  const revoked = server.at(paths.revoke).map((request) => request.form.token)
  assert.deepEqual(revoked.sort(), ['ACCESS-canary-1', 'DEVICE-CODE-canary', 'REFRESH-canary-1'])
})

test('DC-16 cancelling before the start asks the server for nothing', async () => {
  const error = await failure(login({ signal: AbortSignal.abort() }))
  assert.equal(error.code, 'cancelled')
  assert.equal(server.received.length, 0)
})

test('DC-15 there are never two polls in flight', async () => {
  let open = 0
  const answers = [pending, slowDown, reset, pending, json(200, tokensOf())]
  server.on(paths.token, async (request, response) => {
    open += 1
    assert.equal(open, 1)
    await new Promise((resolve) => setTimeout(resolve, 5))
    open -= 1
    await answers.shift()?.(request, response)
  })
  await login()
  assert.equal(answers.length, 0)
})

test('F-17 a server without a device endpoint is named as such', async () => {
  const { device_authorization_endpoint: _gone, ...rest } = metadataOf(server.issuer)
  server.on(paths.metadata, json(200, rest))
  assert.equal((await failure(login())).code, 'unsupported_server')
})
