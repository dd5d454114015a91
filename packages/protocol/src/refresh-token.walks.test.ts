// Random walks over one family of refresh tokens: an honest client with a lossy line, a thief with copies, and time.
// Single steps are in refresh-token.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type PresentedRefreshToken, rotate } from './refresh-token.ts'
import { account, client, grant, t0 } from './testing/sample-records.ts'
import { createTinyStore } from './testing/tiny-store.ts'

const graceSeconds = 30
const idleSeconds = 1000

/** A server around the rule: tokens are their hashes here, and the successor of one follows from it. */
function createWorld() {
  const store = createTinyStore()
  store.apply([{ op: 'insert', kind: 'grant', record: grant({ version: 0 }) }])
  const issued: PresentedRefreshToken[] = [{ hash: 'first', generation: 1 }]
  const stored = () => {
    const record = store.get('grant', 'grant-1')
    assert.ok(record)
    return record
  }

  /** What a client is told: its new token, or undefined for invalid_grant. */
  function refresh(presented: PresentedRefreshToken, now: number, clientId = client.id) {
    const before = stored()
    const caller = { presented, clientId, jkt: null, account: account() }
    const successorHash = `after ${presented.hash}`
    const result = rotate(before, { ...caller, now, graceSeconds, idleSeconds, successorHash })
    assert.equal(store.apply(result.writes), 'applied')
    if (result.outcome === 'refused') return { outcome: result.refusal.reason, token: undefined }
    const { refresh: family } = stored()
    assert.ok(family)
    const token = { hash: family.hash, generation: family.generation }
    if (result.outcome === 'rotated') issued.push(token)
    else assert.equal(successorHash, token.hash, 'a replay gives the only live token')
    return { outcome: result.outcome, token }
  }
  return { refresh, stored, issued }
}

/** The tokens that would still move the family if they were presented now. */
function rotatable(world: ReturnType<typeof createWorld>, now: number) {
  return world.issued.filter((presented) => {
    const event = {
      presented,
      clientId: client.id,
      jkt: null,
      account: account(),
      now,
      graceSeconds,
      idleSeconds,
      successorHash: 'x',
    }
    return rotate(world.stored(), event).outcome === 'rotated'
  })
}

const pause = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 400 }))

test('RT-02 RT-03 RT-07 whatever is presented by whomever, at most one token of the family is live', () => {
  const step = fc.record({ pause, which: fc.nat(), foreign: fc.constantFrom(false, false, false, true) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (walk) => {
      const world = createWorld()
      let now = t0
      for (const { pause, which, foreign } of walk) {
        now += pause
        const before = world.stored()
        // Mostly the newest few: only they lead anywhere.
        const presented = world.issued.at(-1 - (which % 4)) ?? world.issued[0]
        assert.ok(presented)
        const { outcome } = world.refresh(presented, now, foreign ? 'other' : client.id)
        const after = world.stored()
        const live = rotatable(world, now)
        assert.ok(live.length <= 1)
        if (live.length === 1) assert.equal(live[0]?.hash, after.refresh?.hash)
        if (foreign || before.revokedAt !== null) assert.deepEqual(after, before)
        if (after.revokedAt !== null) assert.equal(live.length, 0)
        assert.ok((after.refresh?.idleExpiresAt ?? 0) <= after.expiresAt)
        assert.ok((after.refresh?.generation ?? 99) >= (before.refresh?.generation ?? 0))
        if (outcome === 'rotated') assert.ok(now < before.expiresAt && before.revokedAt === null)
      }
    }),
    { numRuns: 500 },
  )
})

test('RT-04 a lost answer never ends a grant: the client asks again with the same token inside grace', () => {
  const step = fc.record({
    pause: fc.integer({ min: 0, max: 400 }),
    // How often the answer is lost, and how long the client waits before it asks again.
    retries: fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 4 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12, size: 'max' }), (walk) => {
      const world = createWorld()
      let now = t0
      let mine = world.issued[0]
      for (const { pause, retries } of walk) {
        now += pause
        assert.ok(mine)
        let answer = world.refresh(mine, now)
        for (const wait of retries) {
          now += wait
          answer = world.refresh(mine, now)
        }
        if (now >= world.stored().expiresAt) return
        assert.ok(answer.token, answer.outcome)
        mine = answer.token
        assert.equal(world.stored().revokedAt, null)
      }
    }),
    { numRuns: 500 },
  )
})

test('RT-03 whoever replays a rotated token after grace ends the grant, thief or owner', () => {
  const scene = fc.record({
    stolenAt: fc.integer({ min: 0, max: 5 }),
    uses: fc.integer({ min: 1, max: 6 }),
    wait: fc.integer({ min: graceSeconds + 1, max: 150 }),
  })
  fc.assert(
    fc.property(scene, ({ stolenAt, uses, wait }) => {
      const world = createWorld()
      let now = t0
      let owner = world.issued[0]
      for (let i = 0; i < stolenAt; i += 1) {
        assert.ok(owner)
        now += 60
        owner = world.refresh(owner, now).token
      }
      assert.ok(owner)
      const copy = owner
      // One of the two, it does not matter which, goes on alone; then the other comes with the token that both had.
      let ahead: PresentedRefreshToken | undefined = copy
      for (let i = 0; i < uses; i += 1) {
        assert.ok(ahead)
        now += 60
        ahead = world.refresh(ahead, now).token
      }
      now += wait
      const { outcome } = world.refresh(copy, now)
      assert.equal(outcome, 'refresh_token_reused')
      assert.equal(world.stored().revokedFor, 'reuse')
      assert.ok(ahead)
      assert.equal(world.refresh(ahead, now + 1).outcome, 'grant_revoked', 'and nobody goes on')
    }),
  )
})

test('RT-03 a thief inside grace only joins the family: the first use that differs after grace ends it', () => {
  const world = createWorld()
  const [first] = world.issued
  assert.ok(first)
  const owner = world.refresh(first, t0 + 10).token
  const thief = world.refresh(first, t0 + 20).token
  assert.deepEqual(thief, owner)
  assert.ok(owner && thief)
  assert.equal(world.refresh(thief, t0 + 100).outcome, 'rotated')
  assert.equal(world.refresh(owner, t0 + 200).outcome, 'refresh_token_reused')
})
