// The lock that a file shared with other programs is edited under: flock(2) on a lock file, as Python's fcntl.flock takes it.
// Node cannot call flock, but a lock belongs to the opened file, not to the process: a small program of the system locks the
// descriptor that it inherits from us and ends, and the lock stays until we close the file or die, however we die.
// Where there is no such program (Windows), an SQLite file keeps at least our own processes apart (client's refresh-lock.ts).
// Not here: which file, and what is done under the lock (auth-json-file.ts).

import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '@countersign/client/errors'
import { tryLock } from '@countersign/client/refresh-lock'
import type { System } from '@countersign/client/system'
import { VaultError } from '../errors.ts'
import { inheritOwner } from './write-file.ts'

export interface LockOptions {
  readonly system: Pick<System, 'monotonic' | 'sleep'>
  readonly timeoutSeconds: number
  /** Programs that lock descriptor 3 and wait for it; the first that is there is used. */
  readonly lockers?: readonly Locker[]
}

export type Locker = readonly [program: string, ...args: string[]]

/** util-linux or BusyBox, then what macOS has, then what whoever shares the file with Python has. */
export const systemLockers: readonly Locker[] = [
  ['flock', '-x', '3'],
  ['perl', '-e', 'use Fcntl ":flock"; open(my $f, ">>&=", 3) or exit 2; flock($f, LOCK_EX) or exit 3'],
  ['python3', '-c', 'import fcntl; fcntl.flock(3, fcntl.LOCK_EX)'],
]

/** Throws VaultError `vault_locked` where somebody else keeps the lock for longer than that. */
export async function withFileLock<T>(
  path: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const release = await lock(path, options)
  try {
    return await work()
  } finally {
    await release()
  }
}

async function lock(path: string, options: LockOptions): Promise<() => Promise<void>> {
  const file = await openLockFile(path)
  try {
    for (const locker of options.lockers ?? systemLockers) {
      if (await runLocker(locker, file, options.timeoutSeconds)) return () => file.close()
    }
  } catch (error) {
    await file.close()
    throw error
  }
  await file.close()
  return lockBySqlite(`${path}.sqlite`, options)
}

/** Opened as other programs open it: made if need be, never emptied, never removed (whoever waits has it open). */
async function openLockFile(path: string): Promise<FileHandle> {
  let file: FileHandle | undefined
  try {
    file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | noFollow, 0o600)
    await inheritOwner(file, dirname(path))
    return file
  } catch (error) {
    await file?.close()
    throw new VaultError('vault_unwritable', 'The lock beside the file of credentials cannot be used.', error)
  }
}

/** False where this program is not installed. */
function runLocker([program, ...args]: Locker, file: FileHandle, timeoutSeconds: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => reject(new VaultError('vault_locked', why, cause))
    let child: ChildProcess
    try {
      child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore', file.fd], windowsHide: true })
    } catch (error) {
      return fail(cannotLock, error)
    }
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, timeoutSeconds * 1000)
    child.once('error', (error) => {
      clearTimeout(timer)
      codeOf(error) === 'ENOENT' ? resolve(false) : fail(cannotLock, error)
    })
    child.once('exit', (code) => {
      clearTimeout(timer)
      // One that has been locked and killed at the same time is given back by closing the file.
      if (code === 0 && !late) return resolve(true)
      fail(late ? isKept : cannotLock)
    })
  })
}

async function lockBySqlite(
  path: string,
  { system, timeoutSeconds }: LockOptions,
): Promise<() => Promise<void>> {
  await (await openLockFile(path)).close()
  const deadline = system.monotonic() + timeoutSeconds
  for (;;) {
    const release = await tryLock(path).catch((error: unknown) => {
      throw new VaultError('vault_unwritable', cannotLock, error)
    })
    if (release !== undefined) return async () => release()
    if (system.monotonic() >= deadline) throw new VaultError('vault_locked', isKept)
    await system.sleep(0.01)
  }
}

const noFollow = constants.O_NOFOLLOW ?? 0
const cannotLock = 'The file of credentials cannot be locked here.'
const isKept = 'Another program keeps the file of credentials locked.'
