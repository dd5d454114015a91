// Reads from PostgreSQL: those of one turn of the event loop become one statement for each kind of record, and while
// it is on its way the next ones gather, so that a busy server asks fewer and larger questions.
// Writes are in postgres-writes.ts.

import type { Kind, Records } from '@countersign/protocol'
import type { Lane, Rows } from './postgres-lane.ts'
import { fromText, toArray, toText } from './postgres-text.ts'
import { toRecord } from './record-data.ts'
import { type Store, StoreUnavailable } from './store.ts'
import { columnName, tableOf } from './tables.ts'

type Reads = Pick<Store, 'read' | 'readWithAccount' | 'find' | 'list'>

interface Waiting {
  readonly resolve: (row: readonly unknown[] | undefined) => void
  readonly reject: (error: unknown) => void
}

/** What is asked at once: enough to make the trip cheap, few enough that nobody waits long for the others' rows. */
const mostIds = 256

export function createReads(lanes: readonly Lane[]): Reads {
  const read = createBatcher(lanes, readText)
  const readWithAccount = createBatcher(lanes, readWithAccountText)
  const lane = () => lanes[0] as Lane

  return {
    async read<K extends Kind>(kind: K, id: string) {
      const row = await read(kind, id)
      return row && recordOf(kind, row)
    },
    async readWithAccount<K extends Kind>(kind: K, id: string) {
      const row = await readWithAccount(kind, id)
      if (row === undefined) return undefined
      const account = row[3] === null ? undefined : recordOf('account', row.slice(3))
      return { record: recordOf(kind, row), account }
    },
    async find<K extends Kind>(kind: K, column: string, value: string, limit = 1000) {
      const { name } = tableOf(kind)
      const rows = await again(() =>
        lane().query({
          name: `find ${kind} ${column}`,
          text: `SELECT id, version, data FROM ${name} WHERE ${columnName(column)} = $1 ORDER BY seq LIMIT $2`,
          values: [toText(value), limit],
        }),
      )
      return rows.map((row) => recordOf(kind, row))
    },
    async list<K extends Kind>(kind: K, after = '', limit = 1000) {
      const rows = await again(() =>
        lane().query({
          name: `list ${kind}`,
          text: `SELECT id, version, data FROM ${tableOf(kind).name} WHERE id > $1 ORDER BY id LIMIT $2`,
          values: [toText(after), limit],
        }),
      )
      return rows.map((row) => recordOf(kind, row))
    },
  }
}

/** A connection that was lost while idle is found out by the next statement; a read may simply be asked again. */
export async function again(ask: () => Promise<Rows>): Promise<Rows> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    return ask()
  }
}

function readText(kind: Kind): string {
  return `SELECT id, version, data FROM ${tableOf(kind).name} WHERE id = ANY($1::text[])`
}

function readWithAccountText(kind: Kind): string {
  return `SELECT r.id, r.version, r.data, a.id, a.version, a.data
    FROM ${tableOf(kind).name} r LEFT JOIN accounts a ON a.id = r.account_id WHERE r.id = ANY($1::text[])`
}

function createBatcher(lanes: readonly Lane[], textOf: (kind: Kind) => string) {
  const waiting = new Map<Kind, Map<string, Waiting[]>>()
  const idle = [...lanes]
  let scheduled = false

  function schedule(): void {
    if (scheduled || idle.length === 0) return
    scheduled = true
    // After the input of this turn of the event loop was read, every request in it has asked.
    setImmediate(() => {
      scheduled = false
      for (const [kind, ids] of waiting) {
        const lane = idle.pop()
        if (lane === undefined) return
        waiting.delete(kind)
        void ask(lane, kind, ids).finally(() => {
          idle.push(lane)
          if (waiting.size > 0) schedule()
        })
      }
    })
  }

  async function ask(lane: Lane, kind: Kind, all: Map<string, Waiting[]>): Promise<void> {
    const ids = new Map([...all].slice(0, mostIds))
    if (all.size > mostIds) for (const [id, waiters] of [...all].slice(mostIds)) enqueue(kind, id, waiters)
    try {
      const text = textOf(kind)
      const name = text.includes('JOIN') ? `account of ${kind}` : `read ${kind}`
      const rows = await again(() => lane.query({ name, text, values: [toArray([...ids.keys()])] }))
      for (const row of rows) {
        const id = fromText(row[0] as string)
        for (const { resolve } of ids.get(id) ?? []) resolve(row)
        ids.delete(id)
      }
      for (const waiters of ids.values()) for (const { resolve } of waiters) resolve(undefined)
    } catch (error) {
      for (const waiters of ids.values()) for (const { reject } of waiters) reject(error)
    }
  }

  function enqueue(kind: Kind, id: string, waiters: readonly Waiting[]): void {
    const ids = waiting.get(kind) ?? new Map<string, Waiting[]>()
    waiting.set(kind, ids)
    const same = ids.get(id)
    if (same === undefined) ids.set(id, [...waiters])
    else same.push(...waiters)
  }

  return (kind: Kind, id: string) =>
    new Promise<readonly unknown[] | undefined>((resolve, reject) => {
      enqueue(kind, id, [{ resolve, reject }])
      schedule()
    })
}

function recordOf<K extends Kind>(kind: K, [id, version, data]: readonly unknown[]): Records[K] {
  return toRecord(kind, fromText(id as string), version as number, data as string)
}
