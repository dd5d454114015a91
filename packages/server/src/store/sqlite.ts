// The embedded store: one SQLite file in WAL, shared by any number of processes on the machine.
// Writes of requests that arrive together are committed together, so that one disk flush serves them all; each caller's writes
// are a savepoint of their own, so that one conflict spoils nobody else's. The schema is in sqlite-schema.ts.

import { DatabaseSync } from 'node:sqlite'
import type { Account, Kind, Records, Write } from '@countersign/protocol'
import { columnValues, type KindStatements, migrate, prepareStatements } from './sqlite-schema.ts'
import { type Applied, type Store, StoreUnavailable } from './store.ts'
import { type AnyRecord, kinds, tableOf } from './tables.ts'
import { createTopics } from './topics.ts'

export interface SqliteOptions {
  readonly path: string
  /** FULL loses nothing acknowledged in a power cut; NORMAL may lose the last moments, but never tears. Default FULL. */
  readonly synchronous?: 'FULL' | 'NORMAL'
}

interface Row {
  readonly id: string
  readonly version: number
  readonly data: string
}

interface RowWithAccount extends Row {
  readonly accountId: string | null
  readonly accountVersion: number
  readonly accountData: string
}

interface Waiting {
  readonly writes: readonly Write[]
  readonly resolve: (applied: Applied) => void
  readonly reject: (error: unknown) => void
}

const purgeBatch = 1000
/** How often a watcher looks whether another process has committed: a twentieth of the second the contract allows. */
const otherProcessMilliseconds = 25

export function openSqliteStore({ path, synchronous = 'FULL' }: SqliteOptions): Store {
  const db = openDatabase(path, synchronous)
  const statements = prepareStatements(db)
  const topics = createTopics()
  const commits = groupCommits(db, statements, topics.wake)
  const otherProcesses = watchOtherProcesses(db, topics.wakeAll)

  return {
    async read(kind, id) {
      const row = statements[kind].read.get(id) as Row | undefined
      return row && toRecord<Records[typeof kind]>(row)
    },
    async readWithAccount(kind, id) {
      const row = statements[kind].readWithAccount?.get(id) as RowWithAccount | undefined
      if (row === undefined) return undefined
      const account =
        row.accountId === null
          ? undefined
          : toRecord<Account>({ id: row.accountId, version: row.accountVersion, data: row.accountData })
      return { record: toRecord<Records[typeof kind]>(row), account }
    },
    async find(kind, column, value, limit = 1000) {
      const rows = (statements[kind].find[column]?.all(value, limit) ?? []) as unknown as Row[]
      return rows.map((row) => toRecord<Records[typeof kind]>(row))
    },
    async list(kind, after = '', limit = 1000) {
      const rows = statements[kind].list.all(after, limit) as unknown as Row[]
      return rows.map((row) => toRecord<Records[typeof kind]>(row))
    },
    apply: commits.apply,
    watch(topic, wake) {
      const unwatch = topics.watch(topic, wake)
      otherProcesses.start()
      return () => {
        unwatch()
        if (topics.size === 0) otherProcesses.stop()
      }
    },
    async sweep(now) {
      let swept = 0
      for (const kind of kinds) {
        const { purge, free } = statements[kind]
        const { frees } = tableOf(kind)
        if (free && frees) await inSteps(() => free.run(now + frees.secondsBeforePurge, purgeBatch))
        swept += await inSteps(() => purge.run(now, purgeBatch))
      }
      return swept
    },
    async counts() {
      return Object.fromEntries(
        kinds.map((kind) => [kind, (statements[kind].count.get() as { n: number }).n]),
      ) as Record<Kind, number>
    },
    async ready() {
      db.prepare('SELECT 1').get()
    },
    async close() {
      commits.flush()
      otherProcesses.stop()
      db.close()
    },
  }
}

// Between two steps requests are served: a long sweep delays nobody by more than one step.
async function inSteps(step: () => { changes: number | bigint }): Promise<number> {
  for (let total = 0; ; ) {
    const changes = Number(step().changes)
    total += changes
    if (changes < purgeBatch) return total
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function openDatabase(path: string, synchronous: 'FULL' | 'NORMAL'): DatabaseSync {
  // Another process may hold the write lock for the length of its commits; ten seconds is far beyond any of them.
  const db = new DatabaseSync(path, { timeout: 10_000 })
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA cache_size = -16000`)
  migrate(db)
  return db
}

// JSON.parse of our own column; the id and version columns are the truth for those two members.
function toRecord<R>(row: Row): R {
  const record = JSON.parse(row.data) as { id: string; version: number }
  record.id = row.id
  record.version = row.version
  return record as R
}

function groupCommits(
  db: DatabaseSync,
  statements: Readonly<Record<Kind, KindStatements>>,
  wake: (topic: string) => void,
): { apply: Store['apply']; flush: () => void } {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const rollback = db.prepare('ROLLBACK')
  const savepoint = db.prepare('SAVEPOINT one')
  const rollbackToSavepoint = db.prepare('ROLLBACK TO one')
  const release = db.prepare('RELEASE one')
  let queue: Waiting[] = []

  function applyGroup(writes: readonly Write[]): Applied {
    // A single write cannot be half done, so it needs no savepoint to return to.
    const several = writes.length > 1
    if (several) savepoint.run()
    const applied = writes.every(
      (write) => write.op === 'notify' || applyWrite(statements[write.kind], write),
    )
    if (several && !applied) rollbackToSavepoint.run()
    if (several) release.run()
    return applied ? 'applied' : 'conflict'
  }

  function flush(): void {
    const group = queue
    queue = []
    if (group.length === 0) return
    let results: Applied[]
    try {
      begin.run()
      try {
        results = group.map(({ writes }) => applyGroup(writes))
        commit.run()
      } catch (error) {
        if (db.isTransaction) rollback.run()
        throw error
      }
    } catch (error) {
      for (const { reject } of group) reject(new StoreUnavailable(error))
      return
    }
    group.forEach(({ writes, resolve }, i) => {
      const result = results[i] as Applied
      resolve(result)
      if (result === 'applied') for (const write of writes) if (write.op === 'notify') wake(write.topic)
    })
  }

  return {
    apply: (writes) =>
      new Promise((resolve, reject) => {
        // After the input of this turn of the event loop was read, every request in it has queued its writes.
        if (queue.push({ writes, resolve, reject }) === 1) setImmediate(flush)
      }),
    flush,
  }
}

function applyWrite(statements: KindStatements, write: Exclude<Write, { op: 'notify' }>): boolean {
  const record: AnyRecord = write.record
  switch (write.op) {
    case 'insert':
      return statements.insert.run(record.id, ...columnValues(write.kind, record)).changes === 1
    case 'update':
      return (
        statements.update.run(...columnValues(write.kind, record), record.id, record.version).changes === 1
      )
    case 'delete':
      return statements.delete.run(record.id, record.version).changes === 1
  }
}

// SQLite tells nobody that another process wrote, but its data_version is a look at one page of shared memory.
function watchOtherProcesses(db: DatabaseSync, wakeAll: () => void): { start: () => void; stop: () => void } {
  const dataVersion = db.prepare('PRAGMA data_version')
  const look = () => (dataVersion.get() as { data_version: number }).data_version
  let timer: NodeJS.Timeout | undefined
  let seen = 0
  return {
    start() {
      if (timer !== undefined) return
      seen = look()
      timer = setInterval(() => {
        const current = look()
        if (current === seen) return
        seen = current
        wakeAll()
      }, otherProcessMilliseconds).unref()
    },
    stop() {
      clearInterval(timer)
      timer = undefined
    },
  }
}
