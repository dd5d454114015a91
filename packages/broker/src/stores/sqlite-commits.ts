// How writes reach the SQLite file: those of one turn of the event loop are committed together, so that one flush to the disk,
// in which this process does nothing else, serves them all. Each is still taken or refused on its own. Waiting for the lock of
// another process never blocks this one. Opening the file is sqlite.ts.

import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { StoreUnavailable } from '../errors.ts'

export interface Commits {
  /** What `write` gave, once it is on disk. */
  commit(write: () => number): Promise<number>
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>
}

interface Waiting {
  readonly write: () => number
  readonly resolve: (changed: number) => void
  readonly reject: (error: unknown) => void
}

export function groupCommits(db: DatabaseSync): Commits {
  let queue: Waiting[] = []
  let flushing = Promise.resolve()

  async function flush(): Promise<void> {
    try {
      await whenFree(() => {
        db.exec('BEGIN IMMEDIATE')
        commitGroup(db, takeQueue())
      })
    } catch (error) {
      for (const { reject } of takeQueue()) reject(error)
    }
  }

  function takeQueue(): readonly Waiting[] {
    const group = queue
    queue = []
    return group
  }

  return {
    commit: (write) =>
      new Promise((resolve, reject) => {
        if (queue.push({ write, resolve, reject }) > 1) return
        // After the input of this turn was read, everybody in it has queued what he writes.
        flushing = new Promise<void>((resolve) => setImmediate(resolve)).then(flush)
      }),
    idle: () => flushing,
  }
}

/** Commits what was begun. Where one write fails in a way of its own, as on a full disk, none is kept. */
function commitGroup(db: DatabaseSync, group: readonly Waiting[]): void {
  try {
    const changed = group.map(({ write }) => write())
    db.exec('COMMIT')
    for (const [i, { resolve }] of group.entries()) resolve(changed[i] ?? 0)
  } catch (error) {
    for (const { reject } of group) reject(error)
    if (db.isTransaction) db.exec('ROLLBACK')
  }
}

/** Tries of one millisecond and a little each, so some ten seconds: far beyond any write of another process. */
const patience = 8000

/**
 * SQLite's own waiting for the lock of another process sleeps inside the call, and this process with it. Here a call that finds
 * the file locked fails at once and is made again a millisecond later.
 */
export async function whenFree<T>(question: () => T): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return question()
    } catch (error) {
      if (!isBusy(error)) throw error
      if (attempt === patience)
        throw new StoreUnavailable("The broker's database is locked.", { cause: error })
    }
    await pause(1)
  }
}

/** https://sqlite.org/rescode.html: the low byte is the primary code, 5 for SQLITE_BUSY and 6 for SQLITE_LOCKED. */
function isBusy(error: unknown): boolean {
  const code = codeOf(error) & 0xff
  return code === 5 || code === 6
}

export function codeOf(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0
}
