import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkOf, sameNetwork } from './networks.ts'

test('DV-13 one /24, one /48 or one machine is one network', () => {
  for (const [a, b] of [
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1', '192.0.2.254'],
    ['::ffff:192.0.2.1', '192.0.2.9'],
    ['::FFFF:c000:201', '192.0.2.9'],
    ['127.0.0.1', '::1'],
    ['127.0.0.1', '127.8.9.1'],
    ['::ffff:127.0.0.1', '::1'],
    ['2001:db8:1::1', '2001:0db8:0001:ffff::2'],
    ['fe80::1%eth0', 'fe80::2'],
  ] as const)
    assert.ok(sameNetwork(a, b), `${a} ${b}`)
})

test('DV-13 everything else is another network, and so is what is no address, even twice the same', () => {
  for (const [a, b] of [
    ['192.0.2.1', '192.0.3.1'],
    ['192.0.2.1', '2001:db8::1'],
    ['2001:db8:1::1', '2001:db8:2::1'],
    ['127.0.0.1', '192.0.2.1'],
    ['10.0.0.1', '203.0.113.1'],
    ['10.0.0.1', '127.0.0.1'],
    ['192.0.2.1', '::ffff:0:192.0.2.1'],
    ['', ''],
    ['unknown', 'unknown'],
    ['192.0.2', '192.0.2'],
    ['0xc0000201', '192.0.2.1'],
    ['192.0.2.1, 10.0.0.1', '192.0.2.1'],
  ] as const)
    assert.ok(!sameNetwork(a, b), `${a} ${b}`)
})

test('DV-13 a network has one name however its addresses are written', () => {
  assert.equal(networkOf('::ffff:c000:0201'), '192.0.2/24')
  assert.equal(networkOf('2001:DB8:0:1::'), networkOf('2001:db8::ffff'))
  assert.equal(networkOf('nowhere'), undefined)
})
