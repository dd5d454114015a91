// The order in which flows are due, against a list that is sorted anew each time. What stores do with it is stores/contract.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dueOrder } from './due-order.ts'

const ids = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
const times = fc.integer({ min: 0, max: 20 })
const steps = fc.array(
  fc.oneof(fc.record({ id: ids, dueAt: fc.option(times) }), fc.record({ now: times, limit: fc.nat(5) })),
  { maxLength: 100 },
)

test('whatever is added, moved and removed, the first are those that a sorted list begins with', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const due = new Map<string, number>()
      const order = dueOrder((id) => due.get(id))
      for (const step of all) {
        if ('limit' in step) {
          const { now, limit } = step
          const expected = [...due.values()].filter((dueAt) => dueAt <= now)
          const sorted = expected.sort((a, b) => a - b)
          const found = order.first(now, limit)
          assert.deepEqual(
            found.map((id) => due.get(id)),
            sorted.slice(0, limit),
          )
        } else if (step.dueAt === null) due.delete(step.id)
        else if (due.get(step.id) !== step.dueAt) {
          due.set(step.id, step.dueAt)
          order.add(step.id, step.dueAt)
        }
      }
    }),
    { numRuns: 500 },
  )
})
