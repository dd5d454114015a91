// Clients known by a document: found, remembered, fetched again, refused; over real HTTP on loopback, as a development server
// does it, and over names that lead to where nobody should be sent (standards.md CIM-01 to CIM-17).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from './config.ts'
import { makeCertificate } from './testing/certificate.ts'
import { authorizePath, obtainCode, redeemCode } from './testing/code-flow.ts'
import {
  approveDevice,
  bodyOf,
  errorOf,
  pollDevice,
  refresh,
  type TokenAnswer,
} from './testing/device-flow.ts'
import { closeAfter, deviceCode, issuer, look, signInBy, world } from './testing/document-world.ts'
import { type JsonServer, startJsonServer, withHeaders } from './testing/json-server.ts'
import { createTestServer } from './testing/services.ts'

test('CIM-03 CIM-06 CIM-11 MA-04 a document is a client: public, with what strangers may have', async () => {
  const { server, id, put, find } = await world()
  put({
    client_uri: 'https://editor.example',
    scope: 'openid countersign:admin',
    token_endpoint_auth_method: undefined,
  })
  assert.equal(await find(), 'Editor')
  const client = await server.services.clients.find(id)
  assert.ok(client)
  assert.deepEqual(
    [client.source, client.authMethods, client.scopes, client.resources, client.publisher, client.firstParty],
    ['metadata_document', ['none'], ['openid'], [], null, false],
  )
  assert.equal(client.pages.home, 'https://editor.example')
  assert.deepEqual(client.grantTypes, ['refresh_token', deviceCode])
})

test('CIM-17 MA-01 X-23 a whole device sign-in by document, and a refresh that fetches it again', async () => {
  const { web, server, id, put } = await world()
  put()
  await server.addAccount()
  const form = { client_id: id }
  const started = await server.call('POST', '/oauth/device/authorize', { form })
  assert.equal(started.status, 200, started.body)
  const { device_code } = bodyOf<{ device_code: string }>(started)
  await approveDevice(server, device_code)
  const { refresh_token } = bodyOf<TokenAnswer>(await pollDevice(server, device_code, form))
  assert.equal(web.asked.length, 1)
  // The record runs out and is swept away; the sign-in goes on.
  server.advance(3600)
  await server.services.store.sweep(server.services.system.now())
  assert.equal(await server.services.store.read('client', id), undefined)
  assert.equal((await refresh(server, refresh_token, form)).status, 200)
  assert.equal(web.asked.length, 2)
})

test('CIM-11 MA-06 RU-02 a code for a client by document, called back on any port of the loopback address it names', async () => {
  const { web, server, id, put } = await world()
  put({ redirect_uris: ['http://127.0.0.1/callback'], grant_types: ['authorization_code', 'refresh_token'] })
  await server.addAccount()
  const client = await server.services.clients.find(id)
  assert.ok(client)
  const redirect_uri = 'http://127.0.0.1:54321/callback'
  const code = await obtainCode(server, client, { redirect_uri })
  const redeemed = await redeemCode(server, code, { client_id: id, redirect_uri })
  assert.equal(redeemed.status, 200, redeemed.body)
  const other = await server.call(
    'GET',
    authorizePath(client, { redirect_uri: 'http://127.0.0.1:54321/other' }),
  )
  assert.deepEqual([other.status, other.headers.location], [400, undefined])
  assert.equal(web.asked.length, 1)
})

test('CIM-17 where no page is shown a document that cannot be had is invalid_client, with its reason for pages and logs', async () => {
  const { server, id, find } = await world()
  for (const path of [
    '/oauth/device/authorize',
    '/oauth/token',
    '/oauth/revoke',
    '/oauth/introspect',
    '/oauth/par',
  ]) {
    const response = await server.call('POST', path, {
      form: { client_id: id },
      headers: { accept: 'text/html' },
    })
    assert.deepEqual([response.status, bodyOf(response).error], [401, 'invalid_client'], path)
  }
  assert.equal(await find(), 'status')
})

test('CIM-17 CIM-16 AZ-03 in a browser it is a page with status 400, and nobody is sent anywhere', async () => {
  for (const settings of [
    {},
    { clientMetadataDeniedHosts: ['127.0.0.1'] },
    { clientMetadataDocuments: false },
  ]) {
    const { server, id } = await world(settings)
    const query = new URLSearchParams({
      client_id: id,
      redirect_uri: 'https://editor.example/cb',
      response_type: 'code',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    })
    const response = await server.call('GET', `/oauth/authorize?${query}`)
    assert.equal(response.status, 400)
    assert.equal(response.headers.location, undefined)
    assert.match(String(response.headers['content-type']), /^text\/html/)
  }
})

test('CIM-01 CIM-16 X-20 what is no address, switched off, or not on the lists is not even asked for', async () => {
  const cases: [Partial<Config>, string, string][] = [
    [{ clientMetadataDocuments: false }, '', 'switched_off'],
    [{ clientMetadataDeniedHosts: ['127.0.0.1'] }, '', 'host_refused'],
    [{ clientMetadataHosts: ['*.example.com', 'example.org'] }, '', 'host_refused'],
    [{ clientMetadataHosts: ['127.0.0.1'] }, '', 'Editor'],
    [{ issuer: 'https://login.example' }, '', 'client_id'],
    [{}, '?x=1', 'client_id'],
    [{}, '#x', 'client_id'],
  ]
  for (const [settings, more, expected] of cases) {
    const { web, server, id, put } = await world(settings)
    put()
    assert.equal(await look(server, id + more), expected, JSON.stringify([settings, more]))
    assert.equal(web.asked.length, expected === 'Editor' ? 1 : 0)
  }
})

test('CIM-16 a list names a host, or all below one, whatever its letters and the dot of the root', async () => {
  const resolve = async () => []
  const server = await createTestServer({
    settings: { clientMetadataDeniedHosts: ['evil.example', '*.Evil.example'] },
    outside: { resolve },
  })
  for (const host of [
    'evil.example',
    'EVIL.example',
    'evil.example.',
    'a.b.evil.example',
    'evil.example:8443',
  ])
    assert.equal(await look(server, `https://${host}/x`), 'host_refused', host)
  for (const host of ['notevil.example', 'evil.example.org'])
    assert.equal(await look(server, `https://${host}/x`), 'unresolvable', host)
})

test('CIM-08 a name that leads inside is never called, nor is one whose second answer does', async () => {
  const web = await startJsonServer(makeCertificate('client.example'))
  closeAfter(web)
  for (const address of [
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '::1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
  ]) {
    const resolve = async () => [{ address, family: address.includes(':') ? 6 : 4 }]
    const server = await createTestServer({ outside: { resolve } })
    assert.equal(await look(server, `https://client.example:${web.port}/x`), 'address_forbidden', address)
  }
  const strict = await createTestServer()
  for (const host of ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f000001'])
    assert.equal(await look(strict, `https://${host}:${web.port}/x`), 'address_forbidden', host)
  assert.deepEqual(web.asked, [])
})

test('CIM-08 CIM-03 over https, to the address that was checked and with the certificate of the name', async () => {
  const certificate = makeCertificate('client.example')
  const web = await startJsonServer(certificate)
  closeAfter(web)
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
  const server = await createTestServer({ settings: { issuer }, outside: { resolve, ca: certificate.cert } })
  const id = `https://client.example:${web.port}/client.json`
  web.put('/client.json', { client_id: id, client_name: 'Editor', redirect_uris: ['http://127.0.0.1/cb'] })
  assert.equal(await look(server, id), 'Editor')
  assert.equal(await look(server, `https://other.example:${web.port}/client.json`), 'connection')
})

test('CIM-04 CIM-05 CIM-06 CIM-12 redirects, other answers, large and wrong documents', async () => {
  const { web, server, id, put } = await world()
  put()
  let count = 0
  const at = async (answer: Parameters<JsonServer['put']>[1]) => {
    const path = `/case-${count++}`
    web.put(path, answer)
    return look(server, web.origin + path)
  }
  assert.equal(await at(withHeaders({}, { location: id }, 302)), 'redirect')
  assert.equal(await at(withHeaders({}, {}, 500)), 'status')
  assert.equal(await at(withHeaders({}, { 'content-type': 'text/html' })), 'media_type')
  assert.equal(await at({ client_id: id, x: 'x'.repeat(6000) }), 'too_large')
  assert.equal(await at({ client_id: id, client_name: 'Editor' }), 'content client_id')
  const own = `${web.origin}/case-${count}`
  assert.equal(await at({ client_id: own, client_secret: 'x' }), 'content client_secret')
  assert.equal(await server.services.store.read('client', own), undefined)
})

test('CIM-10 what the headers say counts, between five minutes and a day', async () => {
  const cases: [Record<string, string>, number][] = [
    [{}, 3600],
    [{ 'cache-control': 'no-store' }, 300],
    [{ 'cache-control': 'max-age=60' }, 300],
    [{ 'cache-control': 'max-age=7200' }, 7200],
    [{ 'cache-control': 'max-age=99999999' }, 86_400],
  ]
  for (const [headers, seconds] of cases) {
    const { web, server, put, find } = await world()
    put({}, headers)
    await find()
    server.advance(seconds - 1)
    await find()
    assert.equal(web.asked.length, 1, JSON.stringify(headers))
    server.advance(1)
    put({ client_name: 'Renamed' }, headers)
    server.advance(1)
    assert.equal(await find(), 'Renamed')
    assert.equal(web.asked.length, 2)
  }
})

test('CIM-10 all nodes share a document that somebody signed in with', async () => {
  const { web, server, id, put } = await world()
  put()
  await server.addAccount()
  await signInBy(server, id)
  const other = await createTestServer({ settings: { issuer }, store: server.services.store })
  assert.equal(await look(other, id), 'Editor')
  assert.equal(web.asked.length, 1)
})

test('CIM-10 who comes while it is being fetched waits for the same answer', async () => {
  const { web, put, find } = await world()
  put()
  assert.deepEqual(await Promise.all(Array.from({ length: 50 }, find)), Array(50).fill('Editor'))
  assert.equal(web.asked.length, 1)
})

test('CIM-10 a failure is never kept, but neither is the address asked in a loop', async () => {
  const { web, server, put, find } = await world()
  for (let i = 0; i < 10; i++) assert.equal(await find(), 'status')
  assert.equal(web.asked.length, 1)
  put()
  server.advance(9)
  assert.equal(await find(), 'status')
  server.advance(1)
  assert.equal(await find(), 'Editor')
})

test('CIM-15 CIM-07 keys and redirect URIs are those of the document as it is now', async () => {
  const { server, id, put, find } = await world()
  const key = (kid: string) => ({ keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid }] })
  const signing = { token_endpoint_auth_method: 'private_key_jwt' }
  put({ ...signing, jwks: key('a') })
  await find()
  const before = await server.services.clients.find(id)
  server.advance(3601)
  put({ ...signing, jwks: key('b'), redirect_uris: ['http://127.0.0.1/new'] })
  await find()
  const now = await server.services.clients.find(id)
  assert.deepEqual(now?.jwks, key('b'))
  assert.deepEqual(now?.redirectUris, ['http://127.0.0.1/new'])
  assert.deepEqual(before?.jwks, key('a'))
  // With keys in its document nobody is it by name alone.
  const response = await server.call('POST', '/oauth/device/authorize', { form: { client_id: id } })
  assert.equal(errorOf(response), '401 invalid_client')
})

test('CIM-10 a document that is gone is no client any more', async () => {
  const { web, server, put, find } = await world()
  put()
  assert.equal(await find(), 'Editor')
  web.put('/client.json', withHeaders({}, {}, 404))
  server.advance(3601)
  assert.equal(await find(), 'status')
})

test('DV-05 the name is cleaned of what could disguise it, and the host stands in for none', async () => {
  const { put, find } = await world()
  put({ client_name: '  Edi\u202Etor\n  ' })
  assert.equal(await find(), 'Edi tor')
  const other = await world()
  other.put({ client_name: '\u202E' })
  assert.equal(await other.find(), '127.0.0.1')
})

test('CIM-01 G-27 what cannot be an id is told apart without being remembered, however long it is', async () => {
  const { server, find } = await world()
  const long = `a://${'x'.repeat(60_000)}`
  // Nobody has looked it up.
  assert.deepEqual(server.services.clients.problem(long), { why: 'client_id' })
  assert.equal(await look(server, long), 'client_id')
  server.advance(11)
  assert.deepEqual(server.services.clients.problem(long), { why: 'client_id' })
  assert.equal(await find(), 'status')
  server.advance(11)
  assert.equal(await find(), 'status')
})
