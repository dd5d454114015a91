// The consent page over the real handler: what it shows, what an answer does, and that nothing is believed of what it sends back.
// The rules are protocol/consent.test.ts; real browsers are in the workspace's test/journey.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthorizationParameters, Client } from '@countersign/protocol'
import { hashPassword } from '../accounts/password.ts'
import { authorizationCodeId } from '../authorization-codes.ts'
import { testClient } from '../testing/services.ts'
import {
  addEditor,
  createPeopledServer,
  hiddenFields,
  openBrowser,
  openedIn,
  password,
  type Shown,
  signIn,
} from './testing.ts'
import { whereTo } from './where-to.ts'

async function asked(client: Partial<Client> = {}, parameters: Partial<AuthorizationParameters> = {}) {
  const server = await createPeopledServer()
  const editor = await addEditor(server, client)
  const browser = openBrowser(server)
  await signIn(browser)
  const reference = await openedIn(server, browser, editor, parameters)
  const page = await browser.get(`/consent?request=${reference}`)
  return { server, editor, browser, reference, page }
}

type Asked = Awaited<ReturnType<typeof asked>>

/** Every box stays ticked but those named. */
function answers(page: Shown, without: readonly string[] = []): Record<string, string> {
  const boxes = [...page.body.matchAll(/<input type="checkbox" name="([^"]*)" value="yes" checked>/g)]
  const names = boxes.map(([, name = '']) => name).filter((name) => !without.includes(name))
  return Object.fromEntries(names.map((name) => [name, 'yes']))
}

const allow = ({ browser, page }: Pick<Asked, 'browser' | 'page'>, without: readonly string[] = []) =>
  browser.submit(page, '/consent', { ...answers(page, without), decision: 'allow' })

async function scopesOfCode({ server }: Asked, shown: Shown): Promise<readonly string[] | undefined> {
  const id = authorizationCodeId(shown.leaves?.searchParams.get('code') ?? '')
  return id === undefined ? undefined : (await server.services.store.read('authorizationCode', id))?.scopes
}

test('UI-11 the page says who asks, for whom, where the answer goes, what for and for how long', async () => {
  const resources = ['https://notes.example']
  const { page } = await asked({}, { resources })
  assert.equal(page.status, 200)
  const { body } = page
  assert.match(body, /Allow <strong><bdi>Editor<\/bdi><\/strong> to use your account\?/)
  assert.match(body, /Publisher not verified/)
  assert.match(body, /<bdi>mia@example.com<\/bdi> <a href="\/login\?request=/)
  assert.match(body, /<dt>Sends you back to<\/dt><dd><bdi dir="ltr">editor\.example<\/bdi>/)
  assert.match(body, /know who you are/)
  assert.match(body, /read your notes/)
  assert.match(body, /empty the bin <span class="caution">.*Careful: there is no way back/)
  assert.match(body, /At <bdi dir="ltr">https:\/\/notes\.example<\/bdi>/)
  assert.match(body, /until you sign it out, at most 90 days/)
  assert.match(body, /It asked just now\. Was that you\?/)
  assert.match(body, /<form method="post" action="\/logout">/)
})

test('UI-11 a verified publisher is named, and access without refresh says how long it lasts', async () => {
  const { page } = await asked({ publisher: 'Editor Inc.', grantTypes: ['authorization_code'] })
  assert.match(page.body, /By <bdi>Editor Inc\.<\/bdi>, verified/)
  assert.match(page.body, /This lasts 10 minutes\./)
})

test('UI-11 both answers weigh the same, "Don’t allow" comes first, and neither has the focus', async () => {
  const { page } = await asked()
  const buttons = [...page.body.matchAll(/<button name="decision" value="(\w+)"([^>]*)>/g)]
  assert.deepEqual(
    buttons.map(([, value, more]) => [value, more]),
    [
      ['deny', ''],
      ['allow', ''],
    ],
  )
  assert.match(page.body, /<h1 tabindex="-1" autofocus>/)
})

test('UI-11 Allow gives all that is ticked, and what is not optional', async () => {
  const it = await asked()
  const shown = await allow(it)
  assert.equal(shown.leaves?.origin, 'https://editor.example')
  assert.equal(shown.leaves?.searchParams.get('state'), 'the state')
  assert.deepEqual(await scopesOfCode(it, shown), ['openid', 'email', 'notes:read', 'notes:delete'])
})

test('UI-11 a scope that was unticked is not granted, and is asked about the next time', async () => {
  const it = await asked()
  const shown = await allow(it, ['scope.notes:delete'])
  assert.deepEqual(await scopesOfCode(it, shown), ['openid', 'email', 'notes:read'])
  const again = await openedIn(it.server, it.browser, it.editor)
  const page = await it.browser.get(`/consent?request=${again}`)
  const [fresh = '', before = ''] = page.body.split('You agreed before that it may')
  assert.match(fresh, /New: it will also be able to/)
  assert.match(fresh, /empty the bin/)
  assert.ok(!fresh.includes('read your notes'))
  assert.match(before, /read your notes/)
  const second = await allow({ browser: it.browser, page })
  assert.deepEqual(await scopesOfCode(it, second), it.editor.scopes)
  // And now there is nothing left to ask.
  const third = await it.browser.get(`/consent?request=${await openedIn(it.server, it.browser, it.editor)}`)
  assert.ok(third.leaves?.searchParams.get('code'))
})

test('F-15 AZ-25 what the page sends back is only a selection: scopes, client and redirect cannot be changed with it', async () => {
  const it = await asked({}, { scopes: ['openid', 'email'] })
  const forged = {
    decision: 'allow',
    'scope.notes:delete': 'yes',
    'offered.openid': 'yes',
    client_id: 'countersign-cli',
    redirect_uri: 'https://evil.example/',
    scope: 'openid email notes:delete',
    state: 'forged',
    account: 'usr_sol',
  }
  const shown = await it.browser.submit(it.page, '/consent', forged)
  assert.equal(shown.leaves?.origin, 'https://editor.example')
  assert.equal(shown.leaves?.searchParams.get('state'), 'the state')
  // The box for `email` did not come back; `openid` cannot be left out however it is asked for.
  assert.deepEqual(await scopesOfCode(it, shown), ['openid'])
})

test('UI-11 with everything left out nothing is allowed; the page says so and waits', async () => {
  const it = await asked({}, { scopes: ['email', 'notes:delete'] })
  const shown = await it.browser.submit(it.page, '/consent', { decision: 'allow' })
  assert.equal(shown.status, 400)
  assert.match(shown.body, /With nothing ticked there is nothing to allow/)
  assert.ok((await allow({ browser: it.browser, page: shown })).leaves?.searchParams.get('code'))
})

test('AZ-12 Don’t allow tells the client so, and leaves no consent behind', async () => {
  const { server, browser, page } = await asked()
  const shown = await browser.submit(page, '/consent', { decision: 'deny' })
  assert.equal(shown.leaves?.searchParams.get('error'), 'access_denied')
  assert.equal(shown.leaves?.searchParams.get('state'), 'the state')
  assert.deepEqual(await server.services.store.list('consent'), [])
})

test('AZ-25 a request is answered once: Back and a second click lead to a page that says so', async () => {
  const it = await asked()
  await allow(it)
  const back = await it.browser.get(`/consent?request=${it.reference}`)
  assert.equal(back.status, 400)
  assert.match(back.body, /This request is over/)
  const again = await allow(it)
  assert.match(again.body, /This request is over/)
  assert.equal(again.leaves, undefined)
})

test('AZ-25 a request is worth nothing in another browser, and over when its time is', async () => {
  const { server, browser, reference, page } = await asked()
  const other = openBrowser(server)
  await signIn(other)
  for (const path of [`/consent?request=${reference}`, `/login?request=${reference}`]) {
    const shown = await other.get(path)
    assert.equal(shown.status, 400)
    assert.match(shown.body, /This request is over/)
    assert.ok(!shown.body.includes('Editor'))
  }
  for (const wrong of ['', 'x', 'x'.repeat(43), '../../x', "<script>'", 'x'.repeat(5000)]) {
    const shown = await browser.get(`/consent?request=${encodeURIComponent(wrong)}`)
    assert.equal(shown.status, 400)
    assert.match(shown.body, /This request is over/)
  }
  server.advance(1800)
  assert.match((await browser.submit(page, '/consent', { decision: 'allow' })).body, /This request is over/)
})

test('UI-08 a form without the proof of this browser and this request decides nothing', async () => {
  const { server, editor, browser, page } = await asked()
  const mine = hiddenFields(page, '/consent')
  const other = await openedIn(server, browser, editor)
  const wrongs = [
    { ...mine, proof: '' },
    { ...mine, proof: 'x'.repeat(43) },
    { ...mine, request: other },
  ]
  for (const fields of wrongs) {
    const answer = await browser.post('/consent', { ...fields, decision: 'allow' })
    assert.equal(answer.status, 400)
    assert.equal(answer.headers.refresh, undefined)
    assert.match(answer.body, /nothing was decided yet/)
  }
  browser.headers['sec-fetch-site'] = 'cross-site'
  assert.equal((await browser.post('/consent', { ...mine, decision: 'allow' })).status, 403)
  assert.deepEqual(await server.services.store.list('authorizationCode'), [])
})

test('UI-08 who signed in as somebody else in another tab is asked anew, as that account', async () => {
  const { server, browser, page } = await asked()
  const passwordHash = await hashPassword(password, server.services.system)
  await server.addAccount({ id: 'usr_sol', email: 'sol@example.com', passwordHash })
  await signIn(browser, 'sol@example.com')
  const shown = await allow({ browser, page })
  assert.equal(shown.status, 400)
  assert.equal(shown.leaves, undefined)
  assert.match(shown.body, /You signed in or out since this page was opened/)
  assert.match(shown.body, /<bdi>sol@example.com<\/bdi>/)
  await allow({ browser, page: shown })
  const [code] = await server.services.store.list('authorizationCode')
  assert.equal(code?.accountId, 'usr_sol')
})

test('AZ-17 whose sign-in ended meanwhile signs in again before anything is decided', async () => {
  const { server, browser, reference, page } = await asked()
  const [session] = await server.services.store.list('browserSession')
  assert.ok(session)
  await server.services.store.apply([{ op: 'delete', kind: 'browserSession', record: session }])
  for (const decision of ['allow', 'deny']) {
    const shown = await browser.submit(page, '/consent', { decision })
    assert.equal(shown.path, `/login?request=${reference}`)
  }
})

test('MA-10 RU-03 RU-09 a program on this computer and an app by its scheme come with a warning', async () => {
  const native = { authMethods: ['none' as const] }
  const local = await asked({ ...native, redirectUris: ['http://127.0.0.1:51234/back'] })
  assert.match(local.page.body, /a program on this computer \(<bdi dir="ltr">127\.0\.0\.1:51234<\/bdi>\)/)
  assert.match(local.page.body, /Any program on this computer can ask in this name/)
  const app = await asked({ ...native, redirectUris: ['com.example.app:/back'] })
  assert.match(app.page.body, /<code><bdi dir="ltr">com\.example\.app:<\/bdi><\/code>/)
  assert.match(app.page.body, /Any app on this device can ask in this name/)
  assert.ok(!(await asked()).page.body.includes('can ask in this name'))
})

test('CIM-13 MA-10 RU-09 a client that describes itself is shown with the host of its document, and with a warning where it leads elsewhere', () => {
  const client = {
    ...testClient,
    id: 'https://apps.example/editor.json',
    source: 'metadata_document' as const,
  }
  const elsewhere = String(whereTo(client, 'https://editor.example/back'))
  assert.match(elsewhere, /<dt>Describes itself at<\/dt><dd><bdi dir="ltr">apps\.example<\/bdi>/)
  assert.match(elsewhere, /<dt>Sends you back to<\/dt><dd><bdi dir="ltr">editor\.example<\/bdi>/)
  assert.match(elsewhere, /It sends you back to another place/)
  assert.ok(!String(whereTo(client, 'https://apps.example/back')).includes('another place'))
  const local = String(whereTo(client, 'http://localhost:3000/back'))
  assert.match(local, /Any program on this computer/)
  assert.ok(!local.includes('another place'))
})

test('UI-10 a client that calls itself markup is only text, and only https pages of its own are linked', async () => {
  const name = '"><img src=x onerror=alert(1)>'
  const pages = { home: 'https://editor.example/', terms: 'javascript:alert(1)', privacy: null }
  const may = { scopes: ['><b>x'], resources: ["https://y.example/?'&i"] }
  const { body } = (await asked({ name, pages, ...may }, may)).page
  assert.ok(!/<img|<b>x/.test(body))
  assert.ok(body.includes('https://y.example/?&#39;&amp;i') && body.includes('&gt;&lt;b&gt;x'))
  assert.match(body, /<a href="https:\/\/editor\.example\/" rel="noreferrer noopener"/)
  assert.ok(!body.includes('javascript:'))
})

test('UI-03 the answer to the form is a page of ours that goes on, so that no form-action stands in the way', async () => {
  const it = await asked({}, { redirectUri: 'https://editor.example/back' })
  const policy = String(it.page.headers['content-security-policy'])
  assert.match(policy, /form-action 'self'$/)
  const shown = await allow(it)
  assert.equal(shown.status, 200)
  assert.equal(shown.headers.location, undefined)
  assert.match(String(shown.headers.refresh), /^0;url=https:\/\/editor\.example\/back\?code=/)
  assert.match(
    shown.body,
    /<a class="button primary" href="https:\/\/editor\.example\/back\?code=[^"]*&amp;state=/,
  )
  assert.equal(shown.headers['referrer-policy'], 'no-referrer')
  assert.equal(shown.headers['cache-control'], 'no-store')
})

test('UI-03 a program with a scheme of its own is opened by the redirect itself, which form-action allows', async () => {
  const it = await asked({ authMethods: ['none'], redirectUris: ['com.example.app:/back'] })
  assert.match(String(it.page.headers['content-security-policy']), /form-action 'self' com\.example\.app:$/)
  const shown = await allow(it)
  assert.equal(shown.status, 303)
  assert.match(String(shown.headers.location), /^com\.example\.app:\/back\?code=/)
})

test('UI-09 AZ-29 opening the page decides nothing, loads nothing from elsewhere and tells nobody', async () => {
  const { server, browser, reference, page } = await asked()
  for (let times = 0; times < 3; times++) await browser.get(`/consent?request=${reference}`)
  assert.deepEqual(await server.services.store.list('authorizationCode'), [])
  assert.deepEqual(await server.services.store.list('consent'), [])
  assert.ok(!/(?:src|href|action)="(?!\/)/.test(page.body))
  assert.equal(page.headers['referrer-policy'], 'no-referrer')
})
