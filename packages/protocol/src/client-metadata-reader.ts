// Reading members of client metadata by their type (RFC 7591 §2); the first that is wrong is remembered, and what is read goes
// on as if it were missing. Unknown members are never looked at.
// What the members mean together is client-metadata.ts.

import { isJsonObject, showsPrivateKey } from './compact-jwt.ts'
import type { Client, PublicJwk } from './records.ts'

export interface MetadataRefusal {
  readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata'
  /** A name of ours, never one that was sent. */
  readonly member: string
}

/** What may carry a language (RFC 7591 §2.2), and what is kept only to be repeated. */
const tagged = /^(client_name|client_uri|logo_uri|tos_uri|policy_uri)#[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/
const repeatedTexts: readonly string[] = ['software_id', 'software_version']
const mostTagged = 50
const mostCharacters = 2000
const mostKeys = 20
const mostEntries = 100

export interface MemberReader {
  text(name: string): string | undefined
  texts(name: string): readonly string[] | undefined
  flag(name: string): boolean
  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined
  /** An address for people or of keys: https. */
  page(name: string): string | undefined
  keySet(name: string): NonNullable<Client['jwks']> | undefined
  repeated(): Readonly<Record<string, unknown>>
  refuse(member: string, error?: MetadataRefusal['error']): void
  fault(): MetadataRefusal | undefined
}

export function memberReader(json: unknown, loopbackPages: boolean): MemberReader {
  const isRecord = isJsonObject(json)
  const members = isRecord ? json : {}
  let fault: MetadataRefusal | undefined
  const refuse: MemberReader['refuse'] = (member, error = 'invalid_client_metadata') => {
    fault ??= { error, member }
  }
  if (!isRecord) refuse('client_name')
  // RFC 7592 §2.2: "a null or empty value" means that it is not there.
  const value = (name: string): unknown => {
    const found = Object.hasOwn(members, name) ? members[name] : undefined
    return found === null || found === '' ? undefined : found
  }
  /** What `is` takes for right; nothing, and a fault, for anything else that is there. */
  function typed<T>(name: string, is: (found: unknown) => found is T): T | undefined {
    const found = value(name)
    if (found === undefined) return undefined
    if (is(found)) return found
    refuse(name, name === 'redirect_uris' ? 'invalid_redirect_uri' : undefined)
    return undefined
  }
  const isPage = (found: unknown): found is string => isText(found) && isWebPage(found, loopbackPages)

  return {
    text: (name) => typed(name, isText),
    texts: (name) => typed(name, isTexts),
    flag: (name) => typed(name, (found): found is boolean => typeof found === 'boolean') ?? false,
    oneOf: (name, allowed) =>
      typed(name, (found): found is (typeof allowed)[number] => allowed.some((one) => one === found)),
    page: (name) => typed(name, isPage),
    keySet(name) {
      const found = typed(name, isKeySet)
      return found && readKeySet(found)
    },
    repeated() {
      const names = Object.keys(members).filter((name) => tagged.test(name) && value(name) !== undefined)
      const pairs = [...repeatedTexts, ...names.slice(0, mostTagged)].flatMap((name) => {
        const isUri = /_uri#/.test(name)
        // Named without its tag, which a stranger wrote.
        const isRight = value(name) === undefined || (isUri ? isPage(value(name)) : isText(value(name)))
        if (!isRight) refuse(name.split('#', 1)[0] ?? name)
        return value(name) === undefined || !isRight ? [] : [[name, value(name)] as const]
      })
      return Object.fromEntries(pairs)
    },
    refuse,
    fault: () => fault,
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= mostCharacters && !value.includes('\0')
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= mostEntries && value.every(isText)
}

/** An address that a browser takes as it stands: https, or in development http on this machine. */
function isWebPage(uri: string, loopback: boolean): boolean {
  const [, scheme, host] =
    /^(https?):\/\/([a-z0-9._-]+|\[::1\])(?::[0-9]{1,5})?(?:[/?#][\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]*)?$/i.exec(
      uri,
    ) ?? []
  if (scheme === undefined) return false
  return scheme === 'https' || (loopback && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(host ?? ''))
}

/** The public members of the keys; undefined for what is no set of public keys (RFC 7517 §5). */
export function readKeySet(value: unknown): NonNullable<Client['jwks']> | undefined {
  return isKeySet(value) ? { keys: value.keys.map(publicMembers) } : undefined
}

function isKeySet(value: unknown): value is { readonly keys: readonly PublicJwk[] } {
  if (!isJsonObject(value) || !Array.isArray(value.keys)) return false
  return value.keys.length >= 1 && value.keys.length <= mostKeys && value.keys.every(isPublicKey)
}

/** Asymmetric and public: whoever registers a private key has given it away (RFC 7517 §9.2, CIMD §4.1). */
function isPublicKey(key: unknown): boolean {
  if (!isJsonObject(key)) return false
  if (showsPrivateKey(key)) return false
  const has = (...names: string[]) => names.every((name) => isText(key[name]))
  if (key.kty === 'EC') return has('crv', 'x', 'y')
  if (key.kty === 'OKP') return key.crv === 'Ed25519' && has('x')
  // RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used".
  return key.kty === 'RSA' && has('n', 'e') && String(key.n).length >= 342
}

const keyMembers = ['kty', 'use', 'key_ops', 'alg', 'kid', 'crv', 'x', 'y', 'n', 'e'] as const

function publicMembers(key: PublicJwk): PublicJwk {
  return Object.fromEntries(
    keyMembers.flatMap((name) => (key[name] === undefined ? [] : [[name, key[name]]])),
  )
}
