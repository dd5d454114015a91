// The user code of RFC 8628 §6.1: its alphabet, how it is drawn, shown and read back, and how hard it is to guess.
// Attempt limits are in attempts.ts; what a code leads to is in device-authorization.ts.

/** Twenty consonants: no vowels, so no words; no 0/O, 1/I/L to confuse (RFC 8628 §6.1). */
export const userCodeAlphabet = 'BCDFGHJKLMNPQRSTVWXZ'
export const userCodeLength = 8

// What people type for what they saw. 0 and O could be D or Q, so they get a hint instead of a guess.
const folds: Readonly<Record<string, string>> = {
  '1': 'L',
  I: 'L',
  '2': 'Z',
  '5': 'S',
  '6': 'G',
  '8': 'B',
  U: 'V',
}

/**
 * Draws a code from random bytes. A byte of 240 or more is skipped, so that each letter is equally likely.
 * Returns undefined when too few bytes were usable; 32 bytes fail about once in 10^17.
 */
export function drawUserCode(random: Uint8Array): string | undefined {
  let code = ''
  for (const byte of random) {
    if (byte >= 240) continue
    code += userCodeAlphabet[byte % 20]
    if (code.length === userCodeLength) return code
  }
  return undefined
}

/** `WDJBMJHT` as people see it: `WDJB-MJHT`. */
export function groupUserCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`
}

export type ReadUserCode =
  | { readonly ok: true; readonly code: string }
  | { readonly ok: false; readonly hint: 'letter_o' | 'length' | 'letters' }

/**
 * Reads what a person typed or pasted: any case, any separators, full-width letters, the whole link, or
 * "code: WDJB-MJHT"; common misreadings are folded (RFC 8628 §6.1).
 */
export function readUserCode(typed: string): ReadUserCode {
  const text = typed.slice(0, 200).normalize('NFKC').toUpperCase()
  const lettersOnly = lastSegment(text).replace(/[^A-Z0-9]/g, '')
  const folded = lettersOnly.replace(/[12568IU]/g, (char) => folds[char] ?? char)
  if (folded.length !== userCodeLength) return { ok: false, hint: 'length' }
  if (/[0O]/.test(folded)) return { ok: false, hint: 'letter_o' }
  for (const letter of folded) if (!userCodeAlphabet.includes(letter)) return { ok: false, hint: 'letters' }
  return { ok: true, code: folded }
}

// A pasted link ends in the code; a pasted sentence has it after a colon. Both cut points drop what stands before.
function lastSegment(text: string): string {
  const withoutTail = text.trim().replace(/[/?#.\s]+$/, '')
  return withoutTail.slice(
    Math.max(withoutTail.lastIndexOf('/'), withoutTail.lastIndexOf(':'), withoutTail.lastIndexOf('=')) + 1,
  )
}

/** Bits of entropy of one code: 34.6 for eight letters of twenty. */
export const userCodeBits = userCodeLength * Math.log2(userCodeAlphabet.length)

/** The chance that `guesses` wrong-or-right tries hit any of `liveCodes` codes (RFC 8628 §5.1). */
export function guessProbability(guesses: number, liveCodes: number): number {
  return Math.min(1, (guesses * liveCodes) / userCodeAlphabet.length ** userCodeLength)
}
