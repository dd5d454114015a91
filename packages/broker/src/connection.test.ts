// What whoever wants a token does next, as a table, and what becomes of a lease. Walks of several who want one, of whom any may die
// at any point, are in connection.walks.test.ts.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Connection,
  endLease,
  hasTimeToAsk,
  isAlive,
  keepLease,
  leaseSeconds,
  leaveLease,
  longestRefreshSeconds,
  markSent,
  type Need,
  nextStep,
  type Seen,
  takeLease,
} from './connection.ts'
import { discoverySeconds, tokenSeconds } from './oauth-server.ts'
import { longestCallSeconds } from './parts.ts'
import { sampleConnection, sampleLease, sampleTime as start } from './testing/samples.ts'

const need: Need = { minValidity: 60, scopes: [], rejected: null }
const tokens = sampleConnection().tokens
const expiresAt = start + 3600
const digests = { accessDigest: 'access 1', refreshDigest: 'refresh 1' }

const seen = (changes: Partial<Seen> = {}, connection: Partial<Connection> = {}): Seen => ({
  connection: sampleConnection(connection),
  lease: undefined,
  ...digests,
  refreshGraceSeconds: 0,
  ...changes,
})

/** Where the access token is over. */
const late = start + 4000
const held = sampleLease({ until: late + 10 })
const dead = sampleLease({ until: late - 1 })
const sent = { sent: 'refresh 1', sentAt: late - 20 }
const lost = { do: 'connect_again', why: 'answer_lost', record: true } as const

describe('CL-09 what whoever wants a token does next', () => {
  const table: readonly (readonly [string, ReturnType<typeof nextStep>, Seen, Partial<Need>, number])[] = [
    ['a live token', { do: 'use' }, seen(), {}, start],
    ['long enough by a moment', { do: 'use' }, seen(), {}, expiresAt - 60.001],
    ['not long enough', { do: 'renew' }, seen(), {}, expiresAt - 60],
    ['over', { do: 'renew' }, seen(), {}, late],
    ['no minimum: live to the end', { do: 'use' }, seen(), { minValidity: 0 }, expiresAt - 0.001],
    ['no minimum: over at the end', { do: 'renew' }, seen(), { minValidity: 0 }, expiresAt],
    ['more than half of its life asked for: half', { do: 'use' }, seen(), { minValidity: 1e9 }, start + 1799],
    ['past half of its life', { do: 'renew' }, seen(), { minValidity: 1e9 }, start + 1800],
    [
      'CL-11 no known end',
      { do: 'use' },
      seen({}, { tokens: { ...tokens, expiresAt: null } }),
      {},
      late + 1e9,
    ],
    ['refused by the API', { do: 'renew' }, seen(), { rejected: 'access 1' }, start],
    ['another one was refused by the API', { do: 'use' }, seen(), { rejected: 'access 0' }, start],
    [
      'no known end, but refused',
      { do: 'renew' },
      seen({}, { tokens: { ...tokens, expiresAt: null } }),
      { rejected: 'access 1' },
      start,
    ],
    ['with its scopes', { do: 'use' }, seen(), { scopes: ['repo'] }, start],
    [
      'CL-18 without all of its scopes, live or not',
      { do: 'more_scopes', missing: ['gist', 'user'] },
      seen(),
      { scopes: ['gist', 'repo', 'user'] },
      late,
    ],
    [
      'CL-10 ended, whatever else is true of it',
      { do: 'connect_again', why: 'refused', record: false },
      seen({ lease: held }, { ended: 'refused' }),
      { scopes: ['gist'] },
      start,
    ],
    [
      'cannot be renewed, and is over',
      { do: 'connect_again', why: 'refused', record: true },
      seen({ refreshDigest: null }, { tokens: { ...tokens, refreshToken: null } }),
      {},
      late,
    ],
    [
      'cannot be renewed, and lives a little',
      { do: 'use' },
      seen({ refreshDigest: null }, { tokens: { ...tokens, refreshToken: null } }),
      {},
      expiresAt - 1,
    ],
    [
      'cannot be renewed, and was refused',
      { do: 'connect_again', why: 'refused', record: true },
      seen({ refreshDigest: null }, { tokens: { ...tokens, refreshToken: null } }),
      { rejected: 'access 1' },
      start,
    ],
    ['somebody is at it', { do: 'wait', until: late + 10 }, seen({ lease: held }), {}, late],
    [
      'somebody has sent it',
      { do: 'wait', until: late + 10 },
      seen({ lease: { ...held, ...sent } }),
      {},
      late,
    ],
    ['somebody is at it, but it lives', { do: 'use' }, seen({ lease: held }), {}, start],
    ['given back', { do: 'renew' }, seen({ lease: endLease(held) }), {}, late],
    ['a lease that is just over', { do: 'renew' }, seen({ lease: { ...held, until: late } }), {}, late],
    ['the holder is dead and had sent nothing', { do: 'renew' }, seen({ lease: dead }), {}, late],
    ['the holder is dead and had sent it', lost, seen({ lease: { ...dead, ...sent } }), {}, late],
    [
      'the holder is dead, had sent another one, and stored the answer',
      { do: 'renew' },
      seen({ lease: { ...dead, ...sent, sent: 'refresh 0' } }),
      {},
      late,
    ],
    [
      'the holder is dead, and it may be sent again for a while',
      { do: 'renew' },
      seen({ lease: { ...dead, ...sent }, refreshGraceSeconds: 20 }),
      {},
      late,
    ],
    ['the while is over', lost, seen({ lease: { ...dead, ...sent }, refreshGraceSeconds: 19.9 }), {}, late],
    [
      'the clock was set back since it was sent, and it may be used once',
      lost,
      seen({ lease: { ...dead, ...sent, sentAt: late + 500 } }),
      {},
      late,
    ],
    [
      'the clock was set back since, by more than it may be sent again',
      lost,
      seen({ lease: { ...dead, ...sent, sentAt: late + 500 }, refreshGraceSeconds: 60 }),
      {},
      late,
    ],
    [
      'somebody is at it whose clock is ahead by a minute',
      { do: 'wait', until: late + leaseSeconds + 60 },
      seen({ lease: { ...held, until: late + leaseSeconds + 60 } }),
      {},
      late,
    ],
    [
      'it was taken before the clock was set back: nobody waits for that',
      { do: 'renew' },
      seen({ lease: { ...held, until: late + 31_536_000 } }),
      {},
      late,
    ],
    [
      'it was sent before the clock was set back, and may be used once',
      lost,
      seen({ lease: { ...held, ...sent, sentAt: late + 31_536_000, until: late + 31_536_020 } }),
      {},
      late,
    ],
    [
      'it is never spent',
      { do: 'renew' },
      seen({ lease: { ...dead, ...sent, sentAt: 0 }, refreshGraceSeconds: Number.POSITIVE_INFINITY }),
      {},
      late,
    ],
  ]
  for (const [name, step, what, wanted, now] of table)
    test(name, () => assert.deepEqual(nextStep(what, { ...need, ...wanted }, now), step))

  test('a token that lives no longer than is asked for is used for half of its life, then renewed', () => {
    const short = seen({}, { tokens: { ...tokens, expiresAt: start + 30 } })
    assert.equal(nextStep(short, need, start + 14).do, 'use')
    assert.equal(nextStep(short, need, start + 15).do, 'renew')
    const over = seen({}, { tokens: { ...tokens, expiresAt: start - 5 } })
    assert.equal(nextStep(over, { ...need, minValidity: 0 }, start).do, 'renew')
  })
})

test('isAlive: not ended, not refused by the API, not over', () => {
  const alive = (changes: Partial<Connection>, rejected: string | null, now: number) =>
    isAlive(seen({}, changes), { rejected }, now)
  assert.equal(alive({}, null, expiresAt - 1), true)
  assert.equal(alive({}, null, expiresAt), false)
  assert.equal(alive({}, 'access 1', start), false)
  assert.equal(alive({ ended: 'refused' }, null, start), false)
  assert.equal(alive({ tokens: { ...tokens, expiresAt: null } }, null, late + 1e9), true)
})

describe('a lease', () => {
  test('counts up with every change, and keeps what was sent until it is answered', () => {
    const first = takeLease(undefined, 'c', 'one', 100)
    assert.deepEqual(first, {
      id: 'c',
      version: 1,
      holder: 'one',
      until: 100 + leaseSeconds,
      sent: null,
      sentAt: null,
    })
    const marked = markSent(first, 'r', 103)
    assert.deepEqual(marked, { ...first, version: 2, until: 103 + leaseSeconds, sent: 'r', sentAt: 103 })
    const taken = takeLease(marked, 'c', 'two', 130)
    assert.deepEqual(taken, { ...marked, version: 3, holder: 'two', until: 130 + leaseSeconds })
    assert.deepEqual(markSent(taken, 'r', 131).sentAt, 103, 'sent again: the first time counts')
    assert.deepEqual(markSent(taken, 'r2', 131).sentAt, 131)
    assert.deepEqual(keepLease(marked, 110), { ...marked, version: 3, until: 110 + leaseSeconds })
    assert.deepEqual(leaveLease(marked, 110), { ...marked, version: 3, until: 110 })
    assert.deepEqual(endLease(marked), { ...marked, version: 3, holder: null, sent: null, sentAt: null })
  })

  test('outlasts the longest answer that is waited for, and that is as long as the requests of one renewal', () => {
    assert.ok(leaseSeconds > longestRefreshSeconds)
    assert.ok(longestRefreshSeconds >= 2 * discoverySeconds + tokenSeconds)
    assert.ok(longestRefreshSeconds <= longestCallSeconds)
  })

  test('has time for asking only while the longest answer fits into it, by a clock that was not set', () => {
    const lease = takeLease(undefined, 'c', 'one', 100)
    const spare = leaseSeconds - longestRefreshSeconds
    const times = [99.9, 100, 100 + spare, 100.1 + spare, 1000]
    assert.deepEqual(
      times.map((now) => hasTimeToAsk(lease, now)),
      [false, true, true, false, false],
    )
  })
})
