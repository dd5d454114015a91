// Return codes by themselves: how they are drawn and read, and what guesses cost. What they do to a request is
// device-authorization.return-code.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  drawReturnCode,
  guess,
  readReturnCode,
  returnCodeAlphabet,
  returnCodeLength,
  returnCodeTries,
  triesLeft,
} from './return-code.ts'

test('DV-18 every character is equally likely, and bytes that would tip the balance are skipped', () => {
  const counts = new Map<string, number>()
  for (let byte = 0; byte < 240; byte++) {
    const code = drawReturnCode(new Uint8Array(6).fill(byte)) ?? ''
    counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  assert.equal(counts.size, returnCodeAlphabet.length)
  assert.deepEqual([...new Set(counts.values())], [10])
  for (let byte = 240; byte < 256; byte++)
    assert.equal(drawReturnCode(new Uint8Array(32).fill(byte)), undefined)
  assert.equal(
    drawReturnCode(Uint8Array.of(255, 0, 255, 1, 2, 3, 4, 5, 255)),
    drawReturnCode(Uint8Array.of(0, 1, 2, 3, 4, 5)),
  )
})

test('DV-18 three guesses at 24^6 codes succeed less than once in ten million', () => {
  assert.ok(returnCodeTries / returnCodeAlphabet.length ** returnCodeLength < 1e-7)
})

test('DV-18 what is drawn is read back, in any case, with any separators, and with what looks like it', () => {
  const drawn = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => drawReturnCode(bytes) ?? 'K7XMPQ')
  fc.assert(
    fc.property(drawn, (code) => {
      assert.equal(readReturnCode(code), code)
      assert.equal(readReturnCode(` ${code.toLowerCase().split('').join('-')}\n`), code)
    }),
  )
  for (const [typed, read] of [
    ['k7x mpq', 'K7XMPQ'],
    ['K７ＸＭＰＱ', 'K7XMPQ'],
    ['1bcdfg', 'LBCDFG'],
    ['25688u', 'ZSGBBV'],
  ] as const)
    assert.equal(readReturnCode(typed), read)
})

test('DV-18 what cannot be a code is not read as one', () => {
  for (const typed of ['', 'K7XMP', 'K7XMPQQ', 'K7XMPO', 'K7XMP0', 'K7XMPA', '<K7XMPQ"A', 'x'.repeat(10_000)])
    assert.equal(readReturnCode(typed), undefined, typed.slice(0, 20))
})

test('DV-18 a guess is right, wrong, or none; the third wrong one is the last, and one that was wrong before costs nothing', () => {
  const fresh = { hash: 'right', wrong: [] }
  assert.deepEqual(guess(fresh, undefined), { verdict: 'still', wrong: false })
  assert.deepEqual(guess(fresh, 'unreadable'), { verdict: 'still', wrong: true })
  assert.deepEqual(guess(fresh, 'right'), { verdict: 'right' })
  const once = guess(fresh, 'a')
  assert.deepEqual(once, { verdict: 'wrong', returnCode: { hash: 'right', wrong: ['a'] } })
  assert.ok('returnCode' in once)
  assert.equal(triesLeft(once.returnCode), 2)
  assert.deepEqual(guess(once.returnCode, 'a'), { verdict: 'still', wrong: true })
  const spent = guess({ hash: 'right', wrong: ['a', 'b'] }, 'c')
  assert.equal(spent.verdict, 'spent')
  assert.deepEqual(guess({ hash: 'right', wrong: ['a', 'b'] }, 'right'), { verdict: 'right' })
})
