// What ends a grant, what may be changed on it, and that no revocation is ever forgotten.
// What a revoked grant means for its tokens is in access-token.test.ts and refresh-token.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isLive, rename, revoke, revokeAccessToken, revokedTokenId } from './grant.ts'
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

/** A grant with the revocations that are remembered beside it, under the ids by which they are found again. */
interface Remembered {
  readonly record: Grant
  readonly spent: ReadonlyMap<string, number>
}

function revoked({ record, spent }: Remembered, writes: readonly Write[]): Remembered {
  const marks = writes.flatMap((write) =>
    write.op === 'insert' && write.kind === 'spent' ? [write.record] : [],
  )
  const rest = writes.filter((write) => write.op !== 'insert')
  assert.ok(marks.every(({ id }) => !spent.has(id)))
  return {
    record: after(record, rest),
    spent: new Map([...spent, ...marks.map(({ id, expiresAt }) => [id, expiresAt] as const)]),
  }
}

const untouched: Remembered = { record: grant(), spent: new Map() }

test('RV-08 revoking an access token leaves the grant and its refresh token alive', () => {
  const { record, spent } = revoked(
    untouched,
    revokeAccessToken(grant(), { jti: 'a', expiresAt: t0 + 600 }, t0),
  )
  assert.deepEqual([...spent], [[revokedTokenId('a'), t0 + 600]])
  assert.deepEqual(record, { ...grant(), tokensRevokedUntil: t0 + 600, version: 2 })
  assert.ok(isLive(record, account(), t0))
})

test('RV-03 an access token that is over, or of an ended grant, needs no write', () => {
  const ended = after(grant(), revoke(grant(), 'person', t0))
  assert.deepEqual(revokeAccessToken(ended, { jti: 'a', expiresAt: t0 + 600 }, t0 + 1), [])
  assert.deepEqual(revokeAccessToken(grant(), { jti: 'a', expiresAt: t0 }, t0), [])
})

test('RV-08 RV-10 however many of its access tokens are revoked, the grant lives on and grows by nothing', () => {
  let now = untouched
  for (let i = 0; i < 500; i++)
    now = revoked(now, revokeAccessToken(now.record, { jti: `jti-${i}`, expiresAt: t0 + 600 }, t0))
  assert.deepEqual({ ...now.record, version: 0 }, { ...grant(), tokensRevokedUntil: t0 + 600, version: 0 })
  assert.equal(now.spent.size, 500)
})

test('RV-10 no walk forgets a revocation while its token could still be used', () => {
  const step = fc.record({ pause: fc.integer({ min: 0, max: 40 }), life: fc.integer({ min: 1, max: 100 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (walk) => {
      let state = untouched
      let now = t0
      for (const [index, { pause, life }] of walk.entries()) {
        now += pause
        const token = { jti: `jti-${index}`, expiresAt: now + life }
        state = revoked(state, revokeAccessToken(state.record, token, now))
        // As long as one of them would live, the grant says that there is something to look for.
        for (const expiresAt of state.spent.values())
          assert.ok(now >= expiresAt || now < state.record.tokensRevokedUntil)
        assert.equal(state.spent.size, index + 1)
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
