// The authorization endpoint against standards.md section 11: what is answered with a page, what with a redirect, and what the
// answer carries. Who has to sign in or agree is authorize.steps.test.ts, what differs for clients that nobody vouches for
// authorize.strangers.test.ts; pushed requests are par.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  allowIn,
  answerIn,
  authorizeForm,
  authorizePath,
  challenge,
  nativeClient,
  obtainCode,
  openSignedJar,
  redeemCode,
  referenceIn,
  webClient,
} from '../testing/code-flow.ts'
import { errorOf } from '../testing/device-flow.ts'
import { createTestServerWith, type TestOptions } from '../testing/services.ts'

const resource = 'https://api.example/v1'
const web = { ...webClient, resources: [resource] }
const back = 'https://web.example/back'

async function withClients(options: TestOptions = {}) {
  const server = await createTestServerWith([web, nativeClient], options)
  return { server, jar: await openSignedJar(server) }
}

test('AZ-01 AZ-09 AZ-10 IS-01 X-07 a request by GET is answered with code, state and iss', async () => {
  const { jar } = await withClients()
  const state = ' a+b&c=d%20\u2603"<>\\/é\n'
  const answer = await jar.get(authorizePath(web, { state }))
  const said = answerIn(answer, back)
  assert.deepEqual(Object.keys(said).sort(), ['code', 'iss', 'state'])
  assert.equal(said.state, state)
  assert.equal(said.iss, 'https://login.example')
  assert.equal(answer.headers['referrer-policy'], 'no-referrer')
  assert.equal(String(answer.headers.location).match(/iss=/g)?.length, 1)
  const { state: none } = answerIn(await jar.get(authorizePath(web, { state: '' })), back)
  assert.equal(none, undefined)
})

test('AZ-01 AZ-26 X-27 a request by POST comes again by GET, where the browser brings its cookies, once', async () => {
  const { server, jar } = await withClients()
  // A form on another site: no cookie of ours comes with it (SameSite=Lax).
  const posted = await server.call('POST', '/oauth/authorize', {
    form: authorizeForm(web, { state: 'posted' }),
  })
  assert.equal(posted.status, 303)
  const location = String(posted.headers.location)
  assert.match(location, /^\/oauth\/authorize\?client_id=web&request_uri=urn%3Aietf%3A/)
  assert.equal(answerIn(await jar.get(location), back).state, 'posted')
  assert.equal((await jar.get(location)).status, 400)
})

test('AZ-01 a POST of something else than a form is a page, and a fault in one goes back at once', async () => {
  const { server } = await withClients()
  const json = await server.call('POST', '/oauth/authorize', {
    form: '{}',
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(json.status, 400)
  assert.match(String(json.headers['content-type']), /^text\/html/)
  const form = authorizeForm(web, { scope: 'unheard-of' })
  assert.equal(answerIn(await server.call('POST', '/oauth/authorize', { form }), back).error, 'invalid_scope')
})

test('UI-09 HEAD and a look by a link scanner open nothing', async () => {
  const { server, jar } = await withClients()
  const response = await server.call('HEAD', authorizePath(web), {
    headers: { cookie: [...jar.cookies].map((pair) => pair.join('=')).join('; ') },
  })
  assert.equal(response.status, 200)
  assert.deepEqual(
    [response.headers.location, response.body, (await server.services.store.counts()).authorizationCode],
    [undefined, '', 0],
  )
})

test('AZ-02 no page of another site may read anything here, and other methods are refused', async () => {
  const { server, jar } = await withClients()
  const origin = { headers: { origin: 'https://evil.example' } }
  for (const method of ['GET', 'POST', 'OPTIONS', 'PUT', 'DELETE']) {
    const response = await server.call(method, authorizePath(web), origin)
    for (const name of Object.keys(response.headers)) assert.doesNotMatch(name, /^access-control-/)
  }
  assert.equal((await server.call('OPTIONS', authorizePath(web), origin)).status, 405)
  assert.equal((await server.call('DELETE', '/oauth/authorize')).headers.allow, 'GET, HEAD, POST')
  assert.equal((await jar.get(authorizePath(web))).headers['access-control-allow-origin'], undefined)
})

test('AZ-03 AZ-04 UI-14 without a client and an address that it registered: a page, no redirect, never 401', async () => {
  const { server, jar } = await withClients()
  const faults = [
    authorizePath(web, { client_id: '' }),
    authorizePath(web, { client_id: 'nobody' }),
    authorizePath(web, { client_id: 'https://nobody.example/\u0000' }),
    authorizePath(web, { redirect_uri: 'https://evil.example/' }),
    authorizePath(web, { redirect_uri: `${back}/` }),
    authorizePath(web, { redirect_uri: 'nonsense' }),
    authorizePath(web, { redirect_uri: "javascript:alert('x')" }),
    authorizePath(web, { redirect_uri: '"><script>alert(1)</script>' }),
    // Whatever else is wrong, it is not said to an address that nobody registered.
    authorizePath(web, { redirect_uri: 'https://evil.example/', response_type: 'token', scope: 'x' }),
    `${authorizePath(web)}&redirect_uri=${encodeURIComponent(back)}`,
    `${authorizePath(web)}&client_id=web`,
    authorizePath(web, { redirect_uri: '' }).concat('&redirect_uri=%ff'),
    '/oauth/authorize',
    '/oauth/authorize?client_id=%ff',
    '/oauth/authorize?&&=&=x&%00=%',
  ]
  for (const path of faults) {
    for (const response of [await jar.get(path), await server.call('GET', path)]) {
      assert.equal(response.status, 400, path)
      assert.match(String(response.headers['content-type']), /^text\/html/)
      assert.equal(response.headers.location, undefined)
      assert.equal(response.headers['www-authenticate'], undefined)
      assert.match(String(response.headers['content-security-policy']), /frame-ancestors 'none'/)
      assert.equal(response.headers['referrer-policy'], 'no-referrer')
      assert.doesNotMatch(response.body, /evil|alert|nonsense/)
      assert.doesNotMatch(response.body, /href="(?!\/)/)
    }
  }
})

test('AZ-05 AZ-06 AZ-07 AZ-14 F-01 F-13 every other fault goes back to the client by code', async () => {
  const { server } = await withClients()
  const faults: [Record<string, string>, string][] = [
    [{ response_type: '' }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: 'id_token token' }, 'unsupported_response_type'],
    [{ code_challenge: '' }, 'invalid_request'],
    [{ code_challenge: '', nonce: 'n', scope: 'openid' }, 'invalid_request'],
    [{ code_challenge_method: '' }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge: 'short' }, 'invalid_request'],
    [{ scope: 'openid admin' }, 'invalid_scope'],
    [{ scope: 'a"b' }, 'invalid_scope'],
    [{ resource: 'https://unknown.example' }, 'invalid_target'],
    [{ resource: 'https://api.example/v1#x' }, 'invalid_target'],
    [{ resource: 'relative' }, 'invalid_target'],
    [{ prompt: 'none login' }, 'invalid_request'],
    [{ prompt: 'unheard_of' }, 'invalid_request'],
    [{ max_age: '-1' }, 'invalid_request'],
    [{ max_age: 'soon' }, 'invalid_request'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ request: 'ey' }, 'request_not_supported'],
    [{ request_uri: 'https://web.example/request' }, 'request_uri_not_supported'],
    [{ registration: '{}' }, 'registration_not_supported'],
    [{ dpop_jkt: 'short' }, 'invalid_request'],
  ]
  for (const [given, error] of faults) {
    // Nobody needs to be signed in for it: an administrator knows where this client's address leads.
    const said = answerIn(await server.call('GET', authorizePath(web, given)), back)
    assert.equal(said.error, error, JSON.stringify(given))
    assert.equal(said.state, 'the state')
    assert.equal(said.iss, 'https://login.example')
    assert.equal(said.code, undefined)
    assert.match(said.error_description ?? '', /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  }
})

test('AZ-05 G-23 a client without the grant hears so', async () => {
  const { server, jar } = await withClients()
  await server.addClient({ ...web, id: 'device', grantTypes: ['refresh_token'] })
  const said = answerIn(await jar.get(authorizePath({ ...web, id: 'device' })), back)
  assert.equal(said.error, 'unauthorized_client')
})

test('AZ-27 a repeated or unreadable parameter is invalid_request, without a state of two', async () => {
  const { jar } = await withClients()
  for (const more of ['&scope=openid&scope=email', '&nonce=%ff', '&nonce=%zz', '&prompt=login&prompt=none']) {
    const said = answerIn(await jar.get(authorizePath(web) + more), back)
    assert.deepEqual([said.error, said.state], ['invalid_request', 'the state'], more)
  }
  const twice = answerIn(await jar.get(`${authorizePath(web)}&state=other`), back)
  assert.deepEqual([twice.error, twice.state], ['invalid_request', undefined])
  // G-05, G-06: unknown ones may repeat no more than others; without a value a parameter is not there.
  assert.ok(answerIn(await jar.get(`${authorizePath(web)}&scope=&state=&unknown=1&prompt`), back).code)
})

test('RI-01 AZ-14 resource may repeat, and is bound to the code', async () => {
  const other = 'https://other.example'
  const server = await createTestServerWith([{ ...web, resources: [resource, other] }])
  const jar = await openSignedJar(server)
  const both = `&resource=${encodeURIComponent(resource)}&resource=${encodeURIComponent(other)}`
  assert.ok(answerIn(await jar.get(authorizePath(web) + both), back).code)
  const [record] = await server.services.store.list('authorizationCode')
  assert.deepEqual(record?.resources, [resource, other])
})

test('AZ-13 MA-09 without scope it is all that the client may have', async () => {
  const { server } = await withClients()
  await obtainCode(server, web)
  const [record] = await server.services.store.list('authorizationCode')
  assert.deepEqual(record?.scopes, web.scopes)
})

test('AZ-11 F-14 defect 10 of S4: a registered query stays, and is added to', async () => {
  const uris = ['https://web.example/cb?tenant=a%20b', 'https://web.example/cb?', 'https://web.example/cb?x&']
  const server = await createTestServerWith([{ ...web, redirectUris: uris }])
  const jar = await openSignedJar(server)
  const starts = [`${uris[0]}&code=csa_`, `${uris[1]}code=csa_`, `${uris[2]}code=csa_`]
  for (const [i, redirect_uri] of uris.entries()) {
    const { headers } = await jar.get(authorizePath(web, { redirect_uri }))
    assert.ok(String(headers.location).startsWith(starts[i] ?? '-'), String(headers.location))
    const failed = await jar.get(authorizePath(web, { redirect_uri, scope: 'nonsense' }))
    assert.ok(String(failed.headers.location).startsWith((starts[i] ?? '-').replace('code=csa_', 'error=')))
  }
})

test('AZ-24 IS-02 form_post: code, state and iss in a form that the browser posts, errors as well', async () => {
  const { server, jar } = await withClients()
  const page = await jar.get(authorizePath(web, { response_mode: 'form_post', state: `"><b>'x` }))
  assert.equal(page.status, 200)
  assert.match(page.body, /<form method="post" action="https:\/\/web\.example\/back">/)
  const values = new Map(
    [...page.body.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(([, name, value]) => [
      name,
      value,
    ]),
  )
  assert.deepEqual([...values.keys()].sort(), ['code', 'iss', 'state'])
  assert.equal(values.get('iss'), 'https://login.example')
  assert.equal(values.get('state'), '&quot;&gt;&lt;b&gt;&#39;x')
  assert.equal(page.headers['cache-control'], 'no-store')
  const policy = String(page.headers['content-security-policy'])
  assert.match(policy, /script-src 'sha256-[\w+/]{43}='/)
  assert.match(policy, /form-action https:$/)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.equal((await redeemCode(server, values.get('code') ?? '')).status, 200)
  const failed = await jar.get(authorizePath(web, { response_mode: 'form_post', scope: 'nonsense' }))
  assert.match(failed.body, /name="error" value="invalid_scope"[\s\S]*name="iss"/)
})

test('RU-02 RU-07 AZ-03 X-27 a loopback port that nobody registered, and the address left out', async () => {
  const { server, jar } = await withClients()
  const redirect_uri = 'http://127.0.0.1:49152/back'
  const opened = await jar.get(authorizePath(nativeClient, { redirect_uri }))
  const answer = await allowIn(server, jar, referenceIn(opened, '/consent'))
  assert.ok(answerIn(answer, `${redirect_uri}?`).code)
  // One that is registered is meant when none is named, but not by an OpenID request (OIDC Core §3.1.2.1).
  assert.ok(answerIn(await jar.get(authorizePath(web, { redirect_uri: '', scope: 'email' })), back).code)
  assert.equal((await jar.get(authorizePath(web, { redirect_uri: '', scope: 'openid' }))).status, 400)
  assert.equal((await jar.get(authorizePath(nativeClient, { redirect_uri: '' }))).status, 400)
})

test('RU-04 G-18 nothing that only resembles the address is redirected to', async () => {
  const { jar } = await withClients()
  for (const redirect_uri of [
    'http://127.0.0.1.evil.example/back',
    'http://127.0.0.1@evil.example/back',
    'http://127.0.0.1:80@evil.example/back',
    'http://127.0.0.1\\@evil.example/back',
    'http://localhost:80/back',
    'com.example.native:/back/../x',
  ])
    assert.equal((await jar.get(authorizePath(nativeClient, { redirect_uri }))).status, 400, redirect_uri)
})

test('UI-03 a program with a scheme of its own gets its answer there', async () => {
  const { server, jar } = await withClients()
  const redirect_uri = 'com.example.native:/back'
  const opened = await jar.get(authorizePath(nativeClient, { redirect_uri }))
  const answer = await allowIn(server, jar, referenceIn(opened, '/consent'))
  assert.ok(answerIn(answer, `${redirect_uri}?code=`).code)
})

test('AZ-16 G-13 G-20 the challenge is in no answer, and the code in no record and no log', async () => {
  const lines: unknown[] = []
  const take = (...line: unknown[]) => void lines.push(line)
  const { server, jar } = await withClients({ log: { info: take, warn: take, error: take } })
  const answer = await jar.get(authorizePath(web))
  const { code = '' } = answerIn(answer, back)
  const failed = await jar.get(authorizePath(web, { scope: 'nonsense' }))
  const opened = await jar.get(authorizePath(nativeClient))
  for (const response of [answer, failed, opened]) assert.ok(!JSON.stringify(response).includes(challenge))
  await redeemCode(server, code, { code_verifier: 'x'.repeat(43) })
  await redeemCode(server, code)
  await redeemCode(server, code)
  const kinds = ['authorizationCode', 'authorizationRequest', 'auditEntry', 'grant'] as const
  for (const kind of kinds)
    assert.ok(!JSON.stringify(await server.services.store.list(kind)).includes(code.slice(13)), kind)
  assert.ok(lines.length > 0 && !JSON.stringify(lines).includes(code.slice(13)))
})

test('G-12 AZ-15 X-26 a code has 256 random bits and lives a minute', async () => {
  const { server } = await withClients()
  const codes = new Set<string>()
  for (let i = 0; i < 20; i++) codes.add(await obtainCode(server, web))
  assert.equal(codes.size, 20)
  for (const code of codes) assert.match(code, /^csa_[0-9a-z]{9}[A-Za-z0-9_-]{43}$/)
  const [one = '', another = ''] = codes
  server.advance(59)
  assert.equal((await redeemCode(server, one)).status, 200)
  server.advance(1)
  assert.equal(errorOf(await redeemCode(server, another)), '400 invalid_grant')
})

test('G-14 G-27 strangers cannot fill the store: opening is braked per network, with a page', async () => {
  const { server, jar } = await withClients({ settings: { rateCreatePerAddress: 2 } })
  const open = () => server.call('GET', authorizePath(nativeClient))
  assert.deepEqual([(await open()).status, (await open()).status], [303, 303])
  const braked = await open()
  assert.equal(braked.status, 429)
  assert.match(String(braked.headers['retry-after']), /^[1-9]\d*$/)
  assert.match(String(braked.headers['content-type']), /^text\/html/)
  // Whoever is signed in is known: counted by name, and not with the neighbours. What is answered at once counts as well.
  assert.equal((await jar.get(authorizePath(nativeClient))).status, 303)
  assert.ok(answerIn(await jar.get(authorizePath(web)), back).code)
  for (const client of [nativeClient, web]) assert.equal((await jar.get(authorizePath(client))).status, 429)
  const counts = await server.services.store.counts()
  assert.deepEqual([counts.authorizationRequest, counts.authorizationCode], [3, 1])
})

test('audit: an allowed request is told of with the code, and names the grant that the code will make', async () => {
  const { server } = await withClients()
  const code = await obtainCode(server, web)
  const told = async () =>
    (await server.services.store.list('auditEntry')).filter(({ event }) => event !== 'browser.signed_in')
  const [entry, ...more] = await told()
  assert.deepEqual(more, [])
  assert.deepEqual(
    [entry?.event, entry?.actor, entry?.accountId, entry?.clientId, entry?.address],
    ['authorization.allowed', { kind: 'account', id: 'usr_mia' }, 'usr_mia', 'web', '192.0.2.1'],
  )
  assert.deepEqual(entry?.detail, { scopes: web.scopes, resources: [] })
  assert.equal((await redeemCode(server, code)).status, 200)
  const [grant] = await server.services.store.list('grant')
  assert.equal(grant?.id, entry?.grantId)
  assert.equal((await told()).length, 1, 'and the redemption adds nothing')
})
