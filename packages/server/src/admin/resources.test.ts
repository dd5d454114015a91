// Resources as administrators register them, and what that opens to clients (RI-01, MA-08, MA-09).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorOf } from '../testing/device-flow.ts'
import { createTestServer } from '../testing/services.ts'
import { AdminError } from './admin-error.ts'
import { resourceAdmin } from './resources.ts'

const uri = 'https://files.example/mcp'

async function open() {
  const server = await createTestServer()
  await server.addClient()
  const by = { actor: { kind: 'admin', id: 'usr_a' }, address: '192.0.2.1' } as const
  return { server, admin: resourceAdmin({ ...server.services, by }) }
}

const code =
  (expected: string, member = '') =>
  (error: unknown) =>
    error instanceof AdminError && error.code === expected && error.message.startsWith(member)

test('MA-08 MA-09 what is open to all may be asked for by any client, until it is removed', async () => {
  const { server, admin } = await open()
  const ask = async (more: Record<string, string> = {}) => {
    const form = { client_id: 'countersign-cli', resource: uri, ...more }
    const response = await server.call('POST', '/oauth/device/authorize', { form })
    return response.status === 200 ? '200' : errorOf(response)
  }
  assert.equal(await ask(), '400 invalid_target')
  const scopes = [{ scope: 'files:read', words: 'read your files' }]
  await admin.addResource({ id: uri, name: 'Files', scopes })
  server.advance(2)
  assert.equal(await ask(), '400 invalid_target')
  await admin.changeResource(uri, { openToAll: true })
  server.advance(2)
  assert.equal(await ask(), '200')
  assert.equal(await ask({ scope: 'files:read' }), '200')
  assert.equal(await ask({ scope: 'files:write' }), '400 invalid_scope')
  await admin.removeResource(uri)
  server.advance(2)
  assert.equal(await ask(), '400 invalid_target')
  const told = await server.services.store.list('auditEntry')
  assert.deepEqual(
    told.map(({ event, detail, actor }) => [event, detail.resource, actor.id]),
    [
      ['resource.added', uri, 'usr_a'],
      ['resource.changed', uri, 'usr_a'],
      ['resource.removed', uri, 'usr_a'],
    ],
  )
})

test('RI-01 what cannot be registered says which member, and a change is held to the same', async () => {
  const { admin } = await open()
  const meaning = { scope: 'a', words: 'do it' }
  const wrong: [object, string][] = [
    [{ id: 'files' }, 'id'],
    [{ id: `${uri}#x` }, 'id'],
    [{ name: ' ' }, 'name'],
    [{ scopes: [{ ...meaning, scope: 'a b' }] }, 'scopes'],
    [{ scopes: [meaning, meaning] }, 'scopes'],
    [{ scopes: [{ ...meaning, scope: 'offline_access' }] }, 'scopes'],
    [{ scopes: [{ ...meaning, scope: 'countersign:admin' }] }, 'scopes'],
    [{ scopes: [{ ...meaning, words: '' }] }, 'scopes'],
    [{ accessTokenFormat: 'saml' }, 'accessTokenFormat'],
    [{ accessTokenSeconds: 1 }, 'accessTokenSeconds'],
    [{ nonsense: 1 }, 'nonsense'],
  ]
  for (const [more, member] of wrong)
    await assert.rejects(
      admin.addResource({ id: uri, name: 'F', ...more }),
      code('invalid', member),
      JSON.stringify(more),
    )
  await admin.addResource({ id: uri, name: 'F' })
  await assert.rejects(admin.addResource({ id: uri, name: 'F' }), code('exists'))
  await assert.rejects(admin.changeResource(uri, { name: '' }), code('invalid', 'name'))
  for (const missing of [
    admin.showResource('https://x'),
    admin.changeResource('https://x', {}),
    admin.removeResource('https://x'),
  ])
    await assert.rejects(missing, code('not_found'))
  assert.deepEqual(await admin.listResources(), [await admin.showResource(uri)])
})
