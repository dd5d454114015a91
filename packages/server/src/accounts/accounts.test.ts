import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestServer } from '../testing/services.ts'
import { createAccount, findAccount, setAccountDisabled } from './accounts.ts'
import { normalizeEmail } from './email.ts'

const mia = { email: ' Mia@Example.COM ', name: 'Mia', password: 'four quiet green boats', admin: false }

test('an account is made once per address, however it is written', async () => {
  const { services } = await createTestServer()
  const made = await createAccount(services, mia)
  assert.ok(made.ok)
  assert.match(made.account.id, /^usr_[\w-]{22}$/)
  assert.equal(made.account.email, 'mia@example.com')
  const again = await createAccount(services, { ...mia, email: 'MIA@example.com' })
  assert.ok(!again.ok && again.reason === 'exists')
  assert.equal((await findAccount(services.store, 'mIa@example.com'))?.id, made.account.id)
  assert.equal((await findAccount(services.store, made.account.id))?.email, 'mia@example.com')
  assert.equal(await findAccount(services.store, 'nobody@example.com'), undefined)
})

test('of ten at once with one address exactly one is made', async () => {
  const { services } = await createTestServer()
  const made = await Promise.all(Array.from({ length: 10 }, () => createAccount(services, mia)))
  assert.equal(made.filter(({ ok }) => ok).length, 1)
})

test('what cannot be an account is refused with a sentence', async () => {
  const { services } = await createTestServer()
  for (const [input, fault] of [
    [{ ...mia, email: 'mia' }, 'email'],
    [{ ...mia, email: `${'m'.repeat(250)}@example.com` }, 'email'],
    [{ ...mia, password: 'short' }, 'too_short'],
    [{ ...mia, password: 'password' }, 'too_common'],
  ] as const) {
    const made = await createAccount(services, input)
    assert.ok(!made.ok)
    assert.equal(made.fault, fault)
    assert.equal(made.reason, 'invalid')
    assert.match(made.message, /^[A-Z].*\.$/)
  }
  assert.deepEqual(await services.store.list('account'), [])
})

test('disabling ends the browser sessions and can be taken back', async () => {
  const { services } = await createTestServer()
  const made = await createAccount(services, mia)
  assert.ok(made.ok)
  const { id } = made.account
  const session = {
    id: 's',
    version: 0,
    accountId: id,
    createdAt: 1,
    authenticatedAt: 1,
    lastSeenAt: 1,
    expiresAt: 9e9,
    amr: [],
    address: '',
    userAgent: '',
  }
  await services.store.apply([{ op: 'insert', kind: 'browserSession', record: session }])
  assert.equal((await setAccountDisabled(services, id, true))?.disabledAt, services.system.now())
  assert.equal(await services.store.read('browserSession', 's'), undefined)
  assert.equal((await setAccountDisabled(services, id, false))?.disabledAt, null)
  assert.equal(await setAccountDisabled(services, 'usr_none', true), undefined)
})

test('addresses are compared without case and space; what is none is refused', () => {
  assert.equal(normalizeEmail(' A@B.example '), 'a@b.example')
  for (const bad of ['', 'a', '@', 'a@', '@b', 'a b@c', 'a@b@c', '<a@b>', 'a\u202e@b'])
    assert.equal(normalizeEmail(bad), undefined, bad)
})
