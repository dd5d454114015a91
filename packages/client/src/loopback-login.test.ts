// Signing in by a link against a scripted server, with a test in the place of the browser: what is asked for, which
// answers count, how it ends. The listener by itself: callback.test.ts; with a real browser: test/journey.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, test } from 'node:test'
import type { AuthorizationLink } from './authorization-link.ts'
import { type LoopbackLoginEvent, type LoopbackLoginOptions, loopbackLogin } from './loopback-login.ts'
import { system } from './system.ts'
import { idTokenOf } from './testing/answers.ts'
import {
  type Handler,
  json,
  linkMetadataOf,
  page,
  paths,
  reset,
  type ScriptedServer,
  startScriptedServer,
  tokensOf,
} from './testing/scripted-server.ts'
import { virtualSystem } from './testing/virtual-time.ts'

const { par } = paths
let server: ScriptedServer
beforeEach(async () => {
  server = await startScriptedServer()
  offer({})
  server.on(
    par,
    json(201, {
      request_uri: 'urn:canary-request',
      expires_in: 600,
      authorization_uri: `${server.issuer}/a/short`,
    }),
  )
})
afterEach(() => server.close())

function offer(change: Record<string, unknown>): void {
  const metadata = {
    ...linkMetadataOf(server.issuer),
    authorization_response_iss_parameter_supported: true,
    ...change,
  }
  server.on(paths.metadata, json(200, metadata))
}

/** What the browser comes back with, made of what was pushed. */
type Return = (asked: Record<string, string>) => Record<string, string>
const allowed: Return = ({ state }) => ({ code: 'CODE-canary', state: state ?? '', iss: server.issuer })

async function comeBack(asked: Record<string, string>, returned: Record<string, string>): Promise<string> {
  const url = new URL(asked.redirect_uri ?? '')
  url.search = String(new URLSearchParams(returned))
  return (await fetch(url)).text()
}

function login(more: Partial<LoopbackLoginOptions> = {}, answer: Return | undefined = allowed) {
  const links: AuthorizationLink[] = []
  const events: LoopbackLoginEvent[] = []
  const page = Promise.withResolvers<string>()
  const tokens = loopbackLogin({
    issuer: server.issuer,
    clientId: 'test-cli',
    scope: 'openid email',
    onLink: (link) => {
      links.push(link)
      const asked = server.at(par).at(-1)?.form ?? Object.fromEntries(new URL(link.url).searchParams)
      if (answer) comeBack(asked, answer(asked)).then(page.resolve, () => page.resolve('none'))
    },
    onEvent: (event) => events.push(event),
    ...more,
  })
  return { tokens, started: { links, events, page: page.promise } }
}

test('CL-01 CL-02 PAR-08 code and PKCE through a push, a short link, and the code redeemed once', async () => {
  const { tokens, started } = login({ deviceName: 'mia@aurora', agent: 'Claude Code', clientVersion: '1.4' })
  assert.equal((await tokens).accessToken, 'ACCESS-canary-1')
  const [pushed] = server.at(par)
  assert.match(pushed?.headers['user-agent'] ?? '', /^test-cli\/1\.4 \(\w+; \w+\)$/)
  const { state, nonce, code_challenge, redirect_uri, ...rest } = pushed?.form ?? {}
  assert.deepEqual(rest, {
    client_id: 'test-cli',
    response_type: 'code',
    code_challenge_method: 'S256',
    scope: 'openid email',
    device_name: 'mia@aurora',
    agent: 'Claude Code',
    client_version: '1.4',
  })
  assert.match(redirect_uri ?? '', /^http:\/\/127\.0\.0\.1:\d+\/callback$/)
  assert.ok((state?.length ?? 0) >= 32 && (nonce?.length ?? 0) >= 32 && state !== nonce)
  const [redeemed] = server.at(paths.token)
  assert.equal(redeemed?.form.code, 'CODE-canary')
  assert.equal(redeemed?.form.redirect_uri, redirect_uri)
  const verifier = redeemed?.form.code_verifier ?? ''
  assert.equal(createHash('sha256').update(verifier).digest('base64url'), code_challenge)
  assert.deepEqual(
    started.links.map(({ url }) => url),
    [`${server.issuer}/a/short`],
  )
  assert.deepEqual(started.events, [{ type: 'answered' }])
})

test('CL-02 every login has secrets of its own', async () => {
  await login().tokens
  await login().tokens
  const [first, second] = server.at(par)
  for (const name of ['state', 'nonce', 'code_challenge'])
    assert.notEqual(first?.form[name], second?.form[name])
})

test('RFC 8252 §7.3 without pushes the whole request stands in the link', async () => {
  offer({ pushed_authorization_request_endpoint: undefined })
  const { tokens, started } = login({ resource: 'https://api.example' })
  await tokens
  const url = new URL(started.links[0]?.url ?? '')
  assert.equal(url.pathname, '/oauth/authorize')
  assert.equal(url.searchParams.get('client_id'), 'test-cli')
  assert.equal(url.searchParams.get('resource'), 'https://api.example')
  assert.equal(url.searchParams.get('code_challenge_method'), 'S256')
  assert.equal(server.at(paths.token)[0]?.form.resource, 'https://api.example')
})

const longLinks: [string, unknown][] = [
  ['none is given', undefined],
  ['it leads elsewhere', 'https://evil.example/a/x'],
  ['it is no web address', 'javascript:alert(1)'],
  ['it is no text', 7],
]
for (const [name, authorization_uri] of longLinks)
  test(`PAR-08 the plain link with request_uri is used where ${name}, and nothing is taken back that may not be ours`, async () => {
    server.on(par, json(201, { request_uri: 'urn:canary-request', expires_in: 60, authorization_uri }))
    const { tokens, started } = login()
    await tokens
    assert.equal(
      started.links[0]?.url,
      `${server.issuer}/oauth/authorize?client_id=test-cli&request_uri=urn%3Acanary-request`,
    )
    assert.equal(started.links[0]?.requestUri, undefined)
  })

test('RFC 6749 §4.1.2.1 a denial ends it, and the page says so', async () => {
  const { tokens, started } = login({}, ({ state }) => ({
    error: 'access_denied',
    error_description: 'The person \u001b[31mdenied it',
    state: state ?? '',
    iss: server.issuer,
  }))
  await assert.rejects(tokens, { code: 'access_denied', description: 'The person [31mdenied it' })
  assert.match(await started.page, /Nothing was signed in/)
  assert.equal(server.at(paths.token).length, 0)
})

test('another error is told as it is', async () => {
  const { tokens } = login({}, ({ state }) => ({
    error: 'unmet_authentication_requirements',
    state: state ?? '',
    iss: server.issuer,
  }))
  await assert.rejects(tokens, { code: 'oauth_error', error: 'unmet_authentication_requirements' })
})

const unusable: [string, Return][] = [
  ['CL-03 RFC 9207 another issuer', (asked) => ({ ...allowed(asked), iss: 'https://evil.example' })],
  ['CL-03 RFC 9207 no issuer, though one was announced', ({ state }) => ({ code: 'c', state: state ?? '' })],
  [
    'CL-03 RFC 9207 another issuer with an error',
    ({ state }) => ({ error: 'access_denied', state: state ?? '', iss: 'https://evil.example' }),
  ],
  ['CL-04 a code and an error', (asked) => ({ ...allowed(asked), error: 'access_denied' })],
  ['CL-04 no code', ({ state }) => ({ state: state ?? '', iss: server.issuer })],
  ['CL-04 an ID token in the address', (asked) => ({ ...allowed(asked), id_token: 'x' })],
]
for (const [name, answer] of unusable)
  test(`${name}: refused, and nothing is redeemed`, async () => {
    const { tokens, started } = login({}, answer)
    await assert.rejects(tokens, { code: 'malformed_answer' })
    assert.match(await started.page, /did not work/)
    assert.equal(server.at(paths.token).length, 0)
  })

test('RU-11 CL-02 an answer with another state is none; the right one still counts', async () => {
  let wrong = 0
  const { tokens } = login({}, (asked) => {
    wrong += 1
    void comeBack(asked, { ...allowed(asked), code: 'EVIL', state: 'guessed' })
    return allowed(asked)
  })
  await tokens
  assert.equal(wrong, 1)
  assert.deepEqual(
    server.at(paths.token).map(({ form }) => form.code),
    ['CODE-canary'],
  )
})

test('ID-10 the ID token must answer this request by its nonce', async () => {
  const answerWith =
    (given?: string): Handler =>
    (request, response) => {
      const nonce = given ?? server.at(par).at(-1)?.form.nonce
      return json(200, { ...tokensOf(), id_token: idTokenOf(server.issuer, { nonce }) })(request, response)
    }
  server.on(paths.token, answerWith())
  assert.equal((await login().tokens).subject, 'acct-1')
  server.on(paths.token, answerWith('of another request'))
  await assert.rejects(login({}).tokens)
})

test('CL-01 a server without S256 is not trusted with a code', async () => {
  for (const change of [
    { code_challenge_methods_supported: ['plain'] },
    { authorization_endpoint: undefined },
  ]) {
    offer(change)
    await assert.rejects(login().tokens, { code: 'loopback_unavailable' })
  }
  assert.equal(server.at(par).length, 0)
})

test('CL-05 a link over plain http to elsewhere is never made', async () => {
  offer({ authorization_endpoint: 'http://login.example/authorize' })
  await assert.rejects(login().tokens, { code: 'insecure_url' })
})

test('DC-16 aborting closes the port, takes the request back and resolves in time', async () => {
  const stop = new AbortController()
  const { tokens, started } = login({ signal: stop.signal, onLink: () => stop.abort() }, undefined)
  await assert.rejects(tokens, { code: 'cancelled' })
  assert.deepEqual(started.events, [])
  assert.deepEqual(server.at(paths.revoke)[0]?.form, {
    token: 'urn:canary-request',
    token_type_hint: 'request_uri',
    client_id: 'test-cli',
  })
  await assert.rejects(comeBack(server.at(par)[0]?.form ?? {}, { code: 'c' }))
})

test('DC-16 aborting before anything was sent sends nothing', async () => {
  const { tokens } = login({ signal: AbortSignal.abort() })
  await assert.rejects(tokens, { code: 'cancelled' })
  assert.equal(server.received.length, 0)
})

test('DC-16 F-20 aborting wins over tokens that are on their way, and these are revoked', async () => {
  const stop = new AbortController()
  server.on(paths.token, async (request, response) => {
    stop.abort()
    await json(200, tokensOf())(request, response)
  })
  await assert.rejects(login({ signal: stop.signal }).tokens, { code: 'cancelled' })
  assert.ok(server.at(paths.revoke).some(({ form }) => form.token === 'REFRESH-canary-1'))
})

/** Sleeps only for a moment where it waits to try again; the time that a link has stays long. */
const impatient = {
  ...system,
  sleep: (seconds: number, signal?: AbortSignal) => system.sleep(seconds > 100 ? seconds : 0.01, signal),
}

test('DC-12 a server that says it cannot look at the code is asked again', async () => {
  const down = [json(503, { error: 'temporarily_unavailable' }), page(503, 'Down')]
  server.script(paths.token, [...down, json(200, tokensOf())])
  const { tokens, started } = login({ system: impatient })
  await tokens
  assert.deepEqual(
    started.events.map(({ type }) => type),
    ['answered', 'offline', 'offline', 'online'],
  )
})

test('RFC 6749 §4.1.2 a code that may have arrived is not sent again', async () => {
  server.on(paths.token, reset)
  await assert.rejects(login({ system: impatient }).tokens, { code: 'network' })
  server.on(paths.token, page(502, 'Bad gateway'))
  await assert.rejects(login({ system: impatient }).tokens, { code: 'html_answer' })
  assert.equal(server.at(paths.token).length, 2)
})

test('DC-12 a code that never left is sent again, and that it waits is told', async () => {
  let failing = 2
  const flaky = {
    ...impatient,
    fetch: (url: string, init: RequestInit) => {
      if (!url.endsWith(paths.token) || failing === 0) return system.fetch(url, init)
      failing -= 1
      const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
      return Promise.reject(new TypeError('fetch failed', { cause }))
    },
  }
  const { tokens, started } = login({ system: flaky })
  await tokens
  assert.deepEqual(
    started.events.map(({ type }) => type),
    ['answered', 'offline', 'offline', 'online'],
  )
  assert.equal(server.at(paths.token).length, 1)
})

test('DC-17 a link that nobody opens expires', async () => {
  const { tokens } = login({ system: virtualSystem() }, undefined)
  await assert.rejects(tokens, { code: 'expired' })
})

const refusals: [string, Handler, object][] = [
  [
    'a refused client',
    json(401, { error: 'invalid_client' }),
    { code: 'oauth_error', error: 'invalid_client' },
  ],
  [
    'a policy',
    json(400, { error: 'access_denied', error_description: 'Off here' }),
    { code: 'refused_by_policy' },
  ],
  ['a web page', page(403, 'Zscaler'), { code: 'html_answer' }],
  ['no reference', json(201, { expires_in: 60 }), { code: 'malformed_answer' }],
  ['no lifetime', json(201, { request_uri: 'urn:x' }), { code: 'malformed_answer' }],
  ['a reset', reset, { code: 'network' }],
]
for (const [name, handler, expected] of refusals)
  test(`PAR-06 a push that ends in ${name} gives no link`, async () => {
    server.on(par, handler)
    const { tokens, started } = login()
    await assert.rejects(tokens, expected)
    assert.deepEqual(started.links, [])
  })
