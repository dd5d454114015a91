// Pushed authorization requests against standards.md section 10 (PAR) and the error matrix of section 22.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  allowIn,
  answerIn,
  authorizeForm,
  authorizePath,
  nativeClient,
  openJar,
  openSignedJar,
  redeemCode,
  referenceIn,
  webClient,
} from '../testing/code-flow.ts'
import { basic, bodyOf, errorOf } from '../testing/device-flow.ts'
import { createProver } from '../testing/dpop.ts'
import {
  type CallOptions,
  confidentialSecret,
  createTestServerWith,
  type TestOptions,
} from '../testing/services.ts'

const path = '/oauth/par'
const back = 'https://web.example/back'
const prefix = 'urn:ietf:params:oauth:request_uri:'

async function withClients(options: TestOptions = {}) {
  const server = await createTestServerWith([webClient, nativeClient], options)
  const jar = await openSignedJar(server)
  const push = (given: Record<string, string> = {}, more: CallOptions = {}) =>
    server.call('POST', path, { form: authorizeForm(webClient, given), headers: basic('web'), ...more })
  const pushed = async (given: Record<string, string> = {}) =>
    bodyOf<{ request_uri: string }>(await push(given)).request_uri
  const bring = (request_uri: string, more: Record<string, string> = {}, browser = jar) =>
    browser.get(`/oauth/authorize?${new URLSearchParams({ client_id: 'web', request_uri, ...more })}`)
  return { server, jar, push, pushed, bring }
}

/** The error code; PAR has a header of its own. */
function parError(response: Awaited<ReturnType<Awaited<ReturnType<typeof withClients>>['push']>>): string {
  assert.equal(response.headers['cache-control'], 'no-cache, no-store')
  return errorOf({ ...response, headers: { ...response.headers, 'cache-control': 'no-store' } })
}

test('PAR-04 RI-02 201 with a reference that nobody can guess and when it ends, kept by no cache', async () => {
  const { push } = await withClients()
  const response = await push()
  assert.equal(response.status, 201)
  assert.equal(response.headers['cache-control'], 'no-cache, no-store')
  assert.equal(response.headers['content-type'], 'application/json')
  const body = bodyOf(response)
  assert.match(String(body.request_uri), /^urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{22}$/)
  assert.deepEqual(body, {
    request_uri: body.request_uri,
    expires_in: 60,
    authorization_uri: `https://login.example/a/${String(body.request_uri).slice(prefix.length)}`,
  })
})

test('PAR-04 the time is a setting', async () => {
  const { push } = await withClients({ settings: { parSeconds: 90 } })
  assert.equal(bodyOf(await push()).expires_in, 90)
})

test('PAR-01 F-12 the client authenticates as at the token endpoint; a public one says who it is', async () => {
  const { server, push } = await withClients()
  assert.equal((await push({ client_secret: confidentialSecret }, { headers: {} })).status, 201)
  // The body names the client, and Basic authenticates it.
  assert.equal((await push()).status, 201)
  assert.equal(
    (await push({}, { headers: { authorization: basic('web').authorization.replace('Basic', 'bAsIc') } }))
      .status,
    201,
  )
  assert.equal(parError(await push({}, { headers: {} })), '401 invalid_client')
  assert.equal(parError(await push({}, { headers: basic('web', 'x'.repeat(40)) })), '401 invalid_client')
  assert.equal(parError(await push({ client_id: 'nobody' }, { headers: {} })), '401 invalid_client')
  assert.equal(parError(await push({ client_id: '' }, { headers: {} })), '400 invalid_request')
  assert.equal(parError(await push({ client_id: 'native' })), '400 invalid_request')
  const form = authorizeForm(nativeClient)
  assert.equal((await server.call('POST', path, { form })).status, 201)
})

test('PAR-02 a push is no reference to another', async () => {
  const { push, pushed } = await withClients()
  assert.equal(parError(await push({ request_uri: await pushed() })), '400 invalid_request')
  assert.equal(parError(await push({ request_uri: 'https://web.example/r' })), '400 invalid_request')
})

test('PAR-03 PAR-06 F-01 what is wrong with the request is said at the push, and no code of a page ever is', async () => {
  const { push } = await withClients()
  const faults: [Record<string, string>, string][] = [
    [{ redirect_uri: 'https://evil.example/' }, 'invalid_request'],
    [{ redirect_uri: '', scope: 'openid' }, 'invalid_request'],
    [{ response_type: '' }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ code_challenge: '' }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge: 'short' }, 'invalid_request'],
    [{ scope: 'admin' }, 'invalid_scope'],
    [{ resource: 'https://unknown.example' }, 'invalid_target'],
    [{ prompt: 'none login' }, 'invalid_request'],
    [{ max_age: '-1' }, 'invalid_request'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ request: 'ey' }, 'request_not_supported'],
    [{ dpop_jkt: 'short' }, 'invalid_request'],
  ]
  for (const [given, error] of faults)
    assert.equal(parError(await push(given)), `400 ${error}`, JSON.stringify(given))
  // prompt=none is looked at where there is a browser.
  assert.equal((await push({ prompt: 'none' })).status, 201)
})

test('PAR-06 a client without the grant', async () => {
  const { server } = await withClients()
  await server.addClient({ ...nativeClient, id: 'device', grantTypes: ['refresh_token'] })
  const form = authorizeForm({ ...nativeClient, id: 'device' })
  assert.equal(parError(await server.call('POST', path, { form })), '400 unauthorized_client')
})

test('PAR-07 G-03 G-04 G-07 other methods, forms and sizes', async () => {
  const { server, push } = await withClients()
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
    const response = await server.call(method, path)
    assert.deepEqual([response.status, response.headers.allow], [405, 'POST'])
  }
  const json = { 'content-type': 'application/json', ...basic('web') }
  assert.equal(
    parError(await server.call('POST', path, { form: '{}', headers: json })),
    '400 invalid_request',
  )
  const twice = `${new URLSearchParams(authorizeForm(webClient))}&scope=openid&scope=openid`
  assert.equal(
    parError(await server.call('POST', path, { form: twice, headers: basic('web') })),
    '400 invalid_request',
  )
  assert.equal(parError(await push({ state: 's'.repeat(5000) })), '400 invalid_request')
})

test('PAR-07 too many: by client where it authenticated, for all its people come from one address; else by network', async () => {
  const { server, push } = await withClients({
    settings: { rateCreatePerAddress: 1, rateCreatePerClient: 3 },
  })
  const statuses = []
  for (let i = 0; i < 4; i++) statuses.push((await push()).status)
  assert.deepEqual(statuses, [201, 201, 201, 429])
  const braked = await push()
  assert.match(String(braked.headers['retry-after']), /^[1-9]\d*$/)
  assert.equal(braked.headers['cache-control'], 'no-cache, no-store')
  const form = authorizeForm(nativeClient)
  assert.equal((await server.call('POST', path, { form })).status, 201)
  assert.equal((await server.call('POST', path, { form })).status, 429)
})

test('PAR-08 PAR-05 what was pushed counts, whatever else stands in the address, once', async () => {
  const { server, pushed, bring } = await withClients()
  const uri = await pushed({ state: 'pushed', scope: 'openid' })
  const more = {
    state: 'other',
    scope: 'openid email',
    redirect_uri: 'https://evil.example/',
    response_type: 'token',
  }
  const answer = answerIn(await bring(uri, more), back)
  assert.deepEqual([answer.state, answer.iss], ['pushed', 'https://login.example'])
  const [code] = await server.services.store.list('authorizationCode')
  assert.deepEqual(code?.scopes, ['openid'])
  assert.equal((await redeemCode(server, answer.code ?? '')).status, 200)
  const again = await bring(uri)
  assert.equal(again.status, 400)
  assert.equal(again.headers.location, undefined)
})

test('PAR-08 expired, unknown, foreign, malformed: a page, and the reference of another client is not spent by it', async () => {
  const { server, pushed, bring, jar } = await withClients()
  const late = await pushed()
  server.advance(60)
  const good = await pushed()
  const foreign = `/oauth/authorize?${new URLSearchParams({ client_id: 'native', request_uri: good })}`
  const bad = [late, prefix, `${prefix}x`, `${prefix}${'x'.repeat(43)}`, `${good}x`, `${prefix}\u0001`]
  for (const response of [...(await Promise.all(bad.map((uri) => bring(uri)))), await jar.get(foreign)]) {
    assert.equal(response.status, 400)
    assert.equal(response.headers.location, undefined)
    assert.match(String(response.headers['content-type']), /^text\/html/)
  }
  assert.equal((await jar.get(`/oauth/authorize?request_uri=${encodeURIComponent(good)}`)).status, 400)
  assert.ok(answerIn(await bring(good), back).code)
})

test('PAR-05 loading the page again in the same browser works until it is decided; another browser gets nothing', async () => {
  const { server } = await withClients()
  await server.addClient({ ...webClient, id: 'shop', skipsConsent: false })
  const headers = basic('shop')
  const form = authorizeForm({ ...webClient, id: 'shop' })
  const { request_uri: uri } = bodyOf<{ request_uri: string }>(
    await server.call('POST', path, { form, headers }),
  )
  const jar = openJar(server)
  const bring = (browser = jar) =>
    browser.get(`/oauth/authorize?${new URLSearchParams({ client_id: 'shop', request_uri: uri })}`)
  const reference = referenceIn(await bring(), '/login')
  assert.equal(referenceIn(await bring(), '/login'), reference)
  assert.equal((await bring(openJar(server))).status, 400)
  // A person takes longer than a push lives.
  server.advance(600)
  await jar.signIn()
  assert.equal(referenceIn(await bring(), '/consent'), reference)
  assert.equal((await bring(await openSignedJar(server))).status, 400)
  assert.ok(answerIn(await allowIn(server, jar, reference), back).code)
  assert.equal((await bring()).status, 400)
})

test('PAR-05 of two browsers that bring it at the same moment one goes on', async () => {
  const { server, pushed, bring } = await withClients()
  const uri = await pushed({ prompt: 'consent' })
  const jars = await Promise.all(Array.from({ length: 10 }, () => openSignedJar(server)))
  const answers = await Promise.all(jars.map((jar) => bring(uri, {}, jar)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, ...Array<number>(9).fill(400)])
})

test('PAR-09 where pushing is required, by the server or of the client, a plain request is refused', async () => {
  const strict = await withClients({ settings: { requirePar: true } })
  for (const method of ['GET', 'POST']) {
    const plain =
      method === 'GET'
        ? await strict.jar.get(authorizePath(webClient))
        : await strict.jar.post('/oauth/authorize', authorizeForm(webClient))
    const { error, error_description: why, state } = answerIn(plain, back)
    assert.deepEqual([error, state], ['invalid_request', 'the state'])
    assert.match(why ?? '', /pushed/)
  }
  assert.ok(answerIn(await strict.bring(await strict.pushed()), back).code)
  const server = await createTestServerWith([{ ...webClient, requiresPar: true }])
  const jar = await openSignedJar(server)
  assert.equal(answerIn(await jar.get(authorizePath(webClient)), back).error, 'invalid_request')
})

test('PAR-10 AC-08 the key of a proof beside the push is the key that must redeem, as if dpop_jkt had named it', async () => {
  const { server, bring } = await withClients()
  const [mine, other] = [await createProver(), await createProver()]
  const push = (given: Record<string, string>) =>
    mine.post(server, path, authorizeForm(webClient, given), { headers: basic('web') })
  for (const given of [{}, { dpop_jkt: mine.jkt }]) {
    const { request_uri: uri } = bodyOf<{ request_uri: string }>(await push(given))
    const { code = '' } = answerIn(await bring(uri), back)
    const form = {
      grant_type: 'authorization_code',
      code,
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    }
    const headers = basic('web')
    assert.equal(errorOf(await redeemCode(server, code)), '400 invalid_grant')
    assert.equal(errorOf(await other.post(server, '/oauth/token', form, { headers })), '400 invalid_grant')
    const issued = await mine.post(server, '/oauth/token', form, { headers })
    assert.equal(bodyOf(issued).token_type, 'DPoP', issued.body)
  }
  assert.equal(parError(await push({ dpop_jkt: other.jkt })), '400 invalid_dpop_proof')
})

test('PAR-10 the proof is made for the PAR endpoint, and a nonce is asked for', async () => {
  const { server } = await withClients()
  const prover = await createProver()
  const send = async (said: { path: string; nonce?: string }) =>
    server.call('POST', path, {
      form: authorizeForm(webClient),
      headers: { ...basic('web'), dpop: await prover.prove(server, said) },
    })
  const first = await send({ path })
  assert.equal(parError(first), '400 use_dpop_nonce')
  const nonce = String(first.headers['dpop-nonce'])
  assert.equal(parError(await send({ path: '/oauth/token', nonce })), '400 invalid_dpop_proof')
  assert.equal((await send({ path, nonce })).status, 201)
})

test('PAR-10 a client that must prove a key need not do so yet at the push', async () => {
  const server = await createTestServerWith([{ ...webClient, requiresDpop: true }])
  const form = authorizeForm(webClient)
  assert.equal((await server.call('POST', path, { form, headers: basic('web') })).status, 201)
})

test('PAR-11 RU-01 an address that is not registered stays refused, also for who authenticated', async () => {
  const { push } = await withClients()
  assert.equal(parError(await push({ redirect_uri: 'https://web.example/other' })), '400 invalid_request')
})

test('section 21: programs in browsers may push, without credentials', async () => {
  const { server, push } = await withClients()
  assert.equal((await push()).headers['access-control-allow-origin'], '*')
  assert.equal((await server.call('OPTIONS', path)).status, 204)
})
