// The errors of this room, each with a stable string `code`. Only misuse is thrown at the caller, and only while
// things are being set up; a token that does not count is a value (refusal.ts), never an error.

/** The options cannot work; thrown by `protect` and the functions that make guards, never at a request. */
export class OptionsError extends TypeError {
  readonly code: 'bad_resource' | 'bad_issuer' | 'bad_algorithm' | 'bad_introspection' | 'bad_option'
  constructor(code: OptionsError['code'], message: string) {
    super(message)
    this.name = 'OptionsError'
    this.code = code
  }
}

/** The authorization server, or a memory shared with others, did not do its part; access stays closed (503). */
export class UnavailableError extends Error {
  readonly code: 'network' | 'timeout' | 'too_large' | 'status' | 'malformed' | 'issuer_mismatch' | 'memory'
  constructor(code: UnavailableError['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'UnavailableError'
    this.code = code
  }
}
