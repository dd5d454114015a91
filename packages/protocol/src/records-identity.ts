// The records of who a person is elsewhere and from where they signed in before: identities at upstream providers, round
// trips to them, and remembered networks. The same conventions as in records.ts.

import type { Versioned } from './records-base.ts'

/**
 * A subject at an upstream provider that is an account here. `id` is derived from the provider and the subject, so that one
 * subject is never two accounts.
 */
export interface Identity extends Versioned {
  readonly accountId: string
  /** The name under which the provider is configured. */
  readonly provider: string
  /** Whom the provider means: its `sub`, never an e-mail address. */
  readonly subject: string
  /** As the provider said last; to show, never to decide by. */
  readonly email: string | null
  readonly name: string | null
  readonly createdAt: number
  readonly lastUsedAt: number | null
}

/** A round trip to an upstream provider; `id` is the SHA-256 of the `state` (RFC 6749 §10.12). */
export interface UpstreamSignIn extends Versioned {
  readonly provider: string
  /** SHA-256 of the secret of the browser that left; only there it comes back. */
  readonly browserHash: string
  /** `nonce` and PKCE verifier, sealed. */
  readonly secretSealed: string
  readonly purpose: 'sign-in' | 'link'
  /** Who links; null where somebody signs in. */
  readonly accountId: string | null
  /** Where the person goes on: a path of ours. */
  readonly returnTo: string
  readonly createdAt: number
  readonly expiresAt: number
}

/**
 * The account has signed this client in from this network before, and proved it by a return code. `id` is a keyed hash of the
 * three; the network itself is kept nowhere.
 */
export interface NetworkMemory extends Versioned {
  readonly accountId: string
  readonly clientId: string
  readonly createdAt: number
  readonly expiresAt: number
}
