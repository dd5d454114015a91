// The life of signing keys against standards.md section 5 (JK): made, kept sealed, rotated without a gap.

import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose'
import { algs, jwksCacheSeconds, openKeys, rotateKeys, WrongMasterKey } from './keys.ts'
import { createSecrets } from './secrets.ts'
import { openMemoryStore } from './store/memory.ts'
import type { Store } from './store/store.ts'
import { createSystem } from './system.ts'

function options(store: Store = openMemoryStore(), masterKey = Buffer.alloc(32, 1)) {
  let now = 1_800_000_000
  const system = { ...createSystem(), now: () => now, clock: () => now }
  const advance = (seconds: number) => {
    now += seconds
  }
  return { store, system, secrets: createSecrets(masterKey, system), advance }
}

test('JK-02 JK-03 JK-04 JK-16 the first start makes a key per algorithm, named by its thumbprint', async () => {
  const keys = await openKeys(options())
  const { keys: set } = keys.publicSet()
  assert.deepEqual(set.map(({ alg }) => alg).sort(), [...algs].sort())
  for (const jwk of set) {
    assert.equal(jwk.kid, await calculateJwkThumbprint(jwk))
    const { asymmetricKeyDetails } = createPublicKey({ key: jwk, format: 'jwk' })
    if (jwk.alg === 'RS256') assert.ok((asymmetricKeyDetails?.modulusLength ?? 0) >= 2048)
    if (jwk.alg === 'EdDSA') assert.deepEqual([jwk.kty, jwk.crv], ['OKP', 'Ed25519'])
    if (jwk.alg === 'ES256') assert.deepEqual([jwk.kty, jwk.crv], ['EC', 'P-256'])
  }
})

test('JK-06 what a key signs verifies elsewhere, and only under its own algorithm', async () => {
  const keys = await openKeys(options())
  for (const alg of algs) {
    const { text: token, kid } = keys.sign(alg, { typ: 'JWT' }, { a: 1 })
    const [head = '', body = '', signature = ''] = token.split('.')
    assert.equal(JSON.parse(Buffer.from(head, 'base64url').toString()).kid, kid)
    const jwk = keys.publicSet().keys.find((key) => key.kid === kid)
    assert.ok(jwk)
    await compactVerify(token, await importJWK(jwk, alg))
    const bytes = Buffer.from(signature, 'base64url')
    assert.equal(keys.verify(kid, alg, `${head}.${body}`, bytes), true)
    for (const other of ['none', 'HS256', 'toString', ...algs.filter((one) => one !== alg)])
      assert.equal(keys.verify(kid, other, `${head}.${body}`, bytes), false)
    assert.equal(keys.verify('unknown', alg, `${head}.${body}`, bytes), false)
    assert.equal(keys.verify(kid, alg, `${head}.${body}`, Buffer.alloc(3)), false)
  }
})

test('JK-06 a signature vouches for nothing else, and not for longer than its key', async () => {
  const base = options()
  const keys = await openKeys(base)
  const { text: token, kid } = keys.sign('ES256', { typ: 'JWT' }, { a: 1 })
  const [head = '', body = '', signature = ''] = token.split('.')
  const check = (text = body, bytes = Buffer.from(signature, 'base64url'), alg = 'ES256') =>
    keys.verify(kid, alg, `${head}.${text}`, bytes)
  const flipped = Buffer.from(signature, 'base64url')
  flipped[0] = (flipped[0] ?? 0) ^ 1
  assert.equal(check(), true)
  assert.equal(check(Buffer.from('{"a":2}').toString('base64url')), false)
  assert.equal(check(body, flipped), false)
  assert.equal(check(body, Buffer.alloc(0)), false)
  assert.equal(check(body, Buffer.from(signature, 'base64url'), 'EdDSA'), false)
  assert.equal(keys.has(kid), true)
  const record = await base.store.read('signingKey', kid)
  assert.ok(record)
  await base.store.apply([{ op: 'delete', kind: 'signingKey', record }])
  await keys.refresh()
  assert.equal(check(), false)
  assert.equal(keys.has(kid), false)
})

test('JK-17 the store has sealed private keys only', async () => {
  const base = options()
  await openKeys(base)
  const text = JSON.stringify(await base.store.list('signingKey'))
  assert.ok(!/PRIVATE|"d":/.test(text))
  await assert.rejects(openKeys(options(base.store, Buffer.alloc(32, 2))), WrongMasterKey)
})

test('JK-05 rotation: published first, used after the cache time twice over, the old one stays until its tokens are gone', async () => {
  const base = options()
  const keys = await openKeys(base)
  const kidNow = () => keys.sign('ES256', {}, {}).kid
  const kids = () => keys.publicSet().keys.map(({ kid }) => kid)
  const old = kidNow()
  const added = (await rotateKeys(base)).find(({ alg }) => alg === 'ES256')
  assert.ok(added)
  await keys.refresh()
  assert.equal(kidNow(), old)
  assert.ok(kids().includes(added.id))
  base.advance(1199)
  assert.equal(kidNow(), old)
  base.advance(1)
  assert.equal(kidNow(), added.id)
  assert.ok(kids().includes(old))
  base.advance(3899)
  assert.ok(kids().includes(old))
  base.advance(1)
  assert.ok(!kids().includes(old))
  await base.store.sweep(base.system.now())
  await keys.refresh()
  assert.equal(kidNow(), added.id)
  assert.equal((await base.store.list('signingKey')).length, algs.length)
})

test('JK-05 there is one rotation at a time, whoever asks how often, and one key per algorithm in the end', async () => {
  const base = options()
  const keys = await openKeys(base)
  const rotated = await Promise.all(Array.from({ length: 5 }, () => rotateKeys(base)))
  assert.deepEqual(
    rotated
      .flat()
      .map(({ alg }) => alg)
      .toSorted(),
    algs.toSorted(),
  )
  base.advance(1199)
  assert.deepEqual(await rotateKeys(base), [])
  assert.equal((await base.store.list('signingKey')).length, 2 * algs.length)
  base.advance(1)
  assert.equal((await rotateKeys(base)).length, algs.length)
  for (let minute = 0; minute < 120; minute++) {
    base.advance(60)
    await base.store.sweep(base.system.now())
    await keys.refresh()
    for (const alg of algs) assert.ok(keys.sign(alg, {}, {}))
  }
  assert.equal((await base.store.list('signingKey')).length, algs.length)
})

test('JK-05 nodes that start at once on an empty store make one key each algorithm, and know each other’s signatures', async () => {
  const store = openMemoryStore()
  const nodes = await Promise.all(Array.from({ length: 8 }, () => openKeys(options(store))))
  assert.equal((await store.list('signingKey')).length, algs.length)
  const sets = nodes.map((keys) => JSON.stringify(keys.publicSet()))
  assert.equal(new Set(sets).size, 1)
})

test('JK-05 keys that were deleted by hand are made again', async () => {
  const base = options()
  await openKeys(base)
  for (const record of await base.store.list('signingKey'))
    await base.store.apply([{ op: 'delete', kind: 'signingKey', record }])
  const keys = await openKeys(base)
  assert.equal(keys.publicSet().keys.length, algs.length)
})

test('JK-05 ID-06 across a rotation whoever fetched the set as late as it may be cached verifies every token', async () => {
  const base = options()
  const keys = await openKeys(base)
  // A relying party that looks at the set no more often than the cache header makes it.
  let cached = keys.publicSet()
  let cachedAt = base.system.now()
  const live: { token: string; endsAt: number }[] = []
  for (let minute = 0; minute < 180; minute++) {
    if (minute === 20) await rotateKeys(base)
    await base.store.sweep(base.system.now())
    await keys.refresh()
    const now = base.system.now()
    if (now - cachedAt >= jwksCacheSeconds) {
      cached = keys.publicSet()
      cachedAt = now
    }
    for (const alg of algs)
      live.push({ token: keys.sign(alg, { typ: 'JWT' }, { exp: now + 3600 }).text, endsAt: now + 3600 })
    for (const { token, endsAt } of live) {
      if (endsAt <= now) continue
      const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as {
        kid: string
      }
      assert.ok(
        cached.keys.some(({ kid }) => kid === header.kid),
        `a token lives whose key is not in the set (minute ${minute})`,
      )
    }
    base.advance(60)
  }
  assert.equal((await base.store.list('signingKey')).length, algs.length)
})
