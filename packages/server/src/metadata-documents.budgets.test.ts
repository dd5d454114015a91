// What strangers may cost us by naming ids that are addresses (CIM-10, G-14, G-27): fetches by budget, and records by a sign-in only.
// What a document is and says is metadata-documents.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { obtainCode, redeemCode } from './testing/code-flow.ts'
import { errorOf } from './testing/device-flow.ts'
import { deviceCode, look, signInBy, world } from './testing/document-world.ts'

test('CIM-10 G-27 documents that anybody names make no records; one does that somebody signed in with, and it stays', async () => {
  const { web, server, id, put } = await world()
  const { store } = server.services
  for (let i = 0; i < 30; i++) {
    const other = `${web.origin}/${i}.json`
    web.put(`/${i}.json`, { client_id: other, client_name: 'Other', grant_types: [deviceCode] })
    const form = { client_id: other }
    const started = await server.call('POST', '/oauth/device/authorize', {
      form,
      address: `198.51.${i}.1`,
    })
    assert.equal(started.status, 200, started.body)
  }
  assert.deepEqual(await store.list('client'), [])
  put({}, { 'cache-control': 'max-age=300' })
  await server.addAccount()
  await signInBy(server, id)
  await signInBy(server, id)
  assert.deepEqual(
    (await store.list('client')).map((client) => client.id),
    [id],
  )
  // Renewed where it is, so that other nodes see what is in it now.
  server.advance(301)
  put({ client_name: 'Renamed' })
  assert.equal(await look(server, id), 'Renamed')
  assert.equal((await store.read('client', id))?.name, 'Renamed')
})

test('AC-05 CIM-10 a code for a client by document is stored with the client, once for all who are first', async () => {
  const { server, id, put } = await world()
  put({ redirect_uris: ['http://127.0.0.1/cb'], grant_types: ['authorization_code'] })
  await server.addAccount()
  const client = await server.services.clients.find(id)
  assert.ok(client)
  const redirect_uri = 'http://127.0.0.1:1/cb'
  const codes = await Promise.all([1, 2, 3].map(() => obtainCode(server, client, { redirect_uri })))
  assert.equal((await server.services.store.read('client', id))?.name, 'Editor')
  for (const code of codes)
    assert.equal((await redeemCode(server, code, { client_id: id, redirect_uri })).status, 200)
})

test('CIM-10 G-14 one network that makes up ids spends its own budget, and nobody else notices', async () => {
  const { web, server, put, find } = await world()
  put({}, { 'cache-control': 'max-age=300' })
  const outcomes: string[] = []
  for (let i = 0; i < 30; i++) outcomes.push(await look(server, `${web.origin}/no-${i}`, '2001:db8:0:1::7'))
  assert.equal(outcomes.filter((outcome) => outcome === 'status').length, 20)
  assert.equal(web.asked.length, 20)
  // It is refused by name there, from all that it has, and with an answer of the protocol.
  const form = { client_id: `${web.origin}/client.json` }
  const call = (address: string) => server.call('POST', '/oauth/device/authorize', { form, address })
  assert.equal(errorOf(await call('2001:db8:0:2::1')), '401 invalid_client')
  // What it named is no worse for others, and what others have had is there for it, too.
  assert.equal((await call('2001:db8:1:1::1')).status, 200)
  assert.equal((await call('2001:db8:0:2::1')).status, 200)
  server.advance(301)
  assert.equal(await look(server, `${web.origin}/client.json`, '2001:db8:0:1::7'), 'Editor')
  assert.equal(await find(), 'Editor')
})

test('CIM-10 G-14 many networks together are bounded per site, and those that were good before are asked always', async () => {
  const { web, server, put, find } = await world()
  put({}, { 'cache-control': 'max-age=300' })
  assert.equal(await find(), 'Editor')
  for (let i = 0; i < 100; i++) await look(server, `${web.origin}/no-${i}`, `198.51.${i}.1`)
  assert.equal(web.asked.length, 60)
  server.advance(301)
  assert.equal(await find(), 'Editor')
})

test("CIM-10 G-14 what a record of ours names is nobody's budget", async () => {
  const { web, server, put, find } = await world()
  put()
  for (let i = 0; i < 30; i++) await look(server, `${web.origin}/no-${i}`)
  assert.notEqual(await find(), 'Editor')
  assert.equal((await server.services.clients.find(`${web.origin}/client.json`))?.name, 'Editor')
})

test('CIM-10 G-27 one caller, or one site, keeps no more than a few fetches waiting', async () => {
  const { web, server, put, find } = await world()
  put()
  const held: (() => void)[] = []
  for (let i = 0; i < 20; i++)
    web.put(`/slow-${i}`, (_request, response) => void held.push(() => response.writeHead(404).end()))
  const all = Array.from({ length: 20 }, (_, i) => look(server, `${web.origin}/slow-${i}`))
  while (held.length < 8) await new Promise(setImmediate)
  assert.equal(await find(), 'undefined')
  for (const end of held) end()
  await Promise.all(all)
  assert.equal(held.length, 8)
  assert.equal(await look(server, `${web.origin}/client.json`, '198.51.100.1'), 'Editor')
})
