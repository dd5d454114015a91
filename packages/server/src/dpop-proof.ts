// One DPoP proof by itself (RFC 9449 §4.3): that it is a proof, by the key it shows, for this request, of now.
// Whether it was seen before and carries our nonce is dpop.ts; whether a token is bound to its key, whoever reads the token.

import { createPublicKey, constants as cryptoConstants, type KeyObject, verify } from 'node:crypto'
import { isModestRsaKey, showsPrivateKey } from '@countersign/protocol'
import { readCompactJwt } from './compact-jwt.ts'
import { toDer } from './ecdsa-signature.ts'
import { clientAlgs } from './offered.ts'
import { digest } from './secrets.ts'

export interface Proof {
  /** The thumbprint of the key (RFC 7638). */
  readonly jkt: string
  readonly jti: string
  readonly issuedAt: number
  readonly nonce: string | undefined
  /** The digest of the access token that it goes with, at a resource. */
  readonly ath: string | undefined
}

export interface ProofFor {
  readonly method: string
  /** Without query and fragment. */
  readonly url: string
  readonly now: number
  /** How old it may be. */
  readonly mostSeconds: number
}

/** How far ahead of ours the clock of a client may be (standards.md DP-04). */
const aheadSeconds = 10

/** Headers of any length would be paid for with signatures of any length. */
const mostCharacters = 8192
const mostJti = 256

/** The proof, or in a word what is wrong with it. */
export function checkProof(text: string, { method, url, now, mostSeconds }: ProofFor): Proof | string {
  // Two headers arrive as one with a comma, which is no JWT (DP-01).
  const jwt = text.length > mostCharacters ? undefined : readCompactJwt(text)
  if (jwt === undefined) return 'jwt'
  if (jwt.typ !== 'dpop+jwt') return 'typ'
  const alg = clientAlgs.find((known) => known === jwt.alg)
  if (alg === undefined) return 'alg'
  const key = publicKeyOf(jwt.header.jwk)
  if (key === undefined || !fits(key, alg)) return 'jwk'
  const signed = text.slice(0, text.lastIndexOf('.'))
  const signature = Buffer.from(text.slice(signed.length + 1), 'base64url')
  if (!isSigned(key, alg, Buffer.from(signed), signature)) return 'signature'
  const { jti, htm, htu, iat, nonce, ath } = jwt.claims
  if (typeof jti !== 'string' || jti === '' || jti.length > mostJti) return 'jti'
  if (htm !== method) return 'htm'
  if (typeof htu !== 'string' || !isSameUrl(htu, url)) return 'htu'
  if (typeof iat !== 'number' || iat > now + aheadSeconds || iat < now - mostSeconds) return 'iat'
  if (nonce !== undefined && typeof nonce !== 'string') return 'nonce'
  if (ath !== undefined && typeof ath !== 'string') return 'ath'
  return { jkt: thumbprintOf(key), jti, issuedAt: iat, nonce, ath }
}

type Alg = (typeof clientAlgs)[number]

// RFC 9449 §4.3: "The jwk JOSE Header Parameter does not contain a private key." A key that somebody has shown proves nothing.
function publicKeyOf(jwk: unknown): KeyObject | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  if (showsPrivateKey(jwk)) return undefined
  // RFC 8725 §3.1: a short RSA key proves nothing, and a huge one would be ours to pay for.
  if ('kty' in jwk && jwk.kty === 'RSA' && !isModestRsaKey({ ...jwk })) return undefined
  try {
    return createPublicKey({ key: jwk as Record<string, string>, format: 'jwk' })
  } catch {
    return undefined
  }
}

// RFC 8725 §3.1: the algorithm is one for this kind of key. X25519 is no key to sign with (RFC 8037 §3.1).
function fits({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject, alg: Alg): boolean {
  switch (alg) {
    case 'ES256':
      return type === 'ec' && details?.namedCurve === 'prime256v1'
    case 'ES384':
      return type === 'ec' && details?.namedCurve === 'secp384r1'
    case 'EdDSA':
    case 'Ed25519':
      return type === 'ed25519'
    case 'RS256':
    case 'PS256':
      return type === 'rsa'
  }
}

function isSigned(key: KeyObject, alg: Alg, input: Buffer, signature: Buffer): boolean {
  switch (alg) {
    case 'ES256':
    case 'ES384': {
      const [hash, size] = alg === 'ES256' ? (['sha256', 32] as const) : (['sha384', 48] as const)
      const der = toDer(signature, size)
      return der !== undefined && verify(hash, input, key, der)
    }
    case 'EdDSA':
    case 'Ed25519':
      return verify(null, input, key, signature)
    case 'RS256':
      return verify('sha256', input, key, signature)
    case 'PS256': {
      const padding = cryptoConstants.RSA_PKCS1_PSS_PADDING
      return verify('sha256', input, { key, padding, saltLength: 32 }, signature)
    }
  }
}

/** RFC 7638 §3: the required members alone, in the order of their names, as the key itself has them and not as they were sent. */
function thumbprintOf(key: KeyObject): string {
  const { crv, e, kty, n, x, y } = key.export({ format: 'jwk' })
  return digest(JSON.stringify({ crv, e, kty, n, x, y }))
}

/**
 * RFC 9449 §4.3: without query and fragment, after "syntax-based normalization (Section 6.2.2 of [RFC3986]) and scheme-based
 * normalization (Section 6.2.3 of [RFC3986])".
 */
function isSameUrl(htu: string, url: string): boolean {
  if (htu === url) return true
  const named = normal(htu)
  return named !== undefined && named === normal(url)
}

function normal(text: string): string | undefined {
  // The URL class repairs what is no URI, and a repaired one was not meant.
  if (!/^[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/.test(text)) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.username !== '' || url.password !== '') return undefined
  return url.origin + url.pathname.replace(/%[0-9A-Fa-f]{2}/g, unescapeUnreserved)
}

function unescapeUnreserved(escaped: string): string {
  const letter = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  return /[A-Za-z0-9\-._~]/.test(letter) ? letter : escaped.toUpperCase()
}
