// Classes of sign-in against RFC 9470 and OIDC Core §3.1.2.1: what satisfies what, and when a person must prove themselves again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acrOf, acrValues, canSatisfyAcr, mustAuthenticateAgain, satisfiesAcr } from './authentication.ts'

const [passkey, password] = acrValues

test('SU-02 SU-08 a passkey is phishing-resistant, a password is what it is', () => {
  assert.equal(acrOf(['pop', 'user', 'mfa']), passkey)
  assert.equal(acrOf(['pwd']), password)
  assert.equal(acrOf([]), password)
})

test('SU-03 the stronger class satisfies the weaker, never the other way round', () => {
  const table = [
    [passkey, [], true],
    [passkey, [password], true],
    [passkey, [passkey], true],
    [password, [], true],
    [password, [password], true],
    [password, [passkey], false],
    [password, [passkey, password], true],
    [passkey, ['urn:example:unknown'], false],
    [password, ['urn:example:unknown', password], true],
  ] as const
  for (const [acr, wanted, satisfied] of table)
    assert.equal(satisfiesAcr(acr, wanted), satisfied, `${acr} for ${wanted.join(' ')}`)
})

test('SU-04 only a class that nothing here reaches is out of reach', () => {
  assert.equal(canSatisfyAcr([]), true)
  assert.equal(canSatisfyAcr(['urn:example:unknown']), false)
  assert.equal(canSatisfyAcr(['urn:example:unknown', passkey]), true)
})

test('AZ-21 max_age is the oldest that a sign-in may be, zero means now, absent means any', () => {
  const again = (age: number, maxAge: number | null) =>
    mustAuthenticateAgain({ authTime: 1000, amr: ['pwd'] }, { maxAge, acrValues: [] }, 1000 + age)
  const table = [
    [0, 0, false],
    [1, 0, true],
    [60, 60, false],
    [61, 60, true],
    [1_000_000, null, false],
  ] as const
  for (const [age, maxAge, expected] of table)
    assert.equal(again(age, maxAge), expected, `${age} s old, max_age ${maxAge}`)
})

test('SU-03 a sign-in that is too weak is done again however fresh it is', () => {
  const wanted = { maxAge: null, acrValues: [passkey] }
  assert.equal(mustAuthenticateAgain({ authTime: 1000, amr: ['pwd'] }, wanted, 1000), true)
  assert.equal(mustAuthenticateAgain({ authTime: 1000, amr: ['pop', 'user', 'mfa'] }, wanted, 1000), false)
})
