// The records of an authorization by redirect: the request, the code, and what a person has agreed to.
// The same conventions as in records.ts.

import type { RequestContext, Versioned } from './records-base.ts'
import type { Refusal } from './refusal.ts'

/**
 * An authorization request on its way (RFC 6749 §4.1.1): pushed (RFC 9126), or opened in a browser and waiting for the
 * person. `id` is the SHA-256 of the reference in `request_uri` or in the address of our page.
 */
export interface AuthorizationRequest extends Versioned {
  readonly clientId: string
  readonly parameters: AuthorizationParameters
  readonly status: 'pushed' | 'open' | 'decided'
  /** SHA-256 of the secret of the browser that opened it; only there it goes on. */
  readonly browserHash: string | null
  /** The session of that browser as it was then: whoever must sign in anew has another one afterwards. */
  readonly sessionId: string | null
  /**
   * What is wrong with it: a client that nobody vouches for hears it only after a person has signed in, so that its address
   * cannot be used to lead people away from here (RFC 9700 §4.11.2).
   */
  readonly refusal: Refusal | null
  /** The program that pushed it: where it was seen, and what it says of itself. Absent when a browser brought it. */
  readonly context?: RequestContext
  readonly createdAt: number
  readonly expiresAt: number
}

/** What a checked authorization request asks for; nothing of it is ever taken from a page again. */
export interface AuthorizationParameters {
  readonly redirectUri: string
  readonly responseMode: 'query' | 'form_post'
  readonly state: string | null
  readonly nonce: string | null
  readonly codeChallenge: string
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly prompt: readonly ('none' | 'login' | 'consent' | 'select_account')[]
  readonly maxAge: number | null
  readonly acrValues: readonly string[]
  readonly loginHint: string | null
  /** The account that `id_token_hint` names. */
  readonly hintedAccountId: string | null
  /** RFC 9449 §10: the thumbprint of the key that must redeem the code. */
  readonly jkt: string | null
}

/** RFC 6749 §4.1.2; `id` is derived from the code like that of a device code. */
export interface AuthorizationCode extends Versioned {
  readonly clientId: string
  readonly accountId: string
  readonly redirectUri: string
  readonly codeChallenge: string
  readonly nonce: string | null
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly jkt: string | null
  readonly authTime: number
  readonly amr: readonly string[]
  readonly context: RequestContext
  readonly status: 'issued' | 'redeemed'
  /** The id of the grant that its redemption makes. */
  readonly grantId: string
  readonly createdAt: number
  readonly expiresAt: number
}

/**
 * What a person has agreed to (standards.md UI-17). `id` is derived from account, client, redirect target and
 * resources, so that there is one for each.
 */
export interface Consent extends Versioned {
  readonly accountId: string
  readonly clientId: string
  /** The redirect URI without the port of a loopback address. */
  readonly redirectTarget: string
  readonly resources: readonly string[]
  readonly scopes: readonly string[]
  /** Digest of the client's keys as they were: other keys are asked about again. */
  readonly clientKeys: string
  readonly createdAt: number
  readonly updatedAt: number
}
