// Waiting for the write lock of a SQLite file without blocking this process: SQLite's own busy handler sleeps inside the
// call, and for up to a tenth of a second at a time, in which no request is served and the lock is often lost again to
// somebody quicker. Here a call that finds the file locked fails at once and is tried again a millisecond later.

import { setTimeout as pause } from 'node:timers/promises'
import { StoreUnavailable } from './store.ts'

/** Tries of one millisecond and a little each, so some ten seconds: far beyond any commit of another process. */
export const patience = 8000

// https://sqlite.org/rescode.html: the low byte is the primary code, 5 for SQLITE_BUSY and 6 for SQLITE_LOCKED.
export function isBusy(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  return code === 5 || code === 6
}

/** The answer of `ask`, asked again while the file is locked. */
export async function whenFree<T>(ask: () => T): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return ask()
    } catch (error) {
      if (!isBusy(error) || attempt >= patience) throw new StoreUnavailable(error)
    }
    await pause(1)
  }
}
