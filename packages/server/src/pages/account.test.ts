import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ask,
  createPeopledServer,
  hiddenFields,
  openBrowser,
  password,
  poll,
  signIn,
  type TestBrowser,
} from './testing.ts'

type Server = Awaited<ReturnType<typeof createPeopledServer>>

async function connect(server: Server, browser: TestBrowser, device_name: string) {
  const device = await ask(server, { device_name })
  const page = await browser.get(`/device/${device.user_code}`)
  await browser.submit(page, '/device/decision', { decision: 'allow' })
  const { access_token = '' } = await poll(server, device)
  return { access_token, works: async () => (await userinfo(server, access_token)) === 200 }
}

const userinfo = async (server: Server, token: string) =>
  (await server.call('GET', '/oauth/userinfo', { headers: { authorization: `Bearer ${token}` } })).status

async function signedIn() {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  return { server, browser, page: await signIn(browser) }
}

test('a new account is told its first step', async () => {
  const { page } = await signedIn()
  assert.match(page.body, /<code class="command"><bdi dir="ltr">countersign login<\/bdi><\/code>/)
})

test('DV-20 UI-12 each device is listed with name, program, address, times and scopes; the newest is marked', async () => {
  const { server, browser } = await signedIn()
  await connect(server, browser, 'mia@aurora')
  const { body } = await browser.get('/account')
  for (const fact of [
    'mia@aurora',
    'Test CLI',
    'Linux',
    '192.0.2.1',
    'with a code',
    'see your name',
    'Just connected',
  ]) {
    assert.ok(body.includes(fact), fact)
  }
})

test('DV-20 signing one device out ends its tokens and no others', async () => {
  const { server, browser } = await signedIn()
  const [one, two] = [await connect(server, browser, 'one'), await connect(server, browser, 'two')]
  const page = await browser.get('/account')
  const after = await browser.submit(page, '/account/devices', { action: 'revoke' }, 'value="one"')
  assert.match(after.body, /The device was signed out/)
  assert.deepEqual([await one.works(), await two.works()], [false, true])
  assert.ok(!(await browser.get('/account')).body.includes('The device was signed out'))
})

test('signing out all others, and all', async () => {
  const { server, browser } = await signedIn()
  const devices = [
    await connect(server, browser, 'one'),
    await connect(server, browser, 'two'),
    await connect(server, browser, 'three'),
  ]
  const living = async () => Promise.all(devices.map(({ works }) => works()))
  const page = await browser.get('/account')
  await browser.submit(page, '/account/devices', { action: 'revoke_others' }, 'value="two"')
  assert.deepEqual(await living(), [false, true, false])
  await browser.submit(page, '/account/devices', { action: 'revoke_all' }, 'revoke_all')
  assert.deepEqual(await living(), [false, false, false])
})

test('a device can be renamed, and the name is cut and cleaned', async () => {
  const { server, browser } = await signedIn()
  await connect(server, browser, 'old')
  const page = await browser.get('/account')
  const name = ` <b>new\u202e\u0007 ${'x'.repeat(100)}`
  const after = await browser.submit(page, '/account/devices', { action: 'rename', name }, 'value="old"')
  assert.match(after.body, /<bdi>&lt;b&gt;new x{50,60}<\/bdi>/)
})

test('nobody renames or signs out the devices of others', async () => {
  const { server, browser } = await signedIn()
  const device = await connect(server, browser, 'mine')
  const [grant] = await server.services.store.find('grant', 'accountId', 'usr_mia')
  const mia = await server.services.store.read('account', 'usr_mia')
  await server.addAccount({
    id: 'usr_bob',
    email: 'bob@example.com',
    passwordHash: mia?.passwordHash ?? null,
  })
  const bob = openBrowser(server)
  await signIn(bob, 'bob@example.com')
  const { proof = '' } = hiddenFields(await bob.get('/account'), '/account/password')
  for (const action of ['revoke', 'rename', 'revoke_others', 'revoke_all']) {
    await bob.post('/account/devices', { proof, action, grant: grant?.id ?? '', name: 'theirs' })
  }
  assert.deepEqual((await server.services.store.find('grant', 'accountId', 'usr_mia'))[0], grant)
  assert.ok(await device.works())
})

test('UI-08 every form of the account page is refused without its proof', async () => {
  const { browser, page } = await signedIn()
  const actions = new Set([...page.body.matchAll(/action="([^"]+)"/g)].map(([, action]) => action ?? ''))
  assert.ok(actions.size >= 4)
  for (const action of [...actions, '/account/passkeys/remove', '/account/devices', '/account/sessions']) {
    assert.equal((await browser.post(action, {})).status, 403, action)
  }
})

test('browsers are listed, and the others can be ended one by one or together', async () => {
  const { server, browser } = await signedIn()
  const others = [openBrowser(server, '198.51.100.1'), openBrowser(server, '198.51.100.2')]
  for (const other of others) await signIn(other)
  const page = await browser.get('/account')
  assert.equal(page.body.match(/This browser/g)?.length, 1)
  assert.equal(page.body.match(/Firefox, Linux<\/h3>/g)?.length, 3)
  const places = async () => Promise.all(others.map(async (other) => (await other.get('/account')).path))
  await browser.submit(page, '/account/sessions', {}, 'name="session"')
  assert.equal((await places()).filter((path) => path === '/login').length, 1)
  await browser.submit(page, '/account/sessions', { session: '' }, 'all other browsers')
  assert.deepEqual(await places(), ['/login', '/login'])
  assert.equal((await browser.get('/account')).path, '/account')
})

test('a changed password ends other browsers, gives this one a new session, and leaves devices alone', async () => {
  const { server, browser, page } = await signedIn()
  const other = openBrowser(server)
  await signIn(other)
  const device = await connect(server, browser, 'one')
  const before = browser.cookies.get('__Host-countersign')
  const done = await browser.submit(page, '/account/password', {
    current: password,
    password: 'five loud red trains',
  })
  assert.match(done.body, /Your password was changed/)
  assert.notEqual(browser.cookies.get('__Host-countersign'), before)
  assert.equal((await other.get('/account')).path, '/login')
  assert.ok(await device.works())
  assert.equal((await signIn(other)).status, 400)
})

test('with the box ticked a changed password signs out all devices, too', async () => {
  const { server, browser, page } = await signedIn()
  const device = await connect(server, browser, 'one')
  await browser.submit(page, '/account/password', {
    current: password,
    password: 'five loud red trains',
    devices: 'yes',
  })
  assert.equal(await device.works(), false)
})

test('a wrong current password changes nothing and is counted', async () => {
  const { server, browser, page } = await signedIn()
  const attempt = () =>
    browser.submit(page, '/account/password', { current: 'wrong', password: 'five loud red trains' })
  for (let i = 0; i < 10; i++) {
    const again = await attempt()
    assert.equal(again.status, 400)
    assert.match(again.body, /not your current password/)
  }
  assert.equal((await attempt()).status, 429)
  server.advance(1800)
  assert.equal((await signIn(openBrowser(server))).path, '/account')
})

test('a password that is too short, common or personal is refused with a reason at its field', async () => {
  const { browser, page } = await signedIn()
  for (const [chosen, reason] of [
    ['short', /too short/],
    ['password1', /one of the first/],
    ['mia@example.com', /your name or e-mail/],
  ] as const) {
    const again = await browser.submit(page, '/account/password', { current: password, password: chosen })
    assert.equal(again.status, 400)
    assert.match(again.body, reason)
    assert.match(again.body, /aria-describedby="password-hint password-error"/)
  }
})

test('passkeys are added and removed only soon after signing in', async () => {
  const { server, browser, page } = await signedIn()
  assert.match(page.body, /data-passkey="create"/)
  const fields = hiddenFields(page, '/account/passkeys')
  server.advance(900)
  const later = await browser.get('/account')
  assert.ok(!later.body.includes('data-passkey="create"'))
  assert.match(later.body, /sign in again/)
  assert.equal((await browser.post('/account/passkeys', { ...fields, credential: '{"id":"x"}' })).status, 400)
  assert.equal(
    (await browser.post('/account/passkeys/remove', { proof: fields.proof ?? '', passkey: 'x' })).status,
    400,
  )
})

test('a passkey answer that does not hold adds nothing', async () => {
  const { server, browser, page } = await signedIn()
  const fields = hiddenFields(page, '/account/passkeys')
  for (const credential of [
    '',
    '{}',
    '{"id":"x","response":{"clientDataJSON":"AA","attestationObject":"AA"}}',
  ]) {
    assert.equal((await browser.post('/account/passkeys', { ...fields, credential })).status, 400)
  }
  assert.deepEqual(await server.services.store.list('passkey'), [])
})

test('nobody removes the last way into an account', async () => {
  const { server, browser } = await signedIn()
  const account = await server.services.store.read('account', 'usr_mia')
  assert.ok(account)
  const passkey = {
    id: 'key',
    version: 0,
    accountId: 'usr_mia',
    publicKey: '',
    counter: 0,
    transports: [],
    name: 'Key',
    createdAt: 1,
    lastUsedAt: null,
  }
  await server.services.store.apply([
    { op: 'update', kind: 'account', record: { ...account, passwordHash: null } },
    { op: 'insert', kind: 'passkey', record: passkey },
  ])
  const page = await browser.get('/account')
  const kept = await browser.submit(page, '/account/passkeys/remove', {}, 'value="key"')
  assert.match(kept.body, /only way to sign in/)
  await browser.submit(page, '/account/password', { password: 'five loud red trains' })
  const removed = await browser.submit(
    await browser.get('/account'),
    '/account/passkeys/remove',
    {},
    'value="key"',
  )
  assert.match(removed.body, /passkey was removed/)
})

test('sign out everywhere ends devices and browsers, this one included', async () => {
  const { server, browser, page } = await signedIn()
  const other = openBrowser(server)
  await signIn(other)
  const device = await connect(server, browser, 'one')
  assert.equal((await browser.submit(page, '/account/leave')).path, '/')
  assert.equal(await device.works(), false)
  assert.equal((await browser.get('/account')).path, '/login')
  assert.equal((await other.get('/account')).path, '/login')
})

test('messages come from the server’s own list, never from an address or a cookie’s text', async () => {
  const { browser } = await signedIn()
  for (const note of ['constructor', '__proto__', 'You won!', '<script>']) {
    browser.cookies.set('__Host-countersign-note', note)
    assert.ok(!(await browser.get('/account?message=You+won!')).body.includes('role="status"'))
  }
})
