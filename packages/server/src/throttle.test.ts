// Brakes (standards.md G-14, DA-16, DV-03): networks, budgets in the store, rates in memory.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryStore } from './store/memory.ts'
import { createTestServer } from './testing/services.ts'
import { network, signInGuesses, userCodeGuesses } from './throttle.ts'

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
