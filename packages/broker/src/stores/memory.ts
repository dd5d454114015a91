// A store that lives and dies with the process: for tests, and for applications whose connections need not outlive them.
// Every record is a value that nobody changes, so none is copied.

import type { Lease } from '../connection.ts'
import { type Flow, purgeAt, slotOf } from '../flow.ts'
import { type BrokerStore, type Flows, forgottenLeaseSeconds, type StoredConnection } from '../store.ts'
import { type DueOrder, dueOrder } from './due-order.ts'

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
    async sweep(now) {
      const over = ({ until, sent }: Lease) => sent === null && until + forgottenLeaseSeconds <= now
      const gone = [...leases.values()].filter(over)
      for (const { id } of gone) leases.delete(id)
      return sweepFlows(now) + gone.length
    },
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
  /** The ids of those that are in a slot. */
  const slots = new Map<string, string>()
  const dueAtOf = (id: string, provider: string) => {
    const flow = flows.get(id)
    return flow?.provider === provider ? (flow.dueAt ?? undefined) : undefined
  }
  /** One for each provider, so that those who are left out cost nothing. */
  const orders = new Map<string, DueOrder>()
  const orderOf = (provider: string): DueOrder => {
    const order = orders.get(provider) ?? dueOrder((id) => dueAtOf(id, provider))
    orders.set(provider, order)
    return order
  }
  const first = (now: number, limit: number, without: readonly string[]) =>
    [...orders]
      .flatMap(([provider, order]) => (without.includes(provider) ? [] : order.first(now, limit)))
      .flatMap((id) => flows.get(id) ?? [])
      .sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0))
      .slice(0, limit)
  return {
    find: async (id) => flows.get(id),
    async put(flow) {
      const slot = slotOf(flow)
      const before = flows.get(flow.id)
      if (slot !== null && (slots.get(slot) ?? flow.id) !== flow.id) return false
      if (!put(flows, flow)) return false
      if (before !== undefined) slots.delete(slotOf(before) ?? '')
      if (slot !== null) slots.set(slot, flow.id)
      if (flow.dueAt !== null && (flow.dueAt !== before?.dueAt || flow.provider !== before.provider))
        orderOf(flow.provider).add(flow.id, flow.dueAt)
      return true
    },
    inSlot: async (slot) => flows.get(slots.get(slot) ?? ''),
    due: async (now, limit, without = []) => first(now, limit, without),
    nextDue: async (without = []) => first(Number.MAX_VALUE, 1, without)[0]?.dueAt ?? undefined,
    ofPerson: async (person) => [...flows.values()].filter((flow) => flow.person === person),
    sweepFlows(now) {
      const gone = [...flows.values()].filter((flow) => (purgeAt(flow) ?? Number.POSITIVE_INFINITY) <= now)
      for (const { id } of gone) flows.delete(id)
      return gone.length
    },
  }
}
