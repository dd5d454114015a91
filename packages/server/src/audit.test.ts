// Every decision that matters is in the audit log: who, what, from where, about which account, client and grant; nothing secret, and
// nothing where nothing was decided. Through the real pages and endpoints.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { AuditEntry } from '@countersign/protocol'
import { ensureSetupLink } from './accounts/setup-link.ts'
import {
  ask,
  createPeopledServer,
  openBrowser,
  password,
  poll,
  signIn,
  type TestBrowser,
} from './pages/testing.ts'
import { approveDevice, refresh, signIn as signInDevice, startDevice } from './testing/device-flow.ts'
import { createTestServer, type TestServer } from './testing/services.ts'

let server: TestServer
let browser: TestBrowser
beforeEach(async () => {
  server = await createPeopledServer()
  browser = openBrowser(server, '198.51.100.7')
})

/** What was written since the last look. */
const seen = new WeakMap<TestServer, Set<string>>()
async function told(of = server): Promise<AuditEntry[]> {
  // A refused sign-in is noted without being waited for.
  for (let i = 0; i < 20; i++) await turn()
  const known = seen.get(of) ?? new Set()
  seen.set(of, known)
  const fresh = (await of.services.store.find('auditEntry', 'link', 'open')).filter(
    ({ id }) => !known.has(id),
  )
  for (const { id } of fresh) known.add(id)
  return fresh
}

const events = async (of = server) => (await told(of)).map(({ event }) => event)

const mia = { kind: 'account', id: 'usr_mia' }
const here = '198.51.100.7'

async function only(): Promise<Omit<AuditEntry, 'id' | 'version' | 'link'>> {
  const entries = await told()
  assert.deepEqual(entries.length, 1, JSON.stringify(entries))
  const { id: _id, version: _version, link, ...said } = entries[0] as AuditEntry
  assert.equal(link, null)
  return said
}

const said = (change: object) => ({
  at: server.services.system.now(),
  actor: mia,
  address: here,
  accountId: 'usr_mia',
  clientId: null,
  grantId: null,
  detail: {},
  ...change,
})

test('ASVS 16.3.1 signing in and out is told, with how and from where', async () => {
  await signIn(browser)
  assert.deepEqual(await only(), said({ event: 'browser.signed_in', detail: { amr: ['pwd'] } }))
  await browser.submit(await browser.get('/account'), '/logout')
  assert.deepEqual(await only(), said({ event: 'browser.signed_out', detail: { sessions: 1 } }))
})

async function fail(email: string, from = browser) {
  const page = await from.get('/login')
  return from.submit(page, '/login', { email, password: 'my other password' }, 'name="email"')
}

test('ASVS 16.3.1 a refused sign-in is told, without what was typed', async () => {
  await fail('mia@example.com')
  const event = 'browser.sign_in_refused'
  const nobody = { kind: 'account', id: null }
  assert.deepEqual(await only(), said({ event, actor: nobody, detail: { method: 'password' } }))
  await fail('my secret typed here@example.com')
  const unknown = await only()
  assert.equal(unknown.accountId, null)
  assert.doesNotMatch(JSON.stringify(unknown), /secret|other/)
})

test('whoever guesses fills no log: a few entries an hour for each account, and for made-up names together', async () => {
  for (let i = 0; i < 9; i++) await fail('mia@example.com')
  assert.equal((await told()).length, 3)
  for (let i = 0; i < 20; i++) await fail(`${i}@example.com`)
  assert.equal((await told()).length, 3)
  for (let i = 0; i < 40; i++) {
    const other = openBrowser(server, `203.0.113.${i}`)
    for (let j = 0; j < 4; j++) await fail(`${i}.${j}@example.com`, other)
  }
  assert.equal((await told()).length, 97)
  // Guesses at names that nobody has hide none at those that somebody has.
  await server.addAccount({ id: 'usr_ada', email: 'ada@example.com' })
  await fail('ada@example.com', openBrowser(server, '203.0.113.99'))
  assert.deepEqual(
    (await told()).map(({ accountId }) => accountId),
    ['usr_ada'],
  )
})

test('the first account, and how it came to be, is told', async () => {
  server = await createTestServer()
  const link = new URL((await ensureSetupLink(server.services)) ?? '')
  const fresh = openBrowser(server, here)
  const page = await fresh.get(link.pathname)
  await fresh.submit(page, link.pathname, { name: 'Mia', email: 'mia@example.com', password })
  const entry = await only()
  assert.deepEqual(
    [entry.event, entry.detail, entry.address, entry.actor.id],
    ['account.added', { admin: true, via: 'setup link' }, here, entry.accountId],
  )
  assert.ok(!JSON.stringify(entry).includes(link.pathname.slice(7)))
})

async function approvalOf(user_code: string) {
  const page = await browser.get('/device')
  return browser.submit(page, '/device', { user_code })
}

test('RFC 10027 allowing is told with both addresses and the grant that it becomes, and taking it back as well', async () => {
  await signIn(browser)
  const asked = await ask(server, { scope: 'openid email' }, here)
  const page = await approvalOf(asked.user_code)
  await told()
  const connected = await browser.submit(page, '/device/decision', { decision: 'allow' })
  const allowed = await only()
  const detail = { scopes: ['openid', 'email'], deviceAddress: here, network: 'none' }
  const clientId = 'countersign-cli'
  assert.deepEqual(allowed, said({ event: 'device.allowed', clientId, grantId: allowed.grantId, detail }))
  await poll(server, asked)
  const [grant] = await server.services.store.list('grant')
  assert.equal(grant?.id, allowed.grantId)
  assert.deepEqual(await events(), [])
  await browser.submit(connected, '/device/undo')
  const undone = await told()
  assert.deepEqual(
    undone.map(({ event, grantId, detail: { why } }) => [event, grantId, why]),
    [
      ['grant.revoked', grant?.id, 'person'],
      ['device.undone', grant?.id, undefined],
    ],
  )
})

for (const [decision, event] of [
  ['deny', 'device.denied'],
  ['report', 'device.reported'],
] as const)
  test(`RFC 10027 to ${decision} is told, and no grant is named that never will be`, async () => {
    await signIn(browser)
    const page = await approvalOf((await ask(server, {}, here)).user_code)
    await told()
    await browser.submit(page, '/device/decision', { decision })
    const entry = await only()
    assert.deepEqual([entry.event, entry.grantId, entry.clientId], [event, null, 'countersign-cli'])
    // The same form once more decides nothing and tells nothing.
    await browser.submit(page, '/device/decision', { decision })
    assert.deepEqual(await events(), [])
  })

test('the end of a grant is told whoever ends it: the person, the client, a reuse; once, with the reason', async () => {
  await signIn(browser)
  await signInDevice(server)
  await told()
  const page = await browser.get('/account')
  await browser.submit(page, '/account/devices', { action: 'revoke' }, 'name="grant"')
  const byPerson = await only()
  assert.deepEqual(
    [byPerson.event, byPerson.actor, byPerson.address, byPerson.detail],
    ['grant.revoked', mia, here, { why: 'person' }],
  )

  const { refresh_token: second } = await signInDevice(server)
  const revoke = () =>
    server.call('POST', '/oauth/revoke', { form: { client_id: 'countersign-cli', token: second } })
  await revoke()
  const client = { kind: 'client', id: 'countersign-cli' }
  const byClient = await only()
  assert.deepEqual(
    [byClient.event, byClient.actor, byClient.address, byClient.detail],
    ['grant.revoked', client, '192.0.2.1', { why: 'client' }],
  )
  await revoke()
  assert.deepEqual(await events(), [])

  const { refresh_token: third } = await signInDevice(server)
  await refresh(server, third)
  server.advance(60)
  assert.deepEqual(await events(), [])
  const stolen = await refresh(server, third, {}, { address: '203.0.113.66' })
  assert.equal(stolen.status, 400)
  const reuse = await only()
  assert.deepEqual(
    [reuse.event, reuse.actor, reuse.address, reuse.detail],
    ['grant.revoked', client, '203.0.113.66', { why: 'reuse' }],
  )
  await refresh(server, third)
  assert.deepEqual(await events(), [])
})

test('a refused revocation, and the end of a single access token, end no grant and tell of none', async () => {
  const tokens = await signInDevice(server)
  await server.addClient({ id: 'other' })
  const form = (token: string, client_id: string) => ({ form: { token, client_id } })
  await server.call('POST', '/oauth/revoke', form(tokens.refresh_token, 'other'))
  await server.call('POST', '/oauth/revoke', form(tokens.access_token, 'countersign-cli'))
  assert.deepEqual(await events(), [])
})

test('a new password is told with the browsers that it signed out, and a wrong one is not', async () => {
  await signIn(openBrowser(server))
  await signIn(browser)
  await signInDevice(server)
  await told()
  const page = await browser.get('/account')
  const fields = { current: 'not this one', password: 'wandering stream 41', devices: 'yes' }
  await browser.submit(page, '/account/password', fields)
  assert.deepEqual(await events(), [])
  await browser.submit(page, '/account/password', { ...fields, current: password })
  const entries = await told()
  assert.deepEqual(
    entries.map(({ event, detail }) => [event, detail]),
    [
      ['account.password_changed', { sessions: 2 }],
      ['grant.revoked', { why: 'person' }],
    ],
  )
  assert.doesNotMatch(JSON.stringify(entries), /argon2|stream|boats/)
})

test('signing out everywhere tells of each grant and of the browsers', async () => {
  await signIn(openBrowser(server))
  await signIn(browser)
  await signInDevice(server)
  await signInDevice(server)
  await told()
  await browser.submit(await browser.get('/account'), '/account/leave')
  assert.deepEqual(await events(), ['grant.revoked', 'grant.revoked', 'browser.signed_out'])
})

test('G-20 the busy paths write no entry, and no entry holds a code, a token or a cookie', async () => {
  const device = await startDevice(server)
  await approveDevice(server, device.device_code)
  const tokens = await signInDevice(server)
  const next = JSON.parse((await refresh(server, tokens.refresh_token)).body) as typeof tokens
  await server.call('GET', '/oauth/userinfo', { headers: { authorization: `Bearer ${next.access_token}` } })
  assert.deepEqual(await events(), [])
  await signIn(browser)
  const asked = await ask(server, {}, here)
  await browser.submit(await approvalOf(asked.user_code), '/device/decision', { decision: 'allow' })
  await server.call('POST', '/oauth/revoke', {
    form: { client_id: 'countersign-cli', token: next.refresh_token },
  })
  const text = JSON.stringify(await told())
  const secrets = [
    asked.device_code,
    asked.user_code,
    asked.user_code.replace('-', ''),
    next.refresh_token,
    next.access_token,
  ]
  for (const secret of [...secrets, ...browser.cookies.values()]) assert.ok(!text.includes(secret), secret)
})

test('every event is explained to operators, and none that is not there', () => {
  const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  const inSource = sources
    .filter((path) => path.endsWith('.ts') && !path.includes('test'))
    .flatMap((path) => readFileSync(join(import.meta.dirname, path), 'utf8').match(eventName) ?? [])
    .map((text) => text.slice(1, -1))
  const guide = readFileSync(join(import.meta.dirname, '../../../docs/operating.md'), 'utf8')
  const inGuide = (guide.match(/^\| `[a-z_]+\.[a-z_]+`.*$/gm) ?? []).flatMap(
    (row) => row.match(/`[a-z_]+\.[a-z_]+`/g) ?? [],
  )
  assert.deepEqual(
    [...new Set(inGuide.map((text) => text.slice(1, -1)))].toSorted(),
    [...new Set(inSource)].toSorted(),
  )
})

const eventName =
  /'(?:account|assertion|authorization|browser|client|connection|consent|device|grant|identity|key|passkey|registration_token|resource|subject|token)\.[a-z_]+'/g
