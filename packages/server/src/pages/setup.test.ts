import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAccount } from '../accounts/accounts.ts'
import { ensureSetupLink } from '../accounts/setup-link.ts'
import { createTestServer } from '../testing/services.ts'
import { hiddenFields, openBrowser, password } from './testing.ts'

async function fresh() {
  const server = await createTestServer()
  const link = async () => new URL((await ensureSetupLink(server.services)) ?? '').pathname
  return { server, link, path: await link(), browser: openBrowser(server) }
}

const mia = { name: 'Mia', email: 'Mia@Example.com', password }

test('the setup link makes one administrator, signs in, and is used up', async () => {
  const { server, path, browser } = await fresh()
  const page = await browser.get(path)
  const done = await browser.submit(page, path, mia)
  assert.equal(done.path, '/account')
  assert.match(done.body, /countersign login/)
  const [account] = await server.services.store.list('account')
  assert.equal(account?.admin, true)
  assert.equal(account?.email, 'mia@example.com')
  assert.equal((await openBrowser(server).get(path)).status, 410)
  assert.equal(await ensureSetupLink(server.services), undefined)
})

test('two people with the link at once: one account', async () => {
  const { server, path } = await fresh()
  const [a, b] = [openBrowser(server), openBrowser(server)]
  const send = async (browser: typeof a, email: string) =>
    browser.post(path, { ...hiddenFields(await browser.get(path), path), ...mia, email })
  const statuses = (await Promise.all([send(a, 'a@example.com'), send(b, 'b@example.com')])).map(
    ({ status }) => status,
  )
  assert.deepEqual(statuses.sort(), [303, 410])
  assert.equal((await server.services.store.list('account')).length, 1)
})

test('a new start replaces the link, and only a digest of it is kept', async () => {
  const { server, link, path, browser } = await fresh()
  const next = await link()
  assert.equal((await browser.get(path)).status, 410)
  assert.equal((await browser.get(next)).status, 200)
  const settings = JSON.stringify(await server.services.store.list('setting'))
  assert.ok(!settings.includes(next.slice('/setup/'.length)))
})

test('the link is void once an account was made on the command line', async () => {
  const { server, path, browser } = await fresh()
  const page = await browser.get(path)
  await createAccount(server.services, { ...mia, admin: true })
  const late = await browser.submit(page, path, { ...mia, email: 'eve@example.com' })
  assert.equal(late.status, 410)
  assert.equal((await server.services.store.list('account')).length, 1)
})

test('what is wrong is said at its field, what was typed stays, and the link can be used again', async () => {
  const { path, browser } = await fresh()
  const page = await browser.get(path)
  const short = await browser.submit(page, path, { ...mia, password: 'short' })
  assert.equal(short.status, 400)
  assert.match(short.body, /id="password-error"/)
  assert.match(short.body, /value="Mia@Example.com"/)
  assert.ok(!short.body.includes('value="short"'))
  const wrong = await browser.submit(page, path, { ...mia, email: 'no address' })
  assert.match(wrong.body, /id="email-error"/)
  assert.equal((await browser.submit(page, path, mia)).path, '/account')
})

test('guessed links, and a form without its proof, make nothing', async () => {
  const { server, path, browser } = await fresh()
  for (const guess of ['/setup/', '/setup/x', `${path}x`, `${path}/`]) {
    assert.equal((await browser.get(guess)).status, 410, guess)
  }
  await browser.get(path)
  assert.equal((await browser.post(path, mia)).status, 403)
  assert.equal((await server.services.store.list('account')).length, 0)
})
