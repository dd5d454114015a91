// One remembered answer of a server: fetched once for all who wait for it, kept while fresh, used a little longer
// while the server is away, and never asked for more often than an interval. Not here: what is fetched (issuer.ts).

import type { System } from './system.ts'

export type Remembered<T> = {
  get: () => Promise<T>
  /** Fetched again, unless that happened within the interval; then what is known. */
  renewed: () => Promise<T>
}

export type Keeping = {
  readonly freshSeconds: number
  /** How long an old answer serves when there is no new one. */
  readonly staleSeconds: number
  /** Between two fetches, however many unknown keys arrive (no request amplification). */
  readonly intervalSeconds: number
}

export function remember<T>(load: () => Promise<T>, keeping: Keeping, system: System): Remembered<T> {
  let known: { value: T; at: number } | undefined
  let failed: { error: unknown; at: number } | undefined
  let loading: Promise<T> | undefined

  const fetchOnce = (): Promise<T> => {
    loading ??= load()
      .then(
        (value) => {
          known = { value, at: system.now() }
          failed = undefined
          return value
        },
        (error: unknown) => {
          failed = { error, at: system.now() }
          throw error
        },
      )
      .finally(() => {
        loading = undefined
      })
    return loading
  }
  const age = (moment: { at: number } | undefined): number =>
    moment === undefined ? Number.POSITIVE_INFINITY : system.now() - moment.at
  const orOld = async (): Promise<T> => {
    try {
      // A server that is down is not asked again by every request.
      if (failed !== undefined && age(failed) < RETRY_SECONDS) throw failed.error
      return await fetchOnce()
    } catch (error) {
      if (known !== undefined && age(known) < keeping.freshSeconds + keeping.staleSeconds) return known.value
      throw error
    }
  }
  return {
    get: async () => (known !== undefined && age(known) < keeping.freshSeconds ? known.value : orOld()),
    renewed: async () =>
      known !== undefined && Math.min(age(known), age(failed)) < keeping.intervalSeconds
        ? known.value
        : orOld(),
  }
}

const RETRY_SECONDS = 2
