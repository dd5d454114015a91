// The return code: six characters that the approving browser shows and the person types back into the terminal, because a
// phisher's terminal is not where the person sits (RFC 10027 §6.1.16). How it is drawn and read, and what a guess costs.
// When one is asked for is device-network.ts; what it moves, device-authorization.ts.

import type { DeviceAuthorization, ReturnCode } from './records.ts'
import { foldLookalikes, userCodeAlphabet } from './user-code.ts'

/** The letters of user codes, and the digits that look like none of them: 27.5 bits, and three tries. */
export const returnCodeAlphabet = `${userCodeAlphabet}3479`
export const returnCodeLength = 6
export const returnCodeTries = 3

/** Like `drawUserCode`: a byte of 240 or more is skipped, so that each character is equally likely. */
export function drawReturnCode(random: Uint8Array): string | undefined {
  let code = ''
  for (const byte of random) {
    if (byte >= 240) continue
    code += returnCodeAlphabet[byte % returnCodeAlphabet.length]
    if (code.length === returnCodeLength) return code
  }
  return undefined
}

/** What was typed, in any case and with any separators; undefined for what cannot be a code, which is no guess either. */
export function readReturnCode(typed: string): string | undefined {
  const text = typed.slice(0, 200).normalize('NFKC').toUpperCase()
  const code = foldLookalikes(text.replace(/[^A-Z0-9]/g, ''))
  return /^[BCDFGHJKLMNPQRSTVWXZ3479]{6}$/.test(code) ? code : undefined
}

export type Guessed =
  | { readonly verdict: 'right' }
  /** Nothing was guessed, or nothing that was not wrong before. */
  | { readonly verdict: 'still'; readonly wrong: boolean }
  | { readonly verdict: 'wrong'; readonly returnCode: ReturnCode }
  | { readonly verdict: 'spent'; readonly returnCode: ReturnCode }

/** `sent` is the keyed hash of a guess, or that what was sent cannot be one. */
export function guess(returnCode: ReturnCode, sent: string | 'unreadable' | undefined): Guessed {
  if (sent === undefined) return { verdict: 'still', wrong: false }
  if (sent === returnCode.hash) return { verdict: 'right' }
  if (sent === 'unreadable' || returnCode.wrong.includes(sent)) return { verdict: 'still', wrong: true }
  const next = { ...returnCode, wrong: [...returnCode.wrong, sent] }
  return { verdict: triesLeft(next) > 0 ? 'wrong' : 'spent', returnCode: next }
}

export function triesLeft({ wrong }: ReturnCode): number {
  return returnCodeTries - wrong.length
}

export type AwaitsReturnCode = DeviceAuthorization & { readonly returnCode: ReturnCode }

/** Whether the request was allowed and waits for the characters to come back. */
export function awaitsReturnCode(record: DeviceAuthorization): record is AwaitsReturnCode {
  return record.status === 'approved' && Boolean(record.returnCode)
}
