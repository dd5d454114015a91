// The form of a credential on disk: in clear (version 1), or with its tokens sealed by AES-256-GCM under a key
// that is kept elsewhere (version 2). What is no secret stays readable in both, so that a locked keychain
// does not hide who is signed in. Pure. Not here: files (credential-file.ts), the key (store-choice.ts).
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Credential, Entry } from './credential.ts'
import { parseObject } from './json.ts'

export type SealingKey = { id: string; bytes: Uint8Array }

/** What a file holds, before anything is opened. */
export type Stored =
  | { form: 'clear'; credential: Credential }
  | { form: 'sealed'; entry: Extract<Entry, { state: 'live' }>; keyId: string; seal: Seal; header: Header }

type Seal = { key: string; iv: string; tag: string; data: string }
type Header = Record<string, unknown>

/** Undefined for what no version of this program wrote, `newer` for what a later one did. */
export function parseStored(text: string): Stored | 'newer' | undefined {
  const value = parseObject(text)
  if (value && typeof value.version === 'number' && value.version > SEALED) return 'newer'
  if (value?.version === CLEAR && isCredential(value)) return { form: 'clear', credential: value }
  if (value?.version !== SEALED || !isSeal(value.sealed)) return undefined
  const { sealed: seal, ...header } = value
  // The stand-in makes one check of shape do for both forms.
  const shape = { ...header, version: CLEAR, accessToken: '-' }
  if (!isCredential(shape) || shape.state !== 'live') return undefined
  return {
    form: 'sealed',
    entry: entryOf(shape, 'keychain', header.renews === true),
    keyId: seal.key,
    seal,
    header,
  }
}

export function formatClear(credential: Credential): string {
  return `${JSON.stringify(credential, null, 2)}\n`
}

/** The iv is random: a key lives long enough for a few thousand writes, far from where that wears out. */
export function formatSealed(
  credential: Extract<Credential, { state: 'live' }>,
  key: SealingKey,
  iv: Uint8Array,
): string {
  const { accessToken, refreshToken, ...rest } = credential
  const header: Header = { ...rest, version: SEALED, renews: refreshToken !== undefined }
  const cipher = createCipheriv('aes-256-gcm', key.bytes, iv)
  cipher.setAAD(authenticated(header, key.id))
  const data = Buffer.concat([cipher.update(JSON.stringify({ accessToken, refreshToken })), cipher.final()])
  const seal: Seal = {
    key: key.id,
    iv: base64(iv),
    tag: base64(cipher.getAuthTag()),
    data: base64(data),
  }
  return `${JSON.stringify({ ...header, sealed: seal }, null, 2)}\n`
}

/** Undefined when the key or anything in the file is not what it was: nothing of it can be used then. */
export function openSealed(
  stored: Extract<Stored, { form: 'sealed' }>,
  key: SealingKey,
): Extract<Credential, { state: 'live' }> | undefined {
  const { seal, header } = stored
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes(seal.iv), { authTagLength: TAG_BYTES })
    decipher.setAAD(authenticated(header, key.id))
    decipher.setAuthTag(bytes(seal.tag))
    const opened = Buffer.concat([decipher.update(bytes(seal.data)), decipher.final()]).toString('utf8')
    const { renews: _renews, ...rest } = header
    const value = { ...rest, version: CLEAR, ...parseObject(opened) }
    return isCredential(value) && value.state === 'live' ? value : undefined
  } catch {
    return undefined
  }
}

/** What may be known of a credential without its secrets. */
export function entryOf(
  credential: Extract<Credential, { state: 'live' }>,
  keptIn: Entry['keptIn'],
  renews?: boolean,
): Extract<Entry, { state: 'live' }>
export function entryOf(credential: Credential, keptIn: Entry['keptIn'], renews?: boolean): Entry
export function entryOf(credential: Credential, keptIn: Entry['keptIn'], renews?: boolean): Entry {
  if (credential.state === 'ended') {
    const { version: _version, ...rest } = credential
    return { ...rest, keptIn }
  }
  const { version: _version, accessToken: _access, refreshToken, ...rest } = credential
  return { ...rest, keptIn, renews: renews ?? refreshToken !== undefined }
}

/** Issuer, client and account among it: a file cannot be made to speak for another account. */
function authenticated(header: Header, keyId: string): Uint8Array {
  return Buffer.from(JSON.stringify([keyId, header]))
}

function isSeal(value: unknown): value is Seal {
  if (typeof value !== 'object' || value === null) return false
  const it: Partial<Record<string, unknown>> = { ...value }
  return [it.key, it.iv, it.tag, it.data].every((member) => typeof member === 'string')
}

function isCredential(value: unknown): value is Credential {
  if (typeof value !== 'object' || value === null) return false
  const it: Partial<Record<string, unknown>> = { ...value }
  const account = typeof it.account === 'object' && it.account !== null ? { ...it.account } : {}
  const named = [it.issuer, it.clientId, 'id' in account ? account.id : undefined]
  if (it.version !== CLEAR || !named.every((text) => typeof text === 'string')) return false
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
    (it.resource === undefined || typeof it.resource === 'string') &&
    (it.expiresAt === undefined || typeof it.expiresAt === 'number') &&
    (it.authorizationExpiresAt === undefined || typeof it.authorizationExpiresAt === 'number')
  )
}

function base64(data: Uint8Array): string {
  return Buffer.from(data).toString('base64')
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'base64')
}

export const IV_BYTES = 12
const CLEAR = 1
const SEALED = 2
const TAG_BYTES = 16
