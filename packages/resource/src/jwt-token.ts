// A JWT access token judged in the order of RFC 9068 §4: kind, issuer, audience, signature with that issuer's keys,
// time. Not here: key binding (proof.ts), what an operation asks (requirements.ts), opaque tokens (introspection.ts).

import { isNumericDate, type JsonObject, jwtType, readJwtParts } from '@countersign/protocol'
import { compactVerify } from 'jose'
import { audienceOf, type Identity, readIdentity } from './identity.ts'
import type { Issuer } from './issuer.ts'
import { type Algorithm, chooseKey, isAlgorithm, type VerificationKey } from './keys.ts'
import type { Refusal } from './refusal.ts'
import type { Settings } from './settings.ts'

export type Judged = { readonly identity: Identity } | { readonly refusal: Refusal }

/** Whether a token is meant to be read here at all, and not only by its issuer. */
export function looksLikeJwt(token: string): boolean {
  return token.split('.').length === 3
}

export async function judgeJwt(
  token: string,
  issuers: ReadonlyMap<string, Issuer>,
  settings: Settings,
): Promise<Judged> {
  const jwt = readJwtParts(token)
  if (jwt === undefined) return refused({ reason: 'token_malformed' })
  const { header, claims } = jwt
  // RFC 8725 §3.11: an ID token or a logout token is signed by the same keys and must not pass for an access token.
  if (jwtType(header) !== 'at+jwt') return refused({ reason: 'token_type_wrong', typ: jwtType(header) })
  // RFC 7515 §4.1.11: an extension that must be understood; we understand none.
  if ('crit' in header) return refused({ reason: 'token_malformed' })
  const { alg } = header
  if (!isAlgorithm(alg) || !settings.algorithms.includes(alg))
    return refused({ reason: 'algorithm_refused', alg: String(alg) })
  const issuer = typeof claims.iss === 'string' ? issuers.get(claims.iss) : undefined
  if (issuer === undefined)
    return refused({
      reason: 'issuer_unknown',
      issuer: typeof claims.iss === 'string' ? claims.iss : undefined,
    })
  const audience = audienceOf(claims)
  if (!audience.some((one) => settings.audiences.includes(one)))
    return refused({ reason: 'audience_wrong', audience })
  const kid = typeof header.kid === 'string' ? header.kid : undefined
  const key = await findKey(issuer, kid, alg)
  if (key === undefined) return refused({ reason: 'key_unknown', kid })
  if (!(await isSignedBy(token, key, alg))) return refused({ reason: 'signature_invalid' })
  return untimely(claims, settings) ?? identified(claims, issuer.name, settings)
}

/** The time of a token, which introspection answers have as well; undefined when it is now. */
export function untimely(claims: JsonObject, settings: Settings): Judged | undefined {
  const { exp, nbf, iat } = claims
  const { clockTolerance } = settings
  const now = settings.system.now()
  if (!isNumericDate(exp)) return refused({ reason: 'claims_invalid', claim: 'exp' })
  if (iat !== undefined && !isNumericDate(iat)) return refused({ reason: 'claims_invalid', claim: 'iat' })
  if (nbf !== undefined && !isNumericDate(nbf)) return refused({ reason: 'claims_invalid', claim: 'nbf' })
  if (now - clockTolerance >= exp) return refused({ reason: 'token_expired', expiresAt: exp })
  if (nbf !== undefined && nbf > now + clockTolerance)
    return refused({ reason: 'token_not_yet_valid', notBefore: nbf })
  return undefined
}

export function identified(claims: JsonObject, issuer: string, settings: Settings): Judged {
  const identity = readIdentity(claims, issuer, settings)
  if (typeof identity !== 'string') return { identity }
  // A binding that is not understood must not be read as none (RFC 7800 §3.1).
  return refused(
    identity === 'cnf' ? { reason: 'token_bound' } : { reason: 'claims_invalid', claim: identity },
  )
}

async function findKey(
  issuer: Issuer,
  kid: string | undefined,
  alg: Algorithm,
): Promise<VerificationKey | undefined> {
  const known = chooseKey(await issuer.keys.get(), kid, alg)
  // Perhaps a new key: asked for once per interval, whatever is made up (RFC 8725 §3.10).
  return known ?? chooseKey(await issuer.keys.renewed(), kid, alg)
}

async function isSignedBy(token: string, key: VerificationKey, alg: Algorithm): Promise<boolean> {
  try {
    await compactVerify(token, await key.imported(alg), { algorithms: [alg] })
    return true
  } catch {
    return false
  }
}

function refused(refusal: Refusal): Judged {
  return { refusal }
}
