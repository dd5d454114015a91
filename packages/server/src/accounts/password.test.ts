import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSystem } from '../system.ts'
import { checkPassword, hashPassword, isOutdated, TooManyPasswords } from './password.ts'

const system = createSystem()

test('a password is kept as argon2id with the OWASP cost and a salt of its own', async () => {
  const [one, two] = [await hashPassword('correct', system), await hashPassword('correct', system)]
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.notEqual(one, two)
  assert.equal(await checkPassword('correct', one), 'right')
  assert.equal(await checkPassword('Correct', one), 'wrong')
  assert.equal(await checkPassword('', one), 'wrong')
})

test('the same characters from another keyboard are the same password', async () => {
  const composed = await hashPassword('caf\u00e9 cr\u00e8me', system)
  assert.equal(await checkPassword('cafe\u0301 cre\u0300me', composed), 'right')
})

test('nobody has a password that fits: no account, an empty or a broken hash', async () => {
  for (const kept of [null, '', 'x', '$argon2id$v=19$m=1,t=1,p=1$$', '$2b$10$abcdefghijklmnopqrstuv']) {
    assert.equal(await checkPassword('', kept), 'wrong')
    assert.equal(await checkPassword('password', kept), 'wrong')
  }
})

test('a hash of less effort is still right, and is told to be made again', async () => {
  // Made with m=8, t=1 by another implementation's parameters, over the same algorithm.
  const { argon2Sync } = await import('node:crypto')
  const salt = Buffer.alloc(16, 1)
  const options = { message: 'old', nonce: salt, memory: 8, passes: 1, parallelism: 1, tagLength: 32 }
  const tag = argon2Sync('argon2id', options).toString('base64').replace(/=+$/, '')
  const old = `$argon2id$v=19$m=8,t=1,p=1$${salt.toString('base64').replace(/=+$/, '')}$${tag}`
  assert.equal(await checkPassword('old', old), 'right')
  assert.ok(isOutdated(old))
  assert.ok(!isOutdated(await hashPassword('new', system)))
})

test('a flood of passwords is answered "busy" beyond the queue, and the queue drains', async () => {
  const kept = await hashPassword('correct', system)
  const flood = await Promise.all(Array.from({ length: 60 }, () => checkPassword('correct', kept)))
  const counts = { right: 0, wrong: 0, busy: 0 }
  for (const one of flood) counts[one]++
  assert.deepEqual(counts, { right: 42, wrong: 0, busy: 18 })
  assert.equal(await checkPassword('correct', kept), 'right')
  const hashes = await Promise.allSettled(Array.from({ length: 50 }, () => hashPassword('x', system)))
  const refused = hashes.filter((one) => one.status === 'rejected')
  assert.ok(refused.length > 0 && refused.every(({ reason }) => reason instanceof TooManyPasswords))
})
