// Scopes (RFC 6749 §3.3): reading the parameter, and what a client may ask for or keep.
// Which scopes are allowed is the caller's to say: those of the client, or those of the grant at a refresh.

/** RFC 6749 §3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`; nothing that would end a quoted string. */
export const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * The scopes to grant: those asked for, when each is among `allowed`; all of `allowed` when none were asked for.
 * Undefined means `invalid_scope`.
 */
export function chooseScopes(
  requested: string | undefined,
  allowed: readonly string[],
): readonly string[] | undefined {
  if (requested === undefined) return allowed
  if (requested.length > 2000) return undefined
  // Separated by single spaces, so that a space too many makes an empty token.
  const scopes = [...new Set(requested.split(' '))]
  return scopes.every((scope) => scopeToken.test(scope) && allowed.includes(scope)) ? scopes : undefined
}
