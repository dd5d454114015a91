// Digests, keyed hashes and sealed values: everything that stands between a stolen database and an account.
// One master key, kept outside the database, and one derived key per purpose (HKDF, RFC 5869), so that a value made for one
// purpose is never accepted for another. Password hashing is in accounts/password.ts, signing in keys.ts.

import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import type { System } from './system.ts'

export interface Secrets {
  /** HMAC-SHA-256 under the purpose's key, base64url: for values too short to be safe under a plain hash. */
  mac(purpose: string, value: string): string
  /** Authenticated encryption under the purpose's key; text that fits in a cookie, a token or a column. */
  seal(purpose: string, plaintext: string): string
  /** The plaintext, or undefined for anything that `seal` did not make for this purpose. */
  unseal(purpose: string, sealed: string): string | undefined
  /** A key of its own for somebody who does their own sealing; nothing here uses the same one. */
  derive(purpose: string): Uint8Array
}

/** SHA-256 in base64url: enough for values with 128 bits of entropy or more (standards.md G-13). */
export function digest(value: string): string {
  return hash('sha256', value, 'base64url')
}

/** Constant in time for values of one length; lengths are not secret here. */
export function sameSecret(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}

const nonceBytes = 12
const tagBytes = 16
const epochSeconds = 86_400

export function createSecrets(masterKey: Uint8Array, system: System): Secrets {
  if (masterKey.length !== 32) throw new TypeError('The master key has 32 bytes.')
  // KeyObjects, not bytes: Node looks at bytes for a long time to find out that they are a key.
  const keys = new Map<string, KeyObject>()
  const macKeys = new Map<string, MacKey>()
  const macKeyFor = (purpose: string): MacKey => {
    let key = macKeys.get(purpose)
    if (key === undefined) {
      key = createMacKey(deriveKey(masterKey, `mac ${purpose}`).export())
      macKeys.set(purpose, key)
    }
    return key
  }
  // A key per day: random 96-bit nonces are safe for 2^32 messages under one key (NIST SP 800-38D §8.3), which a busy server
  // could pass in its life but not in a day. The day travels in front of the nonce.
  const sealing = new Map<string, { readonly day: number; readonly head: Buffer; readonly key: KeyObject }>()
  const sealingToday = (purpose: string) => {
    const day = Math.floor(system.now() / epochSeconds)
    const known = sealing.get(purpose)
    if (known?.day === day) return known
    const head = Buffer.alloc(2)
    head.writeUInt16BE(day)
    const today = { day, head, key: deriveKey(masterKey, `seal ${purpose} ${day}`) }
    keys.set(`seal ${purpose} ${day}`, today.key)
    sealing.set(purpose, today)
    return today
  }

  return {
    mac: (purpose, value) => hmac(macKeyFor(purpose), value),
    seal(purpose, plaintext) {
      const { head, key } = sealingToday(purpose)
      const nonce = system.random(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const body = cipher.update(plaintext, 'utf8')
      cipher.final()
      return Buffer.concat([head, nonce, body, cipher.getAuthTag()]).toString('base64url')
    },
    unseal(purpose, sealed) {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < 2 + nonceBytes + tagBytes || bytes.toString('base64url') !== sealed) return undefined
      const day = bytes.readUInt16BE()
      // A made-up day must not fill the key cache.
      if (day > system.now() / epochSeconds + 1) return undefined
      const key = keys.get(`seal ${purpose} ${day}`) ?? deriveKey(masterKey, `seal ${purpose} ${day}`)
      return decrypt(key, bytes, 2)
    },
    derive: (purpose) => deriveKey(masterKey, `derive ${purpose}`).export(),
  }
}

function deriveKey(masterKey: Uint8Array, info: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', masterKey, 'countersign', info, 32)))
}

/** A key as HMAC hashes it: a block in front of the value, and one in front of the digest of that, with room for it. */
interface MacKey {
  readonly inner: Buffer
  readonly outer: Buffer
}

const blockBytes = 64
const digestBytes = 32

function createMacKey(key: Buffer): MacKey {
  const padded = Buffer.concat([key, Buffer.alloc(blockBytes - key.length)])
  return {
    inner: Buffer.from(padded.map((byte) => byte ^ 0x36)),
    outer: Buffer.concat([padded.map((byte) => byte ^ 0x5c), Buffer.alloc(digestBytes)]),
  }
}

// RFC 2104 §2, by two digests of one call each: `createHmac` makes an object of OpenSSL's for every value, which took a
// redemption a twentieth of its time to make and to collect.
function hmac({ inner, outer }: MacKey, value: string): string {
  outer.write(hash('sha256', Buffer.concat([inner, Buffer.from(value)]), 'binary'), blockBytes, 'binary')
  return hash('sha256', outer, 'base64url')
}

/** What stands in `bytes` from `start` on: nonce, ciphertext and tag. */
function decrypt(key: KeyObject, bytes: Buffer, start: number): string | undefined {
  const [body, tag] = [start + nonceBytes, bytes.length - tagBytes]
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(start, body), {
    authTagLength: tagBytes,
  })
  decipher.setAuthTag(bytes.subarray(tag))
  try {
    const plain = decipher.update(bytes.subarray(body, tag))
    // GCM keeps nothing back for the end: this only says whether the tag is right.
    decipher.final()
    return plain.toString('utf8')
  } catch {
    return undefined
  }
}
