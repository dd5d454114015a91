// Both forms of an ECDSA signature, held against what Node itself makes and takes.
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromDer, toDer } from './ecdsa-signature.ts'

const curves = [
  { namedCurve: 'P-256', hash: 'sha256', size: 32 },
  { namedCurve: 'P-384', hash: 'sha384', size: 48 },
] as const

for (const { namedCurve, hash, size } of curves) {
  test(`JK-10 a ${namedCurve} signature reads the same in both forms, whatever its first bytes are`, () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
    // Enough that r and s begin with zeros, and with bits that DER puts a zero before.
    for (let i = 0; i < 2000; i++) {
      const input = Buffer.from(`input ${i}`)
      const joined = fromDer(sign(hash, input, privateKey), size)
      assert.equal(joined.length, 2 * size)
      const der = toDer(joined, size)
      assert.ok(der !== undefined && verify(hash, input, publicKey, der))
      if (i % 20 === 0) assert.ok(verify(hash, input, { key: publicKey, dsaEncoding: 'ieee-p1363' }, joined))
    }
  })
}

test('any two numbers go to DER and back; another length is no signature', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (bytes) => {
      const joined = Buffer.from(bytes)
      const der = toDer(joined)
      assert.ok(der !== undefined)
      assert.deepEqual(fromDer(der), joined)
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      fc.pre(bytes.length !== 64)
      assert.equal(toDer(Buffer.from(bytes)), undefined)
    }),
  )
})

test('zeros only are a signature of nobody: refused, without an error', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const der = toDer(Buffer.alloc(64))
  assert.ok(der !== undefined)
  assert.equal(verify('sha256', Buffer.from('x'), publicKey, der), false)
})
