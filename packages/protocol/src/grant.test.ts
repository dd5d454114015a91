// What ends a grant, what may be changed on it, and that no revocation is ever forgotten.
// What a revoked grant means for its tokens is in access-token.test.ts and refresh-token.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isLive, rename, revoke, revokeAccessToken } from './grant.ts'
import type { Grant, Write } from './records.ts'
import { account, grant, t0 } from './testing/sample-records.ts'

function after(before: Grant, writes: readonly Write[]): Grant {
  const [write, ...more] = writes
  assert.deepEqual(more, [])
  if (write === undefined) return before
  assert.ok(write.op === 'update' && write.kind === 'grant')
  assert.equal(write.record.version, before.version)
  return { ...write.record, version: before.version + 1 }
}

test('RV-07 revoking ends the refresh family and says when and why', () => {
  for (const why of ['person', 'client', 'reuse', 'admin'] as const) {
    const ended = after(grant(), revoke(grant(), why, t0 + 5))
    assert.deepEqual([ended.revokedAt, ended.revokedFor, ended.refresh], [t0 + 5, why, null])
    assert.equal(isLive(ended, account(), t0 + 5), false)
  }
})

test('RV-03 revoking twice writes nothing, and the first reason stays', () => {
  const ended = after(grant(), revoke(grant(), 'reuse', t0 + 5))
  assert.deepEqual(revoke(ended, 'person', t0 + 6), [])
})

test('DV-20 a device is renamed and stays otherwise as it was', () => {
  const renamed = after(grant(), rename(grant(), 'Build machine'))
  assert.deepEqual(renamed, { ...grant(), deviceName: 'Build machine', version: 2 })
})

test('RV-08 revoking an access token leaves the grant and its refresh token alive', () => {
  const changed = after(grant(), revokeAccessToken(grant(), { jti: 'a', expiresAt: t0 + 600 }, t0))
  assert.deepEqual(changed.revokedTokens, [{ jti: 'a', expiresAt: t0 + 600 }])
  assert.deepEqual(changed.refresh, grant().refresh)
  assert.ok(isLive(changed, account(), t0))
})

test('RV-03 an access token that is over, revoked already, or of an ended grant needs no write', () => {
  const once = after(grant(), revokeAccessToken(grant(), { jti: 'a', expiresAt: t0 + 600 }, t0))
  const ended = after(grant(), revoke(grant(), 'person', t0))
  assert.deepEqual(revokeAccessToken(once, { jti: 'a', expiresAt: t0 + 600 }, t0 + 1), [])
  assert.deepEqual(revokeAccessToken(ended, { jti: 'a', expiresAt: t0 + 600 }, t0 + 1), [])
  assert.deepEqual(revokeAccessToken(grant(), { jti: 'a', expiresAt: t0 }, t0), [])
})

test('RV-10 the list stays bounded: past its length the grant ends rather than a revocation be forgotten', () => {
  let record = grant()
  for (const jti of ['a', 'b', 'c'])
    record = after(record, revokeAccessToken(record, { jti, expiresAt: t0 + 600 }, t0, 3))
  assert.equal(record.revokedTokens.length, 3)
  const ended = after(record, revokeAccessToken(record, { jti: 'd', expiresAt: t0 + 600 }, t0, 3))
  assert.deepEqual([ended.revokedAt, ended.revokedFor], [t0, 'client'])
  // The same one more, when the first three are over: they make room.
  const later = after(record, revokeAccessToken(record, { jti: 'd', expiresAt: t0 + 900 }, t0 + 600, 3))
  assert.deepEqual(later.revokedTokens, [{ jti: 'd', expiresAt: t0 + 900 }])
  assert.equal(later.revokedAt, null)
})

test('RV-10 no walk forgets a revocation while its token could still be used', () => {
  const step = fc.record({ pause: fc.integer({ min: 0, max: 40 }), life: fc.integer({ min: 1, max: 100 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (walk) => {
      let record = grant()
      let now = t0
      const revoked: { jti: string; expiresAt: number }[] = []
      for (const [index, { pause, life }] of walk.entries()) {
        now += pause
        const token = { jti: `jti-${index}`, expiresAt: now + life }
        record = after(record, revokeAccessToken(record, token, now, 5))
        revoked.push(token)
        assert.ok(record.revokedTokens.length <= 5)
        const known = new Set(record.revokedTokens.map(({ jti }) => jti))
        for (const { jti, expiresAt } of revoked)
          assert.ok(now >= expiresAt || record.revokedAt !== null || known.has(jti), `${jti} was forgotten`)
      }
    }),
  )
})

test('IN-08 RT-08 a grant is live while it is neither over nor revoked and its account may be used', () => {
  const table: [Grant | undefined, Parameters<typeof isLive>[1], number, boolean][] = [
    [grant(), account(), t0, true],
    [grant(), account(), t0 + 4999, true],
    [grant(), account(), t0 + 5000, false],
    [undefined, account(), t0, false],
    [grant(), undefined, t0, false],
    [grant(), account({ disabledAt: 0 }), t0, false],
    [grant(), account({ id: 'usr_eve' }), t0, false],
    [grant({ revokedAt: 0, revokedFor: 'admin' }), account(), t0, false],
  ]
  for (const [record, owner, now, live] of table) assert.equal(isLive(record, owner, now), live)
})
