// People of a host application as accounts here, over the real handler. Mounted in real servers and seen in a real browser:
// the workspace's test/host-application.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHandler } from '../handler.ts'
import { addEditor, openBrowser, openedIn, plainGet } from '../pages/testing.ts'
import { testConnections } from '../testing/connections.ts'
import { createTestServer, startOfTime, type TestOptions, type TestServer } from '../testing/services.ts'
import { setAccountDisabled } from './accounts.ts'
import type { Host, HostPerson } from './host-application.ts'
import { askHost } from './host-person.ts'

async function hosted(first: HostPerson | null, options: TestOptions = {}) {
  const plain = await createTestServer(options)
  await plain.addClient()
  const state = { person: first }
  const host = {
    authenticate: () => state.person,
    signInUrl: (returnTo: string) => `https://login.example/app/sign-in?next=${encodeURIComponent(returnTo)}`,
  }
  const services = { ...plain.services, host }
  const handler = createHandler(services)
  const server: TestServer = {
    ...plain,
    services,
    handler,
    call: (method, path, { form, headers = {} } = {}) => {
      const [pathOnly = '', query = ''] = path.split('?')
      const body = form === undefined ? '' : new URLSearchParams(form).toString()
      const type = { 'content-type': 'application/x-www-form-urlencoded' }
      return handler({
        method,
        path: pathOnly,
        query,
        body,
        headers: { ...(form ? type : {}), ...headers },
        address: '192.0.2.1',
        gone: () => false,
        onGone: () => {},
      })
    },
  }
  const accounts = () => services.store.list('account')
  return { server, browser: openBrowser(server), state, accounts }
}

const mia: HostPerson = {
  id: '42',
  email: 'Mia@App.example',
  name: 'Mia',
  authTime: startOfTime - 60,
  amr: ['pwd'],
}

test('whoever the host knows has an account from the first page on, always the same', async () => {
  const { browser, state, accounts } = await hosted(mia)
  const page = await browser.get('/account')
  assert.match(page.body, /Hello, Mia/)
  await browser.get('/account')
  const [account, ...others] = await accounts()
  assert.deepEqual(others, [])
  assert.equal(account?.email, 'mia@app.example')
  assert.equal(account?.admin, false)
  state.person = { ...mia, id: '43', name: 'Sol' }
  await browser.get('/account')
  // The address is Mia's already, and stays hers.
  assert.deepEqual((await accounts()).map(({ email }) => email.endsWith('@no-email.invalid')).toSorted(), [
    false,
    true,
  ])
})

test('an account that was there before is not entered by its address', async () => {
  const { server, browser, accounts } = await hosted(mia)
  await server.addAccount({ id: 'usr_root', email: 'mia@app.example', admin: true })
  assert.equal((await browser.get('/account')).path, '/account')
  assert.equal((await accounts()).length, 2)
  assert.deepEqual(
    (await server.services.store.list('identity')).map(({ accountId }) => accountId === 'usr_root'),
    [false],
  )
})

test('the host says who administers, and an account that is disabled here stays out without going round in circles', async () => {
  const { server, browser, state, accounts } = await hosted({ ...mia, admin: true })
  await browser.get('/account')
  assert.equal((await accounts())[0]?.admin, true)
  state.person = { ...mia, admin: false }
  await browser.get('/account')
  assert.equal((await accounts())[0]?.admin, false)
  await setAccountDisabled(server.services, (await accounts())[0]?.id ?? '', true)
  const shown = await browser.get('/account')
  assert.equal(shown.path, '/login')
  assert.equal(shown.status, 403)
  assert.match(shown.body, /You cannot be let in here/)
})

test('UI-15 nobody is sent to the host but with an address of ours to come back to', async () => {
  const { server, browser } = await hosted(null)
  const away = (await server.call('GET', '/login?next=https://evil.example')).headers.location
  assert.equal(away, 'https://login.example/app/sign-in?next=https%3A%2F%2Flogin.example%2Faccount')
  for (const path of ['/login', '/login/passkey', '/login/upstream/corp', '/account/password', '/setup/x'])
    assert.ok([404, 405].includes((await browser.post(path, { proof: 'x' })).status), path)
})

test('AZ-20 prompt=login asks the host for a new proof, and one that is as old as before is none', async () => {
  const { server, browser, state } = await hosted(mia)
  const editor = await addEditor(server)
  await browser.get('/account')
  const reference = await openedIn(server, browser, editor, { prompt: ['login'] })
  const page = await browser.get(`/consent?request=${reference}`)
  assert.equal(page.path, `/login?request=${reference}`)
  assert.match(page.body, /asks that you sign in again/)
  assert.match(
    page.body,
    new RegExp(`next=${encodeURIComponent(`https://login.example/login?request=${reference}`)}`),
  )
  assert.equal((await browser.get(`/login?request=${reference}`)).path, `/login?request=${reference}`)
  server.advance(30)
  state.person = { ...mia, authTime: startOfTime + 20 }
  assert.equal((await browser.get(`/login?request=${reference}`)).path, `/consent?request=${reference}`)
})

test('a host that says something odd has made a mistake: it is told, nobody is let in, and nothing is taken for what it may have meant', async () => {
  const odd: readonly unknown[] = [
    { ...mia, id: '' },
    { ...mia, id: 42 },
    { ...mia, id: 'x'.repeat(513) },
    { ...mia, id: ['42'] },
    { email: mia.email },
    { ...mia, admin: 'false' },
    { ...mia, admin: 1 },
    // Milliseconds would be later than now for ever, and every proof a new one.
    { ...mia, authTime: startOfTime * 1000 },
    { ...mia, authTime: new Date(startOfTime * 1000) },
    { ...mia, authTime: Number.NaN },
    { ...mia, authTime: String(startOfTime) },
    { ...mia, amr: 'pwd' },
    { ...mia, email: { toString: () => 'mia@app.example' } },
    '42',
    42,
    true,
    [mia],
  ]
  const { server, state, accounts } = await hosted(mia)
  for (const person of odd) {
    state.person = person as HostPerson
    assert.equal((await server.call('GET', '/account')).status, 500, JSON.stringify(person))
  }
  assert.deepEqual(await accounts(), [])
})

test('what a host leaves out may be undefined, or null as databases have it', async () => {
  const { browser, state, accounts } = await hosted(null)
  state.person = { id: '7', email: null, name: null, admin: null, authTime: null, amr: null, session: null }
  assert.equal((await browser.get('/account')).path, '/account')
  const [account] = await accounts()
  assert.equal(account?.admin, false)
  assert.match(account?.email ?? '', /@no-email\.invalid$/)
  state.person = undefined as unknown as null
  assert.equal((await browser.get('/account')).leaves?.host, 'login.example')
})

test('a host that fails, or never answers, keeps nobody waiting for ever', async () => {
  const { server } = await hosted(mia)
  const request = { ...plainGet, path: '/account' }
  const says = (authenticate: Host['authenticate']) =>
    askHost({ ...server.services.host, authenticate } as Host, request, 20)
  await assert.rejects(async () => says(() => new Promise(() => {})), /did not answer in time/)
  await assert.rejects(async () => says(() => Promise.reject(new Error('database gone'))), /database gone/)
  const throwing = {
    ...server.services,
    host: {
      ...server.services.host,
      authenticate: () => {
        throw new Error('database gone')
      },
    } as Host,
  }
  const shown = await createHandler(throwing)(request)
  assert.equal(shown.status, 500)
  assert.ok(!shown.body.includes('database'))
})

test('LO-05 nobody is told that they are signed out while the host still has them: it is asked to do it, and sends them back', async () => {
  const { server, browser, state } = await hosted(mia)
  const editor = await addEditor(server, {
    postLogoutRedirectUris: ['https://editor.example/bye'],
    firstParty: true,
  })
  const query = `client_id=${editor.id}&post_logout_redirect_uri=https%3A%2F%2Feditor.example%2Fbye&state=s`
  const asked = await browser.get(`/oauth/logout?${query}`)
  assert.match(asked.body, /Sign out\?/)
  const cannot = await browser.submit(asked, '/logout/confirm')
  assert.match(cannot.body, /Please sign out there/)
  Object.assign(server.services.host as Host, {
    signOutUrl: (returnTo: string) => `https://app.example/bye?next=${encodeURIComponent(returnTo)}`,
  })
  const away = (await browser.submit(await browser.get(`/oauth/logout?${query}`), '/logout/confirm')).leaves
  assert.equal(away?.origin, 'https://app.example')
  const back = new URL(away?.searchParams.get('next') ?? '')
  assert.equal(back.origin, 'https://login.example')
  state.person = null
  assert.equal(
    (await browser.get(back.pathname + back.search)).leaves?.href,
    'https://editor.example/bye?state=s',
  )
})

test('accounts elsewhere are connected under a host, too, also where it does not say when somebody signed in', async () => {
  const connections = testConnections()
  const { authTime: _, ...unsaid } = mia
  const { server, browser } = await hosted(unsaid, { connections })
  assert.match((await browser.get('/account')).body, /href="\/account\/connections"/)
  server.advance(3600)
  const list = await browser.get('/account/connections')
  const page = await browser.submit(list, '/account/connections/connect', {}, 'value="github"')
  assert.match(page.body, /WXYZ-1234/)
})
