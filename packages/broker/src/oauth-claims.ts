// The claims of a JWT whose signature nobody looks at: an ID token that came straight from the token endpoint, where TLS stands for
// it (OpenID Connect Core §3.1.3.7), or an access token in our own file. For who the account is and when a token ends; nothing is
// granted for it. Whether an ID token is meant for us is judged by oauth-tokens.ts.

import { parseObject } from '@countersign/client/json'

/** Empty for anything that is no JWT. */
export function claimsOf(token: unknown): Readonly<Record<string, unknown>> {
  const parts = typeof token === 'string' ? token.split('.') : []
  return parseObject(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8')) ?? {}
}
