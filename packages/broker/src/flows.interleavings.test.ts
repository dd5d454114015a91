// Must hold 2: every order in which an answer, a cancel, the end of the time, a failing store, a restart and a second node can meet,
// stopped at every await. A cancelled or expired flow never leaves a credential; a success is never lost.
// Not here: how the orders are tried (testing/interleavings.ts), single cases in words (flows.test.ts, worker.test.ts).

import assert from 'node:assert/strict'
import { hash, randomInt } from 'node:crypto'
import { test } from 'node:test'
import { type Check, explore, type Scenario, sample } from './testing/interleavings.ts'

type Ends = { readonly ends: readonly string[] }

const scenarios: readonly (Scenario & Ends)[] = [
  { nodes: 1, ends: ['success'] },
  { nodes: 1, faults: 2, ends: ['success'] },
  { nodes: 1, cancels: 1, ends: ['cancelled', 'success'] },
  { nodes: 1, cancels: 2, ends: ['cancelled', 'success'] },
  { nodes: 1, expiries: 1, ends: ['expired', 'success'] },
  { nodes: 1, restarts: 2, ends: ['expired', 'success'] },
  { nodes: 1, cancels: 1, expiries: 1, ends: ['cancelled', 'expired', 'success'] },
  { nodes: 1, cancels: 1, faults: 1, ends: ['cancelled', 'success'] },
  { nodes: 1, cancels: 1, restarts: 1, ends: ['cancelled', 'expired', 'success'] },
  { nodes: 1, expiries: 1, faults: 1, ends: ['expired', 'success'] },
  { nodes: 1, expiries: 1, restarts: 1, ends: ['expired', 'success'] },
  { nodes: 1, faults: 1, restarts: 1, ends: ['expired', 'success'] },
  { nodes: 2, cancels: 1, ends: ['cancelled', 'success'] },
  { nodes: 2, expiries: 1, ends: ['expired', 'success'] },
  { nodes: 2, faults: 1, ends: ['success'] },
  { nodes: 2, restarts: 1, ends: ['expired', 'success'] },
  { nodes: 2, pauses: 1, ends: ['expired', 'success'] },
  { nodes: 1, steps: 2, faults: 1, ends: ['success'] },
  { nodes: 1, steps: 2, cancels: 1, ends: ['cancelled', 'success'] },
  { nodes: 1, steps: 2, restarts: 1, ends: ['expired', 'success'] },
  { nodes: 2, steps: 2, faults: 1, ends: ['success'] },
  { nodes: 2, steps: 2, expiries: 1, ends: ['expired', 'success'] },
]

for (const { ends, ...scenario } of scenarios)
  test(`S3-1 S3-3 every interleaving of ${JSON.stringify(scenario)}`, async (t) => {
    const explored = await explore(scenario, checkPlace(scenario), checkEnd(scenario))
    t.diagnostic(`${explored.runs} runs, ${JSON.stringify([...explored.ends])}`)
    assert.deepEqual([...explored.ends.keys()].toSorted(), ends)
  })

const all = ['cancelled', 'expired', 'success']
const large: readonly (Scenario & Ends & { readonly runs: number })[] = [
  { nodes: 1, cancels: 1, expiries: 1, faults: 2, restarts: 1, runs: 600, ends: all },
  { nodes: 2, cancels: 1, expiries: 1, faults: 2, restarts: 1, runs: 600, ends: all },
  { nodes: 3, steps: 2, cancels: 2, expiries: 1, pauses: 1, faults: 1, restarts: 2, runs: 600, ends: all },
]

for (const { ends: wanted, ...scenario } of large)
  test(`S3-1 S3-3 interleavings drawn from ${JSON.stringify(scenario)}`, async (t) => {
    const seed = randomInt(2 ** 31)
    t.diagnostic(`seed ${seed}`)
    const { ends, runs } = await sample(
      { ...scenario, ends: wanted },
      numbers(seed),
      checkPlace(scenario),
      checkEnd(scenario),
    )
    t.diagnostic(`${runs} runs, ${JSON.stringify([...ends])}`)
    assert.deepEqual([...ends.keys()].toSorted(), wanted, `seed ${seed}`)
  })

/** Numbers that the seed determines, so that a failure can be seen again. */
function numbers(seed: number): (below: number) => number {
  let count = 0
  return (below) => {
    count += 1
    return hash('sha256', `${seed} ${count}`, 'buffer').readUInt32BE() % below
  }
}

function checkPlace({ pauses = 0 }: Scenario): Check {
  return ({ now, polling, cancelled }, told) => {
    const { flow, connections } = now
    if (flow.state !== 'success') assert.equal(connections.length, 0, `a flow that was none: ${told}`)
    else if (flow.delivery === null) assert.equal(connections.length, 1, `said before it is there: ${told}`)
    if (pauses === 0) assert.ok(polling() <= 1, `two ask at once: ${told}`)
    for (const answer of cancelled)
      if (answer !== undefined && !(answer instanceof Error) && answer.state !== 'pending')
        assert.equal(flow.state, answer.state, `a cancel was answered with what is not so: ${told}`)
  }
}

function checkEnd(scenario: Scenario): Check {
  const { cancels = 0, expiries = 0, restarts = 0, faults = 0, pauses = 0 } = scenario
  return ({ now, given, revoked, dead, connected }, told) => {
    const { flow, connections } = now
    if (flow.state === 'success') {
      assert.deepEqual(
        [connections.length, connections[0]?.id, flow.delivery],
        [1, flow.connectionId, null],
        told,
      )
      assert.deepEqual(revoked, [], `a success was revoked: ${told}`)
      if (restarts + faults === 0) assert.equal(connected(), 1, told)
    } else {
      assert.deepEqual([connections.length, connected()], [0, 0], told)
      for (const { tokens, node } of given)
        assert.ok(dead.has(node) || revoked.includes(tokens), `what came too late was not revoked: ${told}`)
    }
    // A node that sleeps through its whole claim may lose to one that took over meanwhile; then what it had is revoked.
    if (cancels + expiries + restarts + pauses === 0)
      assert.equal(flow.state, 'success', `a success was lost: ${told}`)
  }
}
