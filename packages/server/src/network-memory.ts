// What is remembered of networks: that an account signed a client in from one, and proved it by a return code. For as long as that
// is remembered no code is asked for there.
// Who asks is pages/network-step.ts, who remembers endpoints/token-device-code.ts, which network is which networks.ts.

import type { NetworkMemory, Write } from '@countersign/protocol'
import { networkOf } from './networks.ts'
import type { Services } from './services.ts'
import type { Store } from './store/store.ts'

export interface Place {
  readonly accountId: string
  readonly clientId: string
  /** Of the terminal. */
  readonly address: string
}

type Needs = Pick<Services, 'store' | 'secrets' | 'system' | 'config'>

/** Whether it was proved before, and not too long ago. */
export async function isRemembered(services: Needs, place: Place): Promise<boolean> {
  const id = idOf(services, place)
  const memory = id === undefined ? undefined : await services.store.read('networkMemory', id)
  return memory !== undefined && memory.expiresAt > services.system.now()
}

/** The record to write with the redemption that proves it; undefined where nothing is to be remembered. */
export async function memoryOf(services: Needs, place: Place): Promise<NetworkMemory | undefined> {
  const { store, system, config } = services
  const id = idOf(services, place)
  if (id === undefined || config.networkMemorySeconds === 0) return undefined
  const { accountId, clientId } = place
  const now = system.now()
  const expiresAt = now + config.networkMemorySeconds
  const known = await store.read('networkMemory', id)
  return { id, version: 0, accountId, clientId, createdAt: now, ...known, expiresAt }
}

/** Whoever ends a sign-in by hand may do so because it was not theirs: then the next one proves itself again, wherever it is. */
export async function forgetNetworks(
  store: Store,
  whose: Pick<Place, 'accountId' | 'clientId'>,
): Promise<readonly Write[]> {
  const memories = await store.find('networkMemory', 'accountId', whose.accountId)
  return memories.flatMap((record) =>
    record.clientId === whose.clientId ? [{ op: 'delete', kind: 'networkMemory', record }] : [],
  )
}

// Keyed: there are few networks, and whoever has the database must not find out by trying which one it was.
function idOf({ secrets }: Needs, { accountId, clientId, address }: Place): string | undefined {
  const network = networkOf(address)
  return network && secrets.mac('network memory', JSON.stringify([accountId, clientId, network]))
}
