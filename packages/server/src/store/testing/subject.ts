// What the parts of the store contract share: the store under test, and writing with an opinion on the outcome.
// Not for production.

import assert from 'node:assert/strict'
import type { Kind, Records, Write } from '@countersign/protocol'
import type { Store } from '../store.ts'

export interface Subject {
  readonly store: Store
  readonly reopen: (() => Promise<Store>) | undefined
}

export function write<K extends Kind>(
  op: 'insert' | 'update' | 'delete',
  kind: K,
  record: Records[K],
): Write {
  return { op, kind, record } as Write
}

export async function applied(store: Store, ...writes: Write[]): Promise<void> {
  assert.equal(await store.apply(writes), 'applied')
}

export async function conflicted(store: Store, ...writes: Write[]): Promise<void> {
  assert.equal(await store.apply(writes), 'conflict')
}
