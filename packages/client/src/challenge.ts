// What an API's refusal asks for: a renewed token, more permissions (RFC 6750 §3.1), or a stronger or more recent sign-in
// (RFC 9470 §3). The header itself is read by oauth4webapi. Not here: what is done about it (session.ts).
import type * as oauth from 'oauth4webapi'
import type { AccessNeeds } from './errors.ts'
import { scopesIn, unitedScopes } from './scopes.ts'

export type Refused =
  | { type: 'invalid_token' }
  | { type: 'insufficient_scope'; scope: string }
  | { type: 'insufficient_user_authentication'; acrValues?: string; maxAge?: number }

export type Challenge = Pick<oauth.WWWAuthenticateChallengeError, 'status' | 'cause'>

/** The first challenge that a program can do something about; undefined where it is the caller's to read. */
export function readRefusal({ status, cause }: Challenge): Refused | undefined {
  for (const { scheme, parameters } of cause) {
    if (scheme !== 'bearer') continue
    const { error } = parameters
    if (status === 401 && error === 'invalid_token') return { type: 'invalid_token' }
    if (status === 403 && error === 'insufficient_scope') {
      const scope = scopesOf(parameters.scope)
      if (scope !== undefined) return { type: 'insufficient_scope', scope }
    }
    if (status === 401 && error === 'insufficient_user_authentication') return stepUpOf(parameters)
  }
  return undefined
}

/** Foreign text that will be sent to the server and shown to a person: only what RFC 6749 §3.3 allows, and not for ever. */
function scopesOf(text: string | undefined): string | undefined {
  if (text === undefined || text.length > MOST_CHARACTERS) return undefined
  const scopes = scopesIn(text)
  if (scopes.length === 0 || scopes.length > MOST_SCOPES) return undefined
  return scopes.every((scope) => SCOPE.test(scope)) ? scopes.join(' ') : undefined
}

function stepUpOf(parameters: oauth.WWWAuthenticateChallengeParameters): Refused {
  const { acr_values: acrValues, max_age: maxAge } = parameters
  return {
    type: 'insufficient_user_authentication',
    ...(acrValues && acrValues.length <= 300 && ACR.test(acrValues) ? { acrValues } : {}),
    ...(maxAge && /^[0-9]{1,9}$/.test(maxAge) ? { maxAge: Number(maxAge) } : {}),
  }
}

/** CL-18, MX-11: what the next sign-in asks for is what this one has and what is missing. */
export function needsOf(
  refused: Exclude<Refused, { type: 'invalid_token' }>,
  granted: string | undefined,
  resource: string | undefined,
): AccessNeeds {
  if (refused.type === 'insufficient_scope') return { ...unitedScopes(granted, refused.scope), resource }
  const { acrValues, maxAge } = refused
  return { ...unitedScopes(granted, undefined), resource, acrValues, maxAge }
}

// RFC 6749 §3.3: scope-token. OpenID Connect Core §2: acr values are strings; ours need no more than this.
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/
const ACR = /^[\x21\x23-\x5b\x5d-\x7e ]+$/
const MOST_SCOPES = 50
const MOST_CHARACTERS = 2000
