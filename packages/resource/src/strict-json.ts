// JSON and compact JWTs read strictly, before any signature is looked at: what two readers could understand
// differently is refused. Not here: signatures and the meaning of claims (jwt-token.ts, proof.ts).

import { base64url } from 'jose'

export type Json = Readonly<Record<string, unknown>>
export type CompactJwt = { readonly header: Json; readonly claims: Json }

/** RFC 7515 §3.1: three parts, each in strict base64url, the first two JSON objects; undefined for anything else. */
export function readCompactJwt(text: string): CompactJwt | undefined {
  if (text.length > MAX_CHARACTERS) return undefined
  const parts = text.split('.')
  const [first = '', second = '', signature = ''] = parts
  if (parts.length !== 3 || signature === '' || bytesOf(signature) === undefined) return undefined
  const header = readPart(first)
  const claims = readPart(second)
  return header === undefined || claims === undefined ? undefined : { header, claims }
}

/** In lower case and without the optional `application/` (RFC 7515 §4.1.9). */
export function typeOf({ typ }: Json): string | undefined {
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined
}

/** RFC 7519 §2: a NumericDate is a JSON number; a text that looks like one is none. */
export function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object, or undefined: not JSON, something else, or a member that is there twice (RFC 7519 §4). */
export function readObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) && countNames(text) === countMembers(value) ? value : undefined
  } catch {
    return undefined
  }
}

function readPart(part: string): Json | undefined {
  const bytes = bytesOf(part)
  if (bytes === undefined) return undefined
  try {
    return readObject(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return undefined
  }
}

/** RFC 7515 §2: no padding, no white space, no bits left over; so each value has one spelling. */
function bytesOf(part: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(part) || part.length % 4 === 1) return undefined
  const bytes = base64url.decode(part)
  return base64url.encode(bytes) === part ? bytes : undefined
}

// Outside of strings a colon follows a name and nothing else; a name that is there twice survives parsing once.
function countNames(json: string): number {
  return [...json.matchAll(/"(?:[^"\\]|\\.)*"|(:)/g)].filter((match) => match[1] !== undefined).length
}

function countMembers(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + countMembers(one), 0)
  if (!isRecord(value)) return 0
  return Object.values(value).reduce<number>((sum, one) => sum + 1 + countMembers(one), 0)
}

const MAX_CHARACTERS = 16 * 1024
