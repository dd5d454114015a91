// The operations on accounts and on what they have agreed to, for administrators and for the person themselves.
// Who is let in is api.test.ts.

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { Account, Consent, Identity } from '@countersign/protocol'
import { createPeopledServer, openBrowser, signIn } from '../pages/testing.ts'
import { bodyOf, refresh, signIn as signInDevice } from '../testing/device-flow.ts'
import { startOfTime, type TestServer } from '../testing/services.ts'
import { accountOfSubject } from '../trusted-issuers-subjects.ts'
import { type ApiCaller, browserCaller, clientCaller } from './testing.ts'

let server: TestServer
let admin: ApiCaller
beforeEach(async () => {
  server = await createPeopledServer()
  admin = await clientCaller(server, 'ops', ['countersign:admin'])
})

const ada = { email: 'Ada@Example.com', name: 'Ada', password: 'wandering stream 41' }

interface Listed {
  readonly items: readonly { readonly id: string; readonly email: string }[]
  readonly next?: string
}

test('an account is added, found, shown, and its password is never told', async () => {
  const added = await admin.call<Account>('POST', '/accounts', { json: ada })
  assert.equal(added.status, 201)
  assert.equal(added.json.email, 'ada@example.com')
  assert.equal(added.headers.location, `/api/v1/accounts/${added.json.id}`)
  const found = await admin.call<Listed>('GET', '/accounts?email=ADA@example.com')
  assert.deepEqual(
    found.json.items.map(({ id }) => id),
    [added.json.id],
  )
  assert.deepEqual((await admin.call('GET', `/accounts/${added.json.id}`)).json, added.json)
  assert.deepEqual((await admin.call('GET', '/accounts/ada%40example.com')).json, added.json)
  assert.doesNotMatch((await admin.call('GET', '/accounts')).body, /argon2|assword|stream/)
  const browser = openBrowser(server)
  const page = await browser.get('/login')
  const fields = { email: ada.email, password: ada.password }
  assert.equal((await browser.submit(page, '/login', fields, 'name="email"')).path, '/account')
})

test('what cannot be added says why: 400 what is wrong, 409 what is there', async () => {
  const wrong = [{ ...ada, email: 'nobody' }, { ...ada, password: 'short' }, { email: ada.email }]
  for (const json of wrong) assert.equal((await admin.call('POST', '/accounts', { json })).status, 400)
  assert.equal((await admin.call('POST', '/accounts', { json: ada })).status, 201)
  const again = await admin.call('POST', '/accounts', { json: ada })
  assert.deepEqual([again.status, again.json.error], [409, 'exists'])
})

test('pages of a list join without a gap and without a repetition', async () => {
  for (let i = 0; i < 7; i++) await server.addAccount({ id: `usr_${i}`, email: `${i}@example.com` })
  const seen: string[] = []
  for (let after: string | undefined = ''; after !== undefined; ) {
    const { json }: { json: Listed } = await admin.call<Listed>(
      'GET',
      `/accounts?limit=3${after === '' ? '' : `&after=${after}`}`,
    )
    assert.ok(json.items.length <= 3)
    seen.push(...json.items.map(({ id }) => id))
    after = json.next
  }
  assert.deepEqual(seen, [...new Set(seen)].toSorted())
  assert.equal(seen.length, 8)
})

test('ASVS 7.4.2 disabling an account ends its browsers and tokens at once, enabling does not bring them back', async () => {
  const person = await browserCaller(server)
  const { refresh_token: token } = await signInDevice(server)
  const change = (json: object) => admin.call<Account>('PATCH', '/accounts/usr_mia', { json })
  assert.notEqual((await change({ disabled: true })).json, null)
  assert.equal((await person.call('GET', '/me')).status, 401)
  assert.equal((await refresh(server, token)).status, 400)
  const { json } = await change({ disabled: false })
  assert.equal((json as unknown as { disabled_at: null }).disabled_at, null)
  assert.equal((await person.call('GET', '/me')).status, 401)
})

test('an administrator is made and unmade, but nobody shuts themselves out', async () => {
  const change = (caller: ApiCaller, id: string, json: object) =>
    caller.call<Account>('PATCH', `/accounts/${id}`, { json })
  assert.equal((await change(admin, 'usr_mia', { admin: true })).json.admin, true)
  const mia = await browserCaller(server)
  for (const json of [{ admin: false }, { disabled: true }, { disabled: false, admin: false }]) {
    const { status, json: said } = await change(mia, 'mia@example.com', json)
    assert.deepEqual(
      [status, said],
      [409, { error: 'conflict', message: 'Nobody takes administration from themselves.' }],
    )
  }
  await server.addAccount({ id: 'usr_ada', email: 'ada@example.com', admin: true })
  assert.equal((await change(mia, 'usr_ada', { admin: false })).json.admin, false)
  assert.equal((await change(admin, 'usr_none', { admin: false })).status, 404)
})

test('identities are listed, and one is taken away with the browsers of its account, from that account only', async () => {
  const identity = (subject: string, accountId: string): Identity => ({
    id: `${subject}-digest-of-32-bytes`,
    version: 0,
    accountId,
    provider: 'corp',
    subject,
    email: null,
    name: null,
    createdAt: startOfTime,
    lastUsedAt: null,
  })
  await server.addAccount({ id: 'usr_ada', email: 'ada@example.com' })
  for (const record of [identity('one', 'usr_mia'), identity('two', 'usr_mia'), identity('ada', 'usr_ada')])
    await server.services.store.apply([{ op: 'insert', kind: 'identity', record }])
  const person = await browserCaller(server)
  const list = async () =>
    (
      await admin.call<{ items: readonly { id: string; subject: string }[] }>(
        'GET',
        '/accounts/usr_mia/identities',
      )
    ).json.items
  const [one, two] = await list()
  assert.deepEqual([one?.subject, two?.subject], ['one', 'two'])
  const reader = await clientCaller(server, 'reader', ['countersign:admin:read'])
  assert.equal((await reader.call('DELETE', `/accounts/usr_mia/identities/${one?.id}`)).status, 403)
  assert.equal((await admin.call('DELETE', `/accounts/usr_ada/identities/${one?.id}`)).status, 404)
  assert.equal((await admin.call('DELETE', `/accounts/usr_mia/identities/${one?.id}`)).status, 204)
  assert.equal((await admin.call('DELETE', `/accounts/usr_mia/identities/${one?.id}`)).status, 404)
  assert.deepEqual(
    (await list()).map(({ subject }) => subject),
    ['two'],
  )
  assert.equal((await person.call('GET', '/me')).status, 401)
  const entries = await server.services.store.list('auditEntry')
  assert.ok(entries.some(({ event, actor }) => event === 'identity.unlinked' && actor.id === 'ops'))
})

async function consentOf(
  accountId: string,
  clientId: string,
  id = `${accountId} ${clientId}`,
): Promise<void> {
  const record: Consent = {
    id,
    version: 0,
    accountId,
    clientId,
    redirectTarget: 'https://app.example/cb',
    resources: [],
    scopes: ['openid'],
    clientKeys: 'x',
    createdAt: startOfTime,
    updatedAt: startOfTime,
  }
  await server.services.store.apply([{ op: 'insert', kind: 'consent', record }])
}

test('UI-12 ASVS 10.7.3 what a person agreed to is listed and withdrawn, by them and by administrators, and ends the tokens', async () => {
  for (const [caller, path] of [
    [admin, '/accounts/mia@example.com/consents'],
    [await browserCaller(server), '/me/consents'],
  ] as const) {
    const { refresh_token: token } = await signInDevice(server)
    await consentOf('usr_mia', 'countersign-cli')
    await consentOf('usr_mia', 'https://app.example/client.json')
    const listed = await caller.call<{ items: { client_id: string }[] }>('GET', path)
    assert.deepEqual(
      listed.json.items.map(({ client_id: id }) => id),
      ['countersign-cli', 'https://app.example/client.json'],
    )
    assert.equal((await caller.call('DELETE', `${path}/countersign-cli`)).status, 204)
    assert.equal(bodyOf(await refresh(server, token)).error, 'invalid_grant')
    const url = encodeURIComponent('https://app.example/client.json')
    assert.equal((await caller.call('DELETE', `${path}/${url}`)).status, 204)
    assert.equal((await caller.call('DELETE', `${path}/${url}`)).status, 404)
    assert.deepEqual((await caller.call('GET', path)).json, { items: [] })
  }
})

test('UI-12 a person sees and ends what is theirs, and nothing of anybody else', async () => {
  await server.addAccount({ id: 'usr_ada', email: 'ada@example.com' })
  await consentOf('usr_ada', 'countersign-cli')
  const mine = await signInDevice(server)
  const person = await browserCaller(server)
  const { json } = await person.call<{ items: { id: string; account_id: string }[] }>('GET', '/me/grants')
  assert.deepEqual(
    json.items.map((grant) => grant.account_id),
    ['usr_mia'],
  )
  const [grant] = await server.services.store.list('grant')
  assert.ok(grant)
  const foreign = { ...grant, id: 'foreign', version: 0, accountId: 'usr_ada' }
  await server.services.store.apply([{ op: 'insert', kind: 'grant', record: foreign }])
  assert.equal((await person.call('DELETE', '/me/grants/foreign')).status, 404)
  assert.equal((await person.call('DELETE', '/me/consents/countersign-cli')).status, 404)
  assert.equal((await server.services.store.read('grant', 'foreign'))?.revokedAt, null)
  assert.equal((await person.call('DELETE', `/me/grants/${grant.id}`)).status, 204)
  assert.equal((await server.services.store.read('grant', grant.id))?.revokedFor, 'person')
  assert.equal((await refresh(server, mine.refresh_token)).status, 400)
  assert.deepEqual((await person.call('GET', '/me/grants')).json, { items: [] })
})

test('a client has no account of its own', async () => {
  const client = await clientCaller(server, 'robot', ['countersign:account'])
  assert.equal((await client.call('GET', '/me')).status, 403)
})

test('ASVS 7.2.4 the session of a browser that signed out calls nothing any more', async () => {
  const browser = openBrowser(server)
  await signIn(browser)
  const page = await browser.get('/account')
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  assert.equal((await server.call('GET', '/api/v1/me', { headers: { cookie } })).status, 200)
  await browser.submit(page, '/logout')
  assert.equal((await server.call('GET', '/api/v1/me', { headers: { cookie } })).status, 401)
})

test('JB-11 an administrator says whose account a subject of a trusted issuer is, and takes it back', async () => {
  const { id } = (await admin.call<Account>('POST', '/accounts', { json: ada })).json
  const subject = { issuer: 'https://idp.example', subject: '00u1', tenant: 'acme' }
  const linked = await admin.call<Account>('POST', `/accounts/ada%40example.com/subjects`, { json: subject })
  assert.deepEqual([linked.status, linked.json.id], [200, id])
  const by = { actor: { kind: 'server', id: null }, address: null } as const
  const whose = async (tenant: string | null) =>
    (await accountOfSubject(server.services, { ...subject, tenant }, { email: null, by }))?.account.id
  assert.deepEqual([await whose('acme'), await whose(null)], [id, undefined])
  assert.equal((await admin.call('POST', '/accounts/nobody/subjects', { json: subject })).status, 404)
  assert.equal((await admin.call('POST', `/accounts/${id}/subjects`, { json: {} })).status, 400)
  const address = `/subjects?${new URLSearchParams(subject)}`
  assert.deepEqual(
    [(await admin.call('DELETE', address)).status, (await admin.call('DELETE', address)).status],
    [204, 404],
  )
  assert.equal(await whose('acme'), undefined)
  const told = await server.services.store.list('auditEntry')
  const entries = told.filter(({ event }) => event.startsWith('subject.'))
  assert.deepEqual(
    // Within one second entries have no order yet; the chain gives them one.
    entries.map(({ event, accountId, actor }) => [event, accountId, actor.id]).toSorted(),
    [
      ['subject.linked', id, 'ops'],
      ['subject.unlinked', id, 'ops'],
    ],
  )
})
