// Signing in at a provider of identities, against a real one (npm `oidc-provider`) over the real handler: each way in, each way out.
// Hostile and broken answers are upstream.hostile.test.ts, the other kinds of provider accounts/upstream/providers.test.ts.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { signInThere, startUpstream, type UpstreamServer } from '../../../../test/support/upstream.ts'
import { hashPassword } from '../accounts/password.ts'
import type { Config } from '../config.ts'
import { ownIssuer, peopleOf, providerSettings, world } from '../testing/upstream-world.ts'
import { addEditor, ask, openBrowser, openedIn, password, poll, signIn } from './testing.ts'

let upstream: UpstreamServer
before(async () => {
  upstream = await startUpstream([ownIssuer])
})
after(() => upstream.close())

type Provider = Partial<Config['identityProviders'][number]>

const open = (more: Provider = {}, settings: Partial<Config> = {}) =>
  world([providerSettings(upstream, more)], settings)

test('a new person gets an account, and comes back to it', async () => {
  const { server, press, come } = await open({ signUp: true })
  const browser = openBrowser(server)
  const shown = await come(browser, await signInThere(await press(browser, 'corp'), 'sol'))
  assert.equal(shown.path, '/account')
  assert.match(shown.body, /Hello, Sol There/)
  assert.match(shown.body, /sol@example\.com/)
  const [account] = (await server.services.store.list('account')).filter(({ name }) => name === 'Sol There')
  assert.equal(account?.admin, false)
  assert.equal(account?.passwordHash, null)
  const second = openBrowser(server)
  await come(second, await signInThere(await press(second, 'corp'), 'sol'))
  assert.equal((await peopleOf(server)).length, 2)
  const entries = (await server.services.store.list('auditEntry')).map(({ event }) => event)
  for (const event of ['account.added', 'identity.linked', 'browser.signed_in'])
    assert.ok(entries.includes(event))
})

test('CL-20 OSA-D2 the trip ends only in the browser that began it, once, and in ten minutes', async () => {
  const { server, press, come } = await open({ signUp: true })
  const [browser, other] = [openBrowser(server), openBrowser(server, '198.51.100.9')]
  const back = await signInThere(await press(browser, 'corp'), 'ann')
  await other.get('/login')
  const stolen = await come(other, back)
  assert.equal(stolen.path, '/login')
  assert.match(stolen.body, /begun in another browser/)
  assert.equal((await come(browser, back)).path, '/account')
  assert.match((await come(browser, back)).body, /begun in another browser/)
  const late = await signInThere(await press(browser, 'corp'), 'ann')
  server.advance(600)
  assert.match((await come(browser, late)).body, /That took too long/)
})

test('OSA-D1 the state is random: neither it nor anything else in the address holds a code or a secret', async () => {
  const { server, press } = await open()
  const browser = openBrowser(server)
  const device = await ask(server)
  await browser.get(`/device/${device.user_code}`)
  const url = await press(browser, 'corp')
  assert.match(url.searchParams.get('state') ?? '', /^[\w-]{43}$/)
  assert.equal(url.searchParams.get('code_challenge_method'), 'S256')
  const everything = decodeURIComponent(url.href)
  for (const secret of [device.device_code, device.user_code, device.user_code.replace('-', '')])
    assert.ok(!everything.includes(secret))
  const [trip] = await server.services.store.list('upstreamSignIn')
  const kept = JSON.stringify(trip)
  for (const secret of [url.searchParams.get('state') ?? '', device.user_code, device.device_code])
    assert.ok(!kept.includes(secret))
})

test('OSA-D2 DV-05 a sign-in on the way to a device leads to the page that names it and asks; nothing is allowed before', async () => {
  const { server, press, come } = await open({ signUp: true })
  const browser = openBrowser(server)
  const device = await ask(server)
  await browser.get(`/device/${device.user_code}`)
  const shown = await come(browser, await signInThere(await press(browser, 'corp'), 'eva'))
  assert.equal(shown.path, '/device/approve')
  assert.ok(shown.body.includes(device.user_code))
  assert.equal((await poll(server, device)).error, 'authorization_pending')
  const done = await browser.submit(shown, '/device/decision', { decision: 'allow' })
  assert.equal(done.path, '/device/connected')
  assert.ok((await poll(server, device)).access_token)
})

test('F-16 DV-08 OSA-D7 a no at the provider is told to the device at once, and the person to go back to it', async () => {
  const { server, press, come } = await open({ signUp: true })
  const browser = openBrowser(server)
  const [device, other] = [await ask(server), await ask(server)]
  await browser.get(`/device/${device.user_code}`)
  const woken = new Promise<void>((wake) => {
    void server.services.store.list('deviceAuthorization').then((records) => {
      for (const { id } of records) server.services.store.watch(id, wake)
    })
  })
  const back = await signInThere(await press(browser, 'corp'), 'eva', 'deny')
  assert.equal(back.searchParams.get('error'), 'access_denied')
  const shown = await come(browser, back)
  assert.equal(shown.path, '/device/turned-away')
  assert.match(shown.body, /go back to your terminal/)
  await woken
  assert.equal((await poll(server, device)).error, 'access_denied')
  assert.equal((await poll(server, other)).error, 'authorization_pending')
  const denied = (await server.services.store.list('auditEntry')).find(
    ({ event }) => event === 'device.denied',
  )
  assert.equal(denied?.detail.provider, 'corp')
  assert.match((await browser.get('/device')).body, /Your terminal or device shows a code/)
})

test('AZ-17 a no on the way to a client: it goes back to a client that was vouched for, else the sign-in page says so', async () => {
  const { server, press, come } = await open()
  const known = await addEditor(server)
  const stranger = await server.addClient({
    ...known,
    id: 'stranger',
    version: 0,
    source: 'registration',
    publisher: null,
  })
  const browser = openBrowser(server)
  const reference = await openedIn(server, browser, known)
  const back = await signInThere(await press(browser, 'corp', reference), 'eva', 'deny')
  const left = (await come(browser, back)).leaves
  assert.equal(left?.origin, 'https://editor.example')
  assert.equal(left?.searchParams.get('error'), 'access_denied')
  assert.equal(left?.searchParams.get('state'), 'the state')
  const second = await openedIn(server, browser, stranger)
  const stayed = await come(browser, await signInThere(await press(browser, 'corp', second), 'eva', 'deny'))
  assert.equal(stayed.leaves, undefined)
  assert.equal(stayed.path, `/login?request=${second}`)
  assert.match(stayed.body, /You said no at the other site/)
})

test('AZ-17 AZ-25 a sign-in on the way to a client goes on to its question', async () => {
  const { server, press, come } = await open({ signUp: true })
  const editor = await addEditor(server)
  const browser = openBrowser(server)
  const reference = await openedIn(server, browser, editor)
  const shown = await come(browser, await signInThere(await press(browser, 'corp', reference), 'eva'))
  assert.equal(shown.path, `/consent?request=${reference}`)
  assert.match(shown.body, /Allow <strong><bdi>Editor/)
})

test('AZ-20 who has to sign in anew is asked to at the provider; auth_time is what it says', async () => {
  const { server, press, come } = await open({ signUp: true })
  const editor = await addEditor(server)
  const browser = openBrowser(server)
  assert.equal((await press(browser, 'corp')).searchParams.get('prompt'), null)
  await come(browser, await signInThere(await press(browser, 'corp'), 'eva'))
  const [session] = (await server.services.store.list('browserSession')).toReversed()
  assert.ok(
    session &&
      session.authenticatedAt <= session.createdAt &&
      session.authenticatedAt > session.createdAt - 60,
  )
  const reference = await openedIn(server, browser, editor, { prompt: ['login'] })
  const url = await press(browser, 'corp', reference)
  assert.equal(url.searchParams.get('prompt'), 'login')
  const shown = await come(browser, await signInThere(url, 'eva'))
  assert.equal(shown.path, `/consent?request=${reference}`)
})

test('an account with the same address is never linked by that: both are proved, and then it is asked', async () => {
  const { server, press, come } = await open({ signUp: true })
  const browser = openBrowser(server)
  const device = await ask(server)
  await browser.get(`/device/${device.user_code}`)
  const told = await come(browser, await signInThere(await press(browser, 'corp'), 'mia'))
  assert.equal(told.path, '/login')
  assert.match(told.body, /There is an account with your e-mail address already/)
  assert.deepEqual(await server.services.store.list('identity'), [])
  const form = { email: 'mia@example.com', password }
  const asked = await browser.submit(told, '/login', form, 'name="email"')
  assert.equal(asked.path, '/login/connect')
  assert.match(asked.body, /Mia There, mia@example\.com/)
  const shown = await browser.submit(asked, '/login/connect', { decision: 'connect' })
  assert.equal(shown.path, '/device/approve')
  const [identity] = await server.services.store.list('identity')
  assert.equal(identity?.accountId, 'usr_mia')
  const second = openBrowser(server)
  assert.equal((await come(second, await signInThere(await press(second, 'corp'), 'mia'))).path, '/account')
})

test('… nor when the answer is “Not now”, nor in another browser', async () => {
  const { server, press, come } = await open({ signUp: true })
  const [browser, other] = [openBrowser(server), openBrowser(server)]
  const told = await come(browser, await signInThere(await press(browser, 'corp'), 'mia'))
  for (const [name, value] of browser.cookies) if (name.includes('link')) other.cookies.set(name, value)
  assert.equal((await signIn(other)).path, '/account')
  const form = { email: 'mia@example.com', password }
  const asked = await browser.submit(told, '/login', form, 'name="email"')
  assert.equal((await browser.submit(asked, '/login/connect', { decision: 'skip' })).path, '/account')
  assert.equal((await browser.get('/login/connect')).path, '/account')
  assert.deepEqual(await server.services.store.list('identity'), [])
})

test('connecting on the account page, and taking it apart; the last way in stays', async () => {
  const { server, come } = await open()
  const browser = openBrowser(server)
  const page = await signIn(browser)
  const left = await browser.submit(page, '/account/identities/connect')
  const done = await come(browser, await signInThere(left.leaves as URL, 'mia-elsewhere'))
  assert.equal(done.path, '/account')
  assert.match(done.body, /The account was connected/)
  assert.match(done.body, /as Mia-elsewhere There/)
  const { store } = server.services
  const account = await store.read('account', 'usr_mia')
  assert.ok(account)
  await store.apply([{ op: 'update', kind: 'account', record: { ...account, passwordHash: null } }])
  const last = await browser.submit(done, '/account/identities/disconnect')
  assert.match(last.body, /only way to sign in/)
  const now = await store.read('account', 'usr_mia')
  assert.ok(now)
  const passwordHash = await hashPassword(password, server.services.system)
  await store.apply([{ op: 'update', kind: 'account', record: { ...now, passwordHash } }])
  const gone = await browser.submit(await browser.get('/account'), '/account/identities/disconnect')
  assert.match(gone.body, /The account was disconnected/)
  assert.deepEqual(await store.list('identity'), [])
})

test('what is one account already is not made another’s', async () => {
  const { server, press, come } = await open({ signUp: true })
  const first = openBrowser(server)
  await come(first, await signInThere(await press(first, 'corp'), 'zoe'))
  const browser = openBrowser(server)
  const left = await browser.submit(await signIn(browser), '/account/identities/connect')
  const shown = await come(browser, await signInThere(left.leaves as URL, 'zoe'))
  assert.match(shown.body, /another account here already/)
  assert.equal((await server.services.store.list('identity')).length, 1)
})

test('OSA-D2 whoever begins to connect must be the one who comes back', async () => {
  const { server, come } = await open()
  await server.addAccount({
    id: 'usr_sol',
    email: 'sol@example.com',
    passwordHash: await hashPassword(password, server.services.system),
  })
  const browser = openBrowser(server)
  const left = await browser.submit(await signIn(browser), '/account/identities/connect')
  const back = await signInThere(left.leaves as URL, 'zoe')
  await signIn(browser, 'sol@example.com')
  assert.match((await come(browser, back)).body, /Somebody else signed in here in the meantime/)
  assert.deepEqual(await server.services.store.list('identity'), [])
})

test('without sign-up nobody new comes in; who is disabled hears the same', async () => {
  const { server, press, come } = await open()
  const browser = openBrowser(server)
  const strange = await come(browser, await signInThere(await press(browser, 'corp'), 'nobody'))
  assert.equal(strange.path, '/login')
  assert.match(strange.body, /There is no account here/)
  const left = await browser.submit(await signIn(browser), '/account/identities/connect')
  await come(browser, await signInThere(left.leaves as URL, 'mia2'))
  const { store } = server.services
  const account = await store.read('account', 'usr_mia')
  assert.ok(account)
  await store.apply([{ op: 'update', kind: 'account', record: { ...account, disabledAt: 1 } }])
  const second = openBrowser(server)
  const disabled = await come(second, await signInThere(await press(second, 'corp'), 'mia2'))
  assert.match(disabled.body, /There is no account here/)
})

test('sign-up for some domains wants a verified address of theirs', async () => {
  const { server, press, come } = await open({ signUp: true, emailDomains: ['corp.example'] })
  upstream.people.set('inside', { email: 'in@corp.example' })
  upstream.people.set('unverified', { email: 'un@corp.example', email_verified: false })
  const as = async (login: string) => {
    const browser = openBrowser(server)
    return come(browser, await signInThere(await press(browser, 'corp'), login))
  }
  assert.match((await as('outside')).body, /There is no account here/)
  assert.match((await as('unverified')).body, /an e-mail address that the other site has verified/)
  assert.equal((await as('inside')).path, '/account')
})

test('an address that nobody verified is nobody’s: the account has none', async () => {
  const { server, press, come } = await open({ signUp: true })
  upstream.people.set('forger', { email: 'mia@example.com', email_verified: false })
  const browser = openBrowser(server)
  const shown = await come(browser, await signInThere(await press(browser, 'corp'), 'forger'))
  assert.equal(shown.path, '/account')
  assert.ok(!shown.body.includes('no-email.invalid'))
  const forger = (await peopleOf(server)).find(({ name }) => name === 'Forger There')
  assert.match(forger?.email ?? '', /@no-email\.invalid$/)
  assert.equal(forger?.admin, false)
})

test('a claim makes administrators and unmakes them at each sign-in, but never the last', async () => {
  const adminClaim = { claim: 'groups', values: ['ops'] }
  const { server, press, come } = await open({ signUp: true, adminClaim })
  const as = async (login: string, groups: readonly string[]) => {
    upstream.people.set(login, { groups })
    const browser = openBrowser(server)
    await come(browser, await signInThere(await press(browser, 'corp'), login))
    return (await peopleOf(server)).find(({ email }) => email === `${login}@example.com`)?.admin
  }
  assert.equal(await as('boss', ['ops', 'all']), true)
  assert.equal(await as('second', ['ops']), true)
  assert.equal(await as('boss', ['all']), false)
  assert.equal(await as('second', []), true)
  assert.equal(await as('boss', ['ops']), true)
  assert.equal(await as('second', []), false)
})

test('a stranger is not the first account; an administrator by claim is', async () => {
  const adminClaim = { claim: 'groups', values: ['ops'] }
  const { server, press, come } = await world(
    [providerSettings(upstream, { signUp: true, adminClaim })],
    {},
    { empty: true },
  )
  upstream.people.set('root', { groups: 'ops' })
  const browser = openBrowser(server)
  const refused = await come(browser, await signInThere(await press(browser, 'corp'), 'early'))
  assert.match(refused.body, /the first one is made by whoever runs this server/)
  assert.equal(
    (await come(browser, await signInThere(await press(browser, 'corp'), 'root'))).path,
    '/account',
  )
  assert.equal((await peopleOf(server))[0]?.admin, true)
})

test('several providers beside each other: each subject is somebody else', async () => {
  const second = await startUpstream([ownIssuer], 'other')
  try {
    const { server, press, come } = await world([
      providerSettings(upstream, { signUp: true }),
      providerSettings(second, { id: 'other', name: 'Other', signUp: true }),
    ])
    second.people.set('eva', { email: 'eva@other.example' })
    const one = openBrowser(server)
    const page = await one.get('/login')
    assert.match(
      page.body,
      /Continue with <bdi>Corp<\/bdi>[\s\S]*Continue with <bdi>Other<\/bdi>[\s\S]*name="password"/,
    )
    await come(one, await signInThere(await press(one, 'corp'), 'eva'))
    const two = openBrowser(server)
    await come(two, await signInThere(await press(two, 'other'), 'eva'))
    const ids = (await server.services.store.list('identity')).map(({ accountId }) => accountId)
    assert.equal(new Set(ids).size, 2)
  } finally {
    await second.close()
  }
})

test('without passwords there is no field for one, and none is taken', async () => {
  const { server } = await open({}, { passwords: false })
  const browser = openBrowser(server)
  const page = await browser.get('/login')
  assert.ok(!page.body.includes('name="password"'))
  const proof = /name="proof" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  const refused = await browser.post('/login', { proof, email: 'mia@example.com', password })
  assert.equal(refused.status, 400)
})

test('UI-08 UI-09 the form is ours, and a look at the callback spends nothing', async () => {
  const { server, press, come } = await open({ signUp: true })
  const browser = openBrowser(server)
  await browser.get('/login')
  assert.equal((await browser.post('/login/upstream/corp', { proof: 'made up' })).status, 403)
  assert.equal((await browser.post('/login/upstream/none', { proof: 'made up' })).status, 403)
  const back = await signInThere(await press(browser, 'corp'), 'uma')
  await server.call('HEAD', back.pathname + back.search, {
    headers: { cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
  })
  assert.equal((await come(browser, back)).path, '/account')
})
