// Requests whose address tells nothing about where the program is, which are elsewhere to every browser: those of a page in a
// browser, and those that somebody passed on. How a socket's address is read is node.test.ts, which addresses are one network
// networks.test.ts, real processes test/phishing.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '@countersign/protocol'
import type { AddressFrom } from './http.ts'
import { isBeside, isOwnAddress } from './networks.ts'
import { createPeopledServer, openBrowser, signIn } from './pages/testing.ts'
import { bodyOf, errorOf, pollDevice, startDevice } from './testing/device-flow.ts'
import { testAccount } from './testing/services.ts'
import { deviceCodeId } from './tokens.ts'

/** Of the browser of the victim, and of whatever a page in it sends. */
const home = '192.0.2.1'
const attacker = { address: '203.0.113.66' }

async function drill(client: Partial<Client>, headers: Record<string, string>) {
  const server = await createPeopledServer({})
  const acme = await server.addClient({ id: 'acme', name: 'Acme CLI', ...client })
  const browser = openBrowser(server, home)
  await signIn(browser)
  const asked = { headers, address: home }
  const form = { client_id: acme.id, return_code_supported: 'true' }
  const device = await startDevice(server, form, asked)
  const page = await browser.get(`/device/${device.user_code}`)
  const allowed = () => browser.submit(page, '/device/decision', { decision: 'allow' })
  const poll = () => pollDevice(server, device.device_code, { client_id: acme.id }, attacker)
  return { server, browser, device, page, allowed, poll }
}

const pages: readonly Record<string, string>[] = [
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { 'sec-fetch-site': 'cross-site' },
  { origin: 'https://login.example', 'sec-fetch-site': 'same-origin' },
]

test('DV-13 RFC 10027 §6.1.1: a page in the victim’s own browser that asks for a code is not in her network', async () => {
  for (const headers of pages) {
    const { page, allowed, poll } = await drill({ deviceNetworkPolicy: 'return-code' }, headers)
    assert.match(page.body, /comes from a different network/)
    assert.doesNotMatch(page.body, /value="allow"/, 'the characters would be typed into the page')
    await allowed()
    assert.notEqual((await poll()).status, 200)
  }
})

test('DV-13 to a program whose record says nothing a page leads to a deliberate step, never to a plain Allow', async () => {
  for (const headers of pages) {
    const { page, allowed, poll } = await drill({}, headers)
    assert.match(page.body, /name="confirm"/)
    await allowed()
    assert.equal(errorOf(await poll()), '400 authorization_pending')
  }
})

test('DV-13 a network that was proved before is no help to a page in it', async () => {
  const { server, browser } = await drill({}, { origin: 'https://evil.example' })
  const own = await server.addClient({ id: 'own', name: 'Own', deviceNetworkPolicy: 'return-code' })
  const form = { client_id: own.id, return_code_supported: 'true' }
  browser.address = '198.51.100.7'
  const terminal = await startDevice(server, form, { headers: {}, address: home })
  const question = await browser.get(`/device/${terminal.user_code}`)
  const shown = await browser.submit(question, '/device/decision', { decision: 'allow' })
  const [, code = ''] = /return-code[^>]*><bdi dir="ltr">(\w{6})</.exec(shown.body) ?? []
  const sent = { client_id: own.id, return_code: code }
  const granted = await pollDevice(server, terminal.device_code, sent, { address: home })
  assert.equal(granted.status, 200)
  assert.equal((await server.services.store.list('networkMemory')).length, 1)

  const byPage = { headers: { origin: 'https://evil.example' }, address: home }
  const device = await startDevice(server, form, byPage)
  assert.doesNotMatch((await browser.get(`/device/${device.user_code}`)).body, /value="allow"/)
})

test('G-16 DV-13 nobody is where a proxy is that nobody trusts, nor where one is that an https issuer has not named', () => {
  const own = (issuer: string, addressFrom?: AddressFrom) =>
    isOwnAddress(issuer, addressFrom === undefined ? {} : { addressFrom })
  for (const issuer of ['https://login.example', 'http://localhost:4000']) {
    assert.ok(own(issuer, 'proxy'))
    assert.ok(own(issuer, 'tls'))
    assert.ok(own(issuer), 'the host application knows')
    assert.ok(!own(issuer, 'nobody'))
  }
  assert.ok(own('http://localhost:4000', 'clear'))
  assert.ok(!own('https://login.example', 'clear'))
})

test('DV-18 nothing is remembered of a network that is not known', async () => {
  const { server, browser } = await drill({ deviceNetworkPolicy: 'return-code' }, {})
  const { store } = server.services
  const form = { client_id: 'acme', return_code_supported: 'true' }
  const device = await startDevice(server, form, { headers: {}, address: home })
  const id = deviceCodeId(device.device_code)
  const record = await store.read('deviceAuthorization', id)
  assert.ok(record)
  const unknown = { ...record, networkUnknown: true }
  assert.equal(await store.apply([{ op: 'update', kind: 'deviceAuthorization', record: unknown }]), 'applied')
  const question = await browser.get(`/device/${device.user_code}`)
  const shown = await browser.submit(question, '/device/decision', { decision: 'allow' })
  const [, code = ''] = /return-code[^>]*><bdi dir="ltr">(\w{6})</.exec(shown.body) ?? []
  const granted = await pollDevice(server, device.device_code, { client_id: 'acme', return_code: code })
  assert.equal(granted.status, 200, granted.body)
  assert.ok(bodyOf(granted).access_token)
  assert.deepEqual(await store.list('networkMemory'), [])
  assert.equal((await store.list('grant'))[0]?.accountId, testAccount.id)
})

test('DV-13 behind a proxy that nobody named, a browser and a terminal of one address are not beside each other', () => {
  const request = { address: '127.0.0.1', addressFrom: 'clear' } as const
  assert.ok(isBeside('http://localhost:4000', request, '127.0.0.1'))
  assert.ok(!isBeside('https://login.example', request, '127.0.0.1'))
  assert.ok(isBeside('https://login.example', { address: home, addressFrom: 'proxy' }, home))
  assert.ok(!isBeside('https://login.example', { address: home, addressFrom: 'nobody' }, home))
})
