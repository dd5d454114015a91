// The public keys of others, and checking a signature with them: of clients (RFC 7523) and of trusted issuers, by value or by
// the address of a key set. What a signed text has to say is the caller's: client-auth-assertion.ts, trusted-issuers.ts.
// Sets behind an address are fetched and remembered by key-sets.ts.

import { type Client, isJsonObject, isModestRsaKey } from '@countersign/protocol'
import type { CryptoKey, JSONWebKeySet, LocalJWKSet } from 'jose'
import type { GuardedFetch } from './fetch-guard.ts'
import { createKeySets } from './key-sets.ts'
import { createMemory } from './memory.ts'
import type { System } from './system.ts'

/** Keys by value or by address (RFC 7591 §2), as a client's record has them. */
export interface KeySource {
  readonly jwks: { readonly keys: readonly object[] } | null
  readonly jwksUri: string | null
  /** Who named them. */
  readonly source: Client['source']
}

export interface ClientKeys {
  /** Whether one of the keys made the signature of this compact JWS, by one of these algorithms (RFC 8725 §3.1). */
  isSignedBy(source: KeySource, text: string, algs: readonly string[]): Promise<boolean>
}

const mostRemembered = 1000
/** Of keys that fit equally well, because no id tells them apart. */
const mostTries = 8

export function createClientKeys(fetchJson: GuardedFetch, system: Pick<System, 'clock'>): ClientKeys {
  const byValue = createMemory<JSONWebKeySet>(mostRemembered)
  const imported = new WeakMap<JSONWebKeySet, LocalJWKSet>()
  const remote = createKeySets(fetchJson, system)

  // By its text: a client that was removed and made again may have other keys under the same id and version.
  function sameSet(set: JSONWebKeySet): JSONWebKeySet {
    const text = JSON.stringify(set)
    const known = byValue.get(text)
    if (known !== undefined) return known
    byValue.set(text, set)
    return set
  }

  async function local(set: JSONWebKeySet): Promise<LocalJWKSet> {
    const { createLocalJWKSet } = await import('jose')
    const known = imported.get(set) ?? createLocalJWKSet({ keys: set.keys.filter(isModest) })
    imported.set(set, known)
    return known
  }

  return {
    async isSignedBy({ jwks, jwksUri, source }, text, algs) {
      if (jwks !== null)
        return (await check(await local(sameSet(jwks as JSONWebKeySet)), text, algs)) === 'good'
      if (jwksUri === null) return false
      const set = await remote.current(jwksUri, source === 'admin')
      const first = await check(set && (await local(set)), text, algs)
      if (first !== 'unknown_key' || set === undefined) return first === 'good'
      // Perhaps the keys have been rotated since (OIDC Core §10.1.1).
      const next = await remote.newerThan(jwksUri, set, source === 'admin')
      return next !== undefined && (await check(await local(next), text, algs)) === 'good'
    },
  }
}

// Nobody's signature may cost us more than our own do (RFC 8725 §3.5 for those that are too small).
function isModest(key: JSONWebKeySet['keys'][number]): boolean {
  return key.kty !== 'RSA' || (isJsonObject(key) && isModestRsaKey(key))
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
