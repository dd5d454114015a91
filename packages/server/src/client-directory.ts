// The registered clients as requests need them: from the store, remembered for a second.
// A client is read by every request and changed by hand a few times a year; a change made on another node shows here within a
// second. Tokens, grants and accounts are never remembered: their end shows at once.

import type { Client } from '@countersign/protocol'
import type { Store } from './store/store.ts'
import type { System } from './system.ts'

export interface ClientDirectory {
  find(id: string): Promise<Client | undefined> | Client | undefined
}

const rememberedSeconds = 1
const mostRemembered = 10_000

export function createClientDirectory(store: Store, system: System): ClientDirectory {
  const remembered = new Map<string, { readonly client: Client; readonly until: number }>()

  async function read(id: string, now: number): Promise<Client | undefined> {
    const client = await store.read('client', id)
    if (client === undefined) {
      remembered.delete(id)
      return undefined
    }
    if (remembered.size >= mostRemembered) remembered.clear()
    remembered.set(id, { client, until: now + rememberedSeconds })
    return client
  }

  return {
    find(id) {
      const now = system.clock()
      const entry = remembered.get(id)
      return entry !== undefined && now < entry.until ? entry.client : read(id, now)
    },
  }
}
