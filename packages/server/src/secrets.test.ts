// Digests, keyed hashes and sealed values (standards.md G-12, G-13; design: secrets at rest).

import assert from 'node:assert/strict'
import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { test } from 'node:test'
import { createSecrets, digest, sameSecret } from './secrets.ts'
import { createSystem } from './system.ts'

function secretsAt(day = 20_000, fill = 1) {
  let now = day * 86_400
  const system = { ...createSystem(), now: () => now, clock: () => now }
  return { secrets: createSecrets(Buffer.alloc(32, fill), system), nextDay: () => (now += 86_400) }
}

test('G-13 a digest is SHA-256 in base64url, and comparison looks at everything', () => {
  assert.equal(digest('abc'), createHash('sha256').update('abc').digest('base64url'))
  assert.equal(sameSecret('abc', 'abc'), true)
  for (const other of ['abd', 'ab', 'abcd', '', 'äb']) assert.equal(sameSecret('abc', other), false)
})

test('DA-17 a keyed hash depends on key and purpose', () => {
  const { secrets } = secretsAt()
  const mac = secrets.mac('user code', 'WDJBMJHT')
  assert.match(mac, /^[A-Za-z0-9_-]{43}$/)
  assert.equal(secrets.mac('user code', 'WDJBMJHT'), mac)
  assert.notEqual(secrets.mac('anti-forgery', 'WDJBMJHT'), mac)
  assert.notEqual(secretsAt(20_000, 2).secrets.mac('user code', 'WDJBMJHT'), mac)
})

test('RFC 2104 a keyed hash is HMAC-SHA-256 under the key of its purpose', () => {
  const { secrets } = secretsAt()
  const key = Buffer.from(hkdfSync('sha256', Buffer.alloc(32, 1), 'countersign', 'mac user code', 32))
  const texts = Array.from({ length: 200 }, (_, length) => 'x'.repeat(length))
  for (const text of [...texts, 'ä €', '\ud800', '\0', 'y'.repeat(100_000), ''])
    assert.equal(
      secrets.mac('user code', text),
      createHmac('sha256', key).update(text).digest('base64url'),
      text.slice(0, 200),
    )
})

test('G-12 sealed values differ each time, open for their purpose and key only, and on later days', () => {
  const { secrets, nextDay } = secretsAt()
  const sealed = secrets.seal('cookie', 'text ä')
  assert.notEqual(secrets.seal('cookie', 'text ä'), sealed)
  assert.equal(secrets.unseal('cookie', sealed), 'text ä')
  assert.equal(secrets.unseal('token', sealed), undefined)
  assert.equal(secretsAt(20_000, 2).secrets.unseal('cookie', sealed), undefined)
  nextDay()
  assert.equal(secrets.unseal('cookie', sealed), 'text ä')
  assert.notEqual(secrets.seal('cookie', 'text ä').slice(0, 3), sealed.slice(0, 3))
})

test('G-12 no changed, cut, padded or invented value opens', () => {
  const { secrets } = secretsAt()
  const sealed = secrets.seal('cookie', 'text')
  for (let i = 0; i < sealed.length; i++) {
    const changed = sealed.slice(0, i) + (sealed[i] === 'A' ? 'B' : 'A') + sealed.slice(i + 1)
    assert.equal(secrets.unseal('cookie', changed), undefined)
    assert.equal(secrets.unseal('cookie', sealed.slice(0, i)), undefined)
  }
  for (const other of [`${sealed}=`, ` ${sealed}`, `${sealed}A`, '', 'ä', '_'.repeat(100)])
    assert.equal(secrets.unseal('cookie', other), undefined)
})

test('a master key has 32 bytes', () => {
  assert.throws(() => createSecrets(Buffer.alloc(31), createSystem()), TypeError)
})
