// Who has to sign in, choose or agree before an authorization request is answered (OIDC Core §3.1.2.1, standards.md section 11), and
// how a request survives what people do with their browsers. What the pages look like is tested with the pages.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '@countersign/protocol'
import { openMemoryStore } from '../store/memory.ts'
import { StoreUnavailable } from '../store/store.ts'
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
import { bodyOf, claimsOf } from '../testing/device-flow.ts'
import { createTestServerWith, testAccount } from '../testing/services.ts'

/** Known to an administrator, asked about once. */
const shop: Client = {
  ...webClient,
  id: 'shop',
  name: 'Shop',
  skipsConsent: false,
  redirectUris: ['https://shop.example/back'],
}
const back = 'https://shop.example/back'
const passkey = {
  id: 'pk',
  version: 0,
  publicKey: '',
  counter: 0,
  transports: [],
  name: 'Key',
  createdAt: 0,
  lastUsedAt: null,
}

async function withShop() {
  const server = await createTestServerWith([shop, webClient, nativeClient])
  const jar = await openSignedJar(server)
  const ask = (given: Record<string, string> = {}, client = shop) => jar.get(authorizePath(client, given))
  const refused = async (given: Record<string, string>, client = shop) =>
    answerIn(await ask(given, client), client.redirectUris[0] ?? '').error
  /** Opens a request that needs consent and agrees. */
  const agree = async (given: Record<string, string> = {}, client = shop, scopes?: readonly string[]) =>
    allowIn(server, jar, referenceIn(await ask(given, client), '/consent'), scopes)
  return { server, jar, ask, refused, agree }
}

test('AZ-17 defects 3 and 4 of S4: nobody signed in: to the sign-in page, then to the question, then back to the client', async () => {
  const { server } = await withShop()
  const jar = openJar(server)
  const opened = await jar.get(authorizePath(shop))
  const reference = referenceIn(opened, '/login')
  assert.match(
    String(opened.headers['set-cookie']),
    /^__Host-countersign-browser=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=1800$/,
  )
  await jar.signIn()
  const answer = answerIn(await allowIn(server, jar, reference), back)
  assert.equal(answer.state, 'the state')
  assert.ok(answer.code)
})

test('AZ-19 prompt=none: never a page, and each reason by its name', async () => {
  const { server, jar, ask, refused, agree } = await withShop()
  const nobody = await openJar(server).get(authorizePath(shop, { prompt: 'none' }))
  assert.equal(answerIn(nobody, back).error, 'login_required')
  assert.equal(await refused({ prompt: 'none' }), 'consent_required')
  await agree()
  assert.ok(answerIn(await ask({ prompt: 'none' }), back).code)
  server.advance(100)
  assert.equal(await refused({ prompt: 'none', max_age: '99' }), 'login_required')
  assert.equal(await refused({ prompt: 'none', max_age: '0' }), 'login_required')
  assert.ok(answerIn(await ask({ prompt: 'none', max_age: '100' }), back).code)
  assert.equal(await refused({ prompt: 'none', login_hint: 'eve@example.com' }), 'account_selection_required')
  assert.ok(answerIn(await ask({ prompt: 'none', login_hint: 'MIA@example.com' }), back).code)
  await server.services.store.apply([
    { op: 'insert', kind: 'passkey', record: { ...passkey, accountId: testAccount.id } },
  ])
  assert.equal(await refused({ prompt: 'none', acr_values: 'phr' }), 'interaction_required')
  // Nothing of all this was kept as a request.
  const counts = await server.services.store.counts()
  assert.equal(counts.authorizationRequest, 1)
  await jar.signIn(['pop', 'user', 'mfa'])
  assert.ok(answerIn(await ask({ prompt: 'none', acr_values: 'phr' }), back).code)
})

test('AZ-19 ASVS 10.7.1 a silent request of a client that was never let in learns nothing about the person by guesses', async () => {
  const { server, refused } = await withShop()
  server.advance(100)
  for (const guess of [
    { login_hint: 'eve@example.com' },
    { login_hint: testAccount.email },
    { max_age: '10' },
    { max_age: '1000' },
  ])
    assert.equal(await refused({ prompt: 'none', ...guess }), 'consent_required', JSON.stringify(guess))
})

test('AZ-20 prompt=login and select_account want another sign-in than there was, and one is enough', async () => {
  for (const prompt of ['login', 'select_account', 'login consent']) {
    const { server, jar, ask, agree } = await withShop()
    await agree()
    const reference = referenceIn(await ask({ prompt }), '/login')
    // Looking at the page again, or opening another tab, is no sign-in.
    assert.equal(
      (await jar.get(`/consent?request=${reference}`)).headers.location,
      `/login?request=${reference}`,
    )
    await jar.signIn()
    const next = await jar.get(`/consent?request=${reference}`)
    const answer = prompt.includes('consent') ? await allowIn(server, jar, reference) : next
    assert.ok(answerIn(answer, back).code, prompt)
  }
})

test('AZ-20 prompt=consent asks again for all, and a client that is never asked about is, too', async () => {
  const { server, ask, agree } = await withShop()
  await agree()
  referenceIn(await ask({ prompt: 'consent' }), '/consent')
  const jar = await openSignedJar(server)
  referenceIn(await jar.get(authorizePath(webClient, { prompt: 'consent' })), '/consent')
})

test('AZ-21 SU-03 max_age: an older sign-in is done again, zero is prompt=login, and auth_time says when', async () => {
  const { server, jar, ask } = await withShop()
  const web = (given: Record<string, string>) => ask(given, webClient)
  server.advance(50)
  assert.ok(answerIn(await web({ max_age: '50' }), 'https://web').code)
  const reference = referenceIn(await web({ max_age: '49' }), '/login')
  const always = referenceIn(await web({ max_age: '0' }), '/login')
  server.advance(100)
  await jar.signIn()
  const signedInAt = server.services.system.now()
  server.advance(60)
  // Who signed in for the request has done so, however long they look at the next page.
  for (const one of [reference, always]) {
    const { code = '' } = answerIn(await jar.get(`/consent?request=${one}`), 'https://web.example/back')
    const { id_token: idToken = '' } = bodyOf<{ id_token: string }>(await redeemCode(server, code))
    assert.equal(claimsOf(idToken).claims.auth_time, signedInAt)
  }
})

test('AZ-20 AZ-21 an old session whose cookie was held back when the request was opened is no new sign-in', async () => {
  const { server, jar } = await withShop()
  const session = [...jar.cookies].filter(([name]) => name === '__Host-countersign')
  assert.equal(session.length, 1)
  server.advance(600)
  for (const given of [
    { max_age: '0' },
    { max_age: '60' },
    { prompt: 'login' },
    { prompt: 'select_account' },
  ]) {
    const thief = openJar(server)
    const reference = referenceIn(await thief.get(authorizePath(webClient, given)), '/login')
    for (const [name, value] of session) thief.cookies.set(name, value)
    const next = await thief.get(`/consent?request=${reference}`)
    assert.equal(next.headers.location, `/login?request=${reference}`, JSON.stringify(given))
    await thief.signIn()
    assert.ok(answerIn(await thief.get(`/consent?request=${reference}`), 'https://web.example/back').code)
  }
})

test('SU-03 SU-04 acr_values: a passkey is asked for, and what nobody can reach is said', async () => {
  const { server, jar, ask, refused } = await withShop()
  const web = (given: Record<string, string>) => ask(given, webClient)
  // Mia has no passkey: no page could help.
  assert.equal(await refused({ acr_values: 'phr' }, webClient), 'unmet_authentication_requirements')
  await server.services.store.apply([
    { op: 'insert', kind: 'passkey', record: { ...passkey, accountId: testAccount.id } },
  ])
  const reference = referenceIn(await web({ acr_values: 'phr' }), '/login')
  await jar.signIn(['pwd'])
  assert.equal(
    (await jar.get(`/consent?request=${reference}`)).headers.location,
    `/login?request=${reference}`,
  )
  await jar.signIn(['pop', 'user', 'mfa'])
  const { code = '' } = answerIn(await jar.get(`/consent?request=${reference}`), 'https://web.example/back')
  const { access_token: token } = bodyOf<{ access_token: string }>(await redeemCode(server, code))
  assert.equal(claimsOf(token).claims.acr, 'phr')
  assert.ok(answerIn(await web({ acr_values: 'urn:countersign:acr:password' }), 'https://web').code)
})

test('AZ-22 SU-04 an acr that nobody knows is a wish in an OpenID request, and unmet in a plain one', async () => {
  const { ask, refused } = await withShop()
  assert.ok(answerIn(await ask({ acr_values: '1 2', scope: 'openid' }, webClient), 'https://web').code)
  assert.equal(
    await refused({ acr_values: '1 2', scope: 'email' }, webClient),
    'unmet_authentication_requirements',
  )
})

test('ID-09 id_token_hint: the person that it names, or login_required', async () => {
  const { server, jar, ask } = await withShop()
  await server.addAccount({ id: 'usr_eve', email: 'eve@example.com' })
  const { code = '' } = answerIn(await ask({}, webClient), 'https://web')
  const { id_token: hint } = bodyOf<{ id_token: string }>(await redeemCode(server, code))
  const web = (given: Record<string, string>) => ask({ ...given, id_token_hint: hint }, webClient)
  // Old hints are hints (OIDC Core §3.1.2.1).
  server.advance(5000)
  assert.ok(answerIn(await web({ prompt: 'none' }), 'https://web').code)
  await jar.signIn(['pwd'], 'usr_eve')
  assert.equal(answerIn(await web({ prompt: 'none' }), 'https://web').error, 'login_required')
  const reference = referenceIn(await web({}), '/login')
  await jar.signIn(['pwd'], 'usr_eve')
  const stillEve = await jar.get(`/consent?request=${reference}`)
  assert.equal(answerIn(stillEve, 'https://web.example/back').error, 'login_required')
  const again = referenceIn(await web({}), '/login')
  await jar.signIn()
  assert.ok(answerIn(await jar.get(`/consent?request=${again}`), 'https://web.example/back').code)
  // What is no ID token of ours for this client says nothing.
  for (const other of ['x', 'a.b.c', `${hint}x`, hint.slice(0, -5)]) {
    const given = { prompt: 'none', id_token_hint: other }
    assert.ok(answerIn(await ask(given, webClient), 'https://web').code, other)
  }
  await jar.signIn(['pwd'], 'usr_eve')
  const foreign = { prompt: 'none', id_token_hint: hint }
  assert.equal(answerIn(await ask(foreign), back).error, 'consent_required')
})

test('UI-17 AZ-28 consent is remembered for account, client, address, resources and scopes, and asked for what is new', async () => {
  const { server, jar, ask, agree } = await withShop()
  await agree({ scope: 'openid email' })
  assert.ok(answerIn(await ask({ scope: 'email openid' }), back).code)
  assert.ok(answerIn(await ask({ scope: 'email' }), back).code)
  referenceIn(await ask({ scope: 'openid email offline_access' }), '/consent')
  await agree({ scope: 'openid email offline_access' }, shop, ['openid', 'email'])
  // What was left out is asked about again.
  referenceIn(await ask({ scope: 'openid offline_access' }), '/consent')
  await server.addAccount({ id: 'usr_eve', email: 'eve@example.com' })
  await jar.signIn(['pwd'], 'usr_eve')
  referenceIn(await ask({ scope: 'openid' }), '/consent')
})

test('AZ-18 X-33 ASVS 10.7.1 whom nothing assures is asked about each time, whatever an administrator said', async () => {
  const strangers: Client[] = [
    nativeClient,
    { ...nativeClient, id: 'scheme', redirectUris: ['com.example.native:/back'] },
    { ...nativeClient, id: 'skips', skipsConsent: true },
    { ...shop, id: 'self-made', source: 'registration' },
    { ...shop, id: 'self-made-skips', source: 'registration', skipsConsent: true },
  ]
  const server = await createTestServerWith(strangers)
  const jar = await openSignedJar(server)
  for (const client of strangers) {
    const open = () => jar.get(authorizePath(client))
    await allowIn(server, jar, referenceIn(await open(), '/consent'))
    referenceIn(await open(), '/consent')
    const silent = await jar.get(authorizePath(client, { prompt: 'none' }))
    if (client.source === 'admin')
      assert.equal(answerIn(silent, client.redirectUris[0] ?? '').error, 'consent_required', client.id)
    else assert.match(silent.body, /error=consent_required/, client.id)
  }
})

test('a consent that is withdrawn at the very moment of a silent answer is not used', async () => {
  const store = openMemoryStore()
  const server = await createTestServerWith([shop], { store })
  const jar = await openSignedJar(server)
  await allowIn(server, jar, referenceIn(await jar.get(authorizePath(shop)), '/consent'))
  const { apply } = store
  let withdrawn = false
  Object.assign(store, {
    async apply(writes: Parameters<typeof apply>[0]) {
      const [consent] = await store.list('consent')
      if (
        !withdrawn &&
        consent !== undefined &&
        writes.some((write) => 'kind' in write && write.kind === 'authorizationCode')
      ) {
        withdrawn = true
        await apply([{ op: 'delete', kind: 'consent', record: consent }])
      }
      return apply(writes)
    },
  })
  const answer = await jar.get(authorizePath(shop))
  assert.ok(withdrawn)
  assert.equal(answer.headers.location, authorizePath(shop))
  referenceIn(await jar.get(authorizePath(shop)), '/consent')
  assert.equal((await store.counts()).authorizationCode, 1, 'only the first')
})

test('AZ-25 two tabs are two requests; each is answered once, and with what it asked for', async () => {
  const { server, jar, ask } = await withShop()
  const one = referenceIn(await ask({ state: 'one', scope: 'openid' }), '/consent')
  const two = referenceIn(await ask({ state: 'two', scope: 'email' }), '/consent')
  const second = answerIn(await allowIn(server, jar, two), back)
  const first = answerIn(await allowIn(server, jar, one), back)
  assert.deepEqual([first.state, second.state], ['one', 'two'])
  const codes = await server.services.store.list('authorizationCode')
  assert.deepEqual(codes.map(({ scopes }) => scopes.join(' ')).sort(), ['email', 'openid'])
  assert.equal((await jar.get(`/consent?request=${one}`)).status, 400)
})

test('AZ-25 a request survives signing in, reload and the Back button, and is worth nothing elsewhere', async () => {
  const { server } = await withShop()
  const jar = openJar(server)
  const reference = referenceIn(await jar.get(authorizePath(shop)), '/login')
  for (let i = 0; i < 3; i++) assert.equal((await jar.get(`/login?request=${reference}`)).status, 200)
  await jar.signIn()
  for (let i = 0; i < 3; i++) assert.equal((await jar.get(`/consent?request=${reference}`)).status, 200)
  assert.equal((await jar.get(`/login?request=${reference}`)).status, 200)
  // Another browser, even of the same person; and one that somebody gave the reference and their own cookie.
  const other = await openSignedJar(server)
  assert.equal((await other.get(`/consent?request=${reference}`)).status, 400)
  referenceIn(await other.get(authorizePath(shop)), '/consent')
  assert.equal((await other.get(`/consent?request=${reference}`)).status, 400)
  assert.ok(answerIn(await allowIn(server, jar, reference), back).code)
})

test('AZ-25 RU-01 a request is over when its time is, and when its client or its address is gone', async () => {
  const { server, jar, ask } = await withShop()
  const reference = referenceIn(await ask(), '/consent')
  server.advance(1799)
  await jar.signIn()
  assert.equal((await jar.get(`/consent?request=${reference}`)).status, 200)
  server.advance(1)
  assert.equal((await jar.get(`/consent?request=${reference}`)).status, 400)
  const another = referenceIn(await ask(), '/consent')
  const record = await server.services.store.read('client', 'shop')
  assert.ok(record)
  const moved = { ...record, redirectUris: ['https://shop.example/new'] }
  await server.services.store.apply([{ op: 'update', kind: 'client', record: moved }])
  server.advance(2)
  assert.equal((await jar.get(`/consent?request=${another}`)).status, 400)
})

test('AZ-25 PAR-03 a request is over when its client has lost a scope or a resource that it asked for', async () => {
  const resource = 'https://api.example/v1'
  for (const lost of [{ scopes: ['openid'] }, { resources: [] }]) {
    const client = { ...shop, resources: [resource] }
    const server = await createTestServerWith([client])
    const jar = await openSignedJar(server)
    const asked = { scope: 'openid email', resource }
    const reference = referenceIn(await jar.get(authorizePath(client, asked)), '/consent')
    const pushed = await jar.post('/oauth/authorize', authorizeForm(client, asked))
    const change = async (changes: Partial<Client>) => {
      const record = await server.services.store.read('client', client.id)
      assert.ok(record)
      await server.services.store.apply([{ op: 'update', kind: 'client', record: { ...record, ...changes } }])
      server.advance(2)
    }
    await change(lost)
    assert.equal((await jar.get(`/consent?request=${reference}`)).status, 400)
    assert.equal((await jar.get(String(pushed.headers.location))).status, 400)
    await change({ scopes: client.scopes, resources: client.resources })
    assert.equal((await jar.get(`/consent?request=${reference}`)).status, 200)
  }
})

test('F-07 nothing of a request stays for ever', async () => {
  const { server, ask, agree } = await withShop()
  await ask()
  await agree()
  server.advance(1800 + 3600)
  await server.services.store.sweep(server.services.system.now())
  const { authorizationRequest, authorizationCode } = await server.services.store.counts()
  assert.deepEqual([authorizationRequest, authorizationCode], [0, 0])
})

test('AZ-12 a fault of ours goes back by code to a client that is known, and is a page otherwise', async () => {
  const store = openMemoryStore()
  const stranger = { ...nativeClient, id: 'stranger', source: 'registration' } as const
  const server = await createTestServerWith([shop, stranger], { store })
  const fail = (error: Error) => Object.assign(store, { apply: () => Promise.reject(error) })
  fail(new StoreUnavailable('gone'))
  const busy = answerIn(await server.call('GET', authorizePath(shop)), back)
  assert.deepEqual(
    [busy.error, busy.state, busy.iss],
    ['temporarily_unavailable', 'the state', 'https://login.example'],
  )
  assert.equal((await server.call('GET', authorizePath(stranger))).status, 503)
  fail(new Error('a secret of the database'))
  const fault = await server.call('GET', authorizePath(shop))
  assert.equal(answerIn(fault, back).error, 'server_error')
  assert.ok(!JSON.stringify(fault).includes('secret'))
})
