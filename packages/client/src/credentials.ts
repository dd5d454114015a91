// What is kept of a sign-in, and where: one file per issuer, client and account in an owner-only directory,
// and one small file per issuer and client that names the current account. Loads nothing heavy, so that
// `countersign token` stays fast. Not here: how files are written (credential-file.ts), renewing (refresh.ts).
import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import {
  ensurePrivateDirectory,
  listFiles,
  readPrivateFile,
  removePrivateFile,
  setAside,
  sweepTemporaries,
  writePrivateFile,
} from './credential-file.ts'
import { StoreError } from './errors.ts'
import { system as realSystem, type System } from './system.ts'

export type CredentialKey = { issuer: string; clientId: string; account: string }

export type Account = { id: string; email?: string; name?: string }

export type Credential = {
  version: 1
  issuer: string
  clientId: string
  account: Account
  deviceName?: string
  signedInAt: number
} & (
  | {
      state: 'live'
      accessToken: string
      refreshToken?: string
      scope?: string
      /** By the server's clock; absent means that nobody knows. */
      expiresAt?: number
      receivedAt: number
      clockOffset: number
    }
  /** A tombstone: the server refused the refresh token, so asking again is pointless. */
  | { state: 'ended'; endedAt: number; reason: 'invalid_grant' }
)

export type LiveCredential = Extract<Credential, { state: 'live' }>

export type CredentialStore = {
  directory: string
  /** Proves that a credential can be written, before one is asked for. */
  probe: () => void
  read: (key: CredentialKey) => Credential | undefined
  write: (credential: Credential) => void
  remove: (key: CredentialKey) => void
  /** The account that is used when none is named, for this issuer and client. */
  current: (issuer: string, clientId: string) => string | undefined
  setCurrent: (key: CredentialKey) => void
  /** The issuer of the latest sign-in on this machine. */
  latestIssuer: () => string | undefined
  list: (issuer?: string, clientId?: string) => Credential[]
  pathOf: (key: CredentialKey) => string
}

export type Environment = Record<string, string | undefined>

/** What names the variables and directories of a program (app.ts). */
export type AppPlace = { prefix: string; directory: string }

export function openStore(
  options: { env?: Environment; app?: AppPlace; directory?: string; system?: System } = {},
): CredentialStore {
  const system = options.system ?? realSystem
  const directory = options.directory ?? storeDirectory(options.env ?? {}, options.app)
  const pathOf = (key: CredentialKey): string => join(directory, `${fileStem(key)}.json`)
  const pointer = (issuer: string, clientId: string): string =>
    join(directory, `current-${digest(issuer, clientId)}.json`)
  const latest = join(directory, 'latest.json')

  const save = (path: string, value: unknown): void => {
    ensurePrivateDirectory(directory)
    writePrivateFile(path, `${JSON.stringify(value, null, 2)}\n`, system)
  }
  const readPointer = (path: string, member: string): string | undefined => {
    const file = readPrivateFile(path)
    const value = file === 'missing' ? undefined : parseObject(file.text)?.[member]
    return typeof value === 'string' ? value : undefined
  }
  const list = (issuer?: string, clientId?: string): Credential[] =>
    listFiles(directory)
      .filter((name) => CREDENTIAL_NAME.test(name))
      .map((name) => readCredential(join(directory, name)))
      .filter((found) => found !== undefined)
      .filter((found) => issuer === undefined || found.issuer === issuer)
      .filter((found) => clientId === undefined || found.clientId === clientId)

  return {
    directory,
    pathOf,
    list,
    probe: () => {
      const path = join(directory, `probe-${system.randomName()}.json`)
      save(path, { probe: 'x'.repeat(PROBE_BYTES) })
      removePrivateFile(path)
      sweepTemporaries(directory, system)
    },
    read: (key) => readCredential(pathOf(key)),
    write: (credential) => save(pathOf(keyOf(credential)), credential),
    remove: (key) => {
      removePrivateFile(pathOf(key))
      if (readPointer(pointer(key.issuer, key.clientId), 'account') === key.account)
        removePrivateFile(pointer(key.issuer, key.clientId))
    },
    current: (issuer, clientId) =>
      readPointer(pointer(issuer, clientId), 'account') ?? onlyOne(list(issuer, clientId)),
    setCurrent: (key) => {
      save(pointer(key.issuer, key.clientId), { issuer: key.issuer, account: key.account })
      save(latest, { issuer: key.issuer })
    },
    latestIssuer: () => readPointer(latest, 'issuer'),
  }
}

export function keyOf(credential: Credential): CredentialKey {
  return { issuer: credential.issuer, clientId: credential.clientId, account: credential.account.id }
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

/**
 * Whether the access token can be used now. Sixty seconds before its end it is `stale`, so that it does not
 * die on the way; a clock that went back behind the moment of receipt cannot be trusted, hence `stale` too.
 */
export function freshness(credential: LiveCredential, now: number): 'fresh' | 'stale' | 'unknown' {
  if (credential.expiresAt === undefined) return 'unknown'
  if (now < credential.receivedAt - LEEWAY_SECONDS) return 'stale'
  const lifetime = credential.expiresAt - (credential.receivedAt + credential.clockOffset)
  // A token that lives two minutes or less would be refreshed on every use with the full margin.
  const margin = Math.min(LEEWAY_SECONDS, lifetime / 2)
  return now + credential.clockOffset < credential.expiresAt - margin ? 'fresh' : 'stale'
}

function readCredential(path: string): Credential | undefined {
  const file = readPrivateFile(path)
  if (file === 'missing') return undefined
  const value = parseObject(file.text)
  if (value && typeof value.version === 'number' && value.version > 1)
    throw new StoreError('store_newer', path, `${path} was written by a newer version of this program.`)
  if (isCredential(value)) return value
  const aside = setAside(path)
  if (aside === 'missing') return undefined
  throw new StoreError(
    'credential_corrupt',
    aside,
    `The stored sign-in could not be read. It was set aside as ${aside}.`,
  )
}

function isCredential(value: unknown): value is Credential {
  if (typeof value !== 'object' || value === null) return false
  const it: Partial<Record<string, unknown>> = { ...value }
  const account = typeof it.account === 'object' && it.account !== null ? { ...it.account } : {}
  const named = [it.issuer, it.clientId, 'id' in account ? account.id : undefined]
  if (it.version !== 1 || !named.every((text) => typeof text === 'string')) return false
  if (typeof it.signedInAt !== 'number') return false
  if (it.state === 'ended') return typeof it.endedAt === 'number'
  return it.state === 'live' && isLive(it)
}

function isLive(it: Partial<Record<string, unknown>>): boolean {
  return (
    typeof it.accessToken === 'string' &&
    it.accessToken !== '' &&
    typeof it.receivedAt === 'number' &&
    typeof it.clockOffset === 'number' &&
    (it.refreshToken === undefined || typeof it.refreshToken === 'string') &&
    (it.scope === undefined || typeof it.scope === 'string') &&
    (it.expiresAt === undefined || typeof it.expiresAt === 'number')
  )
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function onlyOne(found: Credential[]): string | undefined {
  return found.length === 1 ? found[0]?.account.id : undefined
}

function fileStem(key: CredentialKey): string {
  const host = URL.parse(key.issuer)?.host.replace(/[^a-z0-9.-]/gi, '_') ?? 'issuer'
  return `${host}-${digest(key.issuer, key.clientId, key.account)}`
}

function digest(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24)
}

const CREDENTIAL_NAME = /^(?!current-|probe-|\.)[a-z0-9._-]+-[0-9a-f]{24}\.json$/i
const COUNTERSIGN: AppPlace = { prefix: 'COUNTERSIGN', directory: 'countersign' }
const LEEWAY_SECONDS = 60
// About the size of a credential with three JWTs in it.
const PROBE_BYTES = 8192
