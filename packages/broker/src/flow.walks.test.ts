// Random walks through the states of a flow: nothing leaves a final state, no credential comes out of a flow that was over, and
// none is left without anybody to look at it. Every single step is a table in flow.test.ts.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  claimSeconds,
  decide,
  type Flow,
  type FlowEvent,
  intervalBounds,
  purgeAt,
  secondsLeft,
  slotOf,
} from './flow.ts'
import { sampleFlow, sampleTime as start } from './testing/samples.ts'

const shown = { kind: 'redirect', authorizationUrl: 'https://provider.example/authorize' } as const
const code = { ...sampleFlow().shown } as Extract<Flow['shown'], { kind: 'code' }>

const numbers = fc.oneof(fc.constantFrom(-1, 0, 1, 5, 30, 59, 60, 61, 901, 1e9, Number.NaN), fc.double())
const anyEvent: fc.Arbitrary<FlowEvent> = fc.oneof(
  fc.constantFrom<FlowEvent>(
    { type: 'looked_at' },
    { type: 'claimed', seconds: claimSeconds },
    { type: 'pending' },
    { type: 'trouble' },
    { type: 'further', secrets: 'more' },
    { type: 'answered', delivery: 'sealed' },
    { type: 'delivered' },
    { type: 'denied' },
    { type: 'expired' },
    { type: 'problem', problem: 'provider_refused' },
    { type: 'cancelled' },
  ),
  fc.record({ type: fc.constant('pending' as const), interval: numbers }),
  fc.record({ type: fc.constant('slow_down' as const), interval: numbers }),
  fc.record({ type: fc.constant('trouble' as const), retryAfterSeconds: numbers }),
  fc.record({
    type: fc.constant('begun' as const),
    shown: fc.constantFrom(shown, code),
    secrets: fc.constant('first'),
    interval: numbers,
    lifetime: numbers,
  }),
)
const walks = fc.array(
  fc.record({ event: anyEvent, passes: fc.constantFrom(0, 0.001, 1, 5, 29, 30, 60, 400) }),
  { maxLength: 40 },
)

/** Every step of a random walk, with what was before and what came of it. */
function walk(
  check: (step: { before: Flow; event: FlowEvent; now: number } & ReturnType<typeof decide>) => void,
): void {
  fc.assert(
    fc.property(walks, (steps) => {
      let before = sampleFlow({ shown: null, secrets: null, dueAt: start + claimSeconds })
      let now = start
      for (const { event, passes } of steps) {
        now += passes
        const decision = decide(before, event, now)
        check({ before, event, now, ...decision })
        before = decision.flow
      }
    }),
    { numRuns: 2000 },
  )
}

describe('on any walk', () => {
  test('S3-1 nothing leaves a final state, and whatever comes then is late and changes nothing', () => {
    walk(({ before, flow, late }) => {
      if (before.state === 'pending') return
      assert.equal(flow.state, before.state)
      assert.equal(flow.problem, before.problem)
      if (before.delivery !== null) return
      assert.equal(flow, before)
      assert.equal(late, true)
    })
  })

  test('S3-1 S3-3 a credential is there only from an answer in time to its delivery', () => {
    walk(({ before, event, now, flow, late }) => {
      const came = before.delivery === null && flow.delivery !== null
      const accepted = event.type === 'answered' && !late
      assert.equal(came, accepted)
      if (came) assert.ok(before.state === 'pending' && now < before.expiresAt && flow.state === 'success')
      const went = before.delivery !== null && flow.delivery === null
      assert.equal(went, event.type === 'delivered' && before.delivery !== null)
      if (flow.delivery !== null) assert.equal(flow.state, 'success')
    })
  })

  test('S3 3.2 secrets are gone in every final state', () => {
    walk(({ flow }) => assert.ok(flow.state === 'pending' || flow.secrets === null))
  })

  test('whoever is unfinished is due at some time, and not long after its end; whoever is finished never is', () => {
    walk(({ flow, now }) => {
      const unfinished = flow.state === 'pending' || flow.delivery !== null
      assert.equal(Number.isFinite(flow.dueAt), unfinished)
      if (unfinished) assert.ok((flow.dueAt ?? 0) <= Math.max(flow.expiresAt, now) + claimSeconds)
      assert.equal(purgeAt(flow) === null, unfinished)
      assert.equal(slotOf(flow) === null, flow.state !== 'pending')
    })
  })

  test('a flow that changes counts up by one, one that does not is the same; and all of it can be written down', () => {
    walk(({ before, flow }) => {
      assert.equal(flow.version, flow === before ? before.version : before.version + 1)
      assert.deepEqual(JSON.parse(JSON.stringify(flow)), flow)
    })
  })

  test('no answer makes the next question come sooner than the interval, and the interval never shrinks', () => {
    walk(({ before, event, now, flow }) => {
      if (event.type === 'begun' || flow.state !== 'pending') return
      assert.ok(flow.intervalSeconds >= before.intervalSeconds)
      assert.ok(flow.intervalSeconds >= intervalBounds.least)
      const asked = ['pending', 'slow_down', 'trouble'].includes(event.type)
      if (asked) assert.ok((flow.dueAt ?? 0) >= Math.min(now + flow.intervalSeconds, flow.expiresAt))
    })
  })

  test('no time is left to a flow beyond the fifteen minutes that a person may take', () => {
    walk(({ flow, now }) => assert.ok(secondsLeft(flow, now) <= 900))
  })
})
