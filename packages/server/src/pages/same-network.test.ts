import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sameNetwork } from './same-network.ts'

test('DV-13 one /24, one /48 or one machine is one network', () => {
  for (const [a, b] of [
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1', '192.0.2.254'],
    ['::ffff:192.0.2.1', '192.0.2.9'],
    ['127.0.0.1', '::1'],
    ['127.0.0.1', '127.8.9.1'],
    ['2001:db8:1::1', '2001:0db8:0001:ffff::2'],
  ] as const)
    assert.ok(sameNetwork(a, b), `${a} ${b}`)
})

test('DV-13 everything else is another network, and so is what is no address', () => {
  for (const [a, b] of [
    ['192.0.2.1', '192.0.3.1'],
    ['192.0.2.1', '2001:db8::1'],
    ['2001:db8:1::1', '2001:db8:2::1'],
    ['127.0.0.1', '192.0.2.1'],
    ['', ''],
    ['unknown', 'unknowable'],
  ] as const)
    assert.ok(!sameNetwork(a, b), `${a} ${b}`)
})
