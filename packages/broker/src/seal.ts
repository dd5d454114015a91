// What stands between a stolen database and somebody's accounts elsewhere: AES-256-GCM under keys derived from one key that is
// kept outside (HKDF, RFC 5869). What is sealed for one record never opens as another's: purpose and id are authenticated.

import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import type { System } from '@countersign/client/system'
import { SettingError } from './errors.ts'

export type Purpose = 'flow' | 'delivery' | 'connection'

export interface Seal {
  /** Text that fits in a column. */
  seal(purpose: Purpose, id: string, plaintext: string): string
  /** The plaintext, or undefined for anything that `seal` did not make for this purpose and id under this key. */
  open(purpose: Purpose, id: string, sealed: string): string | undefined
}

const ivBytes = 12
const tagBytes = 16
const epochSeconds = 86_400

export function createSeal(key: Uint8Array, system: Pick<System, 'now' | 'randomBytes'>): Seal {
  // Text of 32 characters has far less to guess than 32 bytes.
  if (!(key instanceof Uint8Array) || key.length !== 32)
    throw new SettingError('The key must be 32 bytes, as `openssl rand 32` makes them.')
  // A key per day: random 96-bit nonces are safe for 2^32 messages under one key (NIST SP 800-38D §8.3).
  const keyOf = keysOf(key)
  return {
    seal(purpose, id, plaintext) {
      // Two bytes of it: which day it was says only which key.
      const day = Math.floor(system.now() / epochSeconds) & 0xffff
      const head = Buffer.alloc(2)
      head.writeUInt16BE(day)
      const iv = system.randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', keyOf(day), iv)
      cipher.setAAD(Buffer.from(JSON.stringify([purpose, id])))
      const body = cipher.update(plaintext, 'utf8')
      return Buffer.concat([head, iv, body, cipher.final(), cipher.getAuthTag()]).toString('base64url')
    },
    open(purpose, id, sealed) {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < 2 + ivBytes + tagBytes) return undefined
      const body = bytes.subarray(2 + ivBytes, bytes.length - tagBytes)
      const decipher = createDecipheriv(
        'aes-256-gcm',
        keyOf(bytes.readUInt16BE()),
        bytes.subarray(2, 2 + ivBytes),
        {
          authTagLength: tagBytes,
        },
      )
      decipher.setAAD(Buffer.from(JSON.stringify([purpose, id])))
      decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
      try {
        return decipher.update(body, undefined, 'utf8') + decipher.final('utf8')
      } catch {
        return undefined
      }
    },
  }
}

/** Beyond a year of days: what has been made up, or is opened once. */
const mostKeys = 400

function keysOf(key: Uint8Array): (day: number) => KeyObject {
  const keys = new Map<number, KeyObject>()
  return (day) => {
    const known = keys.get(day)
    if (known !== undefined) return known
    if (keys.size >= mostKeys) keys.clear()
    const derived = createSecretKey(
      Buffer.from(hkdfSync('sha256', key, 'countersign broker', `seal ${day}`, 32)),
    )
    keys.set(day, derived)
    return derived
  }
}

/** SHA-256 in base64url: enough for values with 128 bits of entropy or more (standards.md G-13). */
export function digest(value: string): string {
  return hash('sha256', value, 'base64url')
}
