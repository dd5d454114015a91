// The grammar of the scope parameter, and that nobody is given a scope that was not allowed.
// Which scopes are allowed (a client's, or those of the grant at a refresh) is the caller's to say.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chooseScopes } from './scope.ts'

const allowed = ['openid', 'repo:read', 'repo:write', "it's!", '~', '#[]^`{|}']

test('DA-04 RT-05 those asked for when each is allowed, all of the allowed ones when none were asked for', () => {
  const table: [string | undefined, readonly string[] | undefined][] = [
    [undefined, allowed],
    ['openid', ['openid']],
    ['repo:write openid', ['repo:write', 'openid']],
    ['openid openid repo:read openid', ['openid', 'repo:read']],
    [allowed.join(' '), allowed],
    ['admin', undefined],
    ['openid admin', undefined],
    ['OPENID', undefined],
    ['openid\u00a0repo:read', undefined],
  ]
  for (const [requested, chosen] of table)
    assert.deepEqual(chooseScopes(requested, allowed), chosen, requested)
})

test('DA-04 what the grammar of RFC 6749 §3.3 does not know is refused, even if it were allowed', () => {
  const malformed = [
    '',
    ' ',
    ' openid',
    'openid ',
    'openid  repo:read',
    'openid\trepo:read',
    'openid\nrepo:read',
    'openid\n',
    'a"b',
    'a\\b',
    'é',
    '\u0000',
    '\u007f',
    'ｏｐｅｎｉｄ',
  ]
  for (const requested of malformed)
    assert.equal(chooseScopes(requested, [requested, 'openid']), undefined, JSON.stringify(requested))
})

test('DA-04 names that objects have by themselves are no scopes', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'length', '0'])
    assert.equal(chooseScopes(name, allowed), undefined)
})

test('DA-04 a parameter of any length gets an answer at once', () => {
  assert.equal(chooseScopes('a'.repeat(2001), ['a'.repeat(2001)]), undefined)
  assert.deepEqual(chooseScopes(`${'a '.repeat(999)}a`, ['a']), ['a'])
  assert.equal(chooseScopes(`${'a '.repeat(1_000_000)}"`, ['a']), undefined)
})

test('RT-05 whatever is asked for, what is given is a subset without repetition', () => {
  const asked = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...allowed, 'admin', '')).map((words) => words.join(' ')),
  )
  fc.assert(
    fc.property(asked, fc.subarray(allowed), (requested, some) => {
      const chosen = chooseScopes(requested, some)
      if (chosen === undefined) return
      assert.ok(chosen.length > 0 && new Set(chosen).size === chosen.length)
      for (const scope of chosen) assert.ok(some.includes(scope) && requested.split(' ').includes(scope))
    }),
  )
})
