import assert from 'node:assert/strict'
import { argon2Sync } from 'node:crypto'
import { test } from 'node:test'
import { ask, createPeopledServer, hiddenFields, openBrowser, password, signIn } from './testing.ts'

test('a right password leads to the account page', async () => {
  const server = await createPeopledServer()
  const page = await signIn(openBrowser(server), '  MIA@Example.com ')
  assert.equal(page.path, '/account')
  assert.match(page.body, /Hello, Mia/)
})

test('UI-15 unknown address, wrong password and disabled account are answered alike', async () => {
  const server = await createPeopledServer()
  await server.addAccount({
    id: 'usr_off',
    email: 'off@example.com',
    disabledAt: 1,
    passwordHash: (await server.services.store.read('account', 'usr_mia'))?.passwordHash ?? null,
  })
  await server.addAccount({ id: 'usr_key', email: 'key@example.com', passwordHash: null })
  const browser = openBrowser(server)
  const strip = (body: string) => body.replace(/value="[^"]*"/g, '').replace(/data-options="[^"]*"/g, '')
  const bodies = new Set<string>()
  for (const [email, attempt] of [
    ['mia@example.com', 'a wrong password'],
    ['nobody@example.com', password],
    ['off@example.com', password],
    ['key@example.com', password],
    ['no address', password],
  ] as const) {
    const page = await browser.submit(
      await browser.get('/login'),
      '/login',
      { email, password: attempt },
      'name="email"',
    )
    assert.equal(page.status, 400)
    bodies.add(strip(page.body))
  }
  assert.equal(bodies.size, 1)
})

test('UI-15 ten wrong passwords for one address make it wait, also for the right one, and other addresses go on', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  const page = await browser.get('/login')
  const attempt = (word: string, email = 'mia@example.com') =>
    browser.submit(page, '/login', { email, password: word }, 'name="email"')
  for (let i = 0; i < 10; i++) assert.equal((await attempt(`wrong ${i}`)).status, 400)
  const braked = await attempt(password)
  assert.equal(braked.status, 429)
  assert.ok(Number(braked.headers['retry-after']) > 0)
  assert.match(braked.body, /Too many tries/)
  assert.equal((await attempt('wrong', 'other@example.com')).status, 400)
  server.advance(1800)
  assert.equal((await attempt(password)).path, '/account')
})

test('right passwords cost no tries', async () => {
  const server = await createPeopledServer()
  for (let i = 0; i < 12; i++) assert.equal((await signIn(openBrowser(server))).path, '/account')
})

test('what is typed as an address is kept nowhere: it may be a password', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  await browser.submit(
    await browser.get('/login'),
    '/login',
    { email: 'canary-secret', password: 'x' },
    'name="email"',
  )
  for (const kind of ['attempts', 'setting', 'browserSession'] as const) {
    assert.ok(!JSON.stringify(await server.services.store.list(kind)).includes('canary-secret'), kind)
  }
})

test('UI-15 after signing in nobody is sent to an address from the request', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  const page = await browser.get('/login?returnTo=https://evil.example&next=//evil.example')
  assert.ok(!page.body.includes('evil.example'))
  const sent = { ...hiddenFields(page, '/login', 'name="email"'), email: 'mia@example.com', password }
  const answer = await browser.post('/login', { ...sent, returnTo: '//evil.example' })
  assert.equal(answer.headers.location, '/account')
})

test('3.3.7 the code of a link survives the sign-in and is not asked for again', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  const asked = await ask(server)
  const login = await browser.get(`/device/${asked.user_code}`)
  assert.equal(login.path, '/login')
  assert.match(login.body, new RegExp(`Connecting <bdi[^>]*>${asked.user_code}</bdi>`))
  const page = await signIn(browser)
  assert.equal(page.path, '/device/approve')
  assert.match(page.body, /to use your account\?/)
})

test('UI-16 signing out ends the session and forgets the code', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  await browser.get(`/device/${(await ask(server)).user_code}`)
  const page = await signIn(browser)
  const stolen = browser.cookies.get('__Host-countersign') ?? ''
  assert.equal((await browser.submit(page, '/logout')).path, '/')
  assert.equal(browser.cookies.size, 0)
  const thief = openBrowser(server)
  thief.cookies.set('__Host-countersign', stolen)
  assert.equal((await thief.get('/account')).path, '/login')
  // With the code gone, signing in again leads to the account.
  assert.equal((await signIn(browser)).path, '/account')
})

test('UI-09 signing out needs a POST of our own form', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  await signIn(browser)
  assert.equal((await browser.get('/logout')).status, 405)
  assert.equal((await browser.post('/logout', {})).status, 403)
  assert.equal((await browser.get('/account')).path, '/account')
})

test('a passkey answer that does not hold is refused, whatever is in it', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  const fields = hiddenFields(await browser.get('/login'), '/login/passkey')
  for (const credential of [
    '',
    'null',
    '[]',
    '{"id":1}',
    '{"id":"x"}',
    '{"id":"x","response":{}}',
    '{'.repeat(5000),
  ]) {
    const response = await browser.post('/login/passkey', { ...fields, credential })
    assert.equal(response.status, 400)
    assert.match(response.body, /did not work here/)
  }
  assert.equal(
    (await browser.post('/login/passkey', { ...fields, challenge: 'AAAA', credential: '{"id":"x"}' })).status,
    400,
  )
})

test('a password kept with less effort than today is hashed again when it is used', async () => {
  const server = await createPeopledServer()
  const { store } = server.services
  const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
  const salt = Buffer.alloc(16, 3)
  const cost = { memory: 64, passes: 1, parallelism: 1, tagLength: 32 }
  const tag = argon2Sync('argon2id', { message: password, nonce: salt, ...cost })
  const account = await store.read('account', 'usr_mia')
  assert.ok(account)
  const passwordHash = `$argon2id$v=19$m=64,t=1,p=1$${base64(salt)}$${base64(tag)}`
  await store.apply([{ op: 'update', kind: 'account', record: { ...account, passwordHash } }])
  assert.equal((await signIn(openBrowser(server))).path, '/account')
  assert.match((await store.read('account', 'usr_mia'))?.passwordHash ?? '', /\$m=19456,t=2,p=1\$/)
  assert.equal((await signIn(openBrowser(server))).path, '/account')
})
