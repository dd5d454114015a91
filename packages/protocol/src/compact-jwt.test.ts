// What is a compact JWT and what only looks like one: encoding, JSON, and the form of a key.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isNumericDate, jwtType, readJsonObject, readJwtParts, showsPrivateKey } from './compact-jwt.ts'

const encode = (text: string | Uint8Array) => Buffer.from(text).toString('base64url')
const header = encode('{"alg":"ES256"}')

test('JK-14 three parts, of which the first two are objects', () => {
  const claims = { iss: 'https://login.example', sub: 'Mia Müller ✓', aud: ['a', 'b'], cnf: { jkt: 'k' } }
  assert.deepEqual(readJwtParts(`${header}.${encode(JSON.stringify(claims))}.AAAA`), {
    header: { alg: 'ES256' },
    claims,
  })
  for (const body of ['[]', 'null', '"x"', '1', '', '{', '{"a":1,"a":1}', '\ufeff{}'])
    assert.equal(readJwtParts(`${header}.${encode(body)}.AAAA`), undefined, body)
  for (const text of [
    '',
    '..',
    `${header}.${header}`,
    `${header}.${header}.`,
    `${header}.${header}.AAAA.AAAA`,
  ])
    assert.equal(readJwtParts(text), undefined, text)
  assert.equal(readJwtParts(`${header}.${encode(new Uint8Array([0x7b, 0xff, 0x7d]))}.AAAA`), undefined)
  assert.equal(readJwtParts(`${header}.${header}.${'A'.repeat(16 * 1024)}`), undefined)
})

test('JK-14 a part is base64url in its one spelling, as Node writes it', () => {
  const letters = fc.constantFrom(...'AQgwEIMcUYkosw048Zz-_+/= \n')
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map(encode),
    fc.array(letters, { maxLength: 9 }).map((all) => all.join('')),
  )
  fc.assert(
    fc.property(part, (signature) => {
      const isStrict = signature !== '' && encode(Buffer.from(signature, 'base64url')) === signature
      assert.equal(readJwtParts(`${header}.${header}.${signature}`) !== undefined, isStrict, signature)
    }),
    { numRuns: 3000 },
  )
})

test('JK-11 a name that stands twice is found at any depth, and colons in texts are none', () => {
  assert.deepEqual(readJsonObject('{"a":":{\\":","b":[{"c":1},{"c":2}]}'), {
    a: ':{":',
    b: [{ c: 1 }, { c: 2 }],
  })
  assert.equal(readJsonObject('{"a":{"b":1,"b":2}}'), undefined)
  assert.equal(readJsonObject('{"a":[{"b":1,"\\u0062":2}]}'), undefined)
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const text = JSON.stringify(value)
      assert.deepEqual(readJsonObject(text), JSON.parse(text))
    }),
  )
})

test('JK-09 a type is compared in lower case and without what may be left out', () => {
  assert.equal(jwtType({ typ: 'application/AT+JWT' }), 'at+jwt')
  assert.equal(jwtType({ typ: 'JWT' }), 'jwt')
  assert.equal(jwtType({ typ: ['JWT'] }), undefined)
  assert.equal(jwtType({}), undefined)
})

test('JK-10 JK-01 a date is a number, and a key that shows its secret half is none', () => {
  assert.equal([1, 0, 1.5].every(isNumericDate), true)
  assert.equal(['1', -1, Number.NaN, Number.POSITIVE_INFINITY, null, undefined].some(isNumericDate), false)
  assert.equal(showsPrivateKey({ kty: 'EC', x: 'x', y: 'y', crv: 'P-256' }), false)
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
    assert.equal(showsPrivateKey({ kty: 'EC', [name]: undefined }), true, name)
})
