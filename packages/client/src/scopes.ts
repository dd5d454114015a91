// Scope strings as sets (RFC 6749 §3.3: order means nothing), and what a sign-in has of them. Pure.
// Not here: what an API asks for (challenge.ts).
import type { LiveCredential } from './credentials.ts'

export function scopesIn(text: string | undefined): string[] {
  return [...new Set(text?.split(' ').filter(Boolean))]
}

/** What there is and what is wanted, and which of it is new. */
export function unitedScopes(
  granted: string | undefined,
  wanted: string | undefined,
): { scope: string | undefined; missing: string[] } {
  const have = scopesIn(granted)
  const missing = scopesIn(wanted).filter((scope) => !have.includes(scope))
  const all = [...have, ...missing]
  return { scope: all.length === 0 ? undefined : all.join(' '), missing }
}

/**
 * All that a sign-in has. A token for an API does not name what the sign-in says of the person, and without `openid` the next
 * sign-in would not know who it is.
 */
export function grantedScopes({
  account,
  scope,
}: Pick<LiveCredential, 'account'> & { scope?: string | undefined }): string {
  const identity = [
    ...(account.id === 'unknown' ? [] : ['openid']),
    ...(account.name === undefined ? [] : ['profile']),
    ...(account.email === undefined ? [] : ['email']),
  ]
  return [...new Set([...identity, ...scopesIn(scope)])].join(' ')
}
