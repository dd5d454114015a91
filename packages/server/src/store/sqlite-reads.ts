// How the SQLite file is read: what the requests of one turn of the event loop ask is asked together, in one read transaction.
// Taking and leaving SQLite's shared lock costs as much as a look-up, and answers that leave together wake their readers once.
// Writing is in sqlite-commits.ts; waiting for a locked file in sqlite-patience.ts.

import type { DatabaseSync } from 'node:sqlite'
import { whenFree } from './sqlite-patience.ts'

interface Asked {
  /** Asks within the transaction of the group, and keeps the answer. */
  readonly ask: () => void
  /** Hands the answer on. */
  readonly answer: () => void
  /** Asks once more, alone. */
  readonly alone: () => void
}

export interface Reads {
  readonly ask: <T>(question: () => T) => Promise<T>
  /** How many questions are not answered yet. */
  readonly waiting: () => number
}

export function groupReads(db: DatabaseSync): Reads {
  const begin = db.prepare('BEGIN')
  const commit = db.prepare('COMMIT')
  const rollback = db.prepare('ROLLBACK')
  let queue: Asked[] = []

  function askTogether(group: readonly Asked[]): boolean {
    try {
      begin.run()
      for (const { ask } of group) ask()
      commit.run()
      return true
    } catch {
      if (db.isOpen && db.isTransaction) rollback.run()
      return false
    }
  }

  function run(): void {
    const group = queue
    queue = []
    if (group.length > 1 && askTogether(group)) for (const { answer } of group) answer()
    // One question, or a file that is locked: each gets its own answer or its own error.
    else for (const { alone } of group) alone()
  }

  return {
    ask: <T>(question: () => T) =>
      new Promise<T>((resolve) => {
        let kept: T
        const asked: Asked = {
          ask: () => {
            kept = question()
          },
          answer: () => resolve(kept),
          alone: () => resolve(whenFree(question)),
        }
        if (queue.push(asked) === 1) setImmediate(run)
      }),
    waiting: () => queue.length,
  }
}
