// Initial access tokens as administrators make and end them (REG-10). Using one is endpoints/register.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestServer } from '../testing/services.ts'
import { AdminError } from './admin-error.ts'
import { initialAccessTokenAdmin } from './initial-access-tokens.ts'

async function open() {
  const server = await createTestServer({ settings: { registration: 'token' } })
  const by = { actor: { kind: 'admin', id: null }, address: null } as const
  const register = async (token: string) => {
    const response = await server.call('POST', '/oauth/register', {
      form: JSON.stringify({ grant_types: ['client_credentials'] }),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    })
    return response.status
  }
  return { server, register, admin: initialAccessTokenAdmin({ ...server.services, by }) }
}

test('REG-10 G-12 G-13 a token is shown once, registers as many clients as it is for, and is gone', async () => {
  const { server, register, admin } = await open()
  const { token, ...summary } = await admin.addInitialAccessToken({ name: 'Partner', uses: 2 })
  assert.match(token, /^csi_[\w-]{43}$/)
  assert.deepEqual(await admin.listInitialAccessTokens(), [summary])
  const kept = JSON.stringify([
    await server.services.store.list('initialAccessToken'),
    await server.services.store.list('auditEntry'),
  ])
  assert.ok(!kept.includes(token))
  assert.deepEqual([await register(token), (await admin.listInitialAccessTokens())[0]?.uses_left], [201, 1])
  assert.deepEqual([await register(token), await register(token)], [201, 401])
  assert.deepEqual(await admin.listInitialAccessTokens(), [])
})

test('REG-10 a token ends by itself or by hand', async () => {
  const { server, register, admin } = await open()
  const short = await admin.addInitialAccessToken({ name: 'Short', expiresInSeconds: 60 })
  const other = await admin.addInitialAccessToken({ name: 'Other' })
  server.advance(60)
  assert.equal(await register(short.token), 401)
  assert.deepEqual(
    (await admin.listInitialAccessTokens()).map(({ name }) => name),
    ['Other'],
  )
  await admin.removeInitialAccessToken(other.id)
  assert.equal(await register(other.token), 401)
  for (const id of [other.id, short.id, ''])
    await assert.rejects(
      admin.removeInitialAccessToken(id),
      (error) => error instanceof AdminError && error.code === 'not_found',
    )
  const events = (await server.services.store.list('auditEntry')).map(({ event }) => event)
  assert.deepEqual(events, [
    'registration_token.added',
    'registration_token.added',
    'registration_token.removed',
  ])
  for (const wrong of [{ name: '' }, { name: 'x', uses: 0 }, { name: 'x', expiresInSeconds: 1 }])
    await assert.rejects(
      admin.addInitialAccessToken(wrong),
      (error) => error instanceof AdminError && error.code === 'invalid',
    )
})
