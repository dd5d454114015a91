// Nonces that this resource asks proofs to carry (RFC 9449 §9): made from a secret and the time, so that nothing is
// stored and nodes with the same secret accept each other's. Not here: where they are demanded (proof.ts).

import { base64url } from 'jose'
import type { System } from './system.ts'

export type Nonces = {
  readonly current: () => Promise<string>
  /** `previous` still counts, or a nonce given just before the turn would be of no use. */
  readonly judge: (nonce: string) => Promise<'current' | 'previous' | undefined>
}

export function createNonces(secret: true | Uint8Array<ArrayBuffer>, system: System): Nonces {
  const bytes = secret === true ? system.randomBytes(32) : secret
  const key = crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const nonceOf = async (period: number): Promise<string> => {
    // The purpose is part of the text, so that a secret shared with something else makes other values here.
    const text = new TextEncoder().encode(`countersign resource nonce ${period}`)
    const mac = await crypto.subtle.sign('HMAC', await key, text)
    return base64url.encode(new Uint8Array(mac, 0, 16))
  }
  const period = (): number => Math.floor(system.now() / PERIOD_SECONDS)
  return {
    current: () => nonceOf(period()),
    judge: async (nonce) => {
      if (nonce === (await nonceOf(period()))) return 'current'
      return nonce === (await nonceOf(period() - 1)) ? 'previous' : undefined
    },
  }
}

const PERIOD_SECONDS = 120
