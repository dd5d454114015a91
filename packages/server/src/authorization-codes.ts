// Authorization codes as they travel: made and stored as device codes are (tokens.ts), under a prefix of their own.
// What a code is bound to and how it is spent is protocol/authorization-code.ts.

import type { System } from './system.ts'
import { codeId, newCode } from './tokens.ts'

const prefix = 'csa_'

export function newAuthorizationCode(system: System): string {
  return newCode(system, prefix)
}

/** The id of the record behind a code; undefined for what cannot be one. */
export function authorizationCodeId(code: string): string | undefined {
  return /^csa_[0-9a-z]{9}[A-Za-z0-9_-]{43}$/.test(code) ? codeId(code, prefix) : undefined
}
