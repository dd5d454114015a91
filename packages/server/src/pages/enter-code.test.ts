import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tampered } from '../testing/device-flow.ts'
import { createTestServer } from '../testing/services.ts'
import { ask, createPeopledServer, hiddenFields, openBrowser, poll, signIn } from './testing.ts'

const unknownText = 'That code was not found or has expired. Check it, or run the command again.'

async function signedIn() {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  await signIn(browser)
  const enter = async (user_code: string) =>
    browser.submit(await browser.get('/device'), '/device', { user_code })
  return { server, browser, enter }
}

test('DV-02 any way of writing the code leads to the question', async () => {
  const { server, enter } = await signedIn()
  const { user_code } = await ask(server)
  const letters = user_code.replace('-', '')
  for (const typed of [
    user_code,
    letters.toLowerCase(),
    ` ${[...letters].join(' ')} `,
    `https://login.example/device/${user_code}`,
    `code: ${user_code}`,
  ]) {
    assert.equal((await enter(typed)).path, '/device/approve', typed)
  }
})

test('DV-04 unknown, expired, denied, used and cancelled codes get one answer', async () => {
  const { server, browser, enter } = await signedIn()
  const strip = (body: string) => body.replace(/value="[^"]*"/g, '')
  const [expired, denied, used, cancelled] = [
    await ask(server),
    await ask(server),
    await ask(server),
    await ask(server),
  ]
  const decide = async (code: string, decision: string) =>
    browser.submit(await browser.get(`/device/${code}`), '/device/decision', { decision })
  await decide(denied.user_code, 'deny')
  await decide(used.user_code, 'allow')
  assert.ok((await poll(server, used)).access_token)
  await server.call('POST', '/oauth/revoke', {
    form: { client_id: 'countersign-cli', token: cancelled.device_code },
  })
  const bodies = new Set<string>()
  const hear = async (code: string) => {
    const page = await enter(code)
    assert.equal(page.status, 400)
    assert.ok(page.body.includes(unknownText))
    bodies.add(strip(page.body))
    // Each of these costs a try; the clock runs so that all can be asked.
    server.advance(7200)
    await signIn(browser)
  }
  for (const { user_code } of [denied, used, cancelled]) {
    const page = await enter(user_code)
    assert.equal(page.status, 400)
    bodies.add(strip(page.body))
  }
  await hear('BBBB-BBBB')
  await hear(expired.user_code)
  assert.equal(bodies.size, 1)
})

test('DV-04 a wrong code is kept in its field, which has the focus and is tied to the message', async () => {
  const { enter } = await signedIn()
  const { body } = await enter('bbbb bbbb')
  assert.match(
    body,
    /<input id="user_code"[^>]*value="BBBB-BBBB"[^>]*aria-describedby="user_code-hint user_code-error"[^>]*aria-invalid="true"[^>]*autofocus/,
  )
  assert.match(body, /<p class="error" id="user_code-error">/)
})

test('a code that cannot be one gets a hint and costs no try', async () => {
  const { server, enter } = await signedIn()
  for (let i = 0; i < 8; i++) {
    assert.match((await enter('WDJO-MJHT')).body, /no letter O and no zero/)
    assert.match((await enter('WDJ')).body, /A code has 8 letters/)
    assert.match((await enter('WDJA-MJHT')).body, /no vowels/)
  }
  assert.equal((await enter((await ask(server)).user_code)).path, '/device/approve')
})

test('DV-03 DV-15 the sixth wrong code in a browser waits, without a look-up, and right ones cost nothing', async () => {
  const { server, browser, enter } = await signedIn()
  for (let i = 0; i < 7; i++) await enter((await ask(server)).user_code)
  for (let i = 0; i < 5; i++) assert.equal((await enter('BBBB-BBBB')).status, 400)
  const { user_code } = await ask(server)
  const braked = await enter(user_code)
  assert.equal(braked.status, 429)
  assert.ok(Number(braked.headers['retry-after']) > 0)
  // By link it is no different: every way to a look-up is counted.
  assert.equal((await browser.get(`/device/${user_code}`)).status, 429)
})

test('DV-03 new browsers do not help: the account and the address are counted, too', async () => {
  const server = await createPeopledServer()
  const statuses: number[] = []
  for (let i = 0; i < 3; i++) {
    const browser = openBrowser(server, `198.51.100.${i}`)
    await signIn(browser)
    for (let j = 0; j < 4; j++) {
      const page = await browser.submit(await browser.get('/device'), '/device', { user_code: 'BBBB-BBBB' })
      statuses.push(page.status)
    }
  }
  assert.deepEqual(statuses.slice(0, 10), Array(10).fill(400))
  assert.deepEqual(statuses.slice(10), [429, 429])
})

test('UI-09 opening a link, or asking for its head, changes no record', async () => {
  const server = await createPeopledServer()
  const { user_code } = await ask(server)
  const before = await server.services.store.list('deviceAuthorization')
  for (const method of ['GET', 'HEAD']) {
    const response = await server.call(method, `/device/${user_code}`)
    assert.equal(response.status, 303)
    assert.equal(response.body, '')
  }
  assert.deepEqual(await server.services.store.list('deviceAuthorization'), before)
  assert.deepEqual(await server.services.store.list('attempts'), [])
})

test('DV-19 the link answers with a redirect to a clean address, and the code rides sealed', async () => {
  const server = await createPeopledServer()
  const { user_code } = await ask(server)
  const { headers } = await server.call('GET', `/device/${user_code}`)
  assert.equal(headers.location, '/device/approve')
  const [line = ''] = [headers['set-cookie'] ?? []].flat()
  assert.match(line, /^__Host-countersign-code=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=\d+$/)
  assert.ok(!line.includes(user_code))
})

test('links with broken or hostile text show the field again, escaped', async () => {
  const { browser } = await signedIn()
  for (const path of [
    '/device/%',
    '/device/%E0%A4',
    '/device/%3Cscript%3Ealert(1)%3C/script%3E',
    `/device/${'x'.repeat(3000)}`,
  ]) {
    const page = await browser.get(path)
    assert.equal(page.status, 400, path)
    assert.ok(!page.body.includes('<script>alert'), path)
  }
})

test('a carried code that was tampered with is as none', async () => {
  const { server, browser } = await signedIn()
  await browser.get(`/device/${(await ask(server)).user_code}`)
  const sealed = browser.cookies.get('__Host-countersign-code') ?? ''
  // In the tag that stands at the end: what stands at the beginning only names the key.
  browser.cookies.set('__Host-countersign-code', tampered(sealed, sealed.length - 10))
  assert.equal((await browser.get('/device/approve')).path, '/device')
})

test('who is not signed in hears nothing about codes', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  const { user_code } = await ask(server)
  for (const code of [user_code, 'BBBB-BBBB']) {
    const page = await browser.submit(await browser.get('/device'), '/device', { user_code: code })
    assert.equal(page.path, '/login')
    assert.equal(page.status, 200)
  }
  assert.deepEqual(await server.services.store.list('attempts'), [])
})

test('G-27 forms that are no forms are refused with a page', async () => {
  const server = await createTestServer()
  const browser = openBrowser(server)
  const fields = hiddenFields(await browser.get('/device'), '/device')
  const bad = [
    { form: '%zz=1', headers: {} },
    { form: 'user_code=a&user_code=b', headers: {} },
    { form: '{}', headers: { 'content-type': 'application/json' } },
    { form: `proof=${fields.proof}&user_code=%ff`, headers: {} },
  ]
  for (const { form, headers } of bad) {
    const response = await server.call('POST', '/device', { form, headers })
    assert.equal(response.status, 400)
    assert.match(String(response.headers['content-type']), /^text\/html/)
  }
})
