// A compact JWT taken apart before any signature is looked at (RFC 7515 §3.1, RFC 8725 §3): what two readers might understand
// differently is no JWT here. Encoding, JSON and the form of its parts; no key and no claim is judged.
// Signatures and the meaning of claims are for the rooms that take tokens: server and resource.

export type JsonObject = Readonly<Record<string, unknown>>

export interface JwtParts {
  readonly header: JsonObject
  readonly claims: JsonObject
}

/** Three parts in strict base64url, the first two of them JSON objects; undefined for anything else. */
export function readJwtParts(text: string): JwtParts | undefined {
  if (text.length > mostCharacters) return undefined
  const parts = text.split('.')
  const [first = '', second = '', signature = ''] = parts
  if (parts.length !== 3 || signature === '' || !base64url.test(signature)) return undefined
  const header = readPart(first)
  const claims = header && readPart(second)
  return header && claims && { header, claims }
}

/** An object; undefined for what is not JSON, for another value, and where a name stands twice (RFC 7519 §4). */
export function readJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) && namesIn(text) === membersOf(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** RFC 7519 §2: a NumericDate is a JSON number; a text that looks like one is none. */
export function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

/** In lower case and without the optional `application/` (RFC 7515 §4.1.9). */
export function jwtType({ typ }: JsonObject): string | undefined {
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined
}

/** A key that shows one of these is no public key any more (RFC 7517 §9.2). */
export function showsPrivateKey(jwk: object): boolean {
  return ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].some((name) => Object.hasOwn(jwk, name))
}

const mostCharacters = 16 * 1024

// RFC 7515 §2, RFC 4648 §3.5: no padding, no white space, no bits left over, so that each value has one spelling.
const base64url = /^(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readPart(part: string): JsonObject | undefined {
  if (!base64url.test(part)) return undefined
  const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  try {
    return readJsonObject(utf8.decode(bytes))
  } catch {
    return undefined
  }
}

// Outside of strings a colon follows a name and nothing else; a name that stands twice survives parsing once.
function namesIn(json: string): number {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1
}

function membersOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + membersOf(one), 0)
  if (!isJsonObject(value)) return 0
  return Object.values(value).reduce<number>((sum, one) => sum + 1 + membersOf(one), 0)
}
