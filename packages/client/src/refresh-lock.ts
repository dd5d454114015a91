// One refresh at a time, across processes: an exclusive SQLite transaction on a small lock file beside the
// credential. The kernel owns the lock, so a killed holder leaves nothing to clean up and nothing to steal.
// Not here: what is done under the lock (refresh.ts, sign-out.ts).
import { lstatSync, truncateSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { ensureLockFile, ensurePrivateDirectory } from './credential-file.ts'
import { LockError, StoreError } from './errors.ts'
import type { System } from './system.ts'

export type LockOptions<T> = {
  /** Undefined where no other process could be in the way: then the queue of this one is enough. */
  path: string | undefined
  system: System
  timeoutSeconds: number
  /** Asked while waiting: whatever the holder achieved may make the lock unnecessary. */
  alreadyDone?: () => T | undefined
}

export async function withRefreshLock<T>(options: LockOptions<T>, work: () => Promise<T>): Promise<T> {
  const { path, system, timeoutSeconds, alreadyDone } = options
  if (path === undefined) return inTurn(async () => alreadyDone?.() ?? (await work()))
  ensurePrivateDirectory(dirname(path))
  ensureLockFile(path)
  const deadline = system.monotonic() + timeoutSeconds
  for (let attempt = 0; ; attempt += 1) {
    const release = await tryLock(path)
    if (release) {
      try {
        return await work()
      } finally {
        release()
      }
    }
    const done = alreadyDone?.()
    if (done !== undefined) return done
    if (system.monotonic() >= deadline)
      throw new LockError(`Another process has been busy with ${path} for ${timeoutSeconds} seconds.`)
    await system.sleep(Math.min(0.01 * (attempt + 1), 0.1))
  }
}

let last: Promise<unknown> = Promise.resolve()

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work, work)
  last = mine
  return mine
}

/** One attempt; the file is made where it is missing. The function to give the lock back, or undefined where it is taken. */
export async function tryLock(path: string): Promise<(() => void) | undefined> {
  const { DatabaseSync } = await import('node:sqlite')
  // No busy timeout: it would block the event loop, and with it Ctrl-C and every other request.
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    const code = sqliteCode(error)
    if (code === SQLITE_BUSY || code === SQLITE_LOCKED) return undefined
    // Somebody wrote into the file. Emptying it keeps the inode, which is what everybody locks.
    if (code === SQLITE_FULL)
      throw new StoreError('store_full', path, `The disk is full: ${path} could not be written.`, error)
    if (code === SQLITE_READONLY || code === SQLITE_CANTOPEN || code === SQLITE_IOERR)
      throw new StoreError('store_unwritable', path, `Cannot write ${path}.`, error)
    if (code !== SQLITE_NOTADB || lstatSync(path).size === 0) throw error
    truncateSync(path)
    return undefined
  }
  return () => unlock(database)
}

function unlock(database: DatabaseSync): void {
  try {
    database.exec('ROLLBACK')
  } finally {
    database.close()
  }
}

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined
  return error.errcode & 0xff
}

const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26
