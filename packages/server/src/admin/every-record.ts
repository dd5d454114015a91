// All records of a kind, page by page: for commands that list, never for requests.
// A request reads at most one page, through the store itself.

import type { Kind, Records } from '@countersign/protocol'
import type { Store } from '../store/store.ts'

export async function everyRecord<K extends Kind>(store: Store, kind: K): Promise<readonly Records[K][]> {
  const all: Records[K][] = []
  for (let after = ''; ; ) {
    const page = await store.list(kind, after)
    all.push(...page)
    const last = page.at(-1)
    if (last === undefined) return all
    after = last.id
  }
}
