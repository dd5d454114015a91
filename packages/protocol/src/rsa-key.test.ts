// The size of RSA keys, seen from their numbers alone (standards.md JK-06, DP-02).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isModestRsaKey } from './rsa-key.ts'

const text = (value: bigint, zeros = 0): string => {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  return Buffer.concat([Buffer.alloc(zeros), bytes]).toString('base64url')
}
const isModest = (modulus: string, e = 'AQAB') => isModestRsaKey({ kty: 'RSA', n: modulus, e })

test('JK-06 DP-02 an RSA key has 2048 to 4096 bits, whatever zeros stand before them', () => {
  for (const zeros of [0, 1, 2, 3, 400])
    for (const [bits, expected] of [
      [1024, false],
      [2047, false],
      [2048, true],
      [3072, true],
      [4096, true],
      [4097, false],
      [8192, false],
      [16_384, false],
    ] as const) {
      assert.equal(isModest(text(1n << BigInt(bits - 1), zeros)), expected, `${bits} after ${zeros}`)
      assert.equal(isModest(text((1n << BigInt(bits)) - 1n, zeros)), expected, `${bits} after ${zeros}`)
    }
})

test('DP-02 its exponent is short', () => {
  const modulus = text(1n << 2047n)
  for (const e of [3n, 65_537n, 2n ** 32n - 1n]) assert.ok(isModest(modulus, text(e)), `${e}`)
  for (const e of [2n ** 32n, 2n ** 2047n]) assert.ok(!isModest(modulus, text(e)), `${e}`)
})

test('DP-02 what is no number, or no RSA key, is none', () => {
  const modulus = text(1n << 2047n)
  for (const wrong of [
    '',
    'A',
    'AAAA'.repeat(200),
    `${modulus}=`,
    `${modulus} `,
    `+${modulus}`,
    `é${modulus}`,
  ])
    assert.ok(!isModest(wrong), wrong.slice(0, 20))
  for (const e of ['', 'AAAA', '=']) assert.ok(!isModest(modulus, e), e)
  assert.ok(!isModestRsaKey({ kty: 'EC', n: modulus, e: 'AQAB' }))
  assert.ok(!isModestRsaKey({ kty: 'RSA', n: 7, e: 'AQAB' }))
  assert.ok(!isModestRsaKey({}))
})

test('DP-02 no text makes it throw', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      (n, e) => typeof isModestRsaKey({ kty: 'RSA', n, e }) === 'boolean',
    ),
  )
})
