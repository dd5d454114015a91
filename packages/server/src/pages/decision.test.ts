import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, createPeopledServer, hiddenFields, openBrowser, poll, signIn } from './testing.ts'

async function asked(form: Record<string, string> = {}) {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  await signIn(browser)
  const device = await ask(server, form)
  return { server, browser, device, page: await browser.get(`/device/${device.user_code}`) }
}

test('DV-01 allowing gives the device its token and tells who is signed in as whom', async () => {
  const { server, browser, device, page } = await asked({ device_name: 'mia@aurora' })
  const connected = await browser.submit(page, '/device/decision', { decision: 'allow' })
  assert.equal(connected.path, '/device/connected')
  assert.match(
    connected.body,
    /<bdi>mia@aurora<\/bdi><\/strong> is signed in as <strong><bdi>mia@example.com/,
  )
  const tokens = await poll(server, device)
  assert.ok(tokens.access_token)
  const [grant] = await server.services.store.find('grant', 'accountId', 'usr_mia')
  assert.deepEqual(grant?.amr, ['pwd'])
})

test('DV-22 the decision keeps the browser apart from the device', async () => {
  const { server, browser, page } = await asked()
  browser.headers['user-agent'] = 'Deciding Browser/1'
  await browser.submit(page, '/device/decision', { decision: 'allow' })
  const [record] = await server.services.store.list('deviceAuthorization')
  assert.equal(record?.decision?.userAgent, 'Deciding Browser/1')
  assert.equal(record?.context.observed.userAgent, 'acme-cli/1.4 (linux; x64)')
})

test('DV-10 nothing follows a refusal: not by going back, not by posting the old form', async () => {
  const { server, browser, device, page } = await asked()
  const denied = await browser.submit(page, '/device/decision', { decision: 'deny' })
  assert.equal(denied.path, '/device/denied')
  assert.match(denied.body, /Nothing was allowed/)
  assert.equal((await browser.submit(page, '/device/decision', { decision: 'allow' })).path, '/device/denied')
  assert.equal((await browser.get('/device/approve')).path, '/device/denied')
  assert.equal((await poll(server, device)).error, 'access_denied')
})

test('DV-10 a second tap on Allow, and a reload, change nothing', async () => {
  const { server, browser, device, page } = await asked()
  await browser.submit(page, '/device/decision', { decision: 'allow' })
  const version = async () => (await server.services.store.list('deviceAuthorization'))[0]?.version
  const before = await version()
  assert.equal(
    (await browser.submit(page, '/device/decision', { decision: 'allow' })).path,
    '/device/connected',
  )
  assert.equal(
    (await browser.submit(page, '/device/decision', { decision: 'deny' })).path,
    '/device/connected',
  )
  assert.equal(await version(), before)
  assert.ok((await poll(server, device)).access_token)
  assert.equal((await browser.get('/device/approve')).path, '/device/connected')
})

test('"I didn’t start this" refuses, is kept as a report, logged, and says what to do next', async () => {
  const warned: unknown[] = []
  const log = { info: () => {}, warn: (...said: unknown[]) => void warned.push(said), error: () => {} }
  const server = await createPeopledServer({ log })
  const browser = openBrowser(server)
  await signIn(browser)
  const device = await ask(server)
  const page = await browser.get(`/device/${device.user_code}`)
  const told = await browser.submit(page, '/device/decision', { decision: 'report' })
  assert.match(told.body, /Refused and reported/)
  assert.match(told.body, /href="\/account#change-password"/)
  const [record] = await server.services.store.list('deviceAuthorization')
  assert.equal(record?.decision?.reportedAsAttack, true)
  assert.equal(warned.length, 1)
  assert.equal((await poll(server, device)).error, 'access_denied')
})

test('DV-11 the proof of one request decides no other, and that of another session decides nothing', async () => {
  const { server, browser, device, page } = await asked()
  const second = await ask(server)
  const secondPage = await browser.get(`/device/${second.user_code}`)
  const [first, other] = [
    hiddenFields(page, '/device/decision'),
    hiddenFields(secondPage, '/device/decision'),
  ]
  const mixed = { proof: first.proof ?? '', request: other.request ?? '', decision: 'allow' }
  assert.equal((await browser.post('/device/decision', mixed)).status, 403)
  const stranger = openBrowser(server)
  await signIn(stranger)
  assert.equal((await stranger.post('/device/decision', { ...first, decision: 'allow' })).status, 403)
  assert.equal(
    (await browser.post('/device/decision', { request: first.request ?? '', decision: 'allow' })).status,
    403,
  )
  assert.equal((await poll(server, device)).error, 'authorization_pending')
  assert.equal((await poll(server, second)).error, 'authorization_pending')
})

test('DV-11 a decision after signing out leads to the sign-in', async () => {
  const { server, browser, device, page } = await asked()
  const fields = hiddenFields(page, '/device/decision')
  await browser.submit(page, '/logout')
  const answer = await browser.post('/device/decision', { ...fields, decision: 'allow' })
  assert.equal(answer.headers.location, '/login')
  assert.equal((await poll(server, device)).error, 'authorization_pending')
})

test('two tabs with two codes: each decides its own', async () => {
  const { server, browser, device, page } = await asked()
  const second = await ask(server)
  const secondPage = await browser.get(`/device/${second.user_code}`)
  await browser.submit(page, '/device/decision', { decision: 'allow' })
  await browser.submit(secondPage, '/device/decision', { decision: 'deny' })
  assert.ok((await poll(server, device)).access_token)
  assert.equal((await poll(server, second)).error, 'access_denied')
})

test('a decision that is none is refused', async () => {
  const { server, browser, device, page } = await asked()
  for (const decision of ['', 'maybe', 'ALLOW']) {
    assert.equal((await browser.submit(page, '/device/decision', { decision })).status, 400)
  }
  assert.equal((await poll(server, device)).error, 'authorization_pending')
})

test('DV-10 a decision after the end of the code does not count', async () => {
  const { server, browser, page } = await asked()
  server.advance(600)
  const late = await browser.submit(page, '/device/decision', { decision: 'allow' })
  assert.equal(late.status, 400)
  assert.match(late.body, /no longer valid/)
  assert.equal((await server.services.store.list('deviceAuthorization'))[0]?.status, 'pending')
})

test('undo before the device has its token: it never gets one', async () => {
  const { server, browser, device, page } = await asked()
  const connected = await browser.submit(page, '/device/decision', { decision: 'allow' })
  const undone = await browser.submit(connected, '/device/undo')
  assert.equal(undone.path, '/device/denied')
  assert.match(undone.body, /Undone/)
  assert.equal((await poll(server, device)).error, 'access_denied')
})

test('undo after the device has its token revokes it, for ten minutes', async () => {
  const { server, browser, device, page } = await asked()
  const connected = await browser.submit(page, '/device/decision', { decision: 'allow' })
  const { access_token = '' } = await poll(server, device)
  const userinfo = async () =>
    (await server.call('GET', '/oauth/userinfo', { headers: { authorization: `Bearer ${access_token}` } }))
      .status
  assert.equal(await userinfo(), 200)
  await browser.submit(connected, '/device/undo')
  assert.equal(await userinfo(), 401)
  assert.equal((await browser.get('/device/connected')).path, '/device/denied')
})

test('after ten minutes the undo is gone, and its old form does nothing', async () => {
  const { server, browser, device, page } = await asked()
  const connected = await browser.submit(page, '/device/decision', { decision: 'allow' })
  await poll(server, device)
  server.advance(600)
  const late = await browser.get('/device/connected')
  assert.match(late.body, /too late to undo/)
  await browser.submit(connected, '/device/undo')
  assert.equal((await server.services.store.find('grant', 'accountId', 'usr_mia'))[0]?.revokedAt, null)
})

test('nobody sees or undoes what another account decided', async () => {
  const { server, browser, device, page } = await asked()
  const connected = await browser.submit(page, '/device/decision', { decision: 'allow' })
  const mia = await server.services.store.read('account', 'usr_mia')
  await server.addAccount({
    id: 'usr_bob',
    email: 'bob@example.com',
    passwordHash: mia?.passwordHash ?? null,
  })
  const bob = openBrowser(server)
  await signIn(bob, 'bob@example.com')
  bob.cookies.set('__Host-countersign-code', browser.cookies.get('__Host-countersign-code') ?? '')
  assert.equal((await bob.get('/device/connected')).path, '/device')
  assert.equal((await bob.post('/device/undo', hiddenFields(connected, '/device/undo'))).status, 403)
  assert.ok((await poll(server, device)).access_token)
})
