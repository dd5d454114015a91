// Providers of identities that are broken or lie, and callbacks that somebody made up: each ends on a page of ours with a fixed
// sentence, nobody is signed in, and nothing of what they wrote is shown. The good ways are upstream.test.ts.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { generateKeyPair } from 'jose'
import type { Answer } from '../testing/json-server.ts'
import {
  client,
  type Lies,
  type LyingProvider,
  lyingWorld,
  startLyingProvider,
} from '../testing/lying-provider.ts'
import { ownIssuer, providerSettings, world } from '../testing/upstream-world.ts'
import { ask, type Shown, signIn } from './testing.ts'

let liar: LyingProvider
before(async () => {
  liar = await startLyingProvider()
})
after(() => liar.close())

const open = () => lyingWorld(liar)

async function refused(sessions: readonly unknown[], body: string, says: RegExp): Promise<void> {
  assert.match(body, says)
  assert.deepEqual(sessions, [])
}

test('ID-10 an ID token that does not hold signs nobody in', async () => {
  const { server, browser, press, come, back } = await open()
  const foreign = (await generateKeyPair('ES256')).privateKey
  const now = Math.floor(Date.now() / 1000)
  const lies: readonly (Lies | 'nonce')[] = [
    'nonce',
    { claims: { iss: 'https://elsewhere.example' } },
    { claims: { aud: 'somebody-else' } },
    { claims: { aud: [client.clientId, 'other'], azp: 'other' } },
    { claims: { exp: now - 3600 } },
    { claims: { sub: undefined } },
    { key: foreign },
    { alg: 'none' },
  ]
  for (const lie of lies) {
    const url = await press(browser, 'corp')
    const nonce = url.searchParams.get('nonce')
    await (lie === 'nonce' ? liar.token('another nonce') : liar.token(nonce, lie))
    const shown = await come(browser, back(url, { code: 'x' }))
    await refused(await server.services.store.list('browserSession'), shown.body, /does not hold/)
  }
  // The same without a lie.
  const url = await press(browser, 'corp')
  await liar.token(url.searchParams.get('nonce'))
  assert.equal((await come(browser, back(url, { code: 'x' }))).path, '/account')
})

test('CL-03 an answer of another issuer, or of nobody, is none; nor is its error', async () => {
  const { server, browser, press, come, back } = await open()
  for (const more of [
    { code: 'x', iss: 'https://elsewhere.example' },
    { error: 'access_denied', iss: 'https://elsewhere.example' },
  ]) {
    const url = await press(browser, 'corp')
    await liar.token(url.searchParams.get('nonce'))
    const shown = await come(browser, back(url, more as Record<string, string>))
    await refused(await server.services.store.list('browserSession'), shown.body, /does not hold/)
  }
})

test('CL-04 OSA-D9 a callback that somebody made up: 303 to a page of ours, fixed words, no fault', async () => {
  const { server, browser, press, come, back } = await open()
  const url = await press(browser, 'corp')
  const good = back(url, { code: 'x' }).search
  const queries = [
    '',
    '?state=',
    '?code=x',
    '?state=a&state=b',
    `?state=${'x'.repeat(43)}`,
    `?state=${'x'.repeat(9000)}`,
    '?error=access_denied&error_description=Call+0900-no-such-number+now',
    '?state=%00%ff&code=%',
    `${good.replace('state=', 'state=x&state=')}`,
  ]
  for (const query of queries) {
    const path = `/login/upstream/corp/callback${query}`
    const answer = await server.call('GET', path, {
      headers: { cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    })
    assert.equal(answer.status, 303)
    assert.equal(answer.headers.location, '/login')
    assert.ok(!JSON.stringify(answer).includes('no-such-number'))
  }
  for (const path of [
    '/login/upstream/',
    '/login/upstream/corp',
    '/login/upstream/none/callback',
    '/login/upstream/corp/callback/x/y',
  ])
    assert.ok([303, 404, 405].includes((await server.call('GET', path)).status), path)
  // None of it has spent the trip.
  await liar.token(url.searchParams.get('nonce'))
  const twice = back(url, { code: 'x' })
  twice.searchParams.append('code', 'y')
  assert.match((await come(browser, twice)).body, /does not hold/)
})

test('a provider that is down, slow to say what it is, or no provider: the page says so, and the next try asks again', async () => {
  const { server, browser, press, come, back } = await open()
  const broken: Record<string, object | Answer> = {
    html: (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>'),
    half: (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"issuer":'),
    reset: (request) => request.socket.destroy(),
    error: (_request, response) => response.writeHead(503).end('busy'),
    redirect: (_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    endless: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(`{"a":"${'x'.repeat(600_000)}"}`)
    },
    another: { issuer: 'https://elsewhere.example', authorization_endpoint: 'https://elsewhere.example/a' },
    nothing: {},
  }
  for (const [name, answer] of Object.entries(broken)) {
    liar.put('/.well-known/openid-configuration', answer)
    const page = await browser.get('/login')
    const shown = await browser.submit(page, '/login/upstream/corp')
    assert.equal(shown.path, '/login', name)
    assert.match(shown.body, /did not answer|does not hold/, name)
  }
  assert.deepEqual(await server.services.store.list('upstreamSignIn'), [])
  await liar.honest()
  for (const [name, answer] of Object.entries(broken)) {
    const url = await press(browser, 'corp')
    liar.put('/token', answer)
    const shown = await come(browser, back(url, { code: 'x' }))
    assert.match(shown.body, /did not answer|does not hold/, name)
  }
  const refusal: Answer = (_request, response) =>
    response
      .writeHead(400, { 'content-type': 'application/json' })
      .end('{"error":"invalid_grant","error_description":"Call 0900-no-such-number"}')
  liar.put('/token', refusal)
  const shown = await come(browser, back(await press(browser, 'corp'), { code: 'x' }))
  assert.match(shown.body, /did not let you sign in here/)
  assert.ok(!shown.body.includes('no-such-number'))
  assert.deepEqual(await server.services.store.list('browserSession'), [])
})

test('DV-08 F-16 whatever goes wrong there, who came from a device is told that it waits, and to go back to it', async () => {
  const { server, browser, press, come, back } = await open()
  const device = await ask(server)
  await browser.get(`/device/${device.user_code}`)
  const waits = (shown: Shown, why: RegExp) => {
    assert.equal(shown.path, '/login')
    assert.match(shown.body, why)
    assert.match(shown.body, /Your terminal still waits; you can also go back to it and start again/)
    assert.ok(shown.body.includes(device.user_code))
  }
  const comeWith = async (more: Record<string, string>) =>
    come(browser, back(await press(browser, 'corp'), more))
  waits(await comeWith({ code: 'x', state: 'x'.repeat(43) }), /begun in another browser/)
  waits(await comeWith({ error: 'server_error' }), /did not answer/)
  waits(await comeWith({ error: 'invalid_scope' }), /did not let you sign in/)
  waits(await comeWith({ code: 'x', iss: 'https://elsewhere.example' }), /does not hold/)
  const late = await press(browser, 'corp')
  server.advance(600)
  waits(await come(browser, back(late, { code: 'x' })), /That took too long/)
})

test('a discovery document leads nowhere into the own network', async () => {
  await liar.honest()
  const { server } = await world([
    providerSettings({ issuer: 'https://login.corp.example', client }),
    providerSettings({ issuer: liar.origin, client }, { id: 'near' }),
  ])
  const upstream = server.services.upstreams.find('near')
  liar.put('/.well-known/openid-configuration', {
    issuer: liar.origin,
    authorization_endpoint: `${liar.origin}/authorize`,
    token_endpoint: 'http://169.254.169.254/latest',
    jwks_uri: `${liar.origin}/jwks`,
    authorization_response_iss_parameter_supported: true,
  })
  const trip = { state: 's'.repeat(43), codeVerifier: 'v'.repeat(43), nonce: 'n' }
  const callback = new URL(
    `${ownIssuer}/login/upstream/near/callback?code=x&state=${trip.state}&iss=${liar.origin}`,
  )
  await assert.rejects(async () => upstream?.finish({ ...trip, callback }), { why: 'unavailable' })
})

test('whoever is signed in stays so, whatever comes back', async () => {
  const { browser, come, back, press } = await open()
  await signIn(browser)
  const url = await press(browser, 'corp')
  await liar.token('another nonce')
  assert.match((await come(browser, back(url, { code: 'x' }))).body, /does not hold/)
  assert.equal((await browser.get('/account')).path, '/account')
})

test('US-06 what the userinfo endpoint says about somebody else counts for nobody', async () => {
  const { server, browser, press, come, back } = await open()
  const at = (path: string) => liar.origin + path
  liar.put('/.well-known/openid-configuration', {
    issuer: liar.origin,
    authorization_endpoint: at('/authorize'),
    token_endpoint: at('/token'),
    userinfo_endpoint: at('/me'),
    jwks_uri: at('/jwks'),
    id_token_signing_alg_values_supported: ['ES256'],
  })
  const url = await press(browser, 'corp')
  await liar.token(url.searchParams.get('nonce'), { claims: { email: undefined, name: undefined } })
  liar.put('/me', { sub: 'somebody-else', email: 'mia@example.com', email_verified: true })
  const shown = await come(browser, back(url, { code: 'x' }))
  await refused(await server.services.store.list('browserSession'), shown.body, /does not hold/)
})

test('OSA-D3 UI-15 no address from a request is ever where a sign-in leads', async () => {
  const { browser, press, come, back } = await open()
  const elsewhere = 'redirect_uri=https://evil.example&returnTo=https://evil.example&next=//evil.example'
  const page = await browser.get(`/login?${elsewhere}`)
  assert.ok(!page.body.includes('evil.example'))
  const url = await press(browser, 'corp')
  assert.equal(url.searchParams.get('redirect_uri'), `${ownIssuer}/login/upstream/corp/callback`)
  await liar.token(url.searchParams.get('nonce'))
  const callback = back(url, { code: 'x' })
  callback.search += `&${elsewhere}`
  const shown = await come(browser, callback)
  assert.equal(shown.path, '/account')
  assert.equal(shown.leaves, undefined)
})
