// A store that lives and dies with the process: for tests, and for applications whose connections need not outlive them.
// Every record is a value that nobody changes, so none is copied.

import type { Lease } from '../connection.ts'
import { type Flow, purgeAt, slotOf } from '../flow.ts'
import type { BrokerStore, Flows, StoredConnection } from '../store.ts'

export function memoryStore(): BrokerStore {
  const leases = new Map<string, Lease>()
  const connections = new Map<string, StoredConnection>()
  const { sweepFlows, ...flows } = memoryFlows()
  return {
    flows,
    leases: { find: async (id) => leases.get(id), put: async (lease) => put(leases, lease) },
    connections: {
      find: async (id) => connections.get(id),
      put: async (connection) => put(connections, connection),
      ofPerson: async (person) => [...connections.values()].filter((one) => one.person === person),
      remove: async (id, version) => connections.get(id)?.version === version && connections.delete(id),
    },
    sweep: async (now) => sweepFlows(now),
    close: async () => {},
  }
}

function put<Stored extends { readonly id: string; readonly version: number }>(
  records: Map<string, Stored>,
  record: Stored,
): boolean {
  if ((records.get(record.id)?.version ?? 0) !== record.version - 1) return false
  records.set(record.id, record)
  return true
}

function memoryFlows(): Flows & { sweepFlows(now: number): number } {
  const flows = new Map<string, Flow>()
  const inSlot = (slot: string) => [...flows.values()].find((flow) => slotOf(flow) === slot)
  const waiting = () =>
    [...flows.values()]
      .flatMap((flow) => (flow.dueAt === null ? [] : [{ flow, dueAt: flow.dueAt }]))
      .sort((a, b) => a.dueAt - b.dueAt)
  return {
    find: async (id) => flows.get(id),
    async put(flow) {
      const slot = slotOf(flow)
      const there = slot === null ? undefined : inSlot(slot)
      return (there === undefined || there.id === flow.id) && put(flows, flow)
    },
    inSlot: async (slot) => inSlot(slot),
    async due(now, limit) {
      const due = waiting().filter(({ dueAt }) => dueAt <= now)
      return due.slice(0, limit).map(({ flow }) => flow)
    },
    nextDue: async () => waiting()[0]?.dueAt,
    ofPerson: async (person) => [...flows.values()].filter((flow) => flow.person === person),
    sweepFlows(now) {
      const gone = [...flows.values()].filter((flow) => (purgeAt(flow) ?? Number.POSITIVE_INFINITY) <= now)
      for (const { id } of gone) flows.delete(id)
      return gone.length
    },
  }
}
