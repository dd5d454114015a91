import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceCodeId } from '../tokens.ts'
import { ask, createPeopledServer, openBrowser, poll, signIn } from './testing.ts'

async function asked(form: Record<string, string> = {}, address?: string) {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  await signIn(browser)
  const device = await ask(server, form, address)
  return { server, browser, device, page: await browser.get(`/device/${device.user_code}`) }
}

test('DV-05 DV-06 the question shows all nine facts', async () => {
  const { server, browser, device } = await asked({
    device_name: 'mia@aurora',
    client_version: '1.4.0',
    agent: 'Some Agent',
  })
  server.advance(19)
  const { body } = await browser.get('/device/approve')
  assert.match(body, /Allow <strong><bdi>Test CLI<\/bdi><\/strong> to use your account\?/)
  assert.match(body, /Publisher not verified/)
  assert.match(body, /<bdi>mia@example.com<\/bdi>/)
  assert.match(body, /<dt>Address<\/dt><dd><bdi dir="ltr">192\.0\.2\.1<\/bdi>/)
  assert.match(body, /<dt>Network<\/dt><dd>The same as this browser/)
  assert.match(body, /<dt>System<\/dt><dd>Linux/)
  assert.match(body, /<dt>Asked<\/dt><dd>19 seconds ago/)
  assert.match(body, /see your e-mail address/)
  assert.match(body, /Did you just run <code><bdi dir="ltr">countersign login<\/bdi><\/code>\?/)
  assert.match(body, /<span data-left="581">9:41<\/span> left/)
  assert.ok(body.includes(device.user_code))
})

test('DV-22 what the device says of itself stands apart from what was seen', async () => {
  const { page } = await asked({ device_name: 'mia@aurora' })
  const [seen = '', reported = ''] = page.body.split('Reported by the device')
  assert.ok(!seen.includes('mia@aurora'))
  assert.ok(reported.includes('mia@aurora'))
  assert.ok(reported.includes('we cannot check it'))
})

test('DV-07 both answers weigh the same, "Don’t allow" comes first, and neither has the focus', async () => {
  const { page } = await asked()
  const buttons = [...page.body.matchAll(/<button name="decision" value="(\w+)"([^>]*)>/g)]
  assert.deepEqual(
    buttons.map(([, value]) => value),
    ['deny', 'allow'],
  )
  for (const [, , more] of buttons) assert.ok(!/class|autofocus/.test(more ?? ''))
  assert.match(page.body, /<h1 tabindex="-1" autofocus>/)
})

test('DV-07 a verified publisher is named, and only the administrator can make one so', async () => {
  const { server, browser } = await asked()
  await server.addClient({ id: 'acme', name: 'Acme CLI', publisher: 'Acme Inc.' })
  const { user_code } = await ask(server, { client_id: 'acme' })
  const { body } = await browser.get(`/device/${user_code}`)
  assert.match(body, /By <bdi>Acme Inc\.<\/bdi>, verified/)
  assert.ok(!body.includes('not verified'))
})

test('UI-10 names that try to be markup, or to turn the text around, are only text', async () => {
  const hostile = '"><img src=x onerror=alert(1)>\u202e&amp;'
  const { server, browser, device, page } = await asked({
    device_name: hostile,
    agent: '</dd><script>1</script>',
  })
  const harmless = (body: string) => !/<img|<script>|onerror=alert\(1\)>|\u202e/.test(body)
  assert.ok(harmless(page.body))
  assert.ok(page.body.includes('&lt;img src=x'))
  const connected = await browser.submit(page, '/device/decision', { decision: 'allow' })
  assert.ok(harmless(connected.body))
  await poll(server, device)
  assert.ok(harmless((await browser.get('/account')).body))
})

test('scopes that are not ours are named, and dangerous ones are marked with a word', async () => {
  const { server, browser } = await asked()
  await server.addClient({ id: 'acme', scopes: ['projects:read', 'admin:all'] })
  const { user_code } = await ask(server, { client_id: 'acme' })
  const { body } = await browser.get(`/device/${user_code}`)
  assert.match(body, /<bdi dir="ltr">projects:read<\/bdi><\/code><\/li>/)
  assert.match(
    body,
    /<bdi dir="ltr">admin:all<\/bdi><\/code> <span class="caution">[\s\S]*?Careful: this is full control/,
  )
})

test('DV-13 a device in another network needs the extra step, which the server checks', async () => {
  const { server, browser, device, page } = await asked({}, '203.0.113.9')
  assert.match(page.body, /comes from a different network/)
  assert.match(page.body, /<input type="checkbox" name="confirm" value="yes" required/)
  const again = await browser.submit(page, '/device/decision', { decision: 'allow' })
  assert.equal(again.status, 400)
  assert.match(again.body, /aria-describedby="confirm-error"/)
  assert.ok(again.body.includes(device.user_code))
  assert.equal((await poll(server, device)).error, 'authorization_pending')
  const connected = await browser.submit(again, '/device/decision', { decision: 'allow', confirm: 'yes' })
  assert.equal(connected.path, '/device/connected')
  assert.ok((await poll(server, device)).access_token)
})

test('DV-13 refusing from another network needs no extra step, and no place is ever invented', async () => {
  const { server, browser, device, page } = await asked({}, '203.0.113.9')
  assert.match(page.body, /<button name="decision" value="deny" formnovalidate>/)
  await browser.submit(page, '/device/decision', { decision: 'deny' })
  assert.equal((await poll(server, device)).error, 'access_denied')
})

test('DV-09 the device code is on no page', async () => {
  const { browser, device, page } = await asked()
  const connected = await browser.submit(page, '/device/decision', { decision: 'allow' })
  const account = await browser.get('/account')
  for (const { body, headers } of [page, connected, account]) {
    assert.ok(!(body + JSON.stringify(headers)).includes(device.device_code))
  }
})

test('a request that runs out, or is taken back, while it is looked at says so and offers a field', async () => {
  const { server, browser, device } = await asked()
  server.advance(600)
  const expired = await browser.get('/device/approve')
  assert.equal(expired.status, 400)
  assert.match(expired.body, /no longer valid/)
  const next = await ask(server)
  await browser.get(`/device/${next.user_code}`)
  await server.call('POST', '/oauth/revoke', {
    form: { client_id: 'countersign-cli', token: next.device_code },
  })
  const cancelled = await browser.get('/device/approve')
  assert.equal(cancelled.body.replace(/value="[^"]*"/g, ''), expired.body.replace(/value="[^"]*"/g, ''))
  assert.equal((await poll(server, device)).error, 'expired_token')
})

test('an issuer with a path keeps every link and redirect below it', async () => {
  const server = await createPeopledServer({ settings: { issuer: 'https://login.example/auth' } })
  const login = await server.call('GET', '/auth/login')
  assert.match(login.body, /action="\/auth\/login"/)
  assert.match(login.body, /href="\/auth\/assets\/style\./)
  for (const [, target] of login.body.matchAll(/(?:href|action|src)="([^"]*)"/g))
    assert.match(target ?? '', /^\/auth\//)
  const link = await server.call('GET', '/auth/device/WDJB-MJHT')
  assert.equal(link.headers.location, '/auth/device/approve')
})

// What the device asked for, as its endpoint stores it.
async function wants(
  { server, device }: Awaited<ReturnType<typeof asked>>,
  wanted: { acrValues?: readonly string[]; maxAge?: number },
) {
  const { store } = server.services
  const record = await store.read('deviceAuthorization', deviceCodeId(device.device_code))
  assert.ok(record)
  await store.apply([{ op: 'update', kind: 'deviceAuthorization', record: { ...record, ...wanted } }])
}

test('SU-07 max_age: an old sign-in must be done again before Allow is there, and Allow without it decides nothing', async () => {
  const it = await asked()
  const { server, browser } = it
  server.advance(10)
  const device = await ask(server)
  await wants({ ...it, device }, { maxAge: 300 })
  const page = await browser.get(`/device/${device.user_code}`)
  assert.match(page.body, /value="allow"/)
  server.advance(301)
  const late = await browser.get('/device/approve')
  assert.match(late.body, /asks that you sign in anew/)
  assert.match(late.body, /<a class="button" href="\/login">Sign in again<\/a>/)
  assert.ok(!late.body.includes('value="allow"'))
  const forced = await browser.submit(page, '/device/decision', { decision: 'allow' })
  assert.equal(forced.status, 400)
  assert.match(forced.body, /asks that you sign in anew/)
  assert.equal((await poll(server, device)).error, 'authorization_pending')
  // Refusing needs no new sign-in, and signing in leads back here.
  const shown = await signIn(browser)
  assert.equal(shown.path, '/device/approve')
  server.advance(60)
  await browser.submit(shown, '/device/decision', { decision: 'allow' })
  assert.ok((await poll(server, device)).access_token)
})

test('SU-07 max_age=0 asks for a sign-in after the request, once', async () => {
  const it = await asked()
  it.server.advance(10)
  const device = await ask(it.server)
  await wants({ ...it, device }, { maxAge: 0 })
  it.server.advance(1)
  assert.match((await it.browser.get(`/device/${device.user_code}`)).body, /sign in anew/)
  const shown = await signIn(it.browser)
  it.server.advance(30)
  assert.match((await it.browser.get(shown.path)).body, /value="allow"/)
})

test('SU-07 acr_values: a passkey is asked for where only it will do, and refusing works without', async () => {
  const it = await asked()
  await wants(it, { acrValues: ['phr'] })
  const page = await it.browser.get('/device/approve')
  assert.match(page.body, /asks that you sign in with a passkey/)
  assert.ok(!page.body.includes('value="allow"'))
  await it.browser.submit(page, '/device/decision', { decision: 'deny' })
  assert.equal((await poll(it.server, it.device)).error, 'access_denied')
})

test('SU-07 SU-04 a class that nobody can reach here cannot be allowed, and the page says so', async () => {
  const it = await asked()
  await wants(it, { acrValues: ['urn:example:retina'] })
  const page = await it.browser.get('/device/approve')
  assert.match(page.body, /a kind of sign-in that this server does not have/)
  assert.ok(!page.body.includes('value="allow"'))
  assert.match(page.body, /value="deny"/)
  await wants(it, { acrValues: ['urn:countersign:acr:password'] })
  assert.match((await it.browser.get('/device/approve')).body, /value="allow"/)
})
