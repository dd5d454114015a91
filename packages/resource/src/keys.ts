// Public keys of an issuer: read from its JWK Set, told apart by kid, and only ever used with an algorithm that they
// fit (RFC 8725 §3.1). Not here: where they come from and how long they are kept (issuer.ts).

import { isJsonObject, type JsonObject } from '@countersign/protocol'
import { importJWK, type JWK } from 'jose'
import { UnavailableError } from './errors.ts'

/** Signature algorithms that make sense with public keys; `none` and HMAC are not even names here. */
export const algorithms = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
] as const
export type Algorithm = (typeof algorithms)[number]

export type VerificationKey = {
  readonly kid: string | undefined
  readonly fits: (alg: Algorithm) => boolean
  readonly imported: (alg: Algorithm) => Promise<CryptoKey | Uint8Array>
}

export function isAlgorithm(value: unknown): value is Algorithm {
  return algorithms.some((known) => known === value)
}

/** The keys that sign and that we understand; others in the set are for somebody else (RFC 7517 §5). */
export function readKeys(set: JsonObject): readonly VerificationKey[] {
  if (!Array.isArray(set.keys)) throw new UnavailableError('malformed', 'the key set has no keys')
  return set.keys
    .slice(0, MAX_KEYS)
    .filter(isJsonObject)
    .filter(isForSigning)
    .map((jwk) => publicKey(jwk))
    .filter((key) => key !== undefined)
}

/** The key of a token: the named one, or the only one that fits when none is named; undefined when there is none. */
export function chooseKey(
  keys: readonly VerificationKey[],
  kid: string | undefined,
  alg: Algorithm,
): VerificationKey | undefined {
  const fitting = keys.filter((key) => key.fits(alg) && (kid === undefined || key.kid === kid))
  return fitting.length === 1 ? fitting[0] : undefined
}

/** A public JWK as a key, with its public members only; undefined when it is of no kind that signs. */
export function publicKey(jwk: JsonObject): VerificationKey | undefined {
  const kind = kindOf(jwk)
  if (kind === undefined) return undefined
  const bare = publicMembers(jwk)
  const ready = new Map<Algorithm, Promise<CryptoKey | Uint8Array>>()
  return {
    kid: typeof jwk.kid === 'string' ? jwk.kid : undefined,
    fits: (alg) => kind.includes(alg) && (jwk.alg === undefined || sameAlgorithm(jwk.alg, alg)),
    imported: (alg) => {
      const known = ready.get(alg) ?? importJWK(bare, alg)
      ready.set(alg, known)
      return known
    },
  }
}

/** RFC 7638 §3.2: what defines a public key, and no more. */
export function publicMembers({ kty, crv, x, y, n, e }: JsonObject): JWK {
  const members = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => typeof value === 'string')
  return Object.fromEntries(members)
}

/** The algorithms that a key of this type and size can be used with. X25519 agrees on keys and signs nothing. */
function kindOf({ kty, crv, n }: JsonObject): readonly Algorithm[] | undefined {
  if (kty === 'EC' && crv === 'P-256') return ['ES256']
  if (kty === 'EC' && crv === 'P-384') return ['ES384']
  if (kty === 'EC' && crv === 'P-521') return ['ES512']
  if (kty === 'OKP' && crv === 'Ed25519') return ED25519
  // RFC 7518 §3.3: 2048 bits at least, which are 342 characters.
  if (kty === 'RSA' && typeof n === 'string' && n.length >= 342)
    return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
  return undefined
}

// RFC 9864 gave EdDSA with Ed25519 a name of its own; both mean the same.
function sameAlgorithm(named: unknown, alg: Algorithm): boolean {
  return named === alg || (ED25519.includes(alg) && ED25519.some((name) => name === named))
}

function isForSigning({ use, key_ops: operations }: JsonObject): boolean {
  if (use !== undefined && use !== 'sig') return false
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'))
}

const ED25519: readonly Algorithm[] = ['EdDSA', 'Ed25519']
const MAX_KEYS = 100
