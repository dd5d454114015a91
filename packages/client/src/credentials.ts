// Opens the store of a program: files in an owner-only directory with or without the keychain, or memory.
// Loads nothing heavy, so that `countersign token` stays fast. Not here: what a credential is
// (credential.ts), the files (file-store.ts), whether the keychain takes part (store-choice.ts).
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { CredentialStore, StoreKind } from './credential.ts'
import { StoreError } from './errors.ts'
import { openFileStore } from './file-store.ts'
import { openKeychain } from './keychain.ts'
import { openMemoryStore } from './memory-store.ts'
import { system as realSystem, type System } from './system.ts'
import { openGlances } from './token-glance.ts'

export {
  type Account,
  type Credential,
  type CredentialKey,
  type CredentialStore,
  type Entry,
  freshness,
  type Glance,
  keyOf,
  type LiveCredential,
  type StoreChoice,
  type StoreKind,
} from './credential.ts'

export type Environment = Record<string, string | undefined>

/** What names the variables and directories of a program (app.ts). */
export type AppPlace = { prefix: string; directory: string; store?: StoreKind | undefined }

export type StoreOptions = {
  /** Without it no keychain is looked for. */
  env?: Environment
  app?: AppPlace
  directory?: string
  /** Else `<PREFIX>_STORE`; else what the program prefers; else the keychain where one answers, else files. */
  kind?: StoreKind | undefined
  /** The one that is meant by `memory`; else a new one. */
  memory?: CredentialStore | undefined
  system?: System
}

export function openStore(options: StoreOptions = {}): CredentialStore {
  const { system = realSystem, env = {}, app = COUNTERSIGN } = options
  const asked = options.kind ?? kindFrom(env, app) ?? app.store
  const directory = options.directory ?? storeDirectory(env, app)
  if (asked === 'memory') return options.memory ?? openMemoryStore(directory)
  // Tests, and programs that say where their files are and nothing else, must not meet a keychain by accident.
  const keychain = options.env || asked ? openKeychain({ service: app.directory, env }) : undefined
  return openFileStore({
    directory,
    keychain,
    asked,
    glances: openGlances(env, app.directory, system),
    system,
  })
}

export function isStoreKind(text: string): text is StoreKind {
  return text === 'file' || text === 'keychain' || text === 'memory'
}

function kindFrom(env: Environment, app: AppPlace): StoreKind | undefined {
  const name = `${app.prefix}_STORE`
  const text = env[name]
  if (!text) return undefined
  if (isStoreKind(text)) return text
  throw new StoreError(
    'store_unknown',
    name,
    `${name} is ${JSON.stringify(text)}; it can be file, keychain or memory.`,
  )
}

/**
 * In `<PREFIX>_CONFIG_DIR`, else the XDG directory, else `~/.config`. Always a directory of its own below
 * it: making that private must not lock anybody out of a directory that has other uses.
 */
export function storeDirectory(env: Environment, app: AppPlace = COUNTERSIGN): string {
  const named = env[`${app.prefix}_CONFIG_DIR`]
  if (named) return join(named, 'credentials')
  const xdg = env.XDG_CONFIG_HOME
  const base = xdg && isAbsolute(xdg) ? xdg : join(env.HOME || homedir(), '.config')
  return join(base, app.directory, 'credentials')
}

const COUNTERSIGN: AppPlace = { prefix: 'COUNTERSIGN', directory: 'countersign' }
