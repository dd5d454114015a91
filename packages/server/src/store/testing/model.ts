// The memory store as the model of every other one: random calls of writes and sweeps go to both, and the two must give the
// same answers and hold the same records. Single cases with names are in ../contract.ts. Not for production.

import assert from 'node:assert/strict'
import type { Kind, Write } from '@countersign/protocol'
import { openMemoryStore } from '../memory.ts'
import type { Store } from '../store.ts'
import { now, sample } from './samples.ts'

// The kinds that differ: one with a unique value, one whose unique value comes and goes, one with a column, one with none.
const modelled = ['account', 'deviceAuthorization', 'grant', 'attempts'] as const

/** Calls in their order; each is some writes, each of six numbers that say what it is. Plain numbers shrink well. */
export type Calls = readonly (readonly (readonly number[])[])[]

/** Checks one sequence of calls after the other, each on records of its own. */
export async function besideMemory(store: Store): Promise<(calls: Calls) => Promise<void>> {
  const model = openMemoryStore()
  // What other tests left behind would be swept on one side only.
  await store.sweep(2 ** 52)
  let run = 0
  return async (calls) => {
    const prefix = `model ${String(++run).padStart(6, '0')}`
    for (const call of calls) {
      const [first = 0, second = 0] = call[0] ?? []
      if (first % 7 === 6) {
        assert.equal(await store.sweep(timeOf(second)), await model.sweep(timeOf(second)))
      } else {
        const writes = await Promise.all(call.map((numbers) => writeOf(model, numbers, prefix)))
        assert.equal(await store.apply(writes), await model.apply(writes))
      }
    }
    await compare(store, model, prefix)
  }
}

function timeOf(number: number): number {
  return now + 500_000_000 + (number % 5) * 1800
}

function pick<T>(from: readonly T[], number: number): T {
  return from[number % from.length] as T
}

async function writeOf(model: Store, numbers: readonly number[], prefix: string): Promise<Write> {
  const [what = 0, which = 0, value = 0, state = 0, until = 0, off = 0] = numbers
  const op = pick(['insert', 'update', 'delete', 'insert', 'update'] as const, what)
  const kind = pick(modelled, which)
  const id = `${prefix} ${(which >> 2) % 4}`
  // Mostly the version that is stored, and now and then one beside it.
  const beside = pick([0, 0, 0, 0, 1, -1], off)
  const version = op === 'insert' ? 0 : ((await model.read(kind, id))?.version ?? 0) + beside
  const pending = state % 2 === 0
  const expiresAt = timeOf(until)
  const own = `${prefix} value ${value % 4}`
  const record = {
    account: () => sample('account', { id, version, email: own }),
    deviceAuthorization: () => {
      const status = pending ? 'pending' : 'denied'
      const accountId = pending ? null : own
      return sample('deviceAuthorization', { id, version, userCodeHash: own, status, accountId, expiresAt })
    },
    grant: () =>
      sample('grant', { id, version, accountId: own, revokedAt: pending ? null : expiresAt, expiresAt }),
    attempts: () => sample('attempts', { id, version, count: value, expiresAt }),
  }[kind]()
  return { op, kind, record } as Write
}

async function compare(store: Store, model: Store, prefix: string): Promise<void> {
  const listed = async (from: Store, kind: Kind) =>
    (await from.list(kind, prefix, 10)).filter(({ id }) => id.startsWith(prefix))
  for (const kind of modelled) assert.deepEqual(await listed(store, kind), await listed(model, kind))
  for (let value = 0; value < 4; value++) {
    const own = `${prefix} value ${value}`
    const finds = (from: Store) =>
      Promise.all([
        from.find('account', 'email', own),
        from.find('deviceAuthorization', 'userCodeHash', own),
        from.find('deviceAuthorization', 'accountId', own),
        from.find('grant', 'accountId', own),
      ])
    assert.deepEqual(await finds(store), await finds(model))
  }
}
