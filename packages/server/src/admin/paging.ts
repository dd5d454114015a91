// One page of a list, with a filter: what the administration API answers with. A request reads a bounded number of records; when
// it has not found enough by then, the page says where to go on, even if it is empty.
// Commands, which may take their time, read every-record.ts.

import type { Kind, Records } from '@countersign/protocol'
import type { Store } from '../store/store.ts'

export interface PageQuery {
  /** The id behind which the page begins. */
  readonly after?: string | undefined
  readonly limit: number
}

export interface Page<T> {
  readonly items: readonly T[]
  /** What to give as `after` for the next page; left out when this was the last. */
  readonly next?: string
}

const atOnce = 1000
const mostReads = 10

export async function pageOf<K extends Kind>(
  store: Store,
  kind: K,
  { after = '', limit }: PageQuery,
  matches: (record: Records[K]) => boolean = () => true,
): Promise<Page<Records[K]>> {
  const items: Records[K][] = []
  let last = after
  for (let reads = 0; reads < mostReads; reads++) {
    const records = await store.list(kind, last, atOnce)
    for (const record of records) {
      if (matches(record)) {
        if (items.length === limit) return { items, next: last }
        items.push(record)
      }
      last = record.id
    }
    if (records.length < atOnce) return { items }
  }
  return { items, next: last }
}

/** A page of records that are all at hand. */
export function pageIn<R extends { readonly id: string }>(
  records: readonly R[],
  { after = '', limit }: PageQuery,
): Page<R> {
  const behind = records.filter(({ id }) => id > after).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const items = behind.slice(0, limit)
  const last = items.at(-1)
  return behind.length > limit && last !== undefined ? { items, next: last.id } : { items }
}

export function mapPage<A, B>({ items, ...rest }: Page<A>, map: (item: A) => B): Page<B> {
  return { items: items.map(map), ...rest }
}
