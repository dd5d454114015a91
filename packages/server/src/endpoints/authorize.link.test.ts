// The short link of a pushed request, as a program in a terminal prints it: how long it waits, whose it is, what the page then tells,
// and how the program takes it back. Pushing itself is par.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  allowIn,
  answerIn,
  authorizeForm,
  nativeClient,
  openJar,
  openSignedJar,
  redeemCode,
  referenceIn,
  webClient,
} from '../testing/code-flow.ts'
import { basic, bodyOf, errorOf } from '../testing/device-flow.ts'
import { createTestServerWith, type TestOptions } from '../testing/services.ts'

type Pushed = { request_uri: string; expires_in: number; authorization_uri: string }

const back = 'http://127.0.0.1:50123/back'

async function pushedLink(given: Record<string, string> = {}, options: TestOptions = {}) {
  const server = await createTestServerWith([webClient, nativeClient], options)
  const jar = await openSignedJar(server)
  const form = authorizeForm(nativeClient, { redirect_uri: back, scope: 'openid', ...given })
  const base = new URL(server.services.config.issuer ?? '').pathname.replace(/\/$/, '')
  const response = await server.call('POST', `${base}/oauth/par`, { form })
  assert.equal(response.status, 201, response.body)
  const pushed = bodyOf<Pushed>(response)
  return { server, jar, pushed, link: new URL(pushed.authorization_uri).pathname }
}

test('PAR-04 PAR-08 the link fits on a line of a terminal and goes on as the request_uri does', async () => {
  const { jar, pushed, link } = await pushedLink()
  assert.match(pushed.authorization_uri, /^https:\/\/login\.example\/a\/[A-Za-z0-9_-]{22}$/)
  assert.ok(pushed.authorization_uri.length < 60)
  const long = new URLSearchParams({ client_id: 'native', request_uri: pushed.request_uri })
  const byLink = await jar.get(link)
  const byUri = await jar.get(`/oauth/authorize?${long}`)
  assert.equal(byLink.status, 303)
  assert.equal(byUri.headers.location, byLink.headers.location)
  // Whatever is added to the address counts for nothing.
  const more = await jar.get(`${link}?redirect_uri=https://evil.example/&client_id=web`)
  assert.equal(more.headers.location, byLink.headers.location)
})

test('PAR-04 the link is below the issuer, whatever path that has', async () => {
  const { pushed } = await pushedLink({}, { settings: { issuer: 'https://example.com/id' } })
  assert.match(pushed.authorization_uri, /^https:\/\/example\.com\/id\/a\/[A-Za-z0-9_-]{22}$/)
})

test('PAR-05 on loopback a request waits as long as a user code, elsewhere as long as a redirect takes', async () => {
  const { server, pushed, jar, link } = await pushedLink({}, { settings: { deviceCodeSeconds: 300 } })
  assert.equal(pushed.expires_in, 300)
  const web = await server.call('POST', '/oauth/par', {
    form: authorizeForm(webClient),
    headers: basic('web'),
  })
  assert.equal(bodyOf<Pushed>(web).expires_in, 60)
  server.advance(299)
  assert.equal((await jar.get(link)).status, 303)
})

test('PAR-05 PAR-08 a link that is over, was never there or is malformed ends on one page', async () => {
  const { server, jar, link } = await pushedLink()
  server.advance(601)
  const paths = [link, `/a/${'x'.repeat(22)}`, '/a/', '/a/x/y', `/a/${'x'.repeat(4000)}`]
  const pages = await Promise.all(paths.map((path) => jar.get(path)))
  for (const page of pages) assert.equal(page.status, 400)
  assert.equal(new Set(pages.map(({ body }) => body)).size, 1)
})

test('PAR-05 a link is decided once, and its code is the program’s', async () => {
  const { server, jar, link } = await pushedLink({ device_name: 'mia@aurora', agent: 'Claude Code' })
  const reference = referenceIn(await jar.get(link), '/consent')
  const { code } = answerIn(await allowIn(server, jar, reference), back)
  assert.equal((await jar.get(link)).status, 400)
  const redeemed = await redeemCode(server, code ?? '', { client_id: 'native', redirect_uri: back })
  assert.equal(redeemed.status, 200)
  const [grant] = await server.services.store.list('grant')
  // What the program said of itself names it in the list of devices.
  assert.equal(grant?.deviceName, 'mia@aurora')
})

test('RFC 8252 §8.6 RFC 9700 §4 the link asks, though the person is signed in and the client skips questions', async () => {
  const { server, jar } = await pushedLink()
  await server.addClient({ ...nativeClient, id: 'own', firstParty: true, skipsConsent: true })
  const form = { ...authorizeForm(nativeClient, { redirect_uri: back }), client_id: 'own' }
  const { authorization_uri } = bodyOf<Pushed>(await server.call('POST', '/oauth/par', { form }))
  const opened = await jar.get(new URL(authorization_uri).pathname)
  const page = await jar.get(`/consent?request=${referenceIn(opened, '/consent')}`)
  assert.equal(page.body.match(/<button name="decision"/g)?.length, 2)
})

test('UI-11 the question shows what was seen of the program and what it says of itself, and how to go on without it', async () => {
  const { jar, link } = await pushedLink({ device_name: 'mia@<b>aurora', client_version: '1.4' })
  const { body } = await jar.get(`/consent?request=${referenceIn(await jar.get(link), '/consent')}`)
  assert.match(body, /<h2>Seen by us<\/h2>[\s\S]*The same as this browser’s/)
  assert.match(body, /<h2>Reported by the device<\/h2>[\s\S]*mia@&lt;b&gt;aurora[\s\S]*1\.4/)
  assert.match(body, /Terminal did not notice\? Press d there\.<\/p><\/main>/)
})

test('UI-11 a program that says nothing of itself, or takes its answer elsewhere, is told no keys', async () => {
  for (const given of [{}, { device_name: 'x', redirect_uri: 'com.example.native:/back' }]) {
    const { jar, link } = await pushedLink(given)
    const { body } = await jar.get(`/consent?request=${referenceIn(await jar.get(link), '/consent')}`)
    assert.doesNotMatch(body, /Press d there|Seen by us/)
  }
})

test('UI-11 what a browser brings says nothing of a program', async () => {
  const { jar } = await pushedLink()
  const query = new URLSearchParams({
    ...authorizeForm(nativeClient, { redirect_uri: back }),
    device_name: 'Your bank',
  })
  const opened = await jar.get(`/oauth/authorize?${query}`)
  const { body } = await jar.get(`/consent?request=${referenceIn(opened, '/consent')}`)
  assert.doesNotMatch(body, /Your bank/)
})

test('PAR-05 RFC 9126 §7.3 whoever opened the link first keeps it, but for a browser beside the program', async () => {
  const { server, jar, link } = await pushedLink()
  const reference = referenceIn(await jar.get(link), '/consent')
  const far = await openSignedJar(server)
  assert.equal((await far.get(link, { address: '203.0.113.9' })).status, 400)
  assert.equal((await jar.get(`/consent?request=${reference}`)).status, 200)
  // The wrong browser opened it, and the person copied the link to the right one.
  const beside = await openSignedJar(server)
  referenceIn(await beside.get(link), '/consent')
  assert.equal((await beside.get(`/consent?request=${reference}`)).status, 200)
  assert.equal((await jar.get(`/consent?request=${reference}`)).status, 400)
})

test('PAR-05 a request_uri, and a link that leads to no loopback address, stay with the first browser', async () => {
  const { server, jar, link, pushed } = await pushedLink({ redirect_uri: 'com.example.native:/back' })
  await jar.get(link)
  const beside = openJar(server)
  assert.equal((await beside.get(link)).status, 400)
  const long = new URLSearchParams({ client_id: 'native', request_uri: pushed.request_uri })
  assert.equal((await beside.get(`/oauth/authorize?${long}`)).status, 400)
})

test('UI-09 looking whether there is something at a link opens nothing', async () => {
  const { server, jar, link } = await pushedLink({ redirect_uri: 'com.example.native:/back' })
  const looked = await server.call('HEAD', link)
  assert.deepEqual([looked.status, looked.headers['set-cookie']], [200, undefined])
  assert.equal((await jar.get(link)).status, 303)
})

test('DC-16 the program takes its request back, opened or not; other programs cannot', async () => {
  for (const opened of [false, true]) {
    const { server, jar, link, pushed } = await pushedLink()
    const reference = opened ? referenceIn(await jar.get(link), '/consent') : undefined
    const form = { token: pushed.request_uri, token_type_hint: 'request_uri', client_id: 'native' }
    const foreign = await server.call('POST', '/oauth/revoke', {
      form: { token: pushed.request_uri },
      headers: basic('web'),
    })
    assert.equal(errorOf(foreign), '400 invalid_grant')
    assert.equal((await server.call('POST', '/oauth/revoke', { form })).status, 200)
    assert.equal((await jar.get(link)).status, 400)
    if (reference !== undefined) assert.equal((await jar.get(`/consent?request=${reference}`)).status, 400)
    // Again is no error (RFC 7009 §2.2).
    assert.equal((await server.call('POST', '/oauth/revoke', { form })).status, 200)
  }
})
