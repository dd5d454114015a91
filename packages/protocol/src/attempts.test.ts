// Guess budgets: never more tries than the documented bound, a retry-after that is true, and clocks that disagree.
// How large the budgets must be for user codes is in user-code.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Budget, giveBack, spend } from './attempts.ts'
import type { Attempts, Write } from './records.ts'
import { t0 } from './testing/sample-records.ts'

const five: Budget = { limit: 5, windowSeconds: 60 }

/** One budget behind a store: spends, and gives the seconds to wait when it may not. */
function createAccountOf(budget: Budget) {
  let record: Attempts | undefined
  const apply = (writes: readonly Write[]) => {
    for (const write of writes) {
      assert.ok(write.op !== 'notify' && write.kind === 'attempts')
      assert.equal(write.op, record === undefined ? 'insert' : 'update')
      assert.equal(write.record.version, record?.version ?? 0)
      record = { ...write.record, version: write.record.version + 1 }
    }
  }
  return {
    /** 0 when the try was allowed. */
    spend(now: number): number {
      const spent = spend(record, 'id', budget, now)
      apply(spent.writes)
      return spent.allowed ? 0 : spent.retryAfterSeconds
    },
    wouldAllow: (now: number) => spend(record, 'id', budget, now).allowed,
    giveBack: () => apply(giveBack(record)),
    get record() {
      return record
    },
  }
}

test('DV-03 the limit is reached at once and no further', () => {
  for (const limit of [1, 2, 5, 10, 20]) {
    const tries = createAccountOf({ limit, windowSeconds: 3600 })
    for (let i = 0; i < limit; i += 1) assert.equal(tries.spend(t0), 0, `try ${i + 1} of ${limit}`)
    assert.ok(tries.spend(t0) > 0)
  }
})

test('DV-03 a budget of zero allows nothing and still names a wait', () => {
  const tries = createAccountOf({ limit: 0, windowSeconds: 60 })
  for (const at of [t0, t0 + 60, t0 + 3600]) assert.equal(tries.spend(at), 60)
})

test('DV-03 the first try writes a record that lives until it can no longer matter', () => {
  const spent = spend(undefined, 'code:203.0.113.7', five, t0)
  assert.deepEqual(spent, {
    allowed: true,
    writes: [
      {
        op: 'insert',
        kind: 'attempts',
        record: {
          id: 'code:203.0.113.7',
          version: 0,
          windowStartedAt: t0,
          count: 1,
          previousCount: 0,
          expiresAt: t0 + 120,
        },
      },
    ],
  })
})

test('DV-03 a refused try costs nothing: hammering does not lengthen the wait', () => {
  const tries = createAccountOf(five)
  for (let i = 0; i < 5; i += 1) tries.spend(t0)
  const version = tries.record?.version
  const wait = tries.spend(t0)
  for (let second = 1; second < wait; second += 1) assert.equal(tries.spend(t0 + second), wait - second)
  assert.equal(tries.record?.version, version)
  assert.equal(tries.spend(t0 + wait), 0)
})

test('DV-03 retry-after over two windows, second by second', () => {
  // Five at t0: at t0 + 60 they still weigh 5; a try is free when they weigh 4, a fifth of the window later.
  const tries = createAccountOf(five)
  for (let i = 0; i < 5; i += 1) tries.spend(t0)
  assert.equal(tries.spend(t0), 72)
  assert.equal(tries.spend(t0 + 71), 1)
  assert.equal(tries.spend(t0 + 72), 0)
  assert.equal(tries.spend(t0 + 72), 12)
  assert.equal(tries.spend(t0 + 84), 0)
})

const anyBudget = fc.record({
  limit: fc.integer({ min: 1, max: 30 }),
  windowSeconds: fc.constantFrom(1, 7, 60, 600, 3600),
})
// Pauses in thousandths of a window, many of them none, so that bursts and edges both happen.
const pauses = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2500 })), {
  maxLength: 150,
  size: 'max',
})

test('DV-03 no span of a window sees twice the limit, and many windows see the limit for each', () => {
  fc.assert(
    fc.property(anyBudget, pauses, (budget, walk) => {
      const { limit, windowSeconds } = budget
      const tries = createAccountOf(budget)
      const allowed: number[] = []
      let now = t0
      for (const pause of walk) {
        now += Math.round((pause * windowSeconds) / 1000)
        if (tries.spend(now) === 0) allowed.push(now)
      }
      for (const [index, from] of allowed.entries()) {
        const within = allowed.slice(index).filter((at) => at < from + windowSeconds).length
        assert.ok(within < 2 * limit, `${within} in one window`)
        const elapsed = Math.floor((now - from) / windowSeconds) + 1
        assert.ok(allowed.length - index <= (elapsed + 1) * limit)
      }
    }),
    { numRuns: 300 },
  )
})

test('DV-03 the bound is reached where all tries come at the end of a window, and only there', () => {
  const tries = createAccountOf({ limit: 10, windowSeconds: 3600 })
  assert.equal(tries.spend(t0), 0)
  // Two windows later nothing of that counts, but the windows still begin where the first one did.
  const late = t0 + 3 * 3600 - 1
  let allowed = 0
  for (let at = late; at < late + 3600; at += 1) while (tries.spend(at) === 0) allowed += 1
  assert.equal(allowed, 19)
})

test('DV-03 G-14 retry-after is true: that long frees a try, a second less does not', () => {
  fc.assert(
    fc.property(anyBudget, pauses, (budget, walk) => {
      const tries = createAccountOf(budget)
      let now = t0
      for (const pause of walk) {
        now += Math.round((pause * budget.windowSeconds) / 1000)
        const wait = tries.spend(now)
        if (wait === 0) continue
        assert.ok(Number.isInteger(wait) && wait >= 1 && wait <= 2 * budget.windowSeconds)
        assert.ok(tries.wouldAllow(now + wait), `after ${wait} s`)
        assert.ok(wait === 1 || !tries.wouldAllow(now + wait - 1), `already after ${wait - 1} s`)
      }
    }),
    { numRuns: 300 },
  )
})

test('DV-03 a right guess gives its try back, one wrong one is not paid for by it', () => {
  const tries = createAccountOf(five)
  for (let i = 0; i < 100; i += 1) {
    assert.equal(tries.spend(t0), 0, 'right ones can be entered for ever')
    tries.giveBack()
  }
  for (let i = 0; i < 5; i += 1) assert.equal(tries.spend(t0), 0)
  assert.ok(tries.spend(t0) > 0)
})

test('DV-03 nothing is given back where nothing was spent', () => {
  assert.deepEqual(giveBack(undefined), [])
  const tries = createAccountOf(five)
  tries.spend(t0)
  tries.giveBack()
  tries.giveBack()
  assert.equal(tries.record?.count, 0)
})

test('DV-03 parallel guesses cannot outrun the count: each names the version it saw', () => {
  const tries = createAccountOf(five)
  tries.spend(t0)
  const both = [spend(tries.record, 'id', five, t0), spend(tries.record, 'id', five, t0)]
  assert.deepEqual(both[0], both[1], 'a store lets one of two equal versions through')
})

test('DV-03 a clock set back far starts over instead of locking out', () => {
  const tries = createAccountOf(five)
  for (let i = 0; i < 5; i += 1) tries.spend(t0)
  assert.equal(tries.spend(t0 - 86_400), 0)
})

test('DV-03 a node whose clock is a little behind gives no second helping', () => {
  const tries = createAccountOf(five)
  for (let i = 0; i < 5; i += 1) tries.spend(t0)
  for (const behind of [0.001, 1, 5, 59, 60]) {
    const wait = tries.spend(t0 - behind)
    assert.ok(wait > 0, `${behind} s behind`)
    assert.ok(tries.wouldAllow(t0 - behind + wait))
  }
})

test('DV-03 clocks that jump never lock anybody out for longer than three windows', () => {
  const jump = fc.integer({ min: -100_000, max: 100_000 })
  fc.assert(
    fc.property(anyBudget, fc.array(jump, { maxLength: 60, size: 'max' }), (budget, jumps) => {
      const tries = createAccountOf(budget)
      let now = t0
      for (const by of jumps) {
        now += by
        const wait = tries.spend(now)
        assert.ok(wait <= 3 * budget.windowSeconds + 1)
        if (wait > 0) assert.ok(tries.wouldAllow(now + wait))
      }
    }),
    { numRuns: 200 },
  )
})
