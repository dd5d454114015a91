// The registered clients and resources as requests need them: from the store, remembered for a second.
// They are read by every request and changed by hand a few times a year; a change made on another node shows here within a
// second. Tokens, grants and accounts are never remembered: their end shows at once.
// Clients that are known by a document are looked up by metadata-documents.ts.

import type { Client, Resource } from '@countersign/protocol'
import { createMetadataDocuments, type DocumentProblem, type DocumentsAround } from './metadata-documents.ts'
import type { Store } from './store/store.ts'
import type { System } from './system.ts'

export interface Directory<R> {
  find(id: string): Promise<R | undefined> | R | undefined
}

export interface ClientDirectory {
  /** `from` is the address of whoever names the id, which may make us fetch a document; nothing where a record of ours names it. */
  find(id: string, from?: string): Promise<Client | undefined> | Client | undefined
  /** Why a URL that was looked up as a client id a moment ago is none; for pages and logs. */
  problem(id: string): DocumentProblem | undefined
}

export type ResourceDirectory = Directory<Resource>

const rememberedSeconds = 1
const mostRemembered = 10_000

export function createClientDirectory(around: DocumentsAround): ClientDirectory {
  const { store, system } = around
  const documents = createMetadataDocuments(around)
  const { find } = remember(system, async (id, from) => {
    if (id.includes('://')) return documents.find(id, from)
    const client = await store.read('client', id)
    // One that registered itself and was never used has run out; the sweep has not come by yet.
    return client?.expiresAt != null && client.expiresAt <= system.now() ? undefined : client
  })
  return { find, problem: documents.problem }
}

export function createResourceDirectory(store: Store, system: System): ResourceDirectory {
  return remember(system, (id) => store.read('resource', id))
}

function remember<R>(system: System, look: (id: string, from?: string) => Promise<R | undefined>) {
  const remembered = new Map<string, { readonly record: R; readonly until: number }>()

  async function read(id: string, now: number, from?: string): Promise<R | undefined> {
    const record = await look(id, from)
    if (record === undefined) {
      remembered.delete(id)
      return undefined
    }
    if (remembered.size >= mostRemembered) remembered.clear()
    remembered.set(id, { record, until: now + rememberedSeconds })
    return record
  }

  return {
    find(id: string, from?: string): Promise<R | undefined> | R | undefined {
      const now = system.clock()
      const entry = remembered.get(id)
      return entry !== undefined && now < entry.until ? entry.record : read(id, now, from)
    },
  }
}
