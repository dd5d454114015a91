// The smallest store that keeps the promise of `Write`: all or nothing, each write against the version that was seen.
// For walks over the rules, where many actors read and write in between each other. Real stores are the server's.

import type { Kind, Records, Write } from '../records.ts'

type Stored = { [K in Kind]: { readonly kind: K; readonly record: Records[K] } }[Kind]

export interface TinyStore {
  get<K extends Kind>(kind: K, id: string): Records[K] | undefined
  all<K extends Kind>(kind: K): Records[K][]
  apply(writes: readonly Write[]): 'applied' | 'conflict'
}

export function createTinyStore(): TinyStore {
  const rows = new Map<string, Stored>()
  const key = (kind: Kind, id: string) => `${kind} ${id}`

  function conflicts(write: Write): boolean {
    if (write.op === 'notify') return false
    const stored = rows.get(key(write.kind, write.record.id))
    if (write.op === 'insert') return stored !== undefined
    return stored?.record.version !== write.record.version
  }

  return {
    get: (kind, id) => rows.get(key(kind, id))?.record as Records[typeof kind] | undefined,
    all: (kind) =>
      [...rows.values()]
        .filter((row) => row.kind === kind)
        .map(({ record }) => record as Records[typeof kind]),
    apply(writes) {
      if (writes.some(conflicts)) return 'conflict'
      for (const write of writes) {
        if (write.op === 'notify') continue
        const at = key(write.kind, write.record.id)
        if (write.op === 'delete') rows.delete(at)
        else {
          const { kind, record } = write
          rows.set(at, { kind, record: { ...record, version: record.version + 1 } } as Stored)
        }
      }
      return 'applied'
    },
  }
}
