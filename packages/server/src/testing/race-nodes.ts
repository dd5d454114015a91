// Where races are run: one store, reached as so many nodes would reach it, each through a connection of its own.
// Not for production.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMemoryStore } from '../store/memory.ts'
import { openStore, type StoreChoice } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'

export interface Ground {
  /** The same store, through one connection of its own for each node. */
  readonly nodes: readonly Store[]
  readonly close: () => Promise<void>
}

export const oneInMemory = async (): Promise<Ground> => ({
  nodes: [openMemoryStore()],
  close: async () => {},
})

export async function twoOnSqlite(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-races-'))
  return twoNodes({ path: join(folder, 'countersign.db'), synchronous: 'NORMAL' }, () =>
    rmSync(folder, { recursive: true }),
  )
}

export function twoOnPostgres(server: { url: string; stop: () => Promise<void> }): Promise<Ground> {
  return twoNodes({ databaseUrl: server.url }, server.stop)
}

async function twoNodes(choice: StoreChoice, remove: () => Promise<void> | void): Promise<Ground> {
  const nodes = [await openStore(choice), await openStore(choice)]
  const close = async () => {
    for (const store of nodes) await store.close()
    await remove()
  }
  return { nodes, close }
}
