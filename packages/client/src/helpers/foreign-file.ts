// Configuration files of other programs: read with a limit, and replaced as a whole with their mode, through the links that
// people keep them behind. What is in them is the business of docker-config.ts and npm-config.ts.
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { ForeignConfigurationError, type Ground } from './change.ts'

export function readForeign(path: string): string | undefined {
  return guarded(path, 'read', () => {
    const found = statSync(path, { throwIfNoEntry: false })
    if (!found) return undefined
    if (!found.isFile() || found.size > MAX_BYTES)
      throw new ForeignConfigurationError(`${path} is no file of settings`)
    return readFileSync(path, 'utf8')
  })
}

/** A reader sees the old file or the new one. New files are the owner's alone; old ones keep their mode. */
export function replaceForeign(
  path: string,
  text: string,
  { randomName }: Pick<Ground, 'randomName'>,
  mode = 0o600,
): void {
  guarded(path, 'written', () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const target = resolved(path)
    const kept = statSync(target, { throwIfNoEntry: false })?.mode ?? mode
    const temporary = `${target}.${randomName()}.tmp`
    try {
      writeWhole(temporary, text, kept & 0o777)
      renameSync(temporary, target)
    } catch (error) {
      unlinkQuietly(temporary)
      throw error
    }
  })
}

export function removeForeign(path: string): void {
  guarded(path, 'removed', () => unlinkSync(path))
}

function writeWhole(path: string, text: string, mode: number): void {
  const file = openSync(path, 'wx', mode)
  try {
    chmodSync(path, mode)
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function resolved(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) ? realpathSync(path) : path
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It was never made.
  }
}

function guarded<T>(path: string, done: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof ForeignConfigurationError || !(error instanceof Error && 'code' in error))
      throw error
    throw new ForeignConfigurationError(`${path} could not be ${done} (${String(error.code)})`, {
      cause: error,
    })
  }
}

const MAX_BYTES = 4 * 1024 * 1024
