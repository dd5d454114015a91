// Whom the subjects of trusted issuers are here (standards.md JB-11): linked by hand, or by e-mail address once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byCommandLine } from './audit.ts'
import { createTestServerWith, type TestServer, testAccount } from './testing/services.ts'
import {
  accountOfSubject,
  type ForeignSubject,
  linkSubject,
  unlinkSubject,
} from './trusted-issuers-subjects.ts'

const mia: ForeignSubject = { issuer: 'https://idp.example', subject: 'mia-at-work', tenant: null }
const by = byCommandLine

const setUp = () => createTestServerWith([])

async function find({ services }: TestServer, foreign: ForeignSubject, email: string | null = null) {
  const found = await accountOfSubject(services, foreign, { email, by })
  if (found === undefined) return undefined
  if (found.writes.length > 0) assert.equal(await services.store.apply(found.writes), 'applied')
  return found.account.id
}

test('JB-11 an unknown subject is nobody; a linked one is the account, whatever its address', async () => {
  const server = await setUp()
  assert.equal(await find(server, mia), undefined)
  const linked = await linkSubject(server.services, mia, testAccount.email, by)
  assert.equal(linked?.id, testAccount.id)
  assert.equal(await find(server, mia), testAccount.id)
  assert.equal(await find(server, mia, 'somebody.else@example.com'), testAccount.id)
})

test('JB-11 issuer, tenant and subject together say who it is', async () => {
  const server = await setUp()
  await linkSubject(server.services, { ...mia, tenant: 'acme' }, testAccount.id, by)
  for (const other of [
    mia,
    { ...mia, tenant: 'other' },
    { ...mia, tenant: 'acme', subject: 'mia' },
    { ...mia, tenant: 'acme', issuer: `${mia.issuer}/` },
  ])
    assert.equal(await find(server, other), undefined, JSON.stringify(other))
})

test('JB-11 by address the first time; afterwards the address may belong to somebody else', async () => {
  const server = await setUp()
  assert.equal(await find(server, mia, 'MIA@example.com'), testAccount.id)
  const account = await server.services.store.read('account', testAccount.id)
  assert.ok(account)
  await server.services.store.apply([
    { op: 'update', kind: 'account', record: { ...account, email: 'mia@new.example' } },
  ])
  await server.addAccount({ id: 'usr_eve', email: testAccount.email })
  assert.equal(await find(server, mia, testAccount.email), testAccount.id)
})

test('JB-11 what is no address links nobody, an id of ours least of all', async () => {
  const server = await setUp()
  for (const email of [testAccount.id, '', 'mia', 'mia@', 'nobody@example.com'])
    assert.equal(await find(server, mia, email), undefined, email)
})

test('JB-11 a disabled account is nobody, linked or not', async () => {
  const server = await setUp()
  const account = { ...testAccount, id: 'usr_off', email: 'off@example.com', disabledAt: 1 }
  await server.addAccount(account)
  assert.equal(await find(server, mia, account.email), undefined)
  await linkSubject(server.services, mia, account.id, by)
  assert.equal(await find(server, mia, testAccount.email), undefined)
})

test('JB-11 two first assertions at once link one account', async () => {
  const server = await setUp()
  const answers = await Promise.all(
    [1, 2].map(async () => {
      const found = await accountOfSubject(server.services, mia, { email: testAccount.email, by })
      return found && server.services.store.apply(found.writes)
    }),
  )
  assert.deepEqual(answers.sort(), ['applied', 'conflict'])
  assert.equal(await find(server, mia), testAccount.id)
})

test('JB-11 a link can be moved and taken away, and both are in the audit log', async () => {
  const server = await setUp()
  await server.addAccount({ id: 'usr_eve', email: 'eve@example.com' })
  const { services } = server
  assert.equal(await linkSubject(services, mia, 'nobody@example.com', by), undefined)
  await linkSubject(services, mia, testAccount.id, by)
  await linkSubject(services, mia, 'usr_eve', by)
  assert.equal(await find(server, mia), 'usr_eve')
  assert.equal(await unlinkSubject(services, mia, by), true)
  assert.equal(await unlinkSubject(services, mia, by), false)
  assert.equal(await find(server, mia), undefined)
  const entries = await services.store.list('auditEntry')
  assert.deepEqual(
    entries.map(({ event, accountId }) => [event, accountId]).sort(),
    [
      ['subject.linked', 'usr_eve'],
      ['subject.linked', testAccount.id],
      ['subject.unlinked', 'usr_eve'],
    ].sort(),
  )
})
