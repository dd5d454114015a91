// Attempts to become somebody else, or more than one is, by way of a provider of identities that says the truth as it sees it: addresses
// that look alike, claims of odd shapes, accounts linked behind a person's back, races. Forged answers are upstream.forged.test.ts.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { hashPassword } from '../accounts/password.ts'
import { enter } from '../accounts/upstream/enter.ts'
import { linkIdentity, unlinkIdentity } from '../accounts/upstream/identities.ts'
import { createUpstreams } from '../accounts/upstream/providers.ts'
import { client, type LyingProvider, lyingWorld, startLyingProvider } from '../testing/lying-provider.ts'
import { peopleOf, providerSettings } from '../testing/upstream-world.ts'
import { ask, openBrowser, password, plainGet, poll, signIn } from './testing.ts'
import { fullCookieName } from './visit.ts'

let liar: LyingProvider
before(async () => {
  liar = await startLyingProvider()
})
after(() => liar.close())

const verified = (email: string) => ({ email, email_verified: true })

test('US-06 that one address was verified says nothing about another', async () => {
  const { server, browser, signInAs } = await lyingWorld(liar, { emailDomains: ['corp.example'] })
  const userinfo_endpoint = `${liar.origin}/userinfo`
  await liar.honest({ userinfo_endpoint })
  // The ID token has an address that anybody may have typed; userinfo one that was verified.
  liar.put('/userinfo', { sub: 'eva', ...verified('eva@free.example') })
  const lie = { claims: { email: 'boss@corp.example', name: undefined } }
  assert.match((await signInAs(browser, lie)).body, /There is no account here/)
  liar.put('/userinfo', { sub: 'eva', email: 'boss@corp.example' })
  const turned = { claims: { ...verified('eva@free.example'), name: undefined } }
  assert.match((await signInAs(browser, turned)).body, /There is no account here/)
  assert.equal((await peopleOf(server)).length, 1)
  liar.put('/userinfo', { sub: 'eva', ...verified('eva@corp.example') })
  assert.equal((await signInAs(browser, { claims: { email: undefined, name: undefined } })).path, '/account')
})

test('an address that only looks like another, or becomes it, is nobody’s', async () => {
  const { server, signInAs } = await lyingWorld(liar)
  const alike = [
    'ｍia@example.com',
    'mia@ｅxample.com',
    'mia\u200b@example.com',
    ' mia@example.com',
    'Kim@example.com'.replace('K', '\u212a'),
  ]
  for (const [i, email] of alike.entries()) {
    const shown = await signInAs(openBrowser(server), { claims: { sub: `s${i}`, ...verified(email) } })
    assert.equal(shown.path, '/account', email)
  }
  const people = await peopleOf(server)
  assert.deepEqual(
    people.filter(({ email }) => !email.endsWith('@no-email.invalid')).map(({ email }) => email),
    ['mia@example.com'],
  )
  // The same in capitals is hers.
  const shown = await signInAs(openBrowser(server), {
    claims: { sub: 'caps', ...verified('MIA@EXAMPLE.COM') },
  })
  assert.match(shown.body, /There is an account with your e-mail address already/)
})

test('sign-up for some domains is for nobody below, above or beside them', async () => {
  const { server, signInAs } = await lyingWorld(liar, { emailDomains: ['corp.example'] })
  const beside = [
    'a@evil-corp.example',
    'a@sub.corp.example',
    'a@example',
    'a@corp.example.evil',
    'a@corp.example@evil.example',
    '"a@corp.example"@evil.example',
    'a@evil.example＠corp.example',
    'a@corp.example.',
    'a@corp．example',
  ]
  for (const [i, email] of beside.entries()) {
    const shown = await signInAs(openBrowser(server), { claims: { sub: `s${i}`, ...verified(email) } })
    assert.equal(shown.path, '/login', email)
  }
  for (const email_verified of [undefined, false, 'yes', 1, 'TRUE', ['true']]) {
    const shown = await signInAs(openBrowser(server), {
      claims: { sub: 'x', email: 'a@corp.example', email_verified },
    })
    assert.match(shown.body, /an e-mail address that the other site has verified/)
  }
  assert.equal((await peopleOf(server)).length, 1)
})

test('nobody is an administrator by a claim of another shape', async () => {
  const adminClaim = { claim: 'groups', values: ['ops', 7, true] }
  const { server, signInAs } = await lyingWorld(liar, { adminClaim })
  const shapes = [
    'ops,all',
    'OPS',
    ' ops',
    { ops: true },
    { 0: 'ops', length: 1 },
    [['ops']],
    ['7'],
    '7',
    'true',
    1,
    null,
    [null],
    ['constructor'],
    { value: 'ops' },
  ]
  for (const groups of shapes) {
    await signInAs(openBrowser(server), { claims: { groups } })
    const eva = (await peopleOf(server)).find(({ name }) => name === 'Eva')
    assert.equal(eva?.admin, false, JSON.stringify(groups))
  }
  for (const claim of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    const there = await lyingWorld(liar, { adminClaim: { claim, values: ['ops'] } })
    await there.signInAs(there.browser)
    assert.equal(
      (await peopleOf(there.server)).some(({ admin }) => admin),
      false,
    )
  }
})

test('two administrators who are unmade at the same moment: one of them stays', async () => {
  const { server, signInAs } = await lyingWorld(liar, { adminClaim: { claim: 'groups', values: ['ops'] } })
  const { store } = server.services
  for (let round = 0; round < 5; round++) {
    for (const sub of ['ann', 'bob'])
      await signInAs(openBrowser(server), { claims: { sub, email: undefined, groups: ['ops'] } })
    const upstream = server.services.upstreams.find('corp')
    assert.ok(upstream)
    const person = (subject: string) => ({
      subject,
      email: null,
      name: null,
      authTime: null,
      amr: [],
      claims: {},
    })
    await Promise.all(
      ['ann', 'bob'].map((sub) =>
        enter(server.services, plainGet, { upstream, person: person(sub) }, undefined),
      ),
    )
    assert.equal((await store.list('account')).filter(({ admin }) => admin).length, 1)
  }
})

test('an account elsewhere is offered to the one whose address it has, and to nobody who signs in after them', async () => {
  const { server, browser, signInAs } = await lyingWorld(liar)
  const passwordHash = await hashPassword(password, server.services.system)
  await server.addAccount({ id: 'usr_sol', email: 'sol@example.com', passwordHash })
  const told = await signInAs(browser, { claims: { ...verified('mia@example.com') } })
  assert.match(told.body, /There is an account with your e-mail address already/)
  // Somebody else at the same computer.
  assert.equal((await signIn(browser, 'sol@example.com')).path, '/account')
  assert.equal((await browser.get('/login/connect')).path, '/account')
  assert.equal((await signIn(browser, 'mia@example.com')).path, '/login/connect')
})

test('OSA-D2 an account is connected by nobody who proved it long ago, here or there', async () => {
  const { server, browser, back, come } = await lyingWorld(liar)
  const left = await browser.submit(await signIn(browser), '/account/identities/connect')
  assert.ok(left.leaves)
  server.advance(550)
  const again = await browser.submit(await browser.get('/account'), '/account/identities/connect')
  assert.ok(again.leaves)
  server.advance(400)
  await liar.token(again.leaves.searchParams.get('nonce'))
  assert.match((await come(browser, back(again.leaves, { code: 'x' }))).body, /That took too long/)
  assert.deepEqual(await server.services.store.list('identity'), [])
  // A provider that did not ask again, as it was told to, says so by its auth_time.
  const page = await signIn(browser)
  const third = await browser.submit(page, '/account/identities/connect')
  assert.equal(third.leaves?.searchParams.get('prompt'), 'login')
})

test('a session of before does not come along, and is over', async () => {
  const { server, browser, signInAs } = await lyingWorld(liar)
  await signIn(browser)
  const name = fullCookieName(server.services.config, 'session')
  const planted = openBrowser(server)
  planted.cookies.set(name, browser.cookies.get(name) ?? '')
  assert.equal((await signInAs(browser)).path, '/account')
  assert.notEqual(browser.cookies.get(name), planted.cookies.get(name))
  assert.equal((await planted.get('/account')).path, '/login')
})

test('the last way in stays, whichever two are taken away at once, and a provider that moved is none', async () => {
  const { server, browser, signInAs } = await lyingWorld(liar)
  const { services } = server
  const { store } = services
  await signInAs(browser, { claims: { email: undefined } })
  const [identity] = await store.list('identity')
  assert.ok(identity)
  const account = await store.read('account', identity.accountId)
  assert.ok(account)
  const by = { actor: { kind: 'account', id: account.id }, address: null } as const
  const second = {
    provider: 'corp',
    namespace: liar.origin,
    person: { subject: 'more', email: null, name: null },
  }
  assert.equal(await linkIdentity(services, account, second, by), 'linked')
  const both = await store.list('identity')
  const ended = await Promise.all(both.map(({ id }) => unlinkIdentity(services, account, id, by)))
  assert.deepEqual(ended.toSorted(), ['last', 'unlinked'])
  const [left, ...none] = await store.list('identity')
  assert.ok(left)
  assert.deepEqual(none, [])
  // `corp` is at another issuer now, where nobody of the old one is known.
  const moved = providerSettings({ issuer: 'https://moved.example', client })
  const upstreams = createUpstreams({ identityProviders: [moved] }, services.system)
  const elsewhere = { ...second, namespace: 'https://moved.example' }
  assert.equal(await linkIdentity({ ...services, upstreams }, account, elsewhere, by), 'linked')
  const fresh = (await store.list('identity')).find(({ id }) => id !== left.id)
  assert.equal(await unlinkIdentity({ ...services, upstreams }, account, fresh?.id ?? '', by), 'last')
  assert.equal(await unlinkIdentity({ ...services, upstreams }, account, left.id, by), 'unlinked')
})

test('DV-03 a no without a sign-in ends only what its code names, and guessing codes by it is counted', async () => {
  const { server, press, come, back } = await lyingWorld(liar)
  const waiting = await ask(server)
  let braked = 0
  for (let i = 0; i < 30; i++) {
    const browser = openBrowser(server, '203.0.113.5')
    await browser.get(`/device/BCDF-GHJ${'KLMNPQRTVW'[i % 10]}`)
    const url = await press(browser, 'corp').catch(() => undefined)
    if (url === undefined) {
      braked++
      continue
    }
    const shown = await come(browser, back(url, { error: 'access_denied' }))
    assert.equal(shown.path, '/device/turned-away')
  }
  assert.equal((await poll(server, waiting)).error, 'authorization_pending')
  // The budget of the network is spent, so its next guess is not looked at, though it is right.
  const late = openBrowser(server, '203.0.113.5')
  await late.get(`/device/${waiting.user_code}`)
  const url = await press(late, 'corp')
  assert.equal((await come(late, back(url, { error: 'access_denied' }))).path, '/device/turned-away')
  assert.equal((await poll(server, waiting)).error, 'authorization_pending')
  assert.equal(braked, 0)
})
