// How many fetches from strangers' hosts run at once: each waits for somebody else, and they must not take all there is.
// A fetch that anybody may cause finds less room than one whose address was good before, and that less than one for somebody who is
// at home here, since an attacker's may have been good only for that. What is fetched, and how, is for the callers:
// metadata-documents.ts, key-sets.ts.

/** What is known of an address: that somebody here vouches for it, that it was good before, or nothing. */
export type Standing = 'trusted' | 'known' | 'new'

export interface FetchPlaces {
  /**
   * Does it where there is a place, and undefined where there is none. `sharers` are those who have only a few of the places
   * each: a site, a caller.
   */
  run<R>(sharers: readonly string[], standing: Standing, fetching: () => Promise<R>): Promise<R> | undefined
}

const standings = ['trusted', 'known', 'new'] as const
const places = { trusted: 50, known: 40, new: 25, perSharer: 8 }

/** Names below one domain are free to whoever has it, so they count together. */
export function siteOf(hostname: string): string {
  const host = hostname.replace(/\.$/, '')
  return /^[\d.]+$|^\[/.test(host) ? host : host.split('.').slice(-2).join('.')
}

export function createFetchPlaces({ perSharer, ...most } = places): FetchPlaces {
  const taken = new Map<string, number>()

  function add(name: string, change: 1 | -1): void {
    const next = (taken.get(name) ?? 0) + change
    if (next === 0) taken.delete(name)
    else taken.set(name, next)
  }

  return {
    run(sharers, standing, fetching) {
      // Each standing has its places within those of the better ones.
      const within = standings.slice(0, standings.indexOf(standing) + 1)
      const limits: readonly (readonly [string, number])[] = [
        ...within.map((one) => [one, most[one]] as const),
        ...sharers.map((sharer) => [`${standing} ${sharer}`, perSharer] as const),
      ]
      if (limits.some(([name, most]) => (taken.get(name) ?? 0) >= most)) return undefined
      for (const [name] of limits) add(name, 1)
      return fetching().finally(() => {
        for (const [name] of limits) add(name, -1)
      })
    },
  }
}
