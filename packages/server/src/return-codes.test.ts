// A code that is approved from another network: what the pages show, what has to be typed back, and what is remembered of it.
// The device and the browser differ in the address that the server sees. Races for the tries are return-codes.races.test.ts, real
// processes behind a proxy test/phishing.test.ts, the rules by themselves in the protocol.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '@countersign/protocol'
import { administrationScopes } from './admin/api-scopes.ts'
import type { Config } from './config.ts'
import type { PlainResponse } from './http.ts'
import { ask, createPeopledServer, openBrowser, signIn, type TestBrowser } from './pages/testing.ts'
import { bodyOf, errorOf, pollDevice } from './testing/device-flow.ts'
import { type CallOptions, testAccount } from './testing/services.ts'
import { deviceCodeId } from './tokens.ts'

const terminal = '203.0.113.9'
const announced = { return_code_supported: 'true' }

async function people(client: Partial<Client> = {}, settings: Partial<Config> = {}) {
  const server = await createPeopledServer({ settings })
  const acme = await server.addClient({ id: 'acme', name: 'Acme CLI', ...client })
  const browser = openBrowser(server)
  await signIn(browser)
  return { server, browser, acme }
}

/** The request of a terminal elsewhere, at the question of the browser. */
async function asked(
  { server, browser, acme }: Awaited<ReturnType<typeof people>>,
  form: Record<string, string> = announced,
  address = terminal,
) {
  const device = await ask(server, { client_id: acme.id, ...form }, address)
  const page = await browser.get(`/device/${device.user_code}`)
  const send = (code?: string, more: CallOptions = {}): Promise<PlainResponse> => {
    server.advance(6)
    const sent = code === undefined ? {} : { return_code: code }
    return pollDevice(server, device.device_code, { client_id: acme.id, ...sent }, more)
  }
  const record = () => server.services.store.read('deviceAuthorization', deviceCodeId(device.device_code))
  return { device, page, send, record }
}

const allow = (browser: TestBrowser, page: PlainResponse, fields = {}) =>
  browser.submit(page, '/device/decision', { decision: 'allow', ...fields })

/** The characters that a page shows; undefined where it shows none. */
const shownOn = ({ body }: PlainResponse) => /return-code[^>]*><bdi dir="ltr">(\w{6})<\/bdi>/.exec(body)?.[1]

const askOf = (response: PlainResponse) => bodyOf(response).return_code

/** Any code but this one. */
const otherThan = (code: string, i = 0) => (code.startsWith('B') ? 'CCCCC' : 'BBBBB') + 'BCDFGHJK'.charAt(i)

test('DV-13 DV-18 from elsewhere Allow leads to six characters, and only with them the device gets its token', async () => {
  const it = await people()
  const { page, send } = await asked(it)
  assert.match(page.body, /role="alert"[\s\S]*comes from a different network[\s\S]*<h1/)
  assert.match(page.body, /value="deny"[\s\S]*value="allow"/)
  assert.doesNotMatch(page.body, /name="confirm"/)
  const shown = await allow(it.browser, page)
  assert.equal(shown.path, '/device/return-code')
  assert.match(shown.body, /in the terminal you are using/)
  assert.match(shown.body, /Never read them to anyone/)
  const code = shownOn(shown) ?? ''
  const asking = await send()
  assert.equal(asking.status, 400)
  assert.equal(bodyOf(asking).error, 'authorization_pending')
  assert.deepEqual(askOf(asking), { length: 6, tries_left: 3 })
  const granted = await send(code.toLowerCase().replace(/(...)/, '$1-'))
  assert.equal(granted.status, 200)
  assert.ok(bodyOf(granted).access_token)
  assert.equal((await it.browser.get('/device/return-code')).path, '/device/connected')
})

test('DV-18 three wrong codes end the request, with a sentence for the device, a page, and an entry in the audit log', async () => {
  const it = await people()
  const { page, send } = await asked(it)
  const code = shownOn(await allow(it.browser, page)) ?? ''
  const guesses = [1, 2, 3].map((i) => otherThan(code, i))
  assert.deepEqual(askOf(await send(guesses[0])), { length: 6, tries_left: 2, wrong: true })
  assert.deepEqual(askOf(await send(guesses[0])), { length: 6, tries_left: 2, wrong: true }, 'sent again')
  assert.deepEqual(askOf(await send('not a code')), { length: 6, tries_left: 2, wrong: true })
  assert.deepEqual(askOf(await send(guesses[1])), { length: 6, tries_left: 1, wrong: true })
  const ended = await send(guesses[2])
  assert.equal(errorOf(ended), '400 access_denied')
  assert.match(String(bodyOf(ended).error_description), /typed wrong too often/)
  assert.equal(errorOf(await send(code)), '400 access_denied')
  const after = await it.browser.get('/device/return-code')
  assert.equal(after.path, '/device/denied')
  assert.match(after.body, /typed wrong three times/)
  const entries = await it.server.services.store.list('auditEntry')
  const told = entries.filter(({ event }) => event === 'device.return_code_failed')
  assert.equal(told.length, 1)
  assert.deepEqual(told[0]?.accountId, testAccount.id)
  assert.equal(told[0]?.detail.deviceAddress, terminal)
})

test('DV-18 LP-02 a held poll is woken by the approval and asks at once; without a code no try is ever spent', async () => {
  const it = await people()
  const { device, page, send, record } = await asked(it)
  const held = pollDevice(
    it.server,
    device.device_code,
    { client_id: 'acme' },
    { headers: { prefer: 'wait=20' } },
  )
  while (it.server.services.held.size === 0) await new Promise((resolve) => setImmediate(resolve))
  await allow(it.browser, page)
  assert.deepEqual(askOf(await held), { length: 6, tries_left: 3 })
  for (let i = 0; i < 5; i++) assert.deepEqual(askOf(await send()), { length: 6, tries_left: 3 })
  assert.deepEqual((await record())?.returnCode?.wrong, [])
})

test('DV-18 the characters are shown again to the browser that decided and to no other, and are stored nowhere', async () => {
  const it = await people()
  const { page, record } = await asked(it)
  const code = shownOn(await allow(it.browser, page))
  assert.ok(code)
  assert.equal(shownOn(await it.browser.get('/device/return-code')), code)
  assert.equal(shownOn(await it.browser.get('/device/approve')), code, 'going back leads here')
  assert.equal(shownOn(await allow(it.browser, page)), code, 'and so does the same button once more')
  assert.ok(!JSON.stringify(await record()).includes(code))
  const second = openBrowser(it.server)
  await signIn(second)
  const cookie = '__Host-countersign-code'
  second.cookies.set(cookie, it.browser.cookies.get(cookie) ?? '')
  const elsewhere = await second.get('/device/return-code')
  assert.equal(shownOn(elsewhere), undefined)
  assert.match(elsewhere.body, /only in the browser in which you chose/)
})

test('DV-18 taken back while the characters are awaited, the device hears it and the code is worth nothing', async () => {
  const it = await people()
  const { page, send } = await asked(it)
  const shown = await allow(it.browser, page)
  const undone = await it.browser.submit(shown, '/device/undo')
  assert.match(undone.body, /Undone/)
  assert.equal(errorOf(await send(shownOn(shown))), '400 access_denied')
})

test('DV-18 characters that come too late are worth nothing, and the page says so', async () => {
  const it = await people()
  const { page, send } = await asked(it)
  const shown = await allow(it.browser, page)
  it.server.advance(600)
  assert.equal(errorOf(await send(shownOn(shown))), '400 expired_token')
  assert.match((await it.browser.get('/device/return-code')).body, /not typed in time/)
})

test('DV-13 what was proved once needs no characters for 90 days, there and for this program and person only', async () => {
  const it = await people()
  const first = await asked(it)
  await first.send(shownOn(await allow(it.browser, first.page)))
  const again = await asked(it, announced, '203.0.113.200')
  assert.match(again.page.body, /signed this program in from that network before/)
  assert.equal((await allow(it.browser, again.page)).path, '/device/connected')
  assert.equal((await again.send()).status, 200)
  const elsewhere = await asked(it, announced, '198.51.100.9')
  assert.equal((await allow(it.browser, elsewhere.page)).path, '/device/return-code')
  await it.server.addClient({ id: 'other', name: 'Other CLI' })
  const other = await asked({ ...it, acme: { ...it.acme, id: 'other' } })
  assert.equal((await allow(it.browser, other.page)).path, '/device/return-code')
  it.server.advance(90 * 86_400)
  await signIn(it.browser)
  const late = await asked(it)
  assert.equal((await allow(it.browser, late.page)).path, '/device/return-code')
  await late.send(shownOn(await it.browser.get('/device/return-code')))
  assert.equal((await it.server.services.store.list('networkMemory')).length, 1, 'renewed, not doubled')
})

test('DV-13 who signs the device out, takes the allowance back, or reports the next request, proves the network anew', async () => {
  for (const way of ['undo', 'account', 'report'] as const) {
    const it = await people()
    const first = await asked(it)
    const shown = await allow(it.browser, first.page)
    await first.send(shownOn(shown))
    const [memory] = await it.server.services.store.list('networkMemory')
    assert.ok(memory)
    assert.ok(!JSON.stringify(memory).includes('203.0.113'), 'the network is kept nowhere')
    if (way === 'undo') await it.browser.submit(await it.browser.get('/device/connected'), '/device/undo')
    else if (way === 'report') {
      const attack = await asked(it)
      await it.browser.submit(attack.page, '/device/decision', { decision: 'report' })
    } else {
      const [grant] = await it.server.services.store.list('grant')
      const account = await it.browser.get('/account')
      await it.browser.submit(account, '/account/devices', { action: 'revoke' }, grant?.id ?? '')
    }
    if (way !== 'report') assert.ok((await it.server.services.store.list('grant'))[0]?.revokedAt, way)
    assert.deepEqual(await it.server.services.store.list('networkMemory'), [], way)
  }
})

test('DV-13 in the same network nothing of it is asked, shown or stored', async () => {
  const it = await people({ deviceNetworkPolicy: 'refuse' })
  const { page, send, record } = await asked(it, announced, '192.0.2.77')
  assert.doesNotMatch(page.body, /different network/)
  assert.equal((await allow(it.browser, page)).path, '/device/connected')
  assert.equal((await record())?.returnCode, null)
  assert.equal((await send()).status, 200)
  assert.deepEqual(await it.server.services.store.list('networkMemory'), [])
})

test('DV-13 a program that cannot take the code gets a warning and a second step, or is refused where the setting says so', async () => {
  const confirming = await people()
  const first = await asked(confirming, {})
  assert.match(first.page.body, /name="confirm" value="yes" required/)
  assert.equal((await allow(confirming.browser, first.page)).status, 400)
  await allow(confirming.browser, first.page, { confirm: 'yes' })
  assert.equal((await first.send()).status, 200)
  assert.deepEqual(await confirming.server.services.store.list('networkMemory'), [], 'nothing was proved')
  const refusing = await people({}, { deviceNetworkFallback: 'refuse' })
  const second = await asked(refusing, {})
  assert.doesNotMatch(second.page.body, /value="allow"/)
})

test('DV-13 DA-21 where the record of the program asks for the code, not announcing it is no way around', async () => {
  const it = await people({ deviceNetworkPolicy: 'return-code' })
  const { page, send } = await asked(it, {})
  assert.doesNotMatch(page.body, /value="allow"/)
  const forced = await allow(it.browser, page, { confirm: 'yes' })
  assert.equal(forced.status, 400)
  assert.equal(bodyOf(await send()).error, 'authorization_pending')
})

test('DV-13 DA-21 refused by policy: the page says why, nothing can be allowed, and the device hears it with the reason', async () => {
  const it = await people({ deviceNetworkPolicy: 'refuse' })
  const { page, send } = await asked(it)
  assert.match(page.body, /cannot be allowed from there/)
  assert.doesNotMatch(page.body, /value="allow"/)
  assert.equal((await allow(it.browser, page)).status, 400)
  const told = await it.browser.submit(page, '/device/decision', { decision: 'deny' })
  assert.match(told.body, /does not allow this program from a different network/)
  const answer = await send()
  assert.equal(errorOf(answer), '400 access_denied')
  assert.match(String(bodyOf(answer).error_description), /another network/)
})

test('DV-18 a refused report stays a report', async () => {
  const it = await people({ deviceNetworkPolicy: 'refuse' })
  const { page } = await asked(it)
  const told = await it.browser.submit(page, '/device/decision', { decision: 'report' })
  assert.match(told.body, /Refused and reported/)
})

test('TK-02 a return code that is anything at all is answered as an OAuth error, and no try is spent by what is none', async () => {
  const it = await people()
  const { page, send, record } = await asked(it)
  await allow(it.browser, page)
  for (const code of ['\u202e', '💥💥💥', 'x'.repeat(9000), './../etc', "' OR 1=1 --", '<b>x</b>', '0O0O0O'])
    assert.deepEqual(askOf(await send(code)), { length: 6, tries_left: 3, wrong: true }, code.slice(0, 20))
  assert.deepEqual((await record())?.returnCode?.wrong, [])
})

test('DV-16 scopes of the administration are refused on the device grant, and left out where none is named', async () => {
  const it = await people({ scopes: ['openid', ...administrationScopes] })
  const start = (form: Record<string, string>) =>
    it.server.call('POST', '/oauth/device/authorize', { form: { client_id: 'acme', ...form } })
  for (const scope of [...administrationScopes, `openid ${administrationScopes[0]}`]) {
    const refused = await start({ scope })
    assert.equal(errorOf(refused), '400 invalid_scope')
    assert.match(String(bodyOf(refused).error_description), /administration/)
  }
  const { page, send } = await asked(it, {}, '192.0.2.1')
  await allow(it.browser, page)
  assert.equal(bodyOf(await send()).scope, 'openid')
  const only = await it.server.addClient({ id: 'only', scopes: administrationScopes })
  assert.equal(
    errorOf(await it.server.call('POST', '/oauth/device/authorize', { form: { client_id: only.id } })),
    '400 invalid_scope',
  )
})

test('DV-16 a grant of a device that has them from before administers nothing, nor does what it is refreshed into', async () => {
  const it = await people({ scopes: ['openid', 'offline_access', ...administrationScopes] })
  const { page, send } = await asked(it, {}, '192.0.2.1')
  await allow(it.browser, page)
  const tokens = bodyOf<Record<string, string>>(await send())
  const { store } = it.server.services
  const [grant] = await store.list('grant')
  const [account] = await store.list('account')
  assert.ok(grant && account)
  await store.apply([
    { op: 'update', kind: 'grant', record: { ...grant, scopes: it.acme.scopes } },
    { op: 'update', kind: 'account', record: { ...account, admin: true } },
  ])
  const form = { grant_type: 'refresh_token', client_id: 'acme', refresh_token: tokens.refresh_token ?? '' }
  const refreshed = bodyOf<Record<string, string>>(await it.server.call('POST', '/oauth/token', { form }))
  const authorization = `Bearer ${refreshed.access_token}`
  const answer = await it.server.call('GET', '/api/v1/clients', { headers: { authorization } })
  assert.equal(answer.status, 403)
})
