// What the server remembers: the contract that every store keeps, whatever is below it.
// contract.ts proves it against each of memory.ts, sqlite.ts and postgres.ts; tables.ts lists what is indexed.
// What may be written when is decided by the rules in @countersign/protocol, never here.

import type { Account, Kind, Records, Write } from '@countersign/protocol'
import type { Column, FollowsAccount } from './tables.ts'

export type Applied = 'applied' | 'conflict'

export interface Store {
  /** The record as it is now, on every node. */
  read<K extends Kind>(kind: K, id: string): Promise<Records[K] | undefined>

  /** A record and the account it names, in one round trip; the account is undefined when none is named or it is gone. */
  readWithAccount<K extends FollowsAccount>(
    kind: K,
    id: string,
  ): Promise<{ readonly record: Records[K]; readonly account: Account | undefined } | undefined>

  /** The records whose indexed column has this value, oldest first; at most `limit` (default 1000). */
  find<K extends Kind>(
    kind: K,
    column: Column<K>,
    value: string,
    limit?: number,
  ): Promise<readonly Records[K][]>

  /** All records of a kind in the order of their ids, after the id `after`; at most `limit` (default 1000). */
  list<K extends Kind>(kind: K, after?: string, limit?: number): Promise<readonly Records[K][]>

  /**
   * All of the writes or none of them. `conflict` when any record has moved since it was read, or a unique value is taken: read again and
   * decide again. Of racing calls that name the same version of a record exactly one is applied, across processes
   * and nodes; a weaker promise is not a store. When the promise resolves the writes are durable, and whoever was
   * killed a moment later finds them; when it rejects they may or may not have been made.
   */
  apply(writes: readonly Write[]): Promise<Applied>

  /**
   * Calls `wake` when somebody, on any node, applied a `notify` for the topic. May call it for no reason, and when a notice
   * was lost calls it within a second all the same; so a watcher reads the record and never trusts the call itself.
   */
  watch(topic: string, wake: () => void): () => void

  /** Deletes what is past its time (tables.ts says when), a bounded number of rows per step. Returns how many. */
  sweep(now: number): Promise<number>

  /** How many records there are of each kind, about: a metric, not a fact to decide by. */
  counts(): Promise<Readonly<Record<Kind, number>>>

  /** Rejects when the store cannot answer. */
  ready(): Promise<void>

  close(): Promise<void>
}

/** Thrown by a store that cannot answer now (busy beyond patience, connection lost): the request may be repeated. */
export class StoreUnavailable extends Error {
  readonly code = 'store_unavailable'
  constructor(cause: unknown) {
    super('The store cannot answer now.', { cause })
  }
}

/**
 * The loop of every operation: read, decide, apply; and when somebody else was faster, again. Three losses in a row (or `tries`)
 * mean contention that waiting would not cure, so the last decision is returned as a conflict for the caller to speak.
 */
export async function decideAndApply<D extends { readonly writes: readonly Write[] }>(
  store: Store,
  decide: () => Promise<D>,
  tries = 3,
): Promise<{ readonly applied: true; readonly decision: D } | { readonly applied: false }> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const decision = await decide()
    if (decision.writes.length === 0) return { applied: true, decision }
    if ((await store.apply(decision.writes)) === 'applied') return { applied: true, decision }
  }
  return { applied: false }
}
