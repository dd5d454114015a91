// Authorization codes as they travel: 256 random bits behind the moment, as device codes are (tokens.ts); only digests are stored.
// What a code is bound to and how it is spent is protocol/authorization-code.ts.

import { digest } from './secrets.ts'
import type { System } from './system.ts'
import { timePrefix } from './tokens.ts'

export function newAuthorizationCode(system: System): string {
  return `csa_${timePrefix(system)}${system.random(32).toString('base64url')}`
}

/** The id of the record behind a code; undefined for what cannot be one. */
export function authorizationCodeId(code: string): string | undefined {
  const [, moment] = /^csa_([0-9a-z]{9})[A-Za-z0-9_-]{43}$/.exec(code) ?? []
  return moment && moment + digest(code)
}
