// The authorization server as this resource knows it: its metadata (RFC 8414, OpenID Discovery), checked to be its
// own, and its keys, both remembered. Not here: which key fits a token (keys.ts), introspecting (introspection.ts).

import type { JsonObject } from '@countersign/protocol'
import { UnavailableError } from './errors.ts'
import { fetchJson, isLoopbackHttp } from './http.ts'
import { readKeys, type VerificationKey } from './keys.ts'
import { type Remembered, remember } from './remembered.ts'
import type { System } from './system.ts'

export type IssuerOptions = {
  readonly issuer: string
  /** Where its keys are, when that is not to be discovered. */
  readonly jwksUri?: string
  /** Where it introspects, when that is not to be discovered. */
  readonly introspectionEndpoint?: string
}

export type Issuer = {
  readonly name: string
  readonly keys: Remembered<readonly VerificationKey[]>
  readonly introspectionEndpoint: () => Promise<string | undefined>
}

export function createIssuer(options: IssuerOptions, system: System): Issuer {
  const { issuer: name, jwksUri, introspectionEndpoint } = options
  const metadata = remember(() => fetchMetadata(name, system), METADATA_KEEPING, system)
  const addressOf = async (member: string): Promise<string | undefined> => {
    const value = (await metadata.get())[member]
    return value === undefined ? undefined : ownAddress(value, name)
  }
  const fetchKeys = async (): Promise<readonly VerificationKey[]> => {
    const url = jwksUri ?? (await addressOf('jwks_uri'))
    if (url === undefined) throw new UnavailableError('malformed', `${name} publishes no keys`)
    const accept = 'application/jwk-set+json, application/json'
    const { json } = await fetchJson(system, url, { headers: { accept } })
    return readKeys(json)
  }
  return {
    name,
    keys: remember(fetchKeys, KEYS_KEEPING, system),
    introspectionEndpoint: async () => introspectionEndpoint ?? addressOf('introspection_endpoint'),
  }
}

/** The first of its two documents that is there. One that is there and speaks for somebody else ends the search. */
async function fetchMetadata(issuer: string, system: System): Promise<JsonObject> {
  let reason: unknown
  for (const url of metadataUrls(issuer)) {
    try {
      const { json } = await fetchJson(system, url, { headers: { accept: 'application/json' } })
      // RFC 8414 §3.3: code point by code point; a server may only speak for itself.
      if (json.issuer !== issuer)
        throw new UnavailableError('issuer_mismatch', `the metadata of ${issuer} is that of another issuer`)
      return json
    } catch (error) {
      if (error instanceof UnavailableError && error.code === 'issuer_mismatch') throw error
      reason ??= error
    }
  }
  throw reason
}

/** RFC 8414 §3.1 puts the well-known part before the path, OpenID Discovery §4.1 behind it. */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname === '/' ? '' : pathname.replace(/\/$/, '')
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]
}

/** An address from the metadata: https, or, where the issuer itself is on this machine, loopback. */
function ownAddress(value: unknown, issuer: string): string {
  const url = typeof value === 'string' ? URL.parse(value) : null
  const allowed =
    url !== null && (url.protocol === 'https:' || (isLoopbackHttp(url) && isLoopbackHttp(new URL(issuer))))
  if (!allowed) throw new UnavailableError('malformed', `the metadata of ${issuer} names no safe address`)
  return url.href
}

const METADATA_KEEPING = { freshSeconds: 300, staleSeconds: 3600, intervalSeconds: 30 }
const KEYS_KEEPING = { freshSeconds: 600, staleSeconds: 3600, intervalSeconds: 30 }
