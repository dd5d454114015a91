// Files that hold secrets, written and read carefully: owner-only from the first byte, whole or not at all,
// never through a symlink, never over something that could not be read. Knows nothing about what is in
// them; that is credentials.ts.
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf, StoreError } from './errors.ts'
import type { System } from './system.ts'

/** Makes the directory, or repairs the one that is there, to be the owner's alone. */
export function ensurePrivateDirectory(path: string): void {
  guard(path, 'write', () => {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const found = lstatSync(path)
    // A link here could point to a directory that somebody else reads.
    if (!found.isDirectory()) throw unsafe(path, 'is not a directory of its own')
    const self = process.getuid?.()
    if (self !== undefined && self !== 0 && found.uid !== self) throw unsafe(path, 'belongs to somebody else')
    if ((found.mode & 0o777) !== 0o700) chmodSync(path, 0o700)
  })
}

export type PrivateFile = { text: string } | 'missing'

export function readPrivateFile(path: string): PrivateFile {
  return guard(path, 'read', () => {
    let file: number
    try {
      // Not blocking: a named pipe in the place of the file must not hang us.
      file = openSync(path, constants.O_RDONLY | NO_FOLLOW | NO_BLOCK)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'missing'
      throw error
    }
    try {
      const found = fstatSync(file)
      if (!found.isFile()) throw unsafe(path, 'is not a plain file')
      if (found.mode & 0o077) fchmodSync(file, 0o600)
      return { text: readFileSync(file, 'utf8') }
    } finally {
      closeSync(file)
    }
  })
}

/** Temporary file, fsync, rename, fsync of the directory: a reader sees the old file or the new one. */
export function writePrivateFile(path: string, text: string, system: System): void {
  const temporary = join(dirname(path), `.${basename(path)}.${system.randomName()}${TEMPORARY}`)
  guard(path, 'write', () => {
    refuseLink(path)
    writeNew(temporary, text)
    try {
      renameSync(temporary, path)
    } catch (error) {
      unlinkQuietly(temporary)
      throw error
    }
    syncDirectory(dirname(path))
  })
}

function writeNew(path: string, text: string): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, 0o600)
  try {
    // The mode above passes through the umask, which may also take too much away.
    fchmodSync(file, 0o600)
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    fsyncSync(file)
  } catch (error) {
    unlinkQuietly(path)
    throw error
  } finally {
    closeSync(file)
  }
}

/** Creates an empty owner-only file unless one is there. Never opens an existing one: see refresh-lock.ts. */
export function ensureLockFile(path: string): void {
  guard(path, 'write', () => {
    try {
      writeNew(path, '')
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
      refuseLink(path)
    }
  })
}

/** Renames what cannot be read to the first free `.corrupt-<n>` and returns that path. */
export function setAside(path: string): string | 'missing' {
  return guard(path, 'write', () => {
    for (let n = 1; ; n += 1) {
      const aside = `${path}.corrupt-${n}`
      try {
        // link() fails where something is, rename() would overwrite an earlier corrupt file.
        linkSync(path, aside)
        unlinkQuietly(path)
        return aside
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return 'missing'
        if (codeOf(error) !== 'EEXIST') throw error
      }
    }
  })
}

export function removePrivateFile(path: string): void {
  guard(path, 'write', () => {
    try {
      unlinkSync(path)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      return
    }
    syncDirectory(dirname(path))
  })
}

/** Removes temporary files that a killed process left, an hour after it did. */
export function sweepTemporaries(directory: string, system: System): void {
  for (const name of readdirSync(directory)) {
    if (!name.endsWith(TEMPORARY)) continue
    const path = join(directory, name)
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found && system.now() - found.mtimeMs / 1000 > 3600) unlinkQuietly(path)
  }
}

export function listFiles(directory: string): string[] {
  return guard(directory, 'read', () => {
    try {
      return readdirSync(directory)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return []
      throw error
    }
  })
}

function refuseLink(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) throw unsafe(path, 'is a symbolic link')
}

function syncDirectory(path: string): void {
  // Windows cannot open a directory; there the rename is durable by itself.
  if (process.platform === 'win32') return
  const directory = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Gone already, or the directory is read-only; either way there is nothing more to do here.
  }
}

function guard<T>(path: string, doing: 'read' | 'write', work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof StoreError) throw error
    const code = codeOf(error)
    if (code === 'ELOOP') throw unsafe(path, 'is a symbolic link')
    // EFBIG: a limit on the size of files, as good as full for us.
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
      throw new StoreError('store_full', path, `The disk is full: ${path} could not be written.`, error)
    if (code === undefined) throw error
    const kind = doing === 'read' ? 'store_unreadable' : 'store_unwritable'
    throw new StoreError(kind, path, `Cannot ${doing} ${path} (${code}).`, error)
  }
}

function unsafe(path: string, why: string): StoreError {
  return new StoreError('store_unsafe', path, `${path} ${why}; it is not used for credentials.`)
}

const TEMPORARY = '.tmp'
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
const NO_BLOCK = constants.O_NONBLOCK ?? 0
