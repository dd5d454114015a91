// What an operation asks of a token beyond being valid: scopes, who it stands for, how and when the person signed in.
// Not here: whether a token has it (unmet.ts), or is valid at all (verify.ts).

import { scopeToken } from '@countersign/protocol'
import { OptionsError } from './errors.ts'

export type Requirements = {
  /** All of them. Also what a challenge asks the client to get. */
  readonly scopes?: readonly string[]
  /** A token of a person, or one that a program got for itself; both unless said (RFC 9700 §4.15). */
  readonly subject?: 'user' | 'client'
  /** One of these authentication context classes (RFC 9470 §3). */
  readonly acrValues?: readonly string[]
  /** Seconds since the person signed in, at most (RFC 9470 §3). */
  readonly maxAge?: number
}

/** Requirements come from the program's text: what could not be written into a header stops it at once. */
export function parseRequirements(required: Requirements): Requirements {
  for (const scope of required.scopes ?? []) assertScope(scope)
  // They are written into a header side by side, as scopes are (RFC 9470 §3).
  for (const acr of required.acrValues ?? [])
    if (!scopeToken.test(acr))
      throw new OptionsError('bad_option', 'acrValues may hold no spaces, quotes or control characters')
  const { maxAge } = required
  if (maxAge !== undefined && !(Number.isInteger(maxAge) && maxAge >= 0))
    throw new OptionsError('bad_option', 'maxAge is a whole number of seconds')
  return required
}

/** RFC 6749 §3.3. */
export function assertScope(scope: string): void {
  if (!scopeToken.test(scope)) throw new OptionsError('bad_option', `${JSON.stringify(scope)} is not a scope`)
}
