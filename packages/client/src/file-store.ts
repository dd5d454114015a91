// Credentials in files: one per issuer, client and account in an owner-only directory, its tokens in clear or
// sealed with a key that the keychain holds, and one small file per issuer and client that names the current
// account. Both kinds lie under the same name, so that moving from one to the other is one atomic rename.
// Not here: how files are written (credential-file.ts), what is in them (sealed.ts).
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type {
  Credential,
  CredentialKey,
  CredentialStore,
  Entry,
  StoreChoice,
  StoreKind,
} from './credential.ts'
import { keyOf } from './credential.ts'
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
import { parseObject } from './json.ts'
import { type Keychain, KeychainError } from './keychain.ts'
import {
  entryOf,
  formatClear,
  formatSealed,
  IV_BYTES,
  openSealed,
  parseStored,
  type SealingKey,
  type Stored,
} from './sealed.ts'
import { type Chooser, createChooser } from './store-choice.ts'
import type { System } from './system.ts'
import type { Glances } from './token-glance.ts'

export type FileStoreOptions = {
  directory: string
  keychain: Keychain | undefined
  asked: StoreKind | undefined
  glances: Glances
  system: System
}

type Place = FileStoreOptions & {
  chooser: Chooser
  /** What this process has decided; a sign-in moves to it. */
  chosen: StoreChoice | undefined
  save: (path: string, text: string) => void
}

export function openFileStore(options: FileStoreOptions): CredentialStore {
  const { directory, system } = options
  const save = (path: string, text: string): void => {
    ensurePrivateDirectory(directory)
    writePrivateFile(path, text, system)
  }
  const chooser = createChooser({ ...options, save: (path, value) => save(path, asText(value)) })
  const place: Place = { ...options, chooser, chosen: undefined, save }
  const pathOf = (key: CredentialKey): string => join(directory, `${fileStem(key)}.json`)
  const probe = (): void => {
    const path = join(directory, `probe-${system.randomName()}.json`)
    save(path, 'x'.repeat(PROBE_BYTES))
    removePrivateFile(path)
    sweepTemporaries(directory, system)
  }
  return {
    directory,
    pathOf,
    lockOf: (key) => pathOf(key).replace(/\.json$/, '.lock'),
    probe,
    choose: () => {
      probe()
      const choice = chooser.choose()
      place.chosen = choice
      return choice
    },
    remembered: () => place.chosen ?? chooser.remembered(),
    read: (key) => open(place, pathOf(key)),
    glance: (key) => {
      const path = pathOf(key)
      const stored = demand(path)
      if (stored?.form !== 'sealed')
        return stored?.credential.state === 'live' ? stored.credential : undefined
      const kept = options.glances.read(fileStem(key), stored.seal.tag)
      if (kept !== undefined) return { ...stored.entry, accessToken: kept }
      const opened = open(place, path)
      if (opened?.state !== 'live') return undefined
      options.glances.write(fileStem(key), stored.seal.tag, opened.accessToken)
      return opened
    },
    entry: (key) => asEntry(demand(pathOf(key))),
    write: (credential) => write(place, pathOf(keyOf(credential)), credential),
    remove: (key) => {
      removePrivateFile(pathOf(key))
      options.glances.remove(fileStem(key))
      const current = pointerPath(directory, key.issuer, key.clientId)
      if (readPointer(current, 'account') === key.account) removePrivateFile(current)
    },
    removeLeftovers: () => removeLeftovers(directory),
    list: (issuer, clientId) => list(directory, issuer, clientId),
    current: (issuer, clientId) =>
      readPointer(pointerPath(directory, issuer, clientId), 'account') ??
      onlyOne(list(directory, issuer, clientId)),
    setCurrent: (key) => {
      const { issuer, account } = key
      save(pointerPath(directory, issuer, key.clientId), asText({ issuer, account }))
      save(join(directory, LATEST), asText({ issuer }))
    },
    latestIssuer: () => readPointer(join(directory, LATEST), 'issuer'),
  }
}

function open({ chooser }: Place, path: string): Credential | undefined {
  const stored = demand(path)
  if (stored?.form !== 'sealed') return stored?.credential
  const opened = openSealed(stored, chooser.keyOf(stored.keyId, path))
  return opened ?? refuseCorrupt(path)
}

function write(place: Place, path: string, credential: Credential): void {
  // A tombstone holds nothing to seal.
  const key = credential.state === 'live' ? sealingKey(place, path) : undefined
  if (credential.state === 'ended' || !key) place.save(path, formatClear(credential))
  else place.save(path, formatSealed(credential, key, place.system.randomBytes(IV_BYTES)))
}

/** A token that is in hand is kept in any case: what the keychain will not take goes to the file. */
function sealingKey({ chooser, asked, chosen, system }: Place, path: string): SealingKey | undefined {
  const wanted = asked ?? chosen?.kind ?? formOf(path) ?? chooser.choose().kind
  if (wanted !== 'keychain') return undefined
  try {
    const known = chooser.ownKey()
    if (known) return known
    return chooser.choose().kind === 'keychain' ? chooser.ownKey() : undefined
  } catch (error) {
    if (!(error instanceof KeychainError || error instanceof StoreError)) throw error
    system.log({ event: 'keychain_not_used', detail: error.message })
    return undefined
  }
}

/** The kind that the entry has now: a renewal keeps it. */
function formOf(path: string): StoreKind | undefined {
  const found = leniently(path)
  if (found === 'missing' || found === 'corrupt' || found === 'newer') return undefined
  return found.form === 'sealed' ? 'keychain' : 'file'
}

function list(directory: string, issuer?: string, clientId?: string): Entry[] {
  return credentialFiles(directory)
    .map((path) => leniently(path))
    .filter((found) => typeof found !== 'string')
    .map((found) => asEntry(found))
    .filter((found) => issuer === undefined || found.issuer === issuer)
    .filter((found) => clientId === undefined || found.clientId === clientId)
}

/** Set aside as unreadable by an earlier run, or unreadable now: nothing in them can be revoked or used. */
function removeLeftovers(directory: string): number {
  const aside = listFiles(directory).filter((name) => SET_ASIDE.test(name))
  const paths = [
    ...aside.map((name) => join(directory, name)),
    ...credentialFiles(directory).filter((path) => leniently(path) === 'corrupt'),
  ]
  for (const path of paths) removePrivateFile(path)
  return paths.length
}

function credentialFiles(directory: string): string[] {
  return listFiles(directory)
    .filter((name) => CREDENTIAL_NAME.test(name))
    .map((name) => join(directory, name))
}

type Found = Stored | 'missing' | 'newer' | 'corrupt'

function look(path: string): Found {
  const file = readPrivateFile(path)
  return file === 'missing' ? 'missing' : (parseStored(file.text) ?? 'corrupt')
}

/** One file that cannot be read must not stand between a person and the accounts of other servers. */
function leniently(path: string): Found {
  try {
    return look(path)
  } catch (error) {
    if (error instanceof StoreError) return 'missing'
    throw error
  }
}

function demand(path: string): Stored | undefined {
  const found = look(path)
  if (found === 'missing') return undefined
  if (found === 'newer')
    throw new StoreError('store_newer', path, `${path} was written by a newer version of this program.`)
  return found === 'corrupt' ? refuseCorrupt(path) : found
}

function refuseCorrupt(path: string): undefined {
  const aside = setAside(path)
  // Somebody else has set it aside meanwhile, and says so.
  if (aside === 'missing') return undefined
  throw new StoreError(
    'credential_corrupt',
    aside,
    `The stored sign-in could not be read. It was set aside as ${aside}.`,
  )
}

function asEntry(stored: Stored): Entry
function asEntry(stored: Stored | undefined): Entry | undefined
function asEntry(stored: Stored | undefined): Entry | undefined {
  if (!stored) return undefined
  return stored.form === 'sealed' ? stored.entry : entryOf(stored.credential, 'file')
}

function readPointer(path: string, member: string): string | undefined {
  const file = readPrivateFile(path)
  const value = file === 'missing' ? undefined : parseObject(file.text)?.[member]
  return typeof value === 'string' ? value : undefined
}

function pointerPath(directory: string, issuer: string, clientId: string): string {
  return join(directory, `current-${digest(issuer, clientId)}.json`)
}

function onlyOne(found: Entry[]): string | undefined {
  return found.length === 1 ? found[0]?.account.id : undefined
}

function fileStem(key: CredentialKey): string {
  const host = URL.parse(key.issuer)?.host.replace(/[^a-z0-9.-]/gi, '_') ?? 'issuer'
  return `${host}-${digest(key.issuer, key.clientId, key.account)}`
}

function digest(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24)
}

function asText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

const LATEST = 'latest.json'
const CREDENTIAL_NAME = /^(?!current-|probe-|\.)[a-z0-9._-]+-[0-9a-f]{24}\.json$/i
const SET_ASIDE = /^[a-z0-9._-]+-[0-9a-f]{24}\.json\.corrupt-\d+$/i
// About the size of a credential with three JWTs in it.
const PROBE_BYTES = 8192
