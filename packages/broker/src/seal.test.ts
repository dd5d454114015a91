// What is sealed opens for its own purpose and id under its own key, and for nothing else.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { system } from '@countersign/client/system'
import fc from 'fast-check'
import { SettingError } from './errors.ts'
import { createSeal, digest, type Purpose } from './seal.ts'
import { sampleTime } from './testing/samples.ts'

const key = new Uint8Array(32).fill(7)
const at = (now: number) => ({ now: () => now, randomBytes: (count: number) => randomBytes(count) })
const seal = createSeal(key, at(sampleTime))
const secret = '{"deviceCode":"a device code"}'

test('any text is opened as it was sealed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, id) => {
      assert.equal(seal.open('flow', id, seal.seal('flow', id, text)), text)
    }),
  )
  const large = 'x'.repeat(300_000)
  assert.equal(seal.open('delivery', 'f', seal.seal('delivery', 'f', large)), large)
})

test('another purpose, another id, or another key opens nothing', () => {
  const sealed = seal.seal('flow', 'one', secret)
  for (const purpose of ['delivery', 'connection'] satisfies Purpose[])
    assert.equal(seal.open(purpose, 'one', sealed), undefined)
  for (const id of ['two', '', 'one ', 'ONE']) assert.equal(seal.open('flow', id, sealed), undefined)
  const other = createSeal(new Uint8Array(32).fill(8), at(sampleTime))
  assert.equal(other.open('flow', 'one', sealed), undefined)
  assert.equal(createSeal(key, at(sampleTime)).open('flow', 'one', sealed), secret, 'another process')
})

test('one flipped bit anywhere, or a byte less at either end, opens nothing', () => {
  const bytes = Buffer.from(seal.seal('flow', 'one', secret), 'base64url')
  const open = (changed: Buffer) => seal.open('flow', 'one', changed.toString('base64url'))
  assert.equal(open(bytes), secret)
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    assert.equal(open(changed), undefined, `bit ${bit}`)
  }
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(open(bytes.subarray(0, length)), undefined, `the first ${length}`)
    assert.equal(open(bytes.subarray(bytes.length - length)), undefined, `the last ${length}`)
  }
  assert.equal(open(Buffer.concat([bytes, Buffer.alloc(1)])), undefined)
})

test('text that was never sealed opens nothing, and throws nothing', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      (text) => seal.open('flow', 'x', text) === undefined,
    ),
  )
  assert.equal(seal.open('flow', 'x', '{"tokens":{}}'), undefined)
})

test('the same text is sealed to another one each time, and shows nothing of itself', () => {
  const made = Array.from({ length: 100 }, () => seal.seal('flow', 'one', secret))
  assert.equal(new Set(made).size, 100)
  for (const sealed of made) {
    assert.match(sealed, /^[\w-]+$/)
    assert.ok(!Buffer.from(sealed, 'base64url').includes('device code'))
  }
})

test('what was sealed on one day opens on any other, whatever the clock says', () => {
  const days = [sampleTime, sampleTime + 86_400, sampleTime + 86_400 * 3650, 0, -5, 86_400 * 70_000]
  for (const sealedAt of days)
    for (const openedAt of days)
      assert.equal(
        createSeal(key, at(openedAt)).open(
          'flow',
          'one',
          createSeal(key, at(sealedAt)).seal('flow', 'one', secret),
        ),
        secret,
      )
})

test('a key of another length is refused when the seal is made', () => {
  for (const length of [0, 16, 31, 33, 64])
    assert.throws(() => createSeal(new Uint8Array(length), system), SettingError)
  for (const key of ['a text of thirty-two characters.', undefined])
    assert.throws(() => createSeal(key as unknown as Uint8Array, system), SettingError)
})

test('G-13 a digest is SHA-256 in base64url', () => {
  assert.equal(digest('abc'), 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
})
