// A file of secrets that other programs replace too: read as it is now, replaced as a whole or not at all, readable by its owner
// only from the first byte, and never over something that came in between.
// Not here: what is in it (auth-json-document.ts), and the lock (file-lock.ts).

import { isUtf8 } from 'node:buffer'
import { type BigIntStats, constants } from 'node:fs'
import {
  chmod,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  stat,
  unlink,
} from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { codeOf } from '@countersign/client/errors'
import type { System } from '@countersign/client/system'
import { VaultError } from '../errors.ts'

export interface Found {
  readonly text: string
  /** False where bytes are no UTF-8, and so not in the text as they are. */
  readonly whole: boolean
  /** Changes with every write, whoever writes; undefined where there is no file. */
  readonly identity: string | undefined
}

export interface Resolved {
  /** The path as other programs name it, its directory without links: the lock is beside it. */
  readonly named: string
  /** The file itself. */
  readonly target: string
}

/**
 * Through links, of the directory and of the file itself, as hermes-agent does: replacing a link by a file would leave whoever
 * reads behind it with the old credentials. `create`: makes the directory where it is missing.
 */
export async function resolvePath(path: string, create: boolean): Promise<Resolved> {
  return guard(create ? 'write' : 'read', async () => {
    const directory = dirname(path)
    await assertOwnLinks(path)
    // Only one that we make is made private: one that is there may be shared on purpose, and the file is private by itself.
    if (create) await makePrivate(directory)
    const named = join(await realpathIfAny(directory), basename(path))
    if ((await lstatIfAny(named))?.isSymbolicLink() !== true) return { named, target: named }
    const pointed = resolve(dirname(named), await readlink(named))
    if ((await statIfAny(pointed)) !== undefined) return { named, target: await realpath(pointed) }
    return { named, target: join(await realpath(dirname(pointed)), basename(pointed)) }
  })
}

/**
 * A service that runs as root is where the people whose files these are could not write: a link of theirs leads it only to what is
 * theirs. (That they exchange it in the same moment is not noticed; docs/auth-json.md.)
 */
async function assertOwnLinks(path: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const parents: string[] = []
  for (let at = resolve(path); at !== dirname(at); at = dirname(at)) parents.unshift(at)
  for (const at of parents) {
    const found = await lstatIfAny(at)
    if (found?.isSymbolicLink() !== true || found.uid === 0) continue
    const pointed = resolve(dirname(at), await readlink(at))
    const owner = (await statIfAny(at)) ?? (await statIfAny(dirname(pointed)))
    if (owner !== undefined && Number(owner.uid) !== found.uid)
      throw new VaultError(
        'vault_unwritable',
        'The file of credentials is a link to what is somebody else’s.',
      )
  }
}

export async function readWhole(path: string): Promise<Found> {
  return guard('read', async () => {
    let file: FileHandle
    try {
      // Not blocking: a named pipe in the place of the file must not hang us.
      file = await open(path, constants.O_RDONLY | noFollow | noBlock)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return { text: '', whole: true, identity: undefined }
      throw error
    }
    try {
      const found = await file.stat({ bigint: true })
      if (!found.isFile() || found.size > maxBytes)
        throw new VaultError(
          'vault_unreadable',
          'What is in the place of the file of credentials is not one.',
        )
      const bytes = await file.readFile()
      return { text: bytes.toString(), whole: isUtf8(bytes), identity: identityOf(found) }
    } finally {
      await file.close()
    }
  })
}

/** Temporary file, fsync, rename, fsync of the directory. False, and nothing done, where `identity` is not what is there. */
export async function replaceWhole(
  path: string,
  text: string,
  identity: string | undefined,
  system: Pick<System, 'randomBytes'>,
): Promise<boolean> {
  const unique = Buffer.from(system.randomBytes(8)).toString('hex')
  const temporary = `${path}${temporaryMark}${process.pid}.${unique}`
  if (Buffer.byteLength(text) > maxBytes)
    throw new VaultError('vault_unwritable', 'The file of credentials would be too large to be read again.')
  return guard('write', async () => {
    try {
      const create = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | noFollow
      const file = await open(temporary, create, 0o600)
      try {
        // The mode above passes through the umask, which may also take too much away.
        await file.chmod(0o600)
        await inheritOwner(file, path, dirname(path))
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      // A program that writes without the lock: as late as possible, what it wrote is noticed and kept.
      if (identityOf(await statIfAny(path)) !== identity) {
        await unlink(temporary)
        return false
      }
      await rename(temporary, path)
    } catch (error) {
      await unlink(temporary).catch(() => {})
      throw error
    }
    await syncDirectory(dirname(path))
    return true
  })
}

/** A second name for what is there, so that replacing the first loses nothing; the name that it got. */
export async function keepAside(path: string, seconds: number): Promise<string> {
  return guard('write', async () => {
    const stamp = new Date(seconds * 1000).toISOString().replace(/[-:]|\.\d+/g, '')
    for (let n = 1; ; n += 1) {
      const aside = `${path}.unreadable-${stamp}${n === 1 ? '' : `-${n}`}`
      try {
        // link() fails where something is; rename() would replace what was kept before.
        await link(path, aside)
        const file = await open(aside, constants.O_RDONLY | noFollow)
        await file.chmod(0o600).finally(() => file.close())
        return aside
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error
      }
    }
  })
}

/** Removes temporary files that a killed process left, an hour after it did. */
export async function sweepTemporaries(path: string, now: number): Promise<void> {
  const directory = dirname(path)
  for (const name of await readdir(directory)) {
    if (!name.startsWith(basename(path) + temporaryMark)) continue
    const found = await lstatIfAny(join(directory, name))
    if (found !== undefined && now - found.mtimeMs / 1000 > 3600)
      await unlink(join(directory, name)).catch(() => {})
  }
}

/**
 * A service that runs as root must not take a person's file away from the person's own programs: what it makes belongs to
 * whom the first of `models` that is there belongs to.
 */
export async function inheritOwner(file: FileHandle, ...models: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0 || (await file.stat()).uid !== 0) return
  for (const model of models) {
    const found = await statIfAny(model)
    if (found === undefined) continue
    if (found.uid !== 0n) await file.chown(Number(found.uid), Number(found.gid))
    return
  }
}

function identityOf(found: BigIntStats | undefined): string | undefined {
  return found && [found.dev, found.ino, found.size, found.mtimeNs].join(' ')
}

async function makePrivate(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o700 })
  if (first === undefined || process.platform === 'win32') return
  // As with files: the umask may have taken too much away.
  for (let made = directory; made.startsWith(first); made = dirname(made)) await chmod(made, 0o700)
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory; there the rename is durable by itself.
  if (process.platform === 'win32') return
  const directory = await open(path, constants.O_RDONLY)
  await directory.sync().finally(() => directory.close())
}

async function realpathIfAny(path: string): Promise<string> {
  return realpath(path).catch(orMissing(path))
}

async function lstatIfAny(path: string) {
  return lstat(path).catch(orMissing(undefined))
}

async function statIfAny(path: string): Promise<BigIntStats | undefined> {
  return stat(path, { bigint: true }).catch(orMissing(undefined))
}

function orMissing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (codeOf(error) === 'ENOENT') return instead
    throw error
  }
}

async function guard<T>(doing: 'read' | 'write', work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof VaultError || codeOf(error) === undefined) throw error
    throw doing === 'read'
      ? new VaultError('vault_unreadable', 'The file of credentials cannot be read.', error)
      : new VaultError('vault_unwritable', 'The file of credentials cannot be written.', error)
  }
}

const temporaryMark = '.tmp.'
/** Thousands of connections; more than that is another kind of file. */
const maxBytes = 16 * 1024 * 1024
const noFollow = constants.O_NOFOLLOW ?? 0
const noBlock = constants.O_NONBLOCK ?? 0
