// Beginning and ending of sessions where somebody works against it: races, and sessions without number.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Write } from '@countersign/protocol'
import { createPeopledServer, openBrowser, password, signIn } from '../pages/testing.ts'
import { openMemoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { setAccountDisabled } from './accounts.ts'

const account = 'usr_mia'

/** Does something right before the first session is stored, as another request may. */
async function peopledServerWith(meanwhile: (store: Store) => Promise<void>) {
  const inner = openMemoryStore()
  let isFirst = true
  const apply = async (writes: readonly Write[]) => {
    const begins = writes.some((write) => write.op === 'insert' && write.kind === 'browserSession')
    if (begins && isFirst) {
      isFirst = false
      await meanwhile(inner)
    }
    return inner.apply(writes)
  }
  return createPeopledServer({ store: { ...inner, apply } })
}

async function changePassword(store: Store): Promise<void> {
  const record = await store.read('account', account)
  assert.ok(record)
  await store.apply([{ op: 'update', kind: 'account', record: { ...record, passwordHash: 'another' } }])
}

test('UI-07 a password that is changed while somebody signs in with the old one lets nobody in', async () => {
  const server = await peopledServerWith(changePassword)
  const browser = openBrowser(server)
  assert.equal((await signIn(browser)).status, 503)
  assert.equal((await browser.get('/account')).path, '/login')
  assert.equal((await server.services.store.find('browserSession', 'accountId', account)).length, 0)
})

test('UI-07 an account that is disabled while it signs in has no session left for when it is enabled again', async () => {
  const server = await peopledServerWith(async (store) => {
    await setAccountDisabled({ store, system: server.services.system }, account, true)
  })
  const browser = openBrowser(server)
  assert.equal((await signIn(browser)).status, 503)
  await setAccountDisabled(server.services, account, false)
  assert.equal((await browser.get('/account')).path, '/login')
})

test('UI-07 who loses against another sign-in of the same account is let in all the same', async () => {
  const server = await peopledServerWith(async (store) => {
    const record = await store.read('account', account)
    assert.ok(record)
    await store.apply([{ op: 'update', kind: 'account', record }])
  })
  assert.equal((await signIn(openBrowser(server))).path, '/account')
})

test('UI-07 signing in as somebody else ends the session of before', async () => {
  const server = await createPeopledServer()
  const { store } = server.services
  const mia = await store.read('account', account)
  await server.addAccount({ id: 'usr_bo', email: 'bo@example.com', passwordHash: mia?.passwordHash ?? null })
  const browser = openBrowser(server)
  await signIn(browser)
  await signIn(browser, 'bo@example.com')
  assert.equal((await store.find('browserSession', 'accountId', account)).length, 0)
  assert.equal((await store.find('browserSession', 'accountId', 'usr_bo')).length, 1)
})

test('UI-07 no number of sessions outlasts a change of the password', async () => {
  const server = await createPeopledServer()
  const { store, system } = server.services
  const first = openBrowser(server)
  await signIn(first)
  const [sample] = await store.find('browserSession', 'accountId', account)
  assert.ok(sample)
  // Sessions that somebody with the stolen password began, here without the cost of a thousand hashes.
  for (let i = 0; i < 99; i++) {
    const record = { ...sample, id: system.random(32).toString('base64url'), version: 0 }
    await store.apply([{ op: 'insert', kind: 'browserSession', record }])
  }
  const mine = openBrowser(server)
  await signIn(mine)
  assert.equal((await store.find('browserSession', 'accountId', account, 5000)).length, 100)
  assert.equal((await first.get('/account')).path, '/login', 'the oldest made room')
  await mine.submit(await mine.get('/account'), '/account/password', {
    current: password,
    password: 'nine slow silver trains',
  })
  assert.equal((await store.find('browserSession', 'accountId', account, 5000)).length, 1)
})
