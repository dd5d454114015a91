// The issuers whose assertions are taken as grants (RFC 7523 §3, ID-JAG): finding the one that an assertion names, and whether
// it made it. What the claims have to say is protocol/assertion-grant.ts; whom a subject is here, trusted-issuers-subjects.ts.
// Keys are fetched and remembered by client-keys.ts.

import { type CompactJwt, readCompactJwt } from './compact-jwt.ts'
import type { Config } from './config.ts'
import type { Services } from './services.ts'

export type TrustedIssuer = Config['trustedIssuers'][number]

export interface OpenedAssertion {
  readonly issuer: TrustedIssuer
  readonly jwt: CompactJwt
}

/** Who an assertion says that made it, if that one is trusted; nothing is proven yet. */
export function namedIssuer({ config }: Services, text: string): OpenedAssertion | undefined {
  const jwt = readCompactJwt(text)
  // Code point by code point (standards.md G-26): of two issuers that only look alike, one is somebody else.
  const issuer = config.trustedIssuers.find((trusted) => trusted.issuer === jwt?.claims.iss)
  return jwt === undefined || issuer === undefined ? undefined : { issuer, jwt }
}

/** Whether a key of that issuer signed it, by an algorithm that was agreed for it (RFC 8725 §3.1). */
export async function isSignedByIssuer(
  { clientKeys }: Services,
  { issuer, jwt }: OpenedAssertion,
  text: string,
): Promise<boolean> {
  const algs = issuer.algs.flatMap(spellings)
  if (!algs.includes(jwt.alg)) return false
  return clientKeys.isSignedBy({ jwks: null, jwksUri: issuer.jwksUri, source: 'admin' }, text, algs)
}

// RFC 9864: the same algorithm has had two names.
const spellings = (alg: string): readonly string[] => (alg === 'EdDSA' ? ['EdDSA', 'Ed25519'] : [alg])
