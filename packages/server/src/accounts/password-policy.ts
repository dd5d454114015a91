// What a password may be, after NIST SP 800-63B and ASVS 6.2: long enough, not too long, and not what everybody tries first.
// No rules about kinds of characters: they make passwords harder to remember, not harder to guess.

import { commonPasswords } from './common-passwords.ts'

const shortestPassword = 8
const longestPassword = 256

export type PasswordFault = 'too_short' | 'too_long' | 'too_common' | 'too_personal'

/** What is wrong with the password for this person, or undefined. */
export function passwordFault(
  password: string,
  person: { readonly email: string; readonly name: string },
): PasswordFault | undefined {
  const length = [...password].length
  if (length < shortestPassword) return 'too_short'
  if (length > longestPassword) return 'too_long'
  const plain = password.normalize('NFKC').toLowerCase()
  if (isCommon(plain)) return 'too_common'
  return isPersonal(plain, person) ? 'too_personal' : undefined
}

function isCommon(plain: string): boolean {
  if (commonPasswords.has(plain)) return true
  // "password1", "Password123!": a word from the list with an ornament is guessed next.
  if (commonPasswords.has(plain.replace(/[^a-z]+$/, ''))) return true
  return new Set(plain).size < 4 || isRun(plain)
}

// "12345678", "abcdefgh", "87654321".
function isRun(text: string): boolean {
  const codes = [...text].map((char) => char.codePointAt(0) ?? 0)
  return [1, -1].some((step) => codes.every((code, i) => i === 0 || code - (codes[i - 1] ?? 0) === step))
}

function isPersonal(plain: string, { email, name }: { email: string; name: string }): boolean {
  const [local = ''] = email.toLowerCase().split('@')
  const own = [email.toLowerCase(), local, name.toLowerCase(), name.toLowerCase().replace(/\s+/g, '')]
  return own.some((word) => word.length > 2 && plain.replace(/[\d\W_]+$/, '') === word) || own.includes(plain)
}
