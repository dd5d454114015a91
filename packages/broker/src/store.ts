// What the broker remembers: flows and leases, and, where no other program's file is the vault, connections. Every write names
// the version it saw, so two who write at once never both succeed. Secrets in the records are sealed before they come here.
// Engines are stores/; one suite (stores/contract.ts) holds for all of them.

import type { Lease } from './connection.ts'
import type { Flow } from './flow.ts'

export interface BrokerStore {
  readonly flows: Flows
  readonly leases: Records<Lease>
  readonly connections: Connections
  /** Forgets what may be forgotten (`purgeAt` of flow.ts, leases that say nothing any more); how many records went. */
  sweep(now: number): Promise<number>
  close(): Promise<void>
}

/**
 * How long after its end a lease that sent nothing is kept: whoever slept through all of it and comes back with its number must
 * meet another one, and the numbers begin again once it is forgotten.
 */
export const forgottenLeaseSeconds = 3600

interface Records<Record extends { readonly id: string; readonly version: number }> {
  find(id: string): Promise<Record | undefined>
  /** Written only if the stored version is the one before `record.version` (for version 1: if there is none); else false. */
  put(record: Record): Promise<boolean>
}

export interface Flows extends Records<Flow> {
  /** `put` is also false where another flow is in the slot (slotOf). */
  inSlot(slot: string): Promise<Flow | undefined>
  /** Those with `dueAt <= now`, the longest due first; `without` those of these providers. */
  due(now: number, limit: number, without?: readonly string[]): Promise<readonly Flow[]>
  /** When the next one is due; undefined where none is. */
  nextDue(without?: readonly string[]): Promise<number | undefined>
  ofPerson(person: string): Promise<readonly Flow[]>
}

export interface Connections extends Records<StoredConnection> {
  ofPerson(person: string): Promise<readonly StoredConnection[]>
  /** False where the version is another by now. */
  remove(id: string, version: number): Promise<boolean>
}

/** A connection with its tokens sealed. */
export interface StoredConnection {
  readonly id: string
  readonly version: number
  readonly person: string
  readonly provider: string
  /** What may be read without the key: account, label, times, scopes, ended, flow (store-vault.ts). */
  readonly facts: string
  /** Tokens, sealed. */
  readonly sealed: string
}
