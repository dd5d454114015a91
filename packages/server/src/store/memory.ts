// The store in memory: for tests, for trying things out, and as the plainest statement of what a store does.
// Everything is gone when the process ends. The durable stores are sqlite.ts and postgres.ts.

import type { Kind, Records, Write } from '@countersign/protocol'
import type { Applied, Store } from './store.ts'
import { type AnyRecord, kinds, tableOf } from './tables.ts'
import { createTopics } from './topics.ts'

interface MemoryTable {
  readonly rows: Map<string, AnyRecord>
  /** When each came, for the order of `find`. A row that is deleted leaves its number, in case that is undone. */
  readonly arrivals: Map<string, number>
  readonly unique: Map<string, string>
}

type RecordWrite = Exclude<Write, { op: 'notify' }>

export function openMemoryStore(): Store {
  const data = new Map<Kind, MemoryTable>(
    kinds.map((kind) => [kind, { rows: new Map(), arrivals: new Map(), unique: new Map() }]),
  )
  const topics = createTopics()
  const table = (kind: Kind) => data.get(kind) as MemoryTable
  const rowOf = <K extends Kind>(kind: K, id: string) => table(kind).rows.get(id) as Records[K] | undefined

  return {
    read: async (kind, id) => rowOf(kind, id),
    async readWithAccount(kind, id) {
      const record = rowOf(kind, id)
      if (record === undefined) return undefined
      return { record, account: record.accountId === null ? undefined : rowOf('account', record.accountId) }
    },
    async find(kind, column, value, limit = 1000) {
      const indexed = tableOf(kind).columns[column]
      if (indexed?.unique) {
        const record = rowOf(kind, table(kind).unique.get(`${column} ${value}`) ?? '')
        return record === undefined ? [] : [record]
      }
      const { rows, arrivals } = table(kind)
      const found = [...rows.values()].filter((record) => indexed?.of(record) === value)
      found.sort((a, b) => (arrivals.get(a.id) ?? 0) - (arrivals.get(b.id) ?? 0))
      return found.slice(0, limit) as Records[typeof kind][]
    },
    async list(kind, after = '', limit = 1000) {
      const rows = [...table(kind).rows.values()].filter(({ id }) => id > after)
      rows.sort((a, b) => (a.id < b.id ? -1 : 1))
      return rows.slice(0, limit) as Records[typeof kind][]
    },
    async apply(writes): Promise<Applied> {
      const undo: (() => void)[] = []
      for (const write of writes) {
        if (write.op === 'notify') continue
        if (!applyOne(table(write.kind), write, undo)) {
          for (const step of undo.reverse()) step()
          return 'conflict'
        }
      }
      for (const write of writes) {
        if (write.op === 'notify') topics.wake(write.topic)
        else if (write.op === 'delete') table(write.kind).arrivals.delete(write.record.id)
      }
      return 'applied'
    },
    watch: topics.watch,
    async sweep(now) {
      let swept = 0
      for (const kind of kinds) {
        for (const record of table(kind).rows.values()) {
          const purgeAt = tableOf(kind).purgeAt(record)
          if (purgeAt === null || purgeAt > now) continue
          applyOne(table(kind), { op: 'delete', kind, record } as RecordWrite, [])
          table(kind).arrivals.delete(record.id)
          swept++
        }
      }
      for (const kind of kinds) freeExpired(kind, table(kind), now)
      return swept
    },
    counts: async () =>
      Object.fromEntries(kinds.map((kind) => [kind, table(kind).rows.size])) as Record<Kind, number>,
    ready: async () => {},
    close: async () => {},
  }
}

let arrived = 0

function applyOne(
  { rows, unique, arrivals }: MemoryTable,
  write: RecordWrite,
  undo: (() => void)[],
): boolean {
  const { record } = write
  const stored = rows.get(record.id)
  if (write.op === 'insert' ? stored !== undefined : stored?.version !== record.version) return false
  const version = write.op === 'insert' ? 1 : record.version + 1
  const next = write.op === 'delete' ? undefined : { ...record, version }
  const before = stored === undefined ? [] : uniqueKeys(write.kind, stored)
  const after = next === undefined ? [] : uniqueKeys(write.kind, next)
  if (after.some((key) => (unique.get(key) ?? record.id) !== record.id)) return false
  const freed = before.filter((key) => unique.get(key) === record.id)
  for (const key of freed) unique.delete(key)
  for (const key of after) unique.set(key, record.id)
  if (next === undefined) rows.delete(record.id)
  else rows.set(record.id, next)
  if (stored === undefined) arrivals.set(record.id, ++arrived)
  undo.push(() => {
    for (const key of after) unique.delete(key)
    for (const key of freed) unique.set(key, record.id)
    if (stored === undefined) rows.delete(record.id)
    else rows.set(record.id, stored)
  })
  return true
}

function uniqueKeys(kind: Kind, record: AnyRecord): string[] {
  return Object.entries(tableOf(kind).columns).flatMap(([column, { unique, of }]) => {
    const value = unique ? of(record) : null
    return value === null ? [] : [`${column} ${value}`]
  })
}

function freeExpired(kind: Kind, { rows, unique }: MemoryTable, now: number): void {
  const { frees, columns, purgeAt } = tableOf(kind)
  if (frees === undefined) return
  for (const record of rows.values()) {
    const key = `${frees.column} ${columns[frees.column]?.of(record)}`
    if ((purgeAt(record) ?? Infinity) <= now + frees.secondsBeforePurge && unique.get(key) === record.id)
      unique.delete(key)
  }
}
