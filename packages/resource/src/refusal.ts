// Why a request is not let in: one union, with the evidence that an operator needs. What outsiders learn of each is
// decided here too, in one exhaustive switch. Not here: how it is written into headers (challenge.ts).

import type { UnavailableError } from './errors.ts'
import type { Requirements } from './requirements.ts'

export type Scheme = 'Bearer' | 'DPoP'

export type Refusal =
  | { readonly reason: 'credentials_missing' }
  | { readonly reason: 'credentials_malformed' }
  | { readonly reason: 'credentials_repeated' }
  | { readonly reason: 'token_malformed' }
  | { readonly reason: 'token_type_wrong'; readonly typ: string | undefined }
  | { readonly reason: 'algorithm_refused'; readonly alg: string }
  | { readonly reason: 'issuer_unknown'; readonly issuer: string | undefined }
  | { readonly reason: 'audience_wrong'; readonly audience: readonly string[] }
  | { readonly reason: 'key_unknown'; readonly kid: string | undefined }
  | { readonly reason: 'signature_invalid' }
  | { readonly reason: 'claims_invalid'; readonly claim: string }
  | { readonly reason: 'token_expired'; readonly expiresAt: number }
  | { readonly reason: 'token_not_yet_valid'; readonly notBefore: number }
  | { readonly reason: 'token_inactive' }
  /** It belongs to a key, and came without a proof of that key, or in a way that is not understood here. */
  | { readonly reason: 'token_bound' }
  | { readonly reason: 'token_unbound' }
  | { readonly reason: 'subject_wrong'; readonly kind: 'user' | 'client' }
  | { readonly reason: 'proof_invalid'; readonly why: ProofFault }
  /** More proofs of one key than are remembered: good ones, but too fast. */
  | { readonly reason: 'proofs_too_many'; readonly jkt: string }
  | { readonly reason: 'nonce_needed' }
  | { readonly reason: 'scope_insufficient'; readonly missing: readonly string[] }
  | { readonly reason: 'authentication_insufficient'; readonly why: 'acr' | 'age' }
  | { readonly reason: 'unavailable'; readonly error: UnavailableError }

export type ProofFault =
  | 'missing'
  | 'malformed'
  | 'type'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'claims'
  | 'method'
  | 'url'
  | 'time'
  | 'token'
  | 'other_key'
  | 'replayed'

/** What `verify` says of a request that is not let in; `challenge` makes the answer of it. */
export type Refused = {
  readonly ok: false
  readonly refusal: Refusal
  /** The scheme that was used, where there was one. */
  readonly scheme: Scheme | undefined
  readonly requirements: Requirements
  /** The nonce that the next proof should carry (RFC 9449 §9). */
  readonly nonce: string | undefined
}

export type WireError =
  | 'invalid_request'
  | 'invalid_token'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'

export type Wire = {
  readonly status: 400 | 401 | 403 | 429 | 503
  /** Undefined where nothing was presented (RFC 6750 §3.1), or the fault is not in what was. */
  readonly error: WireError | undefined
  readonly description: string
}

/** Descriptions are fixed sentences: nothing that a caller sent comes back in a header (RFC 6750 §3). */
export function wireOf(refusal: Refusal): Wire {
  switch (refusal.reason) {
    case 'credentials_missing':
      return wire(401, undefined, 'An access token is needed here')
    case 'credentials_malformed':
      return wire(400, 'invalid_request', 'The Authorization header is malformed')
    case 'credentials_repeated':
      return wire(400, 'invalid_request', 'The request carries more than one access token')
    case 'token_expired':
      return wire(401, 'invalid_token', 'The access token has expired')
    case 'audience_wrong':
      return wire(401, 'invalid_token', 'The access token is for another resource')
    case 'token_bound':
      return wire(401, 'invalid_token', 'The access token is bound to a key and needs its proof')
    case 'token_unbound':
      return wire(401, 'invalid_token', 'The access token is not bound to a key')
    case 'subject_wrong':
      return wire(
        401,
        'invalid_token',
        'The access token is of the wrong kind: a person or a program is asked for',
      )
    case 'token_malformed':
    case 'token_type_wrong':
    case 'algorithm_refused':
    case 'issuer_unknown':
    case 'key_unknown':
    case 'signature_invalid':
    case 'claims_invalid':
    case 'token_not_yet_valid':
    case 'token_inactive':
      return wire(401, 'invalid_token', 'The access token is not valid')
    case 'proof_invalid':
      return wire(401, 'invalid_dpop_proof', 'The proof of the key is missing or not valid')
    case 'proofs_too_many':
      return wire(429, undefined, 'The key is used too often')
    case 'nonce_needed':
      return wire(401, 'use_dpop_nonce', 'The proof of the key needs the nonce of this answer')
    case 'scope_insufficient':
      return wire(403, 'insufficient_scope', 'The access token does not allow this')
    case 'authentication_insufficient':
      return wire(401, 'insufficient_user_authentication', 'A stronger or more recent sign-in is needed')
    case 'unavailable':
      return wire(503, undefined, 'Access tokens cannot be checked at the moment')
  }
}

function wire(status: Wire['status'], error: Wire['error'], description: string): Wire {
  return { status, error, description }
}
