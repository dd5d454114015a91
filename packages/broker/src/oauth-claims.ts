// The claims of an ID token that came straight from the token endpoint, where TLS stands for the signature (OpenID Connect Core
// §3.1.3.7). Only for who the account is; whether the token is meant for us is judged by oauth-tokens.ts.

import { parseObject } from '@countersign/client/json'

/** Empty for anything that is no JWT. */
export function claimsOf(idToken: unknown): Readonly<Record<string, unknown>> {
  const parts = typeof idToken === 'string' ? idToken.split('.') : []
  return parseObject(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8')) ?? {}
}
