// Which of keychain, file and memory keeps a sign-in: decided before one is asked for, remembered, and said.
// Also the key that the keychain holds for us. Not here: keychains themselves (keychain.ts), what is done
// with the key (sealed.ts).
import { join } from 'node:path'
import type { StoreChoice, StoreKind } from './credential.ts'
import { readPrivateFile } from './credential-file.ts'
import { StoreError } from './errors.ts'
import { parseObject } from './json.ts'
import { type Keychain, KeychainError, type KeychainTrouble, proveKeychain } from './keychain.ts'
import type { SealingKey } from './sealed.ts'
import type { System } from './system.ts'

export type ChoiceOptions = {
  directory: string
  keychain: Keychain | undefined
  asked: StoreKind | undefined
  system: System
  save: (path: string, value: unknown) => void
}

export type Chooser = {
  /** Asks the keychain, unless what it answered is remembered. */
  choose: () => StoreChoice
  /** What is remembered; asks nobody. */
  remembered: () => StoreChoice
  /** The key that new credentials are sealed with; only after a choice of the keychain. */
  ownKey: () => SealingKey | undefined
  keyOf: (id: string, path: string) => SealingKey
}

export function createChooser(options: ChoiceOptions): Chooser {
  const { keychain, asked, system } = options
  const path = join(options.directory, 'store.json')
  const keys = new Map<string, SealingKey>()
  const fetchKey = (id: string): SealingKey | undefined => {
    const known = keys.get(id)
    if (known) return known
    const bytes = Buffer.from(need(keychain).read(nameOf(id)) ?? '', 'base64')
    if (bytes.length !== KEY_BYTES) return undefined
    const key = { id, bytes }
    keys.set(id, key)
    return key
  }
  const makeKey = (): void => {
    proveKeychain(need(keychain), `probe-${system.randomName()}`, system.randomName())
    const key = { id: system.randomName(), bytes: system.randomBytes(KEY_BYTES) }
    need(keychain).write(nameOf(key.id), Buffer.from(key.bytes).toString('base64'))
    // Only what was read back is there tomorrow.
    if (!fetchKey(key.id)) throw new KeychainError('refused', 'it does not give back what it was given')
    options.save(path, { version: 1, kind: 'keychain', key: key.id, at: system.now() })
  }
  const note = (): Note => readNote(path)
  const byItself = (): StoreChoice => {
    const known = note()
    if (known.kind === 'file' && isRecent(known.at, system.now()))
      return { kind: 'file', why: known.why, news: false }
    try {
      if (!(known.kind === 'keychain' && fetchKey(known.key))) makeKey()
      return { kind: 'keychain', why: 'answered', news: false }
    } catch (error) {
      if (!(error instanceof KeychainError)) throw error
      const { trouble } = error
      if (trouble !== 'absent')
        options.save(path, { version: 1, kind: 'file', why: trouble, at: system.now() })
      return { kind: 'file', why: trouble, news: trouble !== 'absent' }
    }
  }
  return {
    choose: () => {
      if (asked === 'file' || asked === 'memory') return { kind: asked, why: 'asked', news: false }
      if (asked === undefined) return byItself()
      try {
        const known = note()
        if (!(known.kind === 'keychain' && fetchKey(known.key))) makeKey()
        return { kind: 'keychain', why: 'asked', news: false }
      } catch (error) {
        throw error instanceof KeychainError ? unavailable(error, options.directory) : error
      }
    },
    remembered: () => {
      if (asked !== undefined) return { kind: asked, why: 'asked', news: false }
      const known = note()
      if (known.kind === 'keychain') return { kind: 'keychain', why: 'answered', news: false }
      return { kind: 'file', why: known.kind === 'file' ? known.why : 'absent', news: false }
    },
    ownKey: () => {
      const known = note()
      return known.kind === 'keychain' ? fetchKey(known.key) : undefined
    },
    keyOf: (id, file) => {
      try {
        const key = fetchKey(id)
        if (key) return key
      } catch (error) {
        throw error instanceof KeychainError ? unavailable(error, file) : error
      }
      throw new StoreError('keychain_lacks_key', file, 'The keychain no longer has the key of this sign-in.')
    },
  }
}

/** Says nothing about signing in again: the sign-in is still there, behind the keychain. */
function unavailable(error: KeychainError, path: string): StoreError {
  const what = {
    absent: 'There is no keychain to reach from here',
    silent: 'The keychain did not answer',
    refused: 'The keychain refused to answer',
  }[error.trouble]
  return new StoreError(
    'keychain_unavailable',
    path,
    `${what} (${error.message}). Nothing is lost: unlock it and try again.`,
    error,
  )
}

type Note =
  | { kind: 'keychain'; key: string }
  | { kind: 'file'; why: KeychainTrouble; at: number }
  | { kind: undefined }

/** Whatever it cannot understand counts as nothing remembered: the keychain is asked again. */
function readNote(path: string): Note {
  const file = readPrivateFile(path)
  const value = file === 'missing' ? undefined : parseObject(file.text)
  if (value?.kind === 'keychain' && typeof value.key === 'string') return { kind: 'keychain', key: value.key }
  const { why, at } = value ?? {}
  if (value?.kind === 'file' && (why === 'silent' || why === 'refused') && typeof at === 'number')
    return { kind: 'file', why, at }
  return { kind: undefined }
}

function need(keychain: Keychain | undefined): Keychain {
  if (!keychain) throw new KeychainError('absent', 'this program keeps files only')
  return keychain
}

function nameOf(keyId: string): string {
  return `key-${keyId}`
}

/** A day: a keychain that was locked this morning may be open tomorrow, and asking costs seconds. */
function isRecent(at: number, now: number): boolean {
  return now >= at - 60 && now < at + 86_400
}

const KEY_BYTES = 32
