// The access token of a sealed credential, kept in memory-backed files of this login session, so that printing
// it need not wake the keychain each time. Nothing that outlives a token by more than minutes is kept here:
// the refresh token and the key never are. Not here: the credential itself (credentials.ts).
import { existsSync, lstatSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import {
  ensurePrivateDirectory,
  readPrivateFile,
  removePrivateFile,
  writePrivateFile,
} from './credential-file.ts'
import { StoreError } from './errors.ts'
import { parseObject } from './json.ts'
import type { System } from './system.ts'

export type Glances = {
  /** `stamp` names the one writing of the credential that the token belongs to. */
  read: (name: string, stamp: string) => string | undefined
  write: (name: string, stamp: string, accessToken: string) => void
  remove: (name: string) => void
}

/** In `$XDG_RUNTIME_DIR`, which the system empties at the end of the session; without one nothing is kept. */
export function openGlances(
  env: Record<string, string | undefined>,
  directoryName: string,
  system: System,
): Glances {
  const base = env.XDG_RUNTIME_DIR
  if (!base || !isOwnMemory(base)) return { read: () => undefined, write: () => {}, remove: () => {} }
  const directory = join(base, directoryName)
  const pathOf = (name: string): string => join(directory, `${name}.json`)
  return {
    read: (name, stamp) =>
      quietly(() => {
        const file = readPrivateFile(pathOf(name))
        const value = file === 'missing' ? undefined : parseObject(file.text)
        if (value?.stamp !== stamp || typeof value.accessToken !== 'string') return undefined
        return value.accessToken
      }),
    write: (name, stamp, accessToken) => {
      quietly(() => {
        ensurePrivateDirectory(directory)
        writePrivateFile(pathOf(name), JSON.stringify({ stamp, accessToken }), system)
      })
    },
    remove: (name) => {
      quietly(() => removePrivateFile(pathOf(name)))
    },
  }
}

/** A directory of that name on a disk would keep what must be forgotten. */
function isOwnMemory(path: string): boolean {
  if (process.platform !== 'linux' || !existsSync(path)) return false
  const found = lstatSync(path)
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) return false
  return MEMORY_FILE_SYSTEMS.has(statfsSync(path).type)
}

/** It only saves time; whatever is wrong with it, the credential itself is read instead. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof StoreError) return undefined
    throw error
  }
}

// TMPFS_MAGIC and RAMFS_MAGIC of statfs(2).
const MEMORY_FILE_SYSTEMS = new Set([0x01021994, 0x858458f6])
