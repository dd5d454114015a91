// Administration on a data folder: clients, accounts, keys, grants; what is refused, and that nothing secret comes out.

import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { silentLog } from '../log.ts'
import { startServer } from '../start.ts'
import type { Admin } from './admin.ts'
import { openAdmin } from './admin.ts'
import { AdminError } from './admin-error.ts'

let admin: Admin
const data = mkdtempSync(join(tmpdir(), 'admin-'))
before(async () => {
  admin = await openAdmin({ data })
})
after(() => admin.close())

const code = (expected: string) => (error: unknown) => error instanceof AdminError && error.code === expected

test('CA-17 G-12 a secret that is generated is shown once, one that is supplied never', async () => {
  const { secret, ...summary } = await admin.addClient({ id: 'gen', name: 'Generated' })
  assert.match(secret ?? '', /^[A-Za-z0-9_-]{43}$/)
  assert.deepEqual(await admin.showClient('gen'), summary)
  assert.ok(!('secret' in (await admin.addClient({ id: 'sup', name: 'Supplied', secret: 's'.repeat(32) }))))
  assert.ok(!('secret' in (await admin.addClient({ id: 'pub', name: 'Public', public: true }))))
  assert.doesNotMatch(JSON.stringify(await admin.listClients()), /ecret|ash/)
})

test('G-25 RI-01 what cannot be registered says which member is wrong', async () => {
  const wrong = [
    { id: 'usr_x' },
    { id: '' },
    { id: 'a b' },
    { id: 'a:b' },
    { id: '../x' },
    { name: ' ' },
    { secret: 'short' },
    { public: true, secret: 's'.repeat(32) },
    { scopes: ['a b'] },
    { resources: ['https://a#x'] },
    { resources: ['nonsense'] },
    { grants: ['password' as never] },
  ]
  for (const more of wrong) {
    const [member = ''] = Object.keys(more).slice(-1)
    await assert.rejects(admin.addClient({ id: 'bad', name: 'Bad', ...more }), (error: unknown) => {
      assert.ok(code('invalid')(error), JSON.stringify(more))
      return (error as Error).message.startsWith(member)
    })
  }
  await assert.rejects(admin.addClient({ id: 'gen', name: 'Again' }), code('exists'))
})

test('G-23 the grants of a new client are the device grant and refreshing, unless said otherwise', async () => {
  const plain = await admin.addClient({ id: 'plain', name: 'Plain', public: true })
  assert.deepEqual(plain.grant_types, ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'])
  const named = await admin.addClient({
    id: 'named',
    name: 'Named',
    public: true,
    grants: ['device' as never],
  })
  assert.deepEqual(named.grant_types, ['urn:ietf:params:oauth:grant-type:device_code'])
})

test('RT-08 a client that is removed is gone, and removing it again is not found', async () => {
  await admin.addClient({ id: 'gone', name: 'Gone' })
  await admin.removeClient('gone')
  await assert.rejects(admin.showClient('gone'), code('not_found'))
  await assert.rejects(admin.removeClient('gone'), code('not_found'))
})

test('JK-05 JK-17 keys are listed with their state and without their secrets, and rotate', async () => {
  assert.deepEqual(
    (await admin.listKeys()).map(({ state }) => state),
    ['active', 'active', 'active'],
  )
  await admin.rotateKeys()
  const states = (await admin.listKeys()).map(({ state }) => state).sort()
  assert.deepEqual(states, ['next', 'next', 'next', 'retiring', 'retiring', 'retiring'])
  assert.doesNotMatch(JSON.stringify(await admin.listKeys()), /ealed|PRIVATE/)
})

test('accounts are added, found by address, disabled and enabled, and their hashes stay inside', async () => {
  const added = await admin.addAccount({
    email: 'Mia@Example.com',
    name: 'Mia',
    password: 'wandering stream 41',
  })
  assert.match(added.id, /^usr_/)
  assert.equal(added.email, 'mia@example.com')
  await assert.rejects(
    admin.addAccount({ email: 'mia@example.com', password: 'wandering stream 41' }),
    code('exists'),
  )
  await assert.rejects(admin.addAccount({ email: 'x@example.com', password: 'short' }), code('invalid'))
  assert.ok((await admin.setAccountDisabled('mia@example.com', true)).disabled_at)
  assert.equal((await admin.setAccountDisabled(added.id, false)).disabled_at, null)
  await assert.rejects(admin.setAccountDisabled('nobody@example.com', true), code('not_found'))
  assert.doesNotMatch(JSON.stringify(await admin.listAccounts()), /argon2|assword/)
})

test('grants of nobody are none, of a stranger not found', async () => {
  assert.deepEqual(await admin.listGrants(), [])
  await assert.rejects(admin.listGrants({ account: 'nobody@example.com' }), code('not_found'))
  await assert.rejects(admin.revokeGrant('nothing'), code('not_found'))
})

test('a server on the same folder serves what was administered, also while it runs', async () => {
  const server = await startServer({ data, port: 0, log: silentLog })
  try {
    const { secret } = await admin.addClient({ id: 'late', name: 'Late' })
    const form = { client_id: 'late', client_secret: secret ?? '', token: 'x' }
    const response = await fetch(`${server.issuer}/oauth/introspect`, {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    assert.deepEqual([response.status, await response.json()], [200, { active: false }])
  } finally {
    await server.close()
  }
})
