// Reading a JWT that somebody else made, strictly and before any signature is looked at (RFC 7515 §3.1, RFC 8725 §3): what two
// readers might understand differently is no JWT here.
// Whether the signature is good is client-keys.ts; what the claims have to say is for the file that takes such a token.

export interface CompactJwt {
  readonly alg: string
  /** In lower case and without the optional `application/` (RFC 7515 §4.1.9); undefined when there is none. */
  readonly typ: string | undefined
  readonly kid: string | undefined
  /** All of the header; what it says about keys counts nowhere but in a DPoP proof (RFC 8725 §3.10, RFC 9449 §4.2). */
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

const mostCharacters = 16 * 1024

/** Undefined for what is not one strictly encoded, signed JWT, or has a date that is none (RFC 7519 §2). */
export function readCompactJwt(text: string): CompactJwt | undefined {
  if (text.length > mostCharacters) return undefined
  const parts = text.split('.')
  const [header, claims] = parts.slice(0, 2).map(decodePart)
  if (parts.length !== 3 || header === undefined || claims === undefined) return undefined
  if (bytesOf(parts[2] ?? '') === undefined || parts[2] === '') return undefined
  const { alg, typ, kid } = header
  // RFC 7515 §4.1.11: an extension that must be understood and is not; we understand none.
  if (typeof alg !== 'string' || Object.hasOwn(header, 'crit')) return undefined
  if (typ !== undefined && typeof typ !== 'string') return undefined
  if (kid !== undefined && typeof kid !== 'string') return undefined
  if (!['exp', 'nbf', 'iat'].every((name) => claims[name] === undefined || isDate(claims[name])))
    return undefined
  return { alg, typ: typ?.toLowerCase().replace(/^application\//, ''), kid, header, claims }
}

function isDate(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function decodePart(part: string): Record<string, unknown> | undefined {
  const bytes = bytesOf(part)
  if (bytes === undefined) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return membersIn(text) === membersOf(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

// No padding, no white space, no bits left over (RFC 7515 §2).
function bytesOf(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : undefined
}

// A name that occurs twice is written twice and read once (RFC 7519 §4): then one reader may see another value than the next.
function membersIn(json: string): number {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inside = Object.values(value)
  return (
    (Array.isArray(value) ? 0 : inside.length) + inside.reduce<number>((sum, one) => sum + membersOf(one), 0)
  )
}
