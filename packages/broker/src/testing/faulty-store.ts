// A store that fails when a test says so, before it does what it is asked or after it has done it. Not for production.
// A process that dies instead is ../renewal.deaths.test.ts.

import { StoreUnavailable } from '../errors.ts'
import type { BrokerStore } from '../store.ts'

export type Operation = 'find lease' | 'put lease' | 'find connection' | 'put connection'

export interface FaultyStore {
  readonly store: BrokerStore
  /** The next so many fail; with `done`, after they have been done; `skip` are let through before. */
  fail(operation: Operation, times: number, how?: { readonly done?: boolean; readonly skip?: number }): void
}

export function faultyStore(store: BrokerStore): FaultyStore {
  const faults = new Map<Operation, { times: number; skip: number; done: boolean }>()

  async function through<Result>(operation: Operation, work: () => Promise<Result>): Promise<Result> {
    const fault = faults.get(operation)
    if (fault === undefined || fault.skip-- > 0 || fault.times-- <= 0) return work()
    if (fault.done) await work()
    throw new StoreUnavailable('The store does not answer.')
  }

  const { leases, connections } = store
  return {
    fail: (operation, times, { done = false, skip = 0 } = {}) =>
      void faults.set(operation, { times, skip, done }),
    store: {
      ...store,
      leases: {
        find: (id) => through('find lease', () => leases.find(id)),
        put: (lease) => through('put lease', () => leases.put(lease)),
      },
      connections: {
        ...connections,
        find: (id) => through('find connection', () => connections.find(id)),
        put: (connection) => through('put connection', () => connections.put(connection)),
      },
    },
  }
}
