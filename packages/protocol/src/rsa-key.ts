// How large an RSA key of a stranger may be: too small proves nothing, too large is paid for by whoever checks its signatures.
// Which algorithms a key is for, and its import, are for the rooms that take keys: server and resource.

import type { JsonObject } from './compact-jwt.ts'

/** RFC 7518 §3.3 says 2048 bits at least; above 4096, or with a long exponent, a single check takes milliseconds and more. */
const modulusBits = { least: 2048, most: 4096 }
const mostExponentBits = 32

/** Whether it is an RSA key of ordinary size: two numbers in base64url (RFC 7518 §6.3.1), looked at before anything is computed. */
export function isModestRsaKey({ kty, n, e }: JsonObject): boolean {
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return false
  const bits = bitsOf(n)
  return bits >= modulusBits.least && bits <= modulusBits.most && bitsOf(e) <= mostExponentBits
}

/** The length of the number without its leading zeros; NaN for what is none. */
function bitsOf(text: string): number {
  const zeros = text.search(/[^A]/)
  if (zeros === -1 || !/^[\w-]+$/.test(text)) return Number.NaN
  const unusedOfFirst = 5 - Math.floor(Math.log2(alphabet.indexOf(text.charAt(zeros))))
  return Math.floor((text.length * 6) / 8) * 8 - zeros * 6 - unusedOfFirst
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
