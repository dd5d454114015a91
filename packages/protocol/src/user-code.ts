// The user code of RFC 8628 §6.1: its alphabet, how it is drawn, shown and read back, and how hard it is to guess.
// Attempt limits are in attempts.ts; what a code leads to is in device-authorization.ts.

/** Twenty consonants: no vowels, so no words; no digits, so what looks like one is its letter (RFC 8628 §6.1). */
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
 * Returns undefined when too few bytes were usable; 32 bytes fail about once in 10^23.
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
  const readings = [text, lastSegment(text), groupsWithin(text.replace(/%[0-9A-F]{2}/g, ' '))]
    .map((part) => foldLookalikes(part.replace(/[^A-Z0-9]/g, '')))
    .filter((part) => part.length === userCodeLength)
  const code = readings.find(isCode)
  if (code !== undefined) return { ok: true, code }
  const [nearest] = readings
  if (nearest === undefined) return { ok: false, hint: 'length' }
  return { ok: false, hint: /[0O]/.test(nearest) ? 'letter_o' : 'letters' }
}

/** Capitals and digits as the letters that they were taken for. */
export function foldLookalikes(text: string): string {
  return text.replace(/[12568IU]/g, (char) => folds[char] ?? char)
}
const isCode = (text: string) => /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/.test(text)

// A pasted link ends in the code; a pasted sentence has it after a colon. Both cut points drop what stands before.
function lastSegment(text: string): string {
  const withoutTail = text.trim().replace(/[/?#.\s]+$/, '')
  return withoutTail.slice(
    Math.max(withoutTail.lastIndexOf('/'), withoutTail.lastIndexOf(':'), withoutTail.lastIndexOf('=')) + 1,
  )
}

// A code in the middle: a link with a query behind it, a sentence. Two groups of four that stand alone; the last such
// pair wins, and one that needs no folding before one that does, because folded "THIS WILL" is a code as well.
function groupsWithin(text: string): string {
  const pairs = [...text.matchAll(/(?<![A-Z0-9])(?=([A-Z0-9]{4})[^A-Z0-9]{0,3}([A-Z0-9]{4})(?![A-Z0-9]))/g)]
    .map(([, first, second]) => `${first}${second}`)
    .reverse()
  return pairs.find(isCode) ?? pairs.find((pair) => isCode(foldLookalikes(pair))) ?? ''
}

/** Bits of entropy of one code: 34.6 for eight letters of twenty. */
export const userCodeBits = userCodeLength * Math.log2(userCodeAlphabet.length)

/** The chance that `guesses` wrong-or-right tries hit any of `liveCodes` codes (RFC 8628 §5.1). */
export function guessProbability(guesses: number, liveCodes: number): number {
  return Math.min(1, (guesses * liveCodes) / userCodeAlphabet.length ** userCodeLength)
}
