// Rotation, replay inside the grace window, reuse after it, foreign clients, and the ends of a family, step by step.
// Honest clients and thieves in random order are in refresh-token.walks.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Grant } from './records.ts'
import { type RotateEvent, rotate } from './refresh-token.ts'
import { speakRefusal } from './refusal.ts'
import { account, client, grant, t0 } from './testing/sample-records.ts'

const first = { hash: 'first', generation: 1 }

function event(changes: Partial<RotateEvent> = {}): RotateEvent {
  return {
    presented: first,
    clientId: client.id,
    jkt: null,
    account: account(),
    now: t0 + 100,
    graceSeconds: 30,
    idleSeconds: 1000,
    successorHash: 'second',
    ...changes,
  }
}

function rotatedGrant(changes: Partial<RotateEvent> = {}): Grant {
  const result = rotate(grant(), event(changes))
  assert.ok(result.outcome === 'rotated')
  return result.grant
}

function refusal(record: Grant | undefined, changes: Partial<RotateEvent> = {}) {
  const result = rotate(record, event({ successorHash: 'third', ...changes }))
  assert.ok(result.outcome === 'refused', result.outcome)
  return { ...result, error: speakRefusal(result.refusal).error, reason: result.refusal.reason }
}

test('RT-02 every use rotates: one write, the next generation, the old token remembered as the one before', () => {
  const result = rotate(grant({ version: 9 }), event())
  assert.ok(result.outcome === 'rotated')
  assert.deepEqual(result.writes, [{ op: 'update', kind: 'grant', record: result.grant }])
  assert.equal(result.grant.version, 9)
  assert.equal(result.grant.lastUsedAt, t0 + 100)
  assert.deepEqual(result.grant.refresh, {
    hash: 'second',
    generation: 2,
    idleExpiresAt: t0 + 1100,
    previous: { hash: 'first', rotatedAt: t0 + 100 },
  })
})

test('RT-05 RT-06 RT-10 rotation leaves what was granted, and the login behind it, as they were', () => {
  const { lastUsedAt: _used, refresh: _refresh, ...kept } = rotatedGrant()
  const { lastUsedAt: _before, refresh: _family, ...granted } = grant()
  assert.deepEqual(kept, granted)
})

test('RT-04 a replay inside the grace window gets the same successor and moves nothing', () => {
  const after = rotatedGrant()
  for (const seconds of [0, 1, 29, 30]) {
    const result = rotate(after, event({ now: t0 + 100 + seconds }))
    assert.deepEqual(result, { outcome: 'replayed', grant: after, writes: [] })
  }
})

test('RT-03 a replay after the grace window ends the grant, with all of its tokens', () => {
  for (const seconds of [30.001, 31, 900]) {
    const { reason, error, writes } = refusal(rotatedGrant(), { now: t0 + 100 + seconds })
    assert.deepEqual([reason, error], ['refresh_token_reused', 'invalid_grant'])
    const [write] = writes
    assert.ok(write?.op === 'update' && write.kind === 'grant')
    assert.deepEqual([write.record.revokedFor, write.record.refresh], ['reuse', null])
    assert.equal(write.record.revokedAt, t0 + 100 + seconds)
  }
})

test('RT-04 with a grace of zero there is none, not even within the same second', () => {
  const { reason, writes } = refusal(rotatedGrant(), { graceSeconds: 0 })
  assert.equal(reason, 'refresh_token_reused')
  assert.equal(writes.length, 1)
})

test('RT-04 a clock set back does not stretch the grace window; a node slightly behind is inside it', () => {
  const after = rotatedGrant()
  assert.equal(rotate(after, event({ now: t0 + 98 })).outcome, 'replayed')
  assert.equal(refusal(after, { now: t0 + 100 - 3600 }).reason, 'refresh_token_reused')
})

test('RT-03 RT-04 grace is for the token just before: an older one ends the grant even at once', () => {
  const second = { hash: 'second', generation: 2 }
  const twice = rotate(rotatedGrant(), event({ presented: second, successorHash: 'third' }))
  assert.ok(twice.outcome === 'rotated')
  const { reason, writes } = refusal(twice.grant)
  assert.equal(reason, 'refresh_token_reused')
  assert.equal(writes.length, 1)
})

test('RT-01 a foreign client gets invalid_grant for every token and ends nothing', () => {
  const after = rotatedGrant()
  for (const presented of [
    first,
    { hash: 'second', generation: 2 },
    { hash: 'old', generation: 1 },
    { hash: 'new', generation: 3 },
  ]) {
    const { reason, error, writes } = refusal(after, { presented, clientId: 'other', now: t0 + 900 })
    assert.deepEqual([reason, error, writes], ['refresh_token_foreign', 'invalid_grant', []])
  }
})

test('RT-09 a family that is bound to a key moves with that key only, in and after the grace, and a thief ends nothing', () => {
  const bound = grant({ jkt: 'key-1' })
  const after = rotate(bound, event({ jkt: 'key-1' }))
  assert.ok(after.outcome === 'rotated')
  assert.equal(after.grant.jkt, 'key-1')
  for (const jkt of [null, 'key-2']) {
    for (const [record, now] of [
      [bound, t0 + 100],
      [after.grant, t0 + 110],
      [after.grant, t0 + 900],
    ] as const) {
      const { reason, error, writes } = refusal(record, { jkt, now })
      assert.deepEqual([reason, error, writes], ['dpop_key_mismatch', 'invalid_grant', []])
    }
  }
  assert.equal(rotate(after.grant, event({ jkt: 'key-1', now: t0 + 110 })).outcome, 'replayed')
  assert.equal(refusal(after.grant, { jkt: 'key-1', now: t0 + 900 }).reason, 'refresh_token_reused')
})

test('RT-09 a family that is bound to no key moves with any, and stays unbound', () => {
  assert.equal(rotatedGrant({ jkt: 'key-1' }).jkt, null)
})

test('RT-07 a family is over at its idle end and at its absolute end, to the second', () => {
  const table: [number, string][] = [
    [t0 + 999, 'rotated'],
    [t0 + 1000, 'refused'],
    [t0 + 1001, 'refused'],
  ]
  for (const [now, outcome] of table) {
    const result = rotate(grant(), event({ now }))
    assert.equal(result.outcome, outcome)
    if (result.outcome === 'refused') {
      assert.deepEqual(result.refusal, { reason: 'refresh_token_expired', grantId: 'grant-1' })
      assert.deepEqual(result.writes, [])
    }
  }
  const old = grant({
    refresh: { hash: 'first', generation: 1, idleExpiresAt: t0 + 9000, previous: null },
  })
  assert.equal(rotate(old, event({ now: t0 + 4999 })).outcome, 'rotated')
  assert.equal(refusal(old, { now: t0 + 5000 }).reason, 'refresh_token_expired')
})

test('RT-07 sliding use never passes the absolute end', () => {
  assert.equal(rotatedGrant({ idleSeconds: 1_000_000 }).refresh?.idleExpiresAt, t0 + 5000)
})

test('RT-07 not even a replay in grace outlives the family', () => {
  const short = rotatedGrant({ idleSeconds: 10 })
  assert.equal(refusal(short, { now: t0 + 110 }).reason, 'refresh_token_expired')
})

test('RT-08 a revoked grant, a missing or disabled account, and the account of somebody else refresh nothing', () => {
  const ended: [Grant, Partial<RotateEvent>][] = [
    [grant({ revokedAt: t0, revokedFor: 'person', refresh: null }), {}],
    [grant({ refresh: null }), {}],
    [grant(), { account: undefined }],
    [grant(), { account: account({ disabledAt: t0 + 99 }) }],
    [grant(), { account: account({ id: 'usr_eve' }) }],
    [rotatedGrant(), { account: account({ disabledAt: t0 + 99 }) }],
  ]
  for (const [record, changes] of ended) {
    const { reason, error, writes } = refusal(record, changes)
    assert.deepEqual([reason, error, writes], ['grant_revoked', 'invalid_grant', []])
  }
})

test('RT-01 a token of no grant is unknown', () => {
  assert.equal(refusal(undefined).reason, 'refresh_token_unknown')
})

test('RT-03 a token newer than what is stored tells of a restored backup, not of theft', () => {
  const { reason, writes } = refusal(grant(), { presented: { hash: 'lost', generation: 2 } })
  assert.deepEqual([reason, writes], ['refresh_token_unknown', []])
})

test('RT-03 a token of the same generation that is not the stored one is a reuse', () => {
  assert.equal(
    refusal(grant(), { presented: { hash: 'other', generation: 1 } }).reason,
    'refresh_token_reused',
  )
})

test('RT-02 twenty refreshes of one token inside grace: one rotates, all get the same successor', () => {
  let stored = grant()
  const outcomes: string[] = []
  for (let i = 0; i < 20; i += 1) {
    const result = rotate(stored, event({ now: t0 + 100 + i }))
    assert.ok(result.outcome !== 'refused')
    stored = result.grant
    outcomes.push(result.outcome)
  }
  assert.deepEqual(outcomes, ['rotated', ...Array(19).fill('replayed')])
  assert.equal(stored.refresh?.hash, 'second')
})
