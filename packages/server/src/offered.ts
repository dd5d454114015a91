// What this server offers to everybody: algorithms, grants and scopes, as its metadata announces them (endpoints/metadata.ts).
// What one client may have of it is in its registration.

import type { GrantType } from '@countersign/protocol'

/** What clients may sign with; what a key may be used for is decided by the key (RFC 8725 §3.1). */
export const clientAlgs = ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA', 'Ed25519'] as const

/** The grants that the token endpoint serves. */
export const servedGrants: readonly GrantType[] = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
]

/** Scopes with a meaning of their own; a client may have others, of the resources that it calls. */
export const knownScopes: readonly string[] = ['openid', 'profile', 'email', 'offline_access']
