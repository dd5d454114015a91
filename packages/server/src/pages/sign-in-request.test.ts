// Signing in on the way to a client, over the real handler: the request goes on, and what the client wants of the sign-in holds.
// Signing in by itself is sign-in.test.ts; what comes next is decided in authorization-steps.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthorizationParameters } from '@countersign/protocol'
import { hashPassword } from '../accounts/password.ts'
import type { TestServer } from '../testing/services.ts'
import {
  addEditor,
  createPeopledServer,
  hiddenFields,
  openBrowser,
  openedIn,
  password,
  type Shown,
  signIn,
  type TestBrowser,
} from './testing.ts'

async function world() {
  const server = await createPeopledServer()
  const editor = await addEditor(server)
  const passwordHash = await hashPassword(password, server.services.system)
  await server.addAccount({ id: 'usr_sol', name: 'Sol', email: 'sol@example.com', passwordHash })
  const browser = openBrowser(server)
  const open = (parameters: Partial<AuthorizationParameters> = {}) =>
    openedIn(server, browser, editor, parameters)
  return { server, editor, browser, open }
}

const enter = (browser: TestBrowser, page: Shown, email = 'mia@example.com', typed = password) =>
  browser.submit(page, '/login', { email, password: typed }, 'name="email"')

test('AZ-17 AZ-25 signing in goes on to the question, with the request that stands in the address', async () => {
  const { browser, open } = await world()
  const reference = await open()
  const page = await browser.get(`/login?request=${reference}`)
  assert.match(page.body, /to continue to <strong><bdi>Editor<\/bdi><\/strong>/)
  // Nobody is sent to a client of whom it is not known who they are.
  assert.ok(!page.body.includes('/login/cancel'))
  const wrong = await enter(browser, page, 'mia@example.com', 'not this one')
  assert.equal(wrong.status, 400)
  assert.match(wrong.body, /to continue to <strong><bdi>Editor/)
  const shown = await enter(browser, wrong)
  assert.equal(shown.path, `/consent?request=${reference}`)
  assert.match(shown.body, /Allow <strong><bdi>Editor/)
})

test('UI-07 the session of the sign-in is a new one, and the request outlives that', async () => {
  const { browser, open } = await world()
  const page = await browser.get(`/login?request=${await open()}`)
  const before = browser.cookies.get('__Host-countersign')
  await enter(browser, page)
  assert.notEqual(browser.cookies.get('__Host-countersign'), before)
  assert.ok(browser.cookies.get('__Host-countersign-browser'))
})

test('AZ-22 login_hint is filled in, and is only text', async () => {
  const { browser, open } = await world()
  const page = await browser.get(`/login?request=${await open({ loginHint: 'sol@example.com"><b>' })}`)
  assert.match(page.body, /value="sol@example\.com&quot;&gt;&lt;b&gt;"/)
})

test('AZ-20 prompt=login asks whoever is signed in to do it again, and does not offer to go on without', async () => {
  const { browser, open } = await world()
  await signIn(browser)
  const reference = await open({ prompt: ['login'] })
  const page = await browser.get(`/consent?request=${reference}`)
  assert.equal(page.path, `/login?request=${reference}`)
  assert.match(page.body, /<bdi>Editor<\/bdi><\/strong> asks that you sign in again\./)
  assert.match(page.body, /value="mia@example\.com"/)
  assert.ok(!page.body.includes('/login/continue'))
  const shown = await enter(browser, page)
  assert.equal(shown.path, `/consent?request=${reference}`)
})

test('AZ-21 SU-03 max_age: an old sign-in is done again, max_age=0 always is; once is enough', async () => {
  const { server, browser, open } = await world()
  await signIn(browser)
  const young = await browser.get(`/consent?request=${await open({ maxAge: 600 })}`)
  assert.match(young.path, /^\/consent/)
  server.advance(601)
  for (const maxAge of [600, 0]) {
    const page = await browser.get(`/consent?request=${await open({ maxAge })}`)
    assert.match(page.path, /^\/login/)
    const shown = await enter(browser, page)
    server.advance(5)
    assert.match((await browser.get(shown.path)).path, /^\/consent/)
  }
})

test('AZ-19 select_account offers who is signed in, or another; the choice is asked for once', async () => {
  const { browser, open } = await world()
  await signIn(browser)
  const reference = await open({ prompt: ['select_account'] })
  const page = await browser.get(`/consent?request=${reference}`)
  assert.equal(page.path, `/login?request=${reference}`)
  assert.match(page.body, /asks which account to use/)
  assert.match(page.body, /Continue as <bdi>mia@example\.com<\/bdi>/)
  const shown = await browser.submit(page, '/login/continue')
  assert.equal(shown.path, `/consent?request=${reference}`)
  assert.match(shown.body, /<bdi>mia@example\.com<\/bdi>/)
  // Changing one's mind on the page itself.
  const again = await browser.get(`/login?request=${reference}`)
  const other = await enter(browser, again, 'sol@example.com')
  assert.equal(other.path, `/consent?request=${reference}`)
  assert.match(other.body, /<bdi>sol@example\.com<\/bdi>/)
})

test('AZ-22 a login_hint for somebody else lets the person choose, and go on as themselves', async () => {
  const { browser, open } = await world()
  await signIn(browser)
  const reference = await open({ loginHint: 'sol@example.com' })
  const page = await browser.get(`/consent?request=${reference}`)
  assert.match(page.body, /value="sol@example\.com"/)
  const shown = await browser.submit(page, '/login/continue')
  assert.equal(shown.path, `/consent?request=${reference}`)
})

test('AZ-22 where the client means somebody else by id_token_hint, going on as oneself is not offered', async () => {
  const { browser, open } = await world()
  await signIn(browser)
  const page = await browser.get(`/consent?request=${await open({ hintedAccountId: 'usr_sol' })}`)
  assert.match(page.path, /^\/login/)
  assert.ok(!page.body.includes('/login/continue'))
})

function addPasskey({ services }: TestServer) {
  const passkey = {
    id: 'credential',
    version: 0,
    accountId: 'usr_mia',
    publicKey: 'AAAA',
    counter: 0,
    transports: [],
    name: 'Key',
    createdAt: 0,
    lastUsedAt: null,
  }
  return services.store.apply([{ op: 'insert', kind: 'passkey', record: passkey }])
}

test('SU-03 acr_values of a passkey: there is no field for a password, and a word for who has no scripts', async () => {
  const { server, browser, open } = await world()
  await signIn(browser)
  await addPasskey(server)
  const page = await browser.get(`/consent?request=${await open({ acrValues: ['phr'] })}`)
  assert.match(page.path, /^\/login/)
  assert.match(page.body, /asks that you sign in with a passkey/)
  assert.ok(!page.body.includes('type="password"'))
  assert.match(page.body, /data-passkey="get"/)
  assert.match(page.body, /<noscript>.*needs scripts/)
})

test('SU-04 whoever turns away from the passkey that is asked for leaves it unmet', async () => {
  const { server, browser, open } = await world()
  await signIn(browser)
  await addPasskey(server)
  const page = await browser.get(`/consent?request=${await open({ acrValues: ['phr'] })}`)
  const shown = await browser.submit(page, '/login/cancel')
  assert.equal(shown.leaves?.searchParams.get('error'), 'unmet_authentication_requirements')
  const [told] = (await server.services.store.list('auditEntry')).filter(({ event }) =>
    event.startsWith('authorization.'),
  )
  assert.equal(told?.event, 'authorization.denied')
})

test('AZ-12 turning back tells the client, once it is known who does', async () => {
  const { server, browser, open } = await world()
  await signIn(browser)
  const reference = await open({ prompt: ['login'] })
  const page = await browser.get(`/login?request=${reference}`)
  const proof = hiddenFields(page, '/login/cancel')
  const shown = await browser.submit(page, '/login/cancel')
  assert.equal(shown.leaves?.searchParams.get('error'), 'access_denied')
  assert.match((await browser.get(`/login?request=${reference}`)).body, /This request is over/)
  // Whose session has ended is not sent anywhere.
  const [session] = await server.services.store.list('browserSession')
  assert.ok(session)
  await server.services.store.apply([{ op: 'delete', kind: 'browserSession', record: session }])
  const second = await open()
  const answer = await browser.post('/login/cancel', { ...proof, request: second })
  assert.equal(answer.headers.location, `/login?request=${second}`)
})

test('UI-08 the forms of the sign-in page count only in the tab and browser they were made for', async () => {
  const { browser, open } = await world()
  const [one, two] = [await open(), await open()]
  const [first, second] = [
    await browser.get(`/login?request=${one}`),
    await browser.get(`/login?request=${two}`),
  ]
  await enter(browser, first)
  // The other tab was made before: it is shown anew, and knows now who is there.
  const late = await enter(browser, second)
  assert.equal(late.path, `/login?request=${two}`)
  const shown = await browser.submit(late, '/login/continue')
  assert.equal(shown.path, `/consent?request=${two}`)
  const moved = { ...hiddenFields(late, '/login/continue'), request: one }
  assert.equal((await browser.post('/login/continue', moved)).headers.location, `/login?request=${one}`)
})

test('UI-15 the address of a request leads to our own pages only, whatever it says', async () => {
  const { browser } = await world()
  for (const wrong of ['https://evil.example/', '//evil.example', '/account', 'x', 'x'.repeat(43)]) {
    const page = await browser.get(`/login?request=${encodeURIComponent(wrong)}`)
    assert.equal(page.status, 400)
    assert.match(page.body, /This request is over/)
    assert.ok(!page.body.includes('evil.example'))
  }
})

test('UI-03 what was agreed to before goes straight on after the sign-in, by a page of ours', async () => {
  const { browser, open } = await world()
  await signIn(browser)
  const page = await browser.get(`/consent?request=${await open({ scopes: ['openid'] })}`)
  await browser.submit(page, '/consent', { decision: 'allow' })
  const login = await browser.get(`/login?request=${await open({ scopes: ['openid'], prompt: ['login'] })}`)
  const shown = await enter(browser, login)
  assert.equal(shown.status, 200)
  assert.equal(shown.leaves?.origin, 'https://editor.example')
  assert.ok(shown.leaves?.searchParams.get('code'))
})

test('AZ-25 a request that ends while the person signs in leaves them signed in, and says so', async () => {
  const { server, browser, open } = await world()
  const page = await browser.get(`/login?request=${await open()}`)
  server.advance(1799)
  const [request] = await server.services.store.list('authorizationRequest')
  assert.ok(request)
  const over = { ...request, status: 'decided' as const }
  await server.services.store.apply([{ op: 'update', kind: 'authorizationRequest', record: over }])
  const shown = await enter(browser, page)
  assert.match(shown.body, /This request is over/)
  assert.match((await browser.get('/account')).body, /Hello, Mia/)
})
