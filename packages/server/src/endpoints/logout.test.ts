// RP-initiated logout against standards.md section 16 (LO), and the rows of sections 21 and 22 about the end-session endpoint.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '@countersign/protocol'
import {
  createPeopledServer,
  hiddenFields,
  openBrowser,
  type Shown,
  signIn,
  type TestBrowser,
} from '../pages/testing.ts'
import {
  approveDevice,
  basic,
  bodyOf,
  pollDevice,
  signIn as signInDevice,
  startDevice,
} from '../testing/device-flow.ts'
import { type TestServer, testAccount, testConfidentialClient } from '../testing/services.ts'

const path = '/oauth/logout'
const back = 'https://app.example/signed-out'

async function withApp(changes: Partial<Client> = {}) {
  const server = await createPeopledServer()
  await server.addClient({
    ...testConfidentialClient,
    id: 'app',
    name: 'App <b>',
    postLogoutRedirectUris: [back, 'https://app.example/bye?lang=en'],
    ...changes,
  })
  await server.addClient({ ...testConfidentialClient, id: 'other', name: 'Other' })
  const browser = openBrowser(server)
  await signIn(browser)
  const hint = await hintFor(server, 'app')
  return { server, browser, hint }
}

/** An ID token of Mia's for the client. */
async function hintFor(server: TestServer, id: string): Promise<string> {
  const { id_token: idToken } = await signInDevice(server, '', { headers: basic(id) })
  return idToken ?? ''
}

const withQuery = (query: Readonly<Record<string, string>>) => `${path}?${new URLSearchParams(query)}`
const sessions = ({ services }: TestServer) =>
  services.store.find('browserSession', 'accountId', testAccount.id)
const isSignedIn = async (browser: TestBrowser) => (await browser.get('/account')).path === '/account'
const confirm = '/logout/confirm'
const asks = (page: Shown) => page.body.includes(`action="${confirm}"`)

test('LO-01 LO-02 LO-04 with an ID token of the person the session ends, and the browser goes back with state, by GET and POST', async () => {
  for (const method of ['GET', 'POST']) {
    const { server, browser, hint } = await withApp()
    const form = { id_token_hint: hint, post_logout_redirect_uri: back, state: 'a b&c', client_id: 'app' }
    const response = method === 'GET' ? await browser.get(withQuery(form)) : await browser.post(path, form)
    assert.equal(response.status, 303)
    assert.equal(response.headers.location, `${back}?state=a+b%26c`)
    assert.equal(response.headers['cache-control'], 'no-store')
    assert.equal(response.headers['referrer-policy'], 'no-referrer')
    assert.ok(!Object.keys(response.headers).some((name) => name.startsWith('access-control')))
    assert.deepEqual(await sessions(server), [])
    assert.equal(await isSignedIn(browser), false)
  }
})

test('LO-01 a form posted from the client’s site, with which browsers send no cookie, comes again by GET', async () => {
  const { server, browser, hint } = await withApp()
  const form = { id_token_hint: hint, post_logout_redirect_uri: back, state: 's', unknown: 'x' }
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://app.example' },
    { origin: 'null' },
  ]) {
    const response = await server.call('POST', path, { form, headers })
    assert.equal(response.status, 303)
    const { unknown: _, ...known } = form
    assert.equal(response.headers.location, withQuery(known))
    assert.ok(!('set-cookie' in response.headers))
  }
  assert.equal((await sessions(server)).length, 1)
  assert.equal((await browser.get(withQuery({ id_token_hint: hint }))).status, 200)
  assert.equal(await isSignedIn(browser), false)
})

test('LO-02 the hint may be long expired', async () => {
  const { server, browser, hint } = await withApp()
  server.advance(80_000)
  assert.equal(await isSignedIn(browser), true)
  const response = await browser.get(withQuery({ id_token_hint: hint, post_logout_redirect_uri: back }))
  assert.equal(response.headers.location, back)
  assert.equal(await isSignedIn(browser), false)
})

test('LO-02 section 22 a hint that is not ours, or for another client than client_id, is a 400 page that asks', async () => {
  const { server, browser, hint } = await withApp()
  const [head = '', body = '', signature = ''] = hint.split('.')
  const tokens = await signInDevice(server)
  const wrong = [
    { id_token_hint: 'x' },
    { id_token_hint: `${head}.${body}.` },
    { id_token_hint: `${head}.${body}.${signature}A` },
    { id_token_hint: tokens.access_token },
    { id_token_hint: hint, client_id: 'other' },
    { id_token_hint: hint, client_id: 'nobody' },
    { client_id: 'nobody' },
  ]
  for (const query of wrong) {
    const page = await browser.get(withQuery({ ...query, post_logout_redirect_uri: back }))
    assert.equal(page.status, 400)
    assert.ok(!('location' in page.headers) && !('refresh' in page.headers))
    assert.ok(asks(page))
    assert.doesNotMatch(page.body, /app\.example/)
  }
  assert.equal(await isSignedIn(browser), true)
})

test('LO-03 LO-06 without a hint the person is asked, by name of the client, and only the button signs out', async () => {
  const { server, browser } = await withApp()
  const page = await browser.get(
    withQuery({ client_id: 'app', post_logout_redirect_uri: back, state: 'xyz' }),
  )
  assert.equal(page.status, 200)
  assert.ok(asks(page))
  assert.ok(page.body.includes('App &lt;b&gt;'))
  assert.equal((await sessions(server)).length, 1)
  const done = await browser.submit(page, confirm)
  assert.equal(done.leaves?.href, `${back}?state=xyz`)
  assert.equal(done.status, 200, 'a page of ours that goes on, since a form may not lead elsewhere (UI-03)')
  assert.deepEqual(await sessions(server), [])
})

test('LO-03 somebody without any parameter is asked, and told that it is done', async () => {
  const { browser } = await withApp()
  const page = await browser.get(path)
  assert.equal(page.status, 200)
  const done = await browser.submit(page, confirm)
  assert.deepEqual([done.status, done.leaves], [200, undefined])
  assert.match(done.body, /You are signed out/)
  assert.equal(await isSignedIn(browser), false)
})

test('LO-03 an ID token of somebody else ends nobody’s session', async () => {
  const { server, browser } = await withApp()
  const eve = await server.addAccount({ id: 'usr_eve', email: 'eve@example.com' })
  const headers = basic('app')
  const { device_code: code } = await startDevice(server, '', { headers })
  await approveDevice(server, code, eve)
  const { id_token: hers } = bodyOf<{ id_token: string }>(await pollDevice(server, code, {}, { headers }))
  const page = await browser.get(withQuery({ id_token_hint: hers, post_logout_redirect_uri: back }))
  assert.deepEqual([page.status, asks(page)], [200, true])
  assert.equal(await isSignedIn(browser), true)
  assert.equal((await browser.submit(page, confirm)).leaves?.href, back)
  assert.equal(await isSignedIn(browser), false)
})

test('LO-04 G-26 only what the client registered, to the letter; its own query stays', async () => {
  const { server, browser, hint } = await withApp()
  for (const uri of [
    `${back}/`,
    `${back}?x=1`,
    'https://APP.example/signed-out',
    'https://app.example:443/signed-out',
    'https://app.example/signed-ou%74',
    'https://evil.example/',
    '//app.example/signed-out',
    '/account',
    'javascript:alert(1)',
  ]) {
    const page = await browser.get(withQuery({ client_id: 'app', post_logout_redirect_uri: uri }))
    assert.equal(page.status, 400, uri)
    assert.ok(!('location' in page.headers) && !('refresh' in page.headers))
  }
  const nobody = await browser.get(withQuery({ post_logout_redirect_uri: back }))
  assert.equal(nobody.status, 400, 'whose it is must be said')
  const foreign = await browser.get(withQuery({ client_id: 'other', post_logout_redirect_uri: back }))
  assert.equal(foreign.status, 400)
  assert.equal((await sessions(server)).length, 1)
  const uri = 'https://app.example/bye?lang=en'
  const good = await browser.get(
    withQuery({ id_token_hint: hint, post_logout_redirect_uri: uri, state: 's' }),
  )
  assert.equal(good.headers.location, `${uri}&state=s`)
})

test('LO-05 the session ends even where nobody can be sent back', async () => {
  const { server, browser, hint } = await withApp()
  const page = await browser.get(
    withQuery({ id_token_hint: hint, post_logout_redirect_uri: 'https://evil.example' }),
  )
  assert.equal(page.status, 400)
  assert.match(page.body, /You are signed out/)
  assert.doesNotMatch(page.body, /evil\.example/)
  assert.deepEqual(await sessions(server), [])
})

test('LO-05 G-27 a state that fits into no address ends the session all the same, and leads nobody anywhere', async () => {
  const { server, browser, hint } = await withApp()
  const given = { id_token_hint: hint, post_logout_redirect_uri: back }
  const page = await browser.get(withQuery({ ...given, state: 's'.repeat(4097) }))
  assert.deepEqual([page.status, page.headers.location], [400, undefined])
  assert.deepEqual(await sessions(server), [])
  await signIn(browser)
  const answer = await browser.get(withQuery({ ...given, state: 's'.repeat(4096) }))
  assert.equal(answer.headers.location, `${back}?state=${'s'.repeat(4096)}`)
})

test('UI-09 asking for the head signs nobody out', async () => {
  const { server, browser, hint } = await withApp()
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const head = await server.call('HEAD', withQuery({ id_token_hint: hint }), { headers: { cookie } })
  assert.deepEqual([head.status, head.body], [200, ''])
  assert.equal(await isSignedIn(browser), true)
})

test('LO-05 only this browser is signed out: others go on, and so do the programs of the person', async () => {
  const { server, browser, hint } = await withApp()
  const other = openBrowser(server)
  await signIn(other)
  const { refresh_token: token } = await signInDevice(server)
  await browser.get(withQuery({ id_token_hint: hint }))
  assert.deepEqual([await isSignedIn(browser), await isSignedIn(other)], [false, true])
  const form = { grant_type: 'refresh_token', refresh_token: token, client_id: 'countersign-cli' }
  assert.equal((await server.call('POST', '/oauth/token', { form })).status, 200)
})

test('LO-06 a forged confirmation, one of another browser, and one from elsewhere are refused', async () => {
  const { server, browser } = await withApp()
  const page = await browser.get(path)
  const stranger = openBrowser(server)
  await signIn(stranger)
  const fields = hiddenFields(page, confirm)
  const forged = [
    await browser.post(confirm, {}),
    await browser.post(confirm, { proof: 'x' }),
    await server.call('POST', confirm, { form: fields }),
  ]
  for (const response of forged)
    assert.ok(!String(response.headers['set-cookie'] ?? '').includes('Max-Age=0'))
  const asked = await stranger.post(confirm, fields)
  assert.ok(asked.body.includes(`action="${confirm}"`), 'asked anew, in the name of who is signed in there')
  browser.headers['sec-fetch-site'] = 'cross-site'
  assert.equal((await browser.post(confirm, fields)).status, 403)
  assert.equal((await sessions(server)).length, 2)
})

test('LO-04 what the question carries is checked anew when it is answered', async () => {
  const { browser } = await withApp()
  const page = await browser.get(withQuery({ client_id: 'app', post_logout_redirect_uri: back }))
  const done = await browser.submit(page, confirm, { post_logout_redirect_uri: 'https://evil.example/' })
  assert.deepEqual([done.status, done.leaves], [400, undefined])
  assert.equal(await isSignedIn(browser), false)
})

test('LO-03 LO-04 who is not signed in is sent back at once, or told so', async () => {
  const { server, hint } = await withApp()
  const browser = openBrowser(server)
  for (const query of [{ client_id: 'app' }, { id_token_hint: hint }]) {
    const response = await browser.get(withQuery({ ...query, post_logout_redirect_uri: back, state: 's' }))
    assert.equal(response.headers.location, `${back}?state=s`)
  }
  const page = await browser.get(path)
  assert.deepEqual([page.status, asks(page)], [200, false])
  assert.match(page.body, /You are signed out/)
  const bad = await browser.get(withQuery({ id_token_hint: 'x', post_logout_redirect_uri: back }))
  assert.equal(bad.status, 400)
})

test('LO-04 AZ-17 G-18 for a client that nobody vouches for, nobody who is not signed in is sent anywhere', async () => {
  const { server, hint, browser } = await withApp({ source: 'registration' })
  const stranger = openBrowser(server)
  for (const query of [{ client_id: 'app' }, { id_token_hint: hint }]) {
    const page = await stranger.get(withQuery({ ...query, post_logout_redirect_uri: back }))
    assert.deepEqual([page.status, page.headers.location, page.headers.refresh], [200, undefined, undefined])
    assert.match(page.body, /You are signed out/)
  }
  // Who was signed in, and is not any more, goes back.
  const done = await browser.get(withQuery({ id_token_hint: hint, post_logout_redirect_uri: back }))
  assert.equal(done.headers.location, back)
})

test('G-06 G-07 section 22 a repeated parameter is a 400 page, an empty one is as if it were missing', async () => {
  const { browser, hint } = await withApp()
  for (const query of ['state=a&state=b', `id_token_hint=${hint}&id_token_hint=${hint}`, 'state=%zz']) {
    const page = await browser.get(`${path}?${query}`)
    assert.equal(page.status, 400)
    assert.match(String(page.headers['content-type']), /^text\/html/)
  }
  const empty = await browser.get(`${path}?id_token_hint=&client_id=&post_logout_redirect_uri=`)
  assert.deepEqual([empty.status, asks(empty)], [200, true])
  assert.equal(await isSignedIn(browser), true)
})

test('UI-01 UI-03 the pages have the headers of pages, and no form of theirs leads elsewhere', async () => {
  const { browser } = await withApp()
  const page = await browser.get(withQuery({ client_id: 'app', post_logout_redirect_uri: back }))
  assert.match(String(page.headers['content-security-policy']), /frame-ancestors 'none'; form-action 'self'$/)
  assert.equal(page.headers['x-frame-options'], 'DENY')
  assert.equal(page.headers['cache-control'], 'no-store')
})
