// The master key: from the settings, or from a file of its own that is made at the first start (design: secrets at rest).
// What is made of it is secrets.ts.

import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type Config, ConfigError } from './config.ts'
import type { System } from './system.ts'

const keyBytes = 32

export function loadMasterKey(config: Config, system: System): Uint8Array {
  if (config.masterKey !== undefined)
    return parseKey(config.masterKey, 'The setting masterKey (COUNTERSIGN_MASTER_KEY)')
  // A database in memory forgets everything, so a key that is forgotten with it serves as well.
  if (config.store === 'memory') return system.random(keyBytes)
  makeDirectory(resolve(config.data))
  const path = join(config.data, 'master.key')
  return createKeyFile(path, system) ?? readKeyFile(path)
}

// Not Node's recursive mkdir: it never returns where a directory cannot have children, such as /proc.
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  if (!existsSync(dirname(path))) makeDirectory(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    throw new ConfigError(`The setting data (COUNTERSIGN_DATA) is wrong: ${(error as Error).message}`)
  }
}

// Written aside and linked under its name: of several processes that start at once, one makes the key and the others read it,
// and nobody ever reads half of one, not even after a crash in between.
function createKeyFile(path: string, system: System): Uint8Array | undefined {
  if (existsSync(path)) return undefined
  const key = system.random(keyBytes)
  const draft = `${path}.${system.random(6).toString('hex')}`
  try {
    writeThrough(draft, `${key.toString('base64url')}\n`)
    linkSync(draft, path)
    syncFolder(dirname(path))
    return key
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined
    throw new ConfigError(`The master key ${path} cannot be made: ${(error as Error).message}`)
  } finally {
    rmSync(draft, { force: true })
  }
}

// Data sealed under a key that a power cut can lose would be lost with it.
function writeThrough(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

// Windows cannot open a folder, and keeps its names by itself.
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function readKeyFile(path: string): Uint8Array {
  // Whoever could read the file could read the database with it.
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
  return parseKey(readFileSync(path, 'utf8').trim(), `The master key file ${path}`)
}

function parseKey(text: string, what: string): Uint8Array {
  const key = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64url')
  if (key.length !== keyBytes)
    throw new ConfigError(`${what} is wrong: it must be ${keyBytes} bytes in base64url or hex.`)
  return key
}
