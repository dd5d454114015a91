// What is sealed opens with its key and nothing else, and only unchanged; what is no secret stays readable.
// With a real keychain: test/keychain.test.ts of the repository.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LiveCredential } from './credential.ts'
import { formatClear, formatSealed, IV_BYTES, openSealed, parseStored, type Stored } from './sealed.ts'
import { system } from './system.ts'

const live: LiveCredential = {
  version: 1,
  state: 'live',
  issuer: 'https://login.example',
  clientId: 'test-cli',
  account: { id: 'acct-1', email: 'mia@example.com' },
  signedInAt: 1000,
  accessToken: 'ACCESS-canary',
  refreshToken: 'REFRESH-canary',
  receivedAt: 1000,
  clockOffset: 0,
  expiresAt: 1600,
  authorizationExpiresAt: 90_000,
}
const key = { id: 'k1', bytes: system.randomBytes(32) }
const sealed = (): string => formatSealed(live, key, system.randomBytes(IV_BYTES))

function parsed(text: string): Extract<Stored, { form: 'sealed' }> {
  const stored = parseStored(text)
  assert.ok(stored && stored !== 'newer' && stored.form === 'sealed')
  return stored
}

test('CL-08 a sealed credential holds no token in clear, says whose it is, and opens to what it was', () => {
  const text = sealed()
  assert.doesNotMatch(text, /canary/)
  const stored = parsed(text)
  const { version: _version, accessToken: _access, refreshToken: _refresh, ...rest } = live
  assert.deepEqual(stored.entry, { ...rest, keptIn: 'keychain', renews: true })
  assert.deepEqual(openSealed(stored, key), live)
})

test('CL-08 a credential without a refresh token comes back without one', () => {
  const { refreshToken: _gone, ...once } = live
  const stored = parsed(formatSealed(once, key, system.randomBytes(IV_BYTES)))
  assert.equal(stored.entry.renews, false)
  assert.deepEqual(openSealed(stored, key), once)
})

test('CL-08 another key opens nothing, and two writings of the same have nothing in common', () => {
  assert.equal(openSealed(parsed(sealed()), { id: 'k1', bytes: system.randomBytes(32) }), undefined)
  assert.equal(openSealed(parsed(sealed()), { id: 'k2', bytes: key.bytes }), undefined)
  const [one, two] = [parsed(sealed()), parsed(sealed())]
  assert.notEqual(one.seal.iv, two.seal.iv)
  assert.notEqual(one.seal.data, two.seal.data)
})

test('CL-07 CL-08 any change to any member of the file makes it worthless: it cannot be made to speak for another account', () => {
  const file: Record<string, unknown> = JSON.parse(sealed())
  const seal = parsed(sealed()).seal
  const changes: Record<string, unknown>[] = [
    { issuer: 'https://other.example' },
    { clientId: 'other-cli' },
    { account: { id: 'acct-2', email: 'mia@example.com' } },
    { expiresAt: 9999 },
    { authorizationExpiresAt: 99_000 },
    { clockOffset: 1 },
    { renews: false },
    { added: true },
    { sealed: { ...seal, iv: parsed(sealed()).seal.iv } },
    { sealed: { ...seal, tag: seal.tag.slice(0, 4) } },
    { sealed: { ...seal, tag: '' } },
    { sealed: { ...seal, data: '' } },
  ]
  for (const change of changes) {
    const text = JSON.stringify({ ...file, sealed: seal, ...change })
    assert.equal(openSealed(parsed(text), key), undefined, JSON.stringify(change))
  }
})

test('CL-08 what no version wrote is nothing, what a later one wrote is newer', () => {
  const table: [string, ReturnType<typeof parseStored>][] = [
    [JSON.stringify({ version: 3 }), 'newer'],
    [JSON.stringify({ ...JSON.parse(sealed()), sealed: { key: 'k1' } }), undefined],
    [JSON.stringify({ ...JSON.parse(sealed()), state: 'ended' }), undefined],
    [JSON.stringify({ ...live, version: 0 }), undefined],
    ['', undefined],
    ['null', undefined],
  ]
  for (const [text, expected] of table) assert.deepEqual(parseStored(text), expected, text)
  assert.deepEqual(parseStored(formatClear(live)), { form: 'clear', credential: live })
})
