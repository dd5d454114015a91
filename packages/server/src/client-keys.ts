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
/** Fetched sets come from strangers too, and a thousand of the longest would fill the memory: of all of them together, as text. */
const mostCharacters = 4 * 1024 * 1024
const mostKeys = 100
/** Of keys that fit equally well, because no id tells them apart. */
const mostTries = 8

export function createClientKeys(fetchJson: GuardedFetch, system: Pick<System, 'clock'>): ClientKeys {
  const byValue = new Map<string, JSONWebKeySet>()
  const imported = new WeakMap<JSONWebKeySet, LocalJWKSet>()
  const remote = createRemoteSets(fetchJson, system)

  // By its text: a client that was removed and made again may have other keys under the same id and version.
  function sameSet(set: JSONWebKeySet): JSONWebKeySet {
    const text = JSON.stringify(set)
    const known = byValue.get(text)
    if (known !== undefined) return known
    if (byValue.size >= mostRemembered) byValue.clear()
    byValue.set(text, set)
    return set
  }

  async function local(set: JSONWebKeySet): Promise<LocalJWKSet> {
    const { createLocalJWKSet } = await import('jose')
    const known = imported.get(set) ?? createLocalJWKSet(set)
    imported.set(set, known)
    return known
  }

  return {
    async isSignedBy({ jwks, jwksUri }, text, algs) {
      if (jwks !== null)
        return (await check(await local(sameSet(jwks as JSONWebKeySet)), text, algs)) === 'good'
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
  /** What it adds to `mostCharacters`. */
  readonly characters: number
}

function createRemoteSets(fetchJson: GuardedFetch, { clock }: Pick<System, 'clock'>) {
  const remembered = new Map<string, RemoteSet>()
  const underWay = new Map<string, Promise<RemoteSet>>()
  let characters = 0

  function forget(uri: string): void {
    characters -= remembered.get(uri)?.characters ?? 0
    remembered.delete(uri)
  }

  function keep(uri: string, next: RemoteSet): void {
    forget(uri)
    for (const oldest of remembered.keys()) {
      if (remembered.size < mostRemembered && characters + next.characters <= mostCharacters) break
      forget(oldest)
    }
    remembered.set(uri, next)
    characters += next.characters
  }

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
    const kept = before ?? { set: undefined, fetchedAt: 0, freshUntil: 0, characters: uri.length }
    const fresh = { set, fetchedAt: now, freshUntil: now + lasts }
    const next =
      set === undefined
        ? { ...kept, triedAt: now }
        : { ...fresh, triedAt: now, characters: uri.length + JSON.stringify(set).length }
    keep(uri, next)
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

// RFC 7517 §5: keys that we could not use do not spoil the set; of the others the members that we use are kept.
function keySetOf(json: unknown): JSONWebKeySet | undefined {
  const keys = typeof json === 'object' && json !== null && 'keys' in json ? json.keys : undefined
  if (!Array.isArray(keys)) return undefined
  const usable = keys.filter((key): key is JSONWebKeySet['keys'][number] => kinds.includes(key?.kty))
  return usable.length === 0 ? undefined : { keys: usable.slice(0, mostKeys).map(usedMembers) }
}

const kinds: readonly unknown[] = ['EC', 'OKP', 'RSA']
const members = ['kty', 'use', 'key_ops', 'alg', 'kid', 'crv', 'x', 'y', 'n', 'e'] as const

function usedMembers(key: JSONWebKeySet['keys'][number]): JSONWebKeySet['keys'][number] {
  const used = members.flatMap((name) => (key[name] === undefined ? [] : [[name, key[name]] as const]))
  return Object.fromEntries(used) as typeof key
}
