// The broker's store in SQL: which columns a record has, and the statements, the same for every engine. A write is one statement
// that names the version it follows, so of any number who write at once one succeeds.
// Not here: files, connections and schemas, which are the engine's (sqlite.ts, postgres.ts).

import type { Lease } from '../connection.ts'
import { type Flow, purgeAt, slotOf } from '../flow.ts'
import { type BrokerStore, forgottenLeaseSeconds, type StoredConnection } from '../store.ts'

/** An engine. Statements have `?` for their values. Everything that goes wrong is StoreUnavailable. */
export interface Sql {
  /** The first column of every row. */
  read(text: string, values: readonly SqlValue[]): Promise<readonly unknown[]>
  /** How many rows it changed; none where a unique value was taken. */
  change(text: string, values: readonly SqlValue[]): Promise<number>
  close(): Promise<void>
}

export type SqlValue = string | number | null

interface Versioned {
  readonly id: string
  readonly version: number
}

interface Table<Kept extends Versioned> {
  readonly name: string
  /** Besides id, version and data: what statements look for. */
  readonly columns: Readonly<Record<string, (kept: Kept) => SqlValue>>
}

/** Names are given whole, so that the tables may be beside others in one database. */
const flowTable: Table<Flow> = {
  name: 'countersign_broker_flows',
  columns: {
    slot: (flow) => {
      const slot = slotOf(flow)
      return slot === null ? null : key(slot)
    },
    person: ({ person }) => key(person),
    provider: ({ provider }) => key(provider),
    due_at: ({ dueAt }) => dueAt,
    purge_at: purgeAt,
  },
}

const leaseTable: Table<Lease> = {
  name: 'countersign_broker_leases',
  // What has been sent keeps saying so; any other lease says nothing once it is long over.
  columns: { purge_at: ({ until, sent }) => (sent === null ? until + forgottenLeaseSeconds : null) },
}

const connectionTable: Table<StoredConnection> = {
  name: 'countersign_broker_connections',
  columns: { person: ({ person }) => key(person) },
}

export function createSqlStore(sql: Sql): BrokerStore {
  const flows = flowTable.name
  const many = async <Kept>(text: string, ...values: SqlValue[]) =>
    (await sql.read(text, values)).map((data) => JSON.parse(data as string) as Kept)
  return {
    flows: {
      ...createRecords(sql, flowTable),
      inSlot: async (slot) => (await many<Flow>(`SELECT data FROM ${flows} WHERE slot = ?`, key(slot)))[0],
      due(now, limit, without = []) {
        const text = `SELECT data FROM ${flows} WHERE due_at <= ? ${ofOthers(without)} ORDER BY due_at LIMIT ?`
        return many<Flow>(text, now, ...without.map(key), limit)
      },
      async nextDue(without = []) {
        // Not min(): what is in front of the first that counts is skipped within the index.
        const text = `SELECT due_at FROM ${flows} WHERE due_at IS NOT NULL ${ofOthers(without)} ORDER BY due_at LIMIT 1`
        const [next] = await sql.read(text, without.map(key))
        return typeof next === 'number' ? next : undefined
      },
      ofPerson: (person) => many<Flow>(`SELECT data FROM ${flows} WHERE person = ? ORDER BY id`, key(person)),
    },
    leases: createRecords(sql, leaseTable),
    connections: {
      ...createRecords(sql, connectionTable),
      ofPerson: (person) =>
        many<StoredConnection>(
          `SELECT data FROM ${connectionTable.name} WHERE person = ? ORDER BY id`,
          key(person),
        ),
      async remove(id, version) {
        const text = `DELETE FROM ${connectionTable.name} WHERE id = ? AND version = ?`
        return (await sql.change(text, [key(id), version])) === 1
      },
    },
    sweep: async (now) => (await purge(sql, flowTable, now)) + (await purge(sql, leaseTable, now)),
    close: sql.close,
  }
}

const ofOthers = (providers: readonly string[]): string =>
  providers.length === 0 ? '' : `AND provider NOT IN (${providers.map(() => '?').join(', ')})`

function createRecords<Kept extends Versioned>(sql: Sql, { name, columns }: Table<Kept>) {
  const names = [...Object.keys(columns), 'data', 'version', 'id']
  const insert = `INSERT INTO ${name} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})
    ON CONFLICT DO NOTHING`
  const changes = names.slice(0, -1).map((column) => `${column} = ?`)
  const update = `UPDATE ${name} SET ${changes.join(', ')} WHERE id = ? AND version = ?`
  return {
    async find(id: string): Promise<Kept | undefined> {
      const [data] = await sql.read(`SELECT data FROM ${name} WHERE id = ?`, [key(id)])
      return data === undefined ? undefined : (JSON.parse(data as string) as Kept)
    },
    async put(kept: Kept): Promise<boolean> {
      const { id, version } = kept
      const values = [...Object.values(columns).map((of) => of(kept)), JSON.stringify(kept), version, key(id)]
      const changed = await (version === 1
        ? sql.change(insert, values)
        : sql.change(update, [...values, version - 1]))
      return changed === 1
    },
  }
}

/** Rows that one step deletes; between two steps others have their turn. */
const purgeStep = 500

async function purge(sql: Sql, { name }: { readonly name: string }, now: number): Promise<number> {
  // The time twice: PostgreSQL looks at the outer one again when somebody wrote the row meanwhile, and that row stays.
  const text = `DELETE FROM ${name} WHERE purge_at <= ? AND id IN (SELECT id FROM ${name} WHERE purge_at <= ? LIMIT ?)`
  for (let total = 0; ; ) {
    const gone = await sql.change(text, [now, now, purgeStep])
    total += gone
    if (gone < purgeStep) return total
  }
}

/**
 * Text that every engine keeps and compares as it is: U+0000, which PostgreSQL refuses, and halves of surrogate pairs, which
 * SQLite turns into one and the same character, are written as U+0001 and four digits, so that no two keys become one.
 */
function key(value: string): string {
  return value.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
    /[\0\x01]|\p{Surrogate}/gu,
    (character) => `\x01${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
