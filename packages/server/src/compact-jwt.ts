// Reading a signed JWT before its signature is looked at (RFC 7515 §3.1, RFC 8725 §3), whoever made it: the parts are those of
// protocol/compact-jwt.ts, and what every taker of one needs of them is here.
// Whether the signature is good is client-keys.ts, or keys.ts for our own; what the claims have to say is for the file that takes it.

import { isNumericDate, type JsonObject, jwtType, readJwtParts } from '@countersign/protocol'

export interface CompactJwt {
  readonly alg: string
  /** As `jwtType` writes it; undefined when there is none. */
  readonly typ: string | undefined
  readonly kid: string | undefined
  /** All of the header; what it says about keys counts nowhere but in a DPoP proof (RFC 8725 §3.10, RFC 9449 §4.2). */
  readonly header: JsonObject
  readonly claims: JsonObject
}

/** Undefined for what is not one strictly encoded, signed JWT, or has a date that is none (RFC 7519 §2). */
export function readCompactJwt(text: string): CompactJwt | undefined {
  const parts = readJwtParts(text)
  if (parts === undefined) return undefined
  const { header, claims } = parts
  const { alg, typ, kid } = header
  // RFC 7515 §4.1.11: an extension that must be understood and is not; we understand none.
  if (typeof alg !== 'string' || Object.hasOwn(header, 'crit')) return undefined
  if (typ !== undefined && typeof typ !== 'string') return undefined
  if (kid !== undefined && typeof kid !== 'string') return undefined
  const isDate = (name: string) => claims[name] === undefined || isNumericDate(claims[name])
  if (!['exp', 'nbf', 'iat'].every(isDate)) return undefined
  return { alg, typ: jwtType(header), kid, header, claims }
}
