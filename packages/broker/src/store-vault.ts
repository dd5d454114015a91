// Connections in the broker's own store, their tokens sealed. The engines behind it are stores/; a vault that other programs
// share is vaults/auth-json.ts.

import type { Connection, Tokens } from './connection.ts'
import { VaultError } from './errors.ts'
import type { Seal } from './seal.ts'
import type { BrokerStore, StoredConnection } from './store.ts'
import type { Vault } from './vault.ts'

type Facts = Pick<Connection, 'account' | 'label' | 'flow' | 'ended' | 'createdAt' | 'updatedAt'>

export function createStoreVault({ connections }: Pick<BrokerStore, 'connections'>, seal: Seal): Vault {
  const opened = (stored: StoredConnection): Connection => {
    const tokens = seal.open('connection', boundTo(stored), stored.sealed)
    // Another key, or somebody wrote into the database: said aloud, and nothing is overwritten.
    if (tokens === undefined)
      throw new VaultError('vault_unreadable', 'A connection was sealed under another key.')
    const { id, version, person, provider } = stored
    const facts = JSON.parse(stored.facts) as Facts
    return {
      id,
      version: String(version),
      person,
      place: '',
      provider,
      tokens: JSON.parse(tokens) as Tokens,
      ...facts,
    }
  }
  return {
    placeOf: () => '',
    list: async (_place, person) =>
      (await connections.ofPerson(person)).filter((stored) => stored.person === person).map(opened),
    async find(_place, person, id) {
      const stored = await connections.find(id)
      return stored?.person === person ? opened(stored) : undefined
    },
    async put(connection, seen) {
      const { id, person, provider, tokens, account, label, flow, ended, createdAt, updatedAt } = connection
      const facts: Facts = { account, label, flow, ended, createdAt, updatedAt }
      const stored = await connections.put({
        id,
        version: Number(seen ?? 0) + 1,
        person,
        provider,
        facts: JSON.stringify(facts),
        sealed: seal.seal('connection', boundTo(connection), JSON.stringify(tokens)),
      })
      return stored ? 'stored' : 'conflict'
    },
    remove: async ({ id, version }) =>
      (await connections.remove(id, Number(version))) ? 'removed' : 'conflict',
  }
}

/** Whoever can write into the database, but has no key, cannot make somebody's tokens another person's. */
function boundTo({ id, person, provider }: Pick<StoredConnection, 'id' | 'person' | 'provider'>): string {
  return JSON.stringify([id, person, provider])
}
