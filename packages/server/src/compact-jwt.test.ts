// Reading other people's JWTs: what is one, and what two readers could take for two (standards.md section 5).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCompactJwt } from './compact-jwt.ts'

const encode = (text: string) => Buffer.from(text).toString('base64url')
const jwt = (claims: string, header = '{"alg":"ES256"}', signature = 'AAAA') =>
  `${encode(header)}.${encode(claims)}.${signature}`

test('JK-14 three strictly encoded parts and nothing else', () => {
  const good = jwt('{"a":1}')
  assert.deepEqual(readCompactJwt(good)?.claims, { a: 1 })
  const [header, claims, signature] = good.split('.')
  const bad = [
    '',
    'a.b',
    `${header}.${claims}`,
    `${header}.${claims}.`,
    `${good}.AAAA`,
    `${good}=`,
    `${good} `,
    ` ${good}`,
    `${header}.${claims}\n.${signature}`,
    `${header}.${claims}.A`,
    `${header}.${claims}.AB`,
    `${header}.${claims}.+/AA`,
    jwt('[]'),
    jwt('"x"'),
    jwt('null'),
    jwt('{'),
    jwt('{}', '[]'),
    `${encode('{"alg":"ES256"}')}.${Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64url')}.AAAA`,
    jwt(`{"a":"${'x'.repeat(20_000)}"}`),
  ]
  for (const text of bad) assert.equal(readCompactJwt(text), undefined, text.slice(0, 80))
})

test('JK-11 a member that occurs twice, at any depth, is refused; one that only looks so is not', () => {
  for (const claims of [
    '{"sub":"a","sub":"b"}',
    '{"a":{"b":1,"b":2}}',
    '{"a":[{"b":1,"b":1}]}',
    '{"\\u0073ub":"a","sub":"b"}',
    '{"__proto__":1,"__proto__":2}',
  ])
    assert.equal(readCompactJwt(jwt(claims)), undefined, claims)
  assert.equal(readCompactJwt(jwt('{}', '{"alg":"none","alg":"ES256"}')), undefined)
  for (const claims of [
    '{"a":"b:c","d":"\\":\\""}',
    '{"a":{"b":1},"c":{"b":1}}',
    '{"a":[{"b":1},{"b":1}]}',
    '{"":1}',
  ])
    assert.ok(readCompactJwt(jwt(claims)), claims)
})

test('JK-10 dates are numbers that can be dates', () => {
  for (const name of ['exp', 'nbf', 'iat']) {
    for (const value of ['"1"', '-1', 'null', '{}', 'true', '1e999'])
      assert.equal(readCompactJwt(jwt(`{"${name}":${value}}`)), undefined, `${name} ${value}`)
    assert.ok(readCompactJwt(jwt(`{"${name}":1.5}`)))
  }
})

test('JK-07 JK-09 an extension that must be understood is not, and the type is read as MIME types are', () => {
  assert.equal(readCompactJwt(jwt('{}', '{"alg":"ES256","crit":["exp"],"exp":1}')), undefined)
  assert.equal(readCompactJwt(jwt('{}', '{"alg":"ES256","crit":[]}')), undefined)
  assert.equal(readCompactJwt(jwt('{}', '{"alg":"ES256","typ":7}')), undefined)
  assert.equal(readCompactJwt(jwt('{}', '{"typ":"JWT"}')), undefined)
  assert.equal(readCompactJwt(jwt('{}', '{"alg":"ES256","typ":"application/AT+JWT"}'))?.typ, 'at+jwt')
  assert.equal(readCompactJwt(jwt('{}'))?.typ, undefined)
})
