// The memory store as the model of every other one: the same random steps are taken in both, and both must give the same answers
// and hold the same records. Single cases with names are in ../stores/contract.ts. Not for production.

import assert from 'node:assert/strict'
import { type Flow, slotOf } from '../flow.ts'
import type { BrokerStore } from '../store.ts'
import { memoryStore } from '../stores/memory.ts'
import { sampleFlow, sampleLease, sampleStored } from './samples.ts'

/** Each step is some numbers that say what it is. Plain numbers shrink well. */
export type Steps = readonly (readonly number[])[]

/** For `store`, which is empty. Checks one sequence of steps; the next one goes on where it ended, in both. */
export function besideMemory(store: BrokerStore): (steps: Steps) => Promise<void> {
  const model = memoryStore()
  return async (steps) => {
    for (const step of steps) assert.deepEqual(await take(store, step), await take(model, step))
    assert.deepEqual(await everythingIn(store), await everythingIn(model))
  }
}

// A few ids, persons, versions and times, so that a random sequence meets itself.
const persons = ['ada', 'bob'] as const
const providers = ['github', 'gitlab'] as const
const states = ['pending', 'pending', 'denied', 'success'] as const

function take(
  store: BrokerStore,
  [what = 0, a = 0, b = 0, c = 0, d = 0, e = 0]: readonly number[],
): Promise<unknown> {
  switch (what % 8) {
    case 0:
      return store.sweep(301 + (a % 3))
    case 1:
      return store.leases.put(
        sampleLease({ version: 1 + (a % 3), until: 1, sent: b % 2 === 0 ? null : 'digest' }),
      )
    case 2:
      return store.connections.put(sampleStored({ version: 1 + (a % 3), facts: `${b}` }))
    case 3:
      return store.connections.remove('connection-1', 1 + (a % 3))
    default:
      return store.flows.put(flowOf(a, b, c, d, e))
  }
}

function flowOf(a: number, b: number, c: number, d: number, e: number): Flow {
  return sampleFlow({
    id: `flow ${a % 4}`,
    version: 1 + (b % 4),
    person: persons[c % 2] ?? '',
    provider: providers[(c >> 1) % 2] ?? '',
    state: states[d % 4] ?? 'pending',
    delivery: (d >> 2) % 3 === 0 ? 'sealed' : null,
    dueAt: [null, 1, 2.5, 3.5][e % 4] ?? null,
    updatedAt: 1 + ((e >> 2) % 3),
  })
}

async function everythingIn(store: BrokerStore) {
  const byId = <Kept extends { readonly id: string }>(all: readonly Kept[]) =>
    all.toSorted((a, b) => a.id.localeCompare(b.id))
  return {
    ada: byId(await store.flows.ofPerson('ada')),
    bob: byId(await store.flows.ofPerson('bob')),
    due: byId(await store.flows.due(3, 100)),
    nextDue: await store.flows.nextDue(),
    slot: await store.flows.inSlot(slotOf({ state: 'pending', person: 'ada', provider: 'github' }) ?? ''),
    lease: await store.leases.find('connection-1'),
    connections: await store.connections.ofPerson('ada'),
  }
}
