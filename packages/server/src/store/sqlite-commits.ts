// How writes reach the SQLite file: those of requests that arrive together are committed together, so that one disk flush
// serves them all, while each caller's writes stay all or nothing on their own. Waiting for other processes never blocks this
// one (sqlite-patience.ts). The statements are made in sqlite-schema.ts.

import type { DatabaseSync } from 'node:sqlite'
import type { Write } from '@countersign/protocol'
import { isBusy, patience } from './sqlite-patience.ts'
import { columnValues, type Statements } from './sqlite-schema.ts'
import { type Applied, type Store, StoreUnavailable } from './store.ts'

interface Waiting {
  readonly writes: readonly Write[]
  readonly resolve: (applied: Applied) => void
  readonly reject: (error: unknown) => void
}

export interface Commits {
  readonly apply: Store['apply']
  /** How many callers wait for a commit. */
  readonly waiting: () => number
}

export function groupCommits(
  db: DatabaseSync,
  statements: Statements,
  wake: (topic: string) => void,
  reading: () => number,
): Commits {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const transaction = createTransaction(db, statements)
  let queue: Waiting[] = []
  let attempts = 0
  let hasWaited = false

  // Requests that arrived together read together and then write. Those whose answers are read in this turn have writes ready in
  // the next: with one commit for both, each page is logged and each flush paid for once.
  function flush(): void {
    if (!hasWaited && reading() > 0) {
      hasWaited = true
      setImmediate(flush)
      return
    }
    try {
      begin.run()
    } catch (error) {
      if (isBusy(error) && ++attempts < patience) setTimeout(flush, 1)
      else fail(takeQueue(), error)
      return
    }
    const group = takeQueue()
    try {
      const results = transaction(group.map(({ writes }) => writes))
      group.forEach(({ writes, resolve }, i) => {
        resolve(results[i] as Applied)
        if (results[i] === 'applied') for (const write of writes) if (write.op === 'notify') wake(write.topic)
      })
    } catch (error) {
      fail(group, error)
    }
  }

  function takeQueue(): Waiting[] {
    const group = queue
    queue = []
    attempts = 0
    hasWaited = false
    return group
  }

  return {
    apply: (writes) =>
      new Promise((resolve, reject) => {
        // After the input of this turn of the event loop was read, every request in it has queued its writes.
        if (queue.push({ writes, resolve, reject }) === 1) setImmediate(flush)
      }),
    waiting: () => queue.length,
  }
}

function fail(group: readonly Waiting[], error: unknown): void {
  for (const { reject } of group) reject(new StoreUnavailable(error))
}

/** Commits what `BEGIN IMMEDIATE` opened, and answers for each caller. When it throws, nothing of it was kept. */
function createTransaction(db: DatabaseSync, statements: Statements) {
  const commit = db.prepare('COMMIT')
  const rollback = db.prepare('ROLLBACK')
  const savepoint = db.prepare('SAVEPOINT one')
  const rollbackToSavepoint = db.prepare('ROLLBACK TO one')
  const release = db.prepare('RELEASE one')

  /** How many of the writes were made before one of them conflicted. */
  function applyUntilConflict(writes: readonly Write[]): number {
    for (let i = 0; i < writes.length; i++) if (!applyWrite(statements, writes[i] as Write)) return i
    return writes.length
  }

  function applyWithSavepoint(writes: readonly Write[]): Applied {
    savepoint.run()
    const whole = applyUntilConflict(writes) === writes.length
    if (!whole) rollbackToSavepoint.run()
    release.run()
    return whole ? 'applied' : 'conflict'
  }

  return (callers: readonly (readonly Write[])[]): Applied[] => {
    try {
      let results: Applied[] = []
      for (const writes of callers) {
        const made = applyUntilConflict(writes)
        // Half of somebody's writes are in: begin again with a savepoint for each. That is rare enough, since a race
        // is nearly always lost at the first write, to spare everybody else the price of savepoints.
        if (made > 0 && made < writes.length) {
          rollback.run()
          db.exec('BEGIN IMMEDIATE')
          results = callers.map(applyWithSavepoint)
          break
        }
        results.push(made === writes.length ? 'applied' : 'conflict')
      }
      commit.run()
      return results
    } catch (error) {
      if (db.isTransaction) rollback.run()
      throw error
    }
  }
}

function applyWrite(statements: Statements, write: Write): boolean {
  if (write.op === 'notify') {
    statements.notice.run(write.topic)
    return true
  }
  const { record } = write
  const of = statements.of[write.kind]
  switch (write.op) {
    case 'insert':
      return of.insert.run(record.id, ...columnValues(write.kind, record)).changes === 1
    case 'update': {
      const values = columnValues(write.kind, record)
      const data = values.pop() as string
      const { id, version } = record
      if (of.updateData.run(data, id, version, ...values).changes === 1) return true
      return of.update.run(data, ...values, id, version).changes === 1
    }
    case 'delete':
      return of.delete.run(record.id, record.version).changes === 1
  }
}
