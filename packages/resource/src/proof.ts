// DPoP proofs as a resource checks them (RFC 9449 §4.3, §7): a JWT signed by the key that the token is bound to, for
// this request, fresh, and used once. Not here: the token itself (jwt-token.ts, introspection.ts).

import {
  isJsonObject,
  isModestRsaKey,
  isNumericDate,
  type JsonObject,
  jwtType,
  readJwtParts,
  showsPrivateKey,
} from '@countersign/protocol'
import { calculateJwkThumbprint, compactVerify } from 'jose'
import { sha256 } from './digest.ts'
import { isAlgorithm, publicKey, publicMembers } from './keys.ts'
import type { Nonces } from './nonces.ts'
import type { ProofFault, Refusal } from './refusal.ts'
import type { ReplayMemory } from './replays.ts'
import type { DpopSettings } from './settings.ts'

export type ProvenRequest = {
  readonly method: string
  /** The address as the client used it; undefined when it is none. */
  readonly url: string | undefined
  readonly token: string
  readonly proof: string | null
  /** The thumbprint that the token is bound to. */
  readonly jkt: string
}

export type ProofParts = {
  readonly dpop: DpopSettings
  readonly nonces: Nonces | undefined
  readonly replays: ReplayMemory
  readonly now: number
}

export type Proof = { readonly refusal: Refusal } | { readonly nonceIsOld: boolean }

/** A good proof is also spent by this. */
export async function judgeProof(request: ProvenRequest, parts: ProofParts): Promise<Proof> {
  if (request.proof === null) return fault('missing')
  const jwt = readJwtParts(request.proof)
  if (jwt === undefined) return fault('malformed')
  const key = await keyOf(jwt.header, request.proof, parts.dpop)
  if ('why' in key) return fault(key.why)
  const wrong = wrongClaim(jwt.claims, request, parts) ?? (await wrongBinding(jwt.claims, key.jkt, request))
  if (wrong !== undefined) return fault(wrong)
  const { nonce, jti } = jwt.claims
  const given = typeof nonce === 'string' ? await parts.nonces?.judge(nonce) : undefined
  if (parts.nonces !== undefined && given === undefined) return { refusal: { reason: 'nonce_needed' } }
  // Last, so that nobody without the key and the token can fill the memory. The key's thumbprint keeps apart what
  // two clients happen to call the same.
  const name = await sha256(`${key.jkt} ${String(jti)}`)
  const until = parts.now + parts.dpop.ageSeconds + parts.dpop.aheadSeconds
  const first = await parts.replays.firstTime(name, until, key.jkt)
  if (first === 'too_many') return { refusal: { reason: 'proofs_too_many', jkt: key.jkt } }
  return first ? { nonceIsOld: given === 'previous' } : fault('replayed')
}

/** RFC 9449 §4.3 (4) to (7): the kind, the algorithm, a public key, and its signature. */
async function keyOf(
  header: JsonObject,
  proof: string,
  { algorithms }: DpopSettings,
): Promise<{ readonly jkt: string } | { readonly why: ProofFault }> {
  const { alg, jwk } = header
  if (jwtType(header) !== 'dpop+jwt') return { why: 'type' }
  if ('crit' in header) return { why: 'malformed' }
  if (!isAlgorithm(alg) || !algorithms.includes(alg)) return { why: 'algorithm' }
  if (!isJsonObject(jwk) || showsPrivateKey(jwk)) return { why: 'key' }
  // Unlike those of an issuer, anybody makes these keys, and a huge one would be ours to pay for.
  if (jwk.kty === 'RSA' && !isModestRsaKey(jwk)) return { why: 'key' }
  const key = publicKey(jwk)
  if (key === undefined || !key.fits(alg)) return { why: 'key' }
  try {
    await compactVerify(proof, await key.imported(alg), { algorithms: [alg] })
    return { jkt: await calculateJwkThumbprint(publicMembers(jwk), 'sha256') }
  } catch {
    return { why: 'signature' }
  }
}

/** RFC 9449 §4.3 (8) to (11). */
function wrongClaim(
  claims: JsonObject,
  request: ProvenRequest,
  { dpop, now }: ProofParts,
): ProofFault | undefined {
  const { jti, htm, htu, iat } = claims
  if (typeof jti !== 'string' || jti === '' || jti.length > 512) return 'claims'
  if (typeof htm !== 'string' || typeof htu !== 'string' || !isNumericDate(iat)) return 'claims'
  if (htm !== request.method) return 'method'
  const asked = request.url === undefined ? undefined : normalized(request.url)
  if (asked === undefined || normalized(htu) !== asked) return 'url'
  return now - iat > dpop.ageSeconds || iat - now > dpop.aheadSeconds ? 'time' : undefined
}

/** RFC 9449 §4.3 (12): for this token, by the key that the token names. */
async function wrongBinding(
  { ath }: JsonObject,
  jkt: string,
  request: ProvenRequest,
): Promise<ProofFault | undefined> {
  if (ath !== (await sha256(request.token))) return 'token'
  return jkt === request.jkt ? undefined : 'other_key'
}

/** RFC 9449 §4.3 (9): without query and fragment, normalized by syntax and scheme (RFC 3986 §6.2.2, §6.2.3). */
function normalized(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return undefined
  const path = url.pathname.replace(/%[0-9a-f]{2}/gi, (code) => {
    const character = String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return /[A-Za-z0-9._~-]/.test(character) ? character : code.toUpperCase()
  })
  return `${url.protocol}//${url.host}${path}`
}

function fault(why: ProofFault): Proof {
  return { refusal: { reason: 'proof_invalid', why } }
}
