// The key sets behind the addresses that clients and trusted issuers name (RFC 7517 §5): fetched, remembered in this node's memory,
// and asked for no more often than they need to be. Addresses that nobody here knows share a few places.
// Checking a signature with them is client-keys.ts; what may be fetched at all is fetch-guard.ts.

import type { JSONWebKeySet } from 'jose'
import type { Fetched, GuardedFetch } from './fetch-guard.ts'
import { createFetchPlaces, siteOf } from './fetch-places.ts'
import { createMemory } from './memory.ts'
import type { System } from './system.ts'

export interface KeySets {
  /** The set at the address; undefined when it cannot be had. `trusted` where an administrator named the address. */
  current(uri: string, trusted: boolean): Promise<JSONWebKeySet | undefined>
  /** The set as it is there now; undefined when it is the same, or was asked for a moment ago. */
  newerThan(uri: string, old: JSONWebKeySet, trusted: boolean): Promise<JSONWebKeySet | undefined>
}

/** A set is asked for again after what its headers say, within these bounds. */
const freshSeconds = { least: 60, usual: 600, most: 3600 }
/** A set that cannot be had again counts for so long after it was fetched. */
const staleSeconds = 3600
/** Keys with random ids make us ask no more often than this (standards.md JK-15). */
const unknownKeySeconds = 30
/** What could not be had is not asked for again so long: the address, or all of a host that cannot be reached. */
const failedSeconds = 10
const setLimits = { bytes: 64 * 1024 }
const mostRemembered = 1000
/** Fetched sets come from strangers too, and a thousand of the longest would fill the memory: of all of them together, as text. */
const mostCharacters = 4 * 1024 * 1024
const mostKeys = 100

interface RemoteSet {
  readonly set: JSONWebKeySet
  readonly fetchedAt: number
  readonly freshUntil: number
  /** What it adds to `mostCharacters`. */
  readonly characters: number
}

export function createKeySets(fetchJson: GuardedFetch, { clock }: Pick<System, 'clock'>): KeySets {
  const remembered = new Map<string, RemoteSet>()
  const underWay = new Map<string, Promise<void>>()
  // Apart from the sets, so that addresses which lead nowhere push none of them out.
  const failedAt = createMemory<number>(mostRemembered)
  const places = createFetchPlaces()
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

  const within = (at: number | undefined, seconds: number): boolean =>
    at !== undefined && clock() < at + seconds
  const hasFailed = (name: string, seconds: number): boolean => within(failedAt.get(name), seconds)

  /** Whoever finds no place goes on with what is known: nothing failed, so nothing is remembered of it. */
  async function fetchOnce(uri: string, trusted: boolean): Promise<void> {
    const running = underWay.get(uri)
    if (running !== undefined) return running
    const host = URL.parse(uri)?.host ?? uri
    const standing = trusted ? 'trusted' : remembered.has(uri) ? 'known' : 'new'
    if (standing === 'new' && hasFailed(`host ${host}`, failedSeconds)) return
    const site = siteOf(URL.parse(uri)?.hostname ?? uri)
    const started = places.run([site], standing, () => fetchSet(uri, host))
    if (started === undefined) return
    const done = started.finally(() => underWay.delete(uri))
    underWay.set(uri, done)
    return done
  }

  async function fetchSet(uri: string, host: string): Promise<void> {
    const fetched = await fetchJson(uri, setLimits)
    const now = clock()
    if (isUnreachable(fetched)) failedAt.set(`host ${host}`, now)
    const set = fetched.ok ? keySetOf(fetched.json) : undefined
    if (set === undefined) return failedAt.set(uri, now)
    const { least, usual, most } = freshSeconds
    const lasts = Math.min(most, Math.max(least, (fetched.ok ? fetched.freshSeconds : undefined) ?? usual))
    const size = uri.length + JSON.stringify(set).length
    keep(uri, { set, fetchedAt: now, freshUntil: now + lasts, characters: size })
  }

  function usable(uri: string): JSONWebKeySet | undefined {
    const known = remembered.get(uri)
    return known !== undefined && clock() < known.fetchedAt + staleSeconds ? known.set : undefined
  }

  return {
    async current(uri, trusted) {
      const known = remembered.get(uri)
      const isFresh = known !== undefined && clock() < known.freshUntil
      if (!isFresh && !hasFailed(uri, failedSeconds)) await fetchOnce(uri, trusted)
      return usable(uri)
    },
    async newerThan(uri, old, trusted) {
      const known = remembered.get(uri)
      const isNew = known !== undefined && known.set !== old
      const wasAsked = within(known?.fetchedAt, unknownKeySeconds) || hasFailed(uri, unknownKeySeconds)
      if (!isNew && !wasAsked) await fetchOnce(uri, trusted)
      const now = usable(uri)
      return now === old ? undefined : now
    },
  }
}

// Not a host that lets us wait: one address of it may, by the will of whoever named that, while the others answer. Those who
// wait are bounded by their places.
function isUnreachable(fetched: Fetched): boolean {
  return !fetched.ok && (fetched.why === 'unresolvable' || fetched.why === 'connection')
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
