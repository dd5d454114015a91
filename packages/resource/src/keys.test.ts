import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { algorithms, chooseKey, publicMembers, readKeys } from './keys.ts'

async function jwkOf(alg: string, options: { modulusLength?: number; crv?: string } = {}): Promise<JWK> {
  const pair = await generateKeyPair(alg, { extractable: true, ...options })
  return exportJWK(pair.publicKey)
}

const fitting = (jwk: JWK) =>
  algorithms.filter((alg) => chooseKey(readKeys({ keys: [jwk] }), undefined, alg) !== undefined)

test('JK-06 a key is used only with algorithms of its type, and only with the one that it names', async () => {
  assert.deepEqual(fitting(await jwkOf('ES256')), ['ES256'])
  assert.deepEqual(fitting(await jwkOf('ES384')), ['ES384'])
  assert.deepEqual(fitting(await jwkOf('ES512')), ['ES512'])
  assert.deepEqual(fitting(await jwkOf('EdDSA')), ['EdDSA', 'Ed25519'])
  const rsa = await jwkOf('RS256')
  assert.deepEqual(fitting(rsa), ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])
  assert.deepEqual(fitting({ ...rsa, alg: 'PS256' }), ['PS256'])
  assert.deepEqual(fitting({ ...rsa, alg: 'HS256' }), [])
})

test('JK-03 JK-04 a short RSA key, an X25519 key and a symmetric one are no keys for signatures', async () => {
  const rsa = await jwkOf('RS256')
  assert.deepEqual(fitting({ ...rsa, n: rsa.n?.slice(0, 171) ?? '' }), [])
  assert.deepEqual(fitting(await jwkOf('ECDH-ES', { crv: 'X25519' })), [])
  assert.deepEqual(fitting({ kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }), [])
})

test('JK-06 keys for encryption, or for anything but verifying, are left alone', async () => {
  const jwk = await jwkOf('ES256')
  assert.deepEqual(fitting({ ...jwk, use: 'enc' }), [])
  assert.deepEqual(fitting({ ...jwk, key_ops: ['sign'] }), [])
  assert.deepEqual(fitting({ ...jwk, use: 'sig', key_ops: ['verify'] }), ['ES256'])
})

test('JK-02 a key is found by its name; without a name only where there is no choice', async () => {
  const one: JWK = { ...(await jwkOf('ES256')), kid: 'one' }
  const two: JWK = { ...(await jwkOf('ES256')), kid: 'two' }
  const keys = readKeys({ keys: [one, two, 'no key', null] })
  assert.equal(chooseKey(keys, 'two', 'ES256')?.kid, 'two')
  assert.equal(chooseKey(keys, 'three', 'ES256'), undefined)
  assert.equal(chooseKey(keys, undefined, 'ES256'), undefined)
  assert.equal(chooseKey(keys.slice(0, 1), undefined, 'ES256')?.kid, 'one')
  assert.equal(chooseKey(readKeys({ keys: [one, { ...two, kid: 'one' }] }), 'one', 'ES256'), undefined)
})

test('JK-16 only the members that define a public key are taken from what was published', async () => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const whole = { ...(await exportJWK(privateKey)), kid: 'one', x5u: 'https://example.com' }
  assert.deepEqual(Object.keys(publicMembers(whole)).sort(), ['crv', 'kty', 'x', 'y'])
})
