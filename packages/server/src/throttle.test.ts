// Brakes (standards.md G-14, DA-16, DV-03): networks, budgets in the store, rates in memory.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryStore } from './store/memory.ts'
import { allowIn, authorizePath, nativeClient, openJar, referenceIn } from './testing/code-flow.ts'
import { signIn, startDevice } from './testing/device-flow.ts'
import { createTestServer, createTestServerWith, testClient } from './testing/services.ts'
import { addressGuesses, network, signInGuesses, userCodeGuesses } from './throttle.ts'

test('DA-16 an IPv4 address is a network, an IPv6 address its first 64 bits', () => {
  assert.equal(network('192.0.2.1'), '192.0.2.1')
  assert.equal(network('::ffff:192.0.2.1'), '::ffff:192.0.2.1')
  const same = ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::']
  assert.equal(new Set(same.map(network)).size, 1)
  assert.notEqual(network('2001:db8:1:3::1'), network('2001:db8:1:2::1'))
  assert.equal(network('fe80::1%eth0'), network('fe80::2'))
  assert.equal(network('::1'), '0:0:0:0::/64')
})

const who = { browser: 'b', accountId: 'usr_a', address: '192.0.2.1', liveCodes: 10 }

test('DV-03 guesses are spent in the store: they survive a restart and are shared by nodes', async () => {
  const store = openMemoryStore()
  const [a, b] = [await createTestServer({ store }), await createTestServer({ store })]
  const guesses = userCodeGuesses(who)
  for (const server of [a, b, a, b, a]) assert.equal(await server.services.throttle.spend(guesses), undefined)
  const braked = await b.services.throttle.spend(guesses)
  assert.ok((braked?.retryAfterSeconds ?? 0) > 0)
  await a.services.throttle.giveBack(guesses)
  assert.equal(await b.services.throttle.spend(guesses), undefined)
})

test('DV-03 twenty parallel guesses cannot outrun the budget', async () => {
  const { services } = await createTestServer()
  const spent = await Promise.all(
    Array.from({ length: 20 }, () => services.throttle.spend(userCodeGuesses(who))),
  )
  assert.ok(spent.filter((braked) => braked === undefined).length <= 5)
})

test('DV-03 all budgets are spent or none: the fifth wrong code of a browser costs nobody else a try', async () => {
  const { services } = await createTestServer()
  for (let i = 0; i < 8; i++) await services.throttle.spend(userCodeGuesses(who))
  const count = (await services.store.read('attempts', 'user-code everybody'))?.count
  assert.equal(count, 5)
})

test('DA-10 what all people together may guess stays below the accepted chance, however many codes are live', () => {
  for (const liveCodes of [0, 1, 100, 10_000]) {
    const budget = userCodeGuesses({ ...who, liveCodes }).at(-1)?.budget
    assert.ok(budget)
    // A sliding window sees less than twice its limit (Budget).
    assert.ok((2 * budget.limit * liveCodes) / 20 ** 8 <= 1e-3, `${liveCodes}`)
  }
})

test('UI-15 G-14 wrong passwords are counted per account and per network', async () => {
  const { services } = await createTestServer()
  const guess = (email: string, address: string) => services.throttle.spend(signInGuesses(email, address))
  for (let i = 0; i < 10; i++) assert.equal(await guess('a@x', `192.0.2.${i}`), undefined)
  assert.ok(await guess('a@x', '192.0.2.99'))
  assert.equal(await guess('b@x', '192.0.2.99'), undefined)
})

test('G-14 DA-16 a network that finishes its sign-ins is no flood: only what is left open counts', async () => {
  const { throttle } = (await createTestServer({ settings: { rateCreatePerAddress: 3 } })).services
  const open = async (address = '192.0.2.1') => (await throttle.create(address, 'cli')) === undefined
  for (let person = 0; person < 20; person++) {
    assert.equal(await open(), true, `person ${person}`)
    await throttle.completed('192.0.2.1')
  }
  assert.deepEqual([await open(), await open(), await open(), await open()], [true, true, true, false])
  // Whoever finishes more than they opened saves up nothing.
  for (let i = 0; i < 10; i++) await throttle.completed('192.0.2.2')
  const other = [0, 1, 2, 3].map(() => open('192.0.2.2'))
  assert.deepEqual(await Promise.all(other), [true, true, true, false])
})

test('G-14 no network shuts a client for everybody else, however many addresses it has', async () => {
  const settings = { rateCreatePerClient: 100, rateCreatePerAddress: 5 }
  const { throttle } = (await createTestServer({ settings })).services
  const from = async (address: string) => (await throttle.create(address, 'cli')) === undefined
  let opened = 0
  for (let i = 0; i < 200; i++) if (await from(`2001:db8:77:${i.toString(16)}::1`)) opened++
  assert.equal(opened, 10)
  assert.equal(await from('2001:db8:78::1'), true)
  assert.equal(await from('192.0.2.1'), true)
  // Another client is another matter.
  assert.equal(await throttle.create('2001:db8:77:ffff::1', 'other'), undefined)
})

test('G-14 DA-16 people behind one address sign in one after the other, by device and by redirect, beyond what may lie open', async () => {
  const settings = { rateCreatePerAddress: 2 }
  const server = await createTestServerWith([testClient, nativeClient], { settings })
  for (let person = 0; person < 5; person++) {
    await signIn(server)
    const jar = openJar(server)
    const reference = referenceIn(await jar.get(authorizePath(nativeClient)), '/login')
    await jar.signIn()
    assert.equal((await allowIn(server, jar, reference)).status, 303)
  }
  await startDevice(server)
  await startDevice(server)
  const form = { client_id: testClient.id }
  assert.equal((await server.call('POST', '/oauth/device/authorize', { form })).status, 429)
})

test('DV-03 REG-12 whoever has a /48 has no budget for each of its networks, and so cannot spend everybody’s', async () => {
  const { throttle } = (await createTestServer()).services
  const try1 = async (address: string) =>
    (await throttle.spend(addressGuesses('guess', address, { limit: 2, windowSeconds: 3600 }))) === undefined
  let allowed = 0
  for (let i = 0; i < 40; i++) if (await try1(`2001:db8:77:${i.toString(16)}::1`)) allowed++
  assert.equal(allowed, 20)
  assert.equal(await try1('2001:db8:78::1'), true)
  const who = { browser: 'b', accountId: undefined, address: '2001:db8:77::1', liveCodes: 1 }
  const wide = ({ id }: { readonly id: string }) => id.includes(' network ')
  assert.deepEqual(
    [userCodeGuesses(who).some(wide), signInGuesses('a@x', who.address).some(wide)],
    [true, true],
  )
  for (const address of ['192.0.2.1', '::ffff:192.0.2.1', 'unknown'])
    assert.equal(addressGuesses('guess', address, { limit: 2, windowSeconds: 1 }).length, 1)
})
