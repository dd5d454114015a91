// Which store is meant: PostgreSQL where a database URL is given, else the file, else memory when that was asked for.
// Each engine is loaded only when it is opened, so that the embedded server never pays for the PostgreSQL driver.

import type { Store } from './store.ts'

export interface StoreChoice {
  readonly databaseUrl?: string | undefined
  readonly path?: string | undefined
  readonly synchronous?: 'FULL' | 'NORMAL' | undefined
  readonly memory?: boolean | undefined
}

export async function openStore({ databaseUrl, path, synchronous, memory }: StoreChoice): Promise<Store> {
  if (databaseUrl !== undefined) {
    const { openPostgresStore } = await import('./postgres.ts')
    return openPostgresStore({ url: databaseUrl })
  }
  if (path !== undefined) {
    const { openSqliteStore } = await import('./sqlite.ts')
    return openSqliteStore(synchronous === undefined ? { path } : { path, synchronous })
  }
  if (memory) {
    const { openMemoryStore } = await import('./memory.ts')
    return openMemoryStore()
  }
  throw new TypeError('openStore needs one of databaseUrl, path and memory')
}
