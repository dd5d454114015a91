// The public keys of others, and checking a signature with them: of clients (RFC 7523) and of trusted issuers, by value or by
// the address of a key set. What a signed text has to say is the caller's: client-auth-assertion.ts, trusted-issuers.ts.
// Fetched sets are remembered in this node's memory; what may be fetched at all is fetch-guard.ts.

import type { CryptoKey, JSONWebKeySet, LocalJWKSet } from 'jose'
import type { GuardedFetch } from './fetch-guard.ts'
import type { System } from './system.ts'

/** Keys by value or by address (RFC 7591 §2), as a client's record has them. */
export interface KeySource {
  readonly jwks: { readonly keys: readonly object[] } | null
  readonly jwksUri: string | null
}

export interface ClientKeys {
  /** Whether one of the keys made the signature of this compact JWS, by one of these algorithms (RFC 8725 §3.1). */
  isSignedBy(source: KeySource, text: string, algs: readonly string[]): Promise<boolean>
}

/** A set is asked for again after what its headers say, within these bounds. */
const freshSeconds = { least: 60, usual: 600, most: 3600 }
/** A set that cannot be had again counts for so long after it was fetched. */
const staleSeconds = 3600
/** Keys with random ids make us ask no more often than this (standards.md JK-15). */
const unknownKeySeconds = 30
const failedSeconds = 10
const setLimits = { bytes: 64 * 1024 }
const mostRemembered = 1000
/** Of keys that fit equally well, because no id tells them apart. */
const mostTries = 8

export function createClientKeys(fetchJson: GuardedFetch, system: Pick<System, 'clock'>): ClientKeys {
  const byValue = new Map<string, LocalJWKSet>()
  const remote = createRemoteSets(fetchJson, system)

  // By its text: a client that was removed and made again may have other keys under the same id and version.
  async function local(set: JSONWebKeySet): Promise<LocalJWKSet | undefined> {
    const text = JSON.stringify(set)
    let known = byValue.get(text)
    if (known !== undefined) return known
    const { createLocalJWKSet } = await import('jose')
    known = createLocalJWKSet(set)
    if (byValue.size >= mostRemembered) byValue.clear()
    byValue.set(text, known)
    return known
  }

  return {
    async isSignedBy({ jwks, jwksUri }, text, algs) {
      if (jwks !== null) return (await check(await local(jwks as JSONWebKeySet), text, algs)) === 'good'
      if (jwksUri === null) return false
      const set = await remote.current(jwksUri)
      const first = await check(set && (await local(set)), text, algs)
      if (first !== 'unknown_key' || set === undefined) return first === 'good'
      // Perhaps the keys have been rotated since (OIDC Core §10.1.1).
      const next = await remote.newerThan(jwksUri, set)
      return next !== undefined && (await check(await local(next), text, algs)) === 'good'
    },
  }
}

async function check(
  keys: LocalJWKSet | undefined,
  text: string,
  algs: readonly string[],
): Promise<'good' | 'bad' | 'unknown_key'> {
  if (keys === undefined) return 'bad'
  const { compactVerify, errors } = await import('jose')
  const options = { algorithms: [...algs] }
  const verifies = async (key: LocalJWKSet | CryptoKey): Promise<boolean> => {
    await (typeof key === 'function' ? compactVerify(text, key, options) : compactVerify(text, key, options))
    return true
  }
  try {
    return (await verifies(keys)) ? 'good' : 'bad'
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return 'unknown_key'
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return 'bad'
    let tries = 0
    for await (const key of error) {
      if (await verifies(key).catch(() => false)) return 'good'
      if (++tries === mostTries) break
    }
    return 'bad'
  }
}

interface RemoteSet {
  readonly set: JSONWebKeySet | undefined
  readonly fetchedAt: number
  readonly freshUntil: number
  readonly triedAt: number
}

function createRemoteSets(fetchJson: GuardedFetch, { clock }: Pick<System, 'clock'>) {
  const remembered = new Map<string, RemoteSet>()
  const underWay = new Map<string, Promise<RemoteSet>>()

  function fetchOnce(uri: string): Promise<RemoteSet> {
    const running = underWay.get(uri)
    if (running !== undefined) return running
    const started = fetchSet(uri).finally(() => underWay.delete(uri))
    underWay.set(uri, started)
    return started
  }

  async function fetchSet(uri: string): Promise<RemoteSet> {
    const before = remembered.get(uri)
    const fetched = await fetchJson(uri, setLimits)
    const now = clock()
    const set = fetched.ok ? keySetOf(fetched.json) : undefined
    const { least, usual, most } = freshSeconds
    const lasts = Math.min(most, Math.max(least, (fetched.ok ? fetched.freshSeconds : undefined) ?? usual))
    const kept = { set: before?.set, fetchedAt: before?.fetchedAt ?? 0, freshUntil: before?.freshUntil ?? 0 }
    const next =
      set === undefined
        ? { ...kept, triedAt: now }
        : { set, fetchedAt: now, freshUntil: now + lasts, triedAt: now }
    remembered.delete(uri)
    const [oldest] = remembered.keys()
    if (remembered.size >= mostRemembered && oldest !== undefined) remembered.delete(oldest)
    remembered.set(uri, next)
    return next
  }

  const usable = ({ set, fetchedAt }: RemoteSet) => (clock() < fetchedAt + staleSeconds ? set : undefined)

  return {
    async current(uri: string): Promise<JSONWebKeySet | undefined> {
      const known = remembered.get(uri)
      if (known === undefined) return usable(await fetchOnce(uri))
      if (clock() < known.freshUntil || clock() < known.triedAt + failedSeconds) return usable(known)
      return usable(await fetchOnce(uri))
    },
    /** The set as it is there now; undefined when it is the same, or was asked for a moment ago. */
    async newerThan(uri: string, old: JSONWebKeySet): Promise<JSONWebKeySet | undefined> {
      const known = remembered.get(uri)
      if (known !== undefined && known.set !== old) return usable(known)
      if (known !== undefined && clock() < known.triedAt + unknownKeySeconds) return undefined
      const next = await fetchOnce(uri)
      return next.set === old ? undefined : usable(next)
    },
  }
}

// RFC 7517 §5: members that are no keys we could use do not spoil the set.
function keySetOf(json: unknown): JSONWebKeySet | undefined {
  const keys = typeof json === 'object' && json !== null && 'keys' in json ? json.keys : undefined
  if (!Array.isArray(keys)) return undefined
  const objects = keys.filter((key): key is JSONWebKeySet['keys'][number] => typeof key?.kty === 'string')
  return objects.length === 0 ? undefined : { keys: objects }
}
