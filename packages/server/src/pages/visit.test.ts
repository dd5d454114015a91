import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digest } from '../secrets.ts'
import { createPeopledServer, hiddenFields, openBrowser, password, signIn } from './testing.ts'
import { fullCookieName } from './visit.ts'

const sessionOf = (cookies: Map<string, string>) => cookies.get('__Host-countersign') ?? ''

test('UI-06 the session cookie is __Host-, Secure, HttpOnly, SameSite=Lax, 256 bits, and kept as a digest', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  const page = await browser.get('/login')
  const posted = await browser.post('/login', {
    ...hiddenFields(page, '/login'),
    email: 'mia@example.com',
    password,
  })
  const [line = ''] = [posted.headers['set-cookie'] ?? []].flat()
  assert.match(
    line,
    /^__Host-countersign=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=1209600$/,
  )
  const [session] = await server.services.store.find('browserSession', 'accountId', 'usr_mia')
  assert.equal(session?.id, digest(sessionOf(browser.cookies)))
  assert.ok(!JSON.stringify(session).includes(sessionOf(browser.cookies)))
})

test('UI-06 on plain http, which is for loopback only, the cookie has no prefix and is not Secure', async () => {
  const server = await createPeopledServer({ settings: { issuer: 'http://localhost:4000' } })
  const response = await server.call('GET', '/login')
  const [line = ''] = [response.headers['set-cookie'] ?? []].flat()
  assert.match(line, /^countersign-4000=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
})

test('UI-06 no two servers under paths of one host have cookies of one name, and each name is one', () => {
  const paths = ['', '/auth', '/auth/a', '/auth.a', '/auth%2Fa', '/auth~a', '/%C3%A4', '/a;b', '/a=b']
  const names = paths.map((path) => fullCookieName({ issuer: `https://app.example${path}` }, 'session'))
  assert.equal(new Set(names).size, paths.length)
  // RFC 6265 §4.1.1: a token.
  for (const name of names) assert.match(name, /^__Host-[\w.%!#$&'*+^`|~-]+$/)
})

test('UI-06 on plain http the port is in the name, so two servers on one machine do not sign each other out', async () => {
  const jar = new Map<string, string>()
  const browsers = []
  for (const port of [4000, 4001]) {
    const server = await createPeopledServer({ settings: { issuer: `http://localhost:${port}` } })
    const browser = openBrowser(server)
    await signIn(browser)
    for (const [name, value] of browser.cookies) jar.set(name, value)
    browsers.push(browser)
  }
  for (const browser of browsers) {
    for (const [name, value] of jar) browser.cookies.set(name, value)
    assert.equal((await browser.get('/account')).path, '/account')
  }
})

test('UI-07 signing in never keeps the cookie that the browser came with, so none can be planted', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  const planted = 'A'.repeat(43)
  browser.cookies.set('__Host-countersign', planted)
  await signIn(browser)
  assert.notEqual(sessionOf(browser.cookies), planted)
  const attacker = openBrowser(server)
  attacker.cookies.set('__Host-countersign', planted)
  assert.equal((await attacker.get('/account')).path, '/login')
})

test('UI-07 signing in again gives a new session and ends the old one', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  await signIn(browser)
  const first = sessionOf(browser.cookies)
  await signIn(browser)
  assert.notEqual(sessionOf(browser.cookies), first)
  assert.equal(await server.services.store.read('browserSession', digest(first)), undefined)
  assert.equal((await server.services.store.find('browserSession', 'accountId', 'usr_mia')).length, 1)
})

test('UI-07 a session ends a day after its last use, and moves with use', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  await signIn(browser)
  for (let day = 0; day < 3; day++) {
    server.advance(86_400 - 1)
    assert.equal((await browser.get('/account')).path, '/account')
  }
  server.advance(86_400)
  assert.equal((await browser.get('/account')).path, '/login')
})

test('UI-07 a session ends after its absolute time however much it is used', async () => {
  const server = await createPeopledServer({ settings: { sessionAbsoluteSeconds: 172_800 } })
  const browser = openBrowser(server)
  await signIn(browser)
  const opened: string[] = []
  for (let hours = 0; hours < 50; hours += 10) {
    opened.push((await browser.get('/account')).path)
    server.advance(36_000)
  }
  assert.deepEqual(opened, ['/account', '/account', '/account', '/account', '/account'])
  assert.equal((await browser.get('/account')).path, '/login')
})

test('a visit is noted at most once a minute', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  await signIn(browser)
  const version = async () =>
    (await server.services.store.find('browserSession', 'accountId', 'usr_mia'))[0]?.version
  server.advance(59)
  await browser.get('/account')
  assert.equal(await version(), 1)
  server.advance(1)
  await browser.get('/account')
  await browser.get('/account')
  assert.equal(await version(), 2)
})

test('UI-08 a form is refused without its anti-forgery token, with that of another browser, and from another site', async () => {
  const server = await createPeopledServer()
  const [mia, other] = [openBrowser(server), openBrowser(server)]
  const good = hiddenFields(await mia.get('/login'), '/login')
  const foreign = hiddenFields(await other.get('/login'), '/login')
  const answer = { email: 'mia@example.com', password }
  assert.equal((await mia.post('/login', answer)).status, 403)
  assert.equal((await mia.post('/login', { ...foreign, ...answer })).status, 403)
  mia.headers['sec-fetch-site'] = 'cross-site'
  assert.equal((await mia.post('/login', { ...good, ...answer })).status, 403)
  mia.headers['sec-fetch-site'] = 'same-site'
  assert.equal((await mia.post('/login', { ...good, ...answer })).status, 403)
  delete mia.headers['sec-fetch-site']
  mia.headers.origin = 'https://evil.example'
  assert.equal((await mia.post('/login', { ...good, ...answer })).status, 403)
  mia.headers.origin = 'https://login.example'
  assert.equal((await mia.post('/login', { ...good, ...answer })).status, 303)
})

test('UI-08 a token of before the sign-in is worth nothing after it', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  const early = hiddenFields(await browser.get('/device'), '/device')
  await signIn(browser)
  assert.equal((await browser.post('/device', { ...early, user_code: 'BBBB-BBBB' })).status, 403)
})

test('a disabled account is signed out everywhere at once', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  await signIn(browser)
  const account = await server.services.store.read('account', 'usr_mia')
  assert.ok(account)
  await server.services.store.apply([
    { op: 'update', kind: 'account', record: { ...account, disabledAt: server.services.system.now() } },
  ])
  assert.equal((await browser.get('/account')).path, '/login')
})

test('cookies that are no cookies of ours are treated as none', async () => {
  const server = await createPeopledServer()
  for (const cookie of [
    '__Host-countersign=',
    '__Host-countersign=<x>',
    'nonsense',
    '__Host-countersign-code=AAAA; =;;',
  ]) {
    const response = await server.call('GET', '/device/approve', { headers: { cookie } })
    assert.equal(response.status, 303, cookie)
  }
})
