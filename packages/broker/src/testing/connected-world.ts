// brokerWorld with connections that are there already, and looks at what is stored. For tests.
// Not here: connecting one by a flow (broker-world.ts).

import assert from 'node:assert/strict'
import type { Connection, Lease, Tokens } from '../connection.ts'
import { createSeal } from '../seal.ts'
import { createStoreVault } from '../store-vault.ts'
import type { Vault } from '../vault.ts'
import { type BrokerWorld, brokerWorld, testKey } from './broker-world.ts'

export interface ConnectedWorld extends BrokerWorld {
  readonly vault: Vault
  /** Puts one of ada's there, over since a moment unless said otherwise. */
  connect(
    changes?: Partial<Omit<Connection, 'tokens'>> & { readonly tokens?: Partial<Tokens> },
  ): Promise<Connection>
  stored(id?: string): Promise<Connection>
  lease(id?: string): Promise<Lease | undefined>
}

export function connectedWorld(...[changes]: Parameters<typeof brokerWorld>): ConnectedWorld {
  const world = brokerWorld(changes)
  const { clock, store, provider } = world
  const vault = createStoreVault(store, createSeal(testKey, clock))
  return {
    ...world,
    vault,
    async connect({ tokens, ...others } = {}) {
      const now = clock.now()
      const connection: Connection = {
        id: 'connection-1',
        version: '',
        person: 'ada',
        place: '',
        provider: provider.id,
        account: { id: 'account-1', name: 'ada-l' },
        label: 'Work',
        flow: 'flow-1',
        ended: null,
        createdAt: now - 3601,
        updatedAt: now - 3601,
        ...others,
        tokens: provider.tokens({ expiresAt: now - 1, ...tokens }),
      }
      assert.equal(await vault.put(connection, null), 'stored')
      return connection
    },
    async stored(id = 'connection-1') {
      const found = await vault.find('', 'ada', id)
      assert.ok(found, `${id} is stored`)
      return found
    },
    lease: (id = 'connection-1') => store.leases.find(id),
  }
}
