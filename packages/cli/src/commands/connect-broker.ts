// Where the server and the broker meet: `countersign serve` with providers configured connects accounts of people elsewhere. Neither
// of the two packages knows the other; what one wants of the other is @countersign/server's ConnectParts and Connections.

import type { BrokerStore } from '@countersign/broker'
import type { Connect, Connections, ConnectParts } from '@countersign/server'

/** The broker is loaded only where this is called: nobody else pays for it. */
export const connectBroker: Connect = async (parts) => {
  const { createBroker, providerOf } = await import('@countersign/broker')
  const { settings, key, redirectUri, log } = parts
  const providers = settings.map((one) => providerOf(one))
  const store = await storeOf(parts)
  try {
    const broker = createBroker({
      providers,
      store,
      key,
      redirectUri,
      log: (level, event, detail) => log[level](`broker ${event}`, flat(detail)),
    })
    return closingBoth(broker, store)
  } catch (error) {
    await store.close()
    throw error
  }
}

async function storeOf({ store }: ConnectParts): Promise<BrokerStore> {
  const { memoryStore, sqliteStore, postgresStore } = await import('@countersign/broker')
  if (store === 'memory') return memoryStore()
  return 'path' in store ? sqliteStore({ path: store.path }) : postgresStore({ url: store.databaseUrl })
}

function closingBoth(broker: Connections, store: BrokerStore): Connections {
  return {
    ...broker,
    async close() {
      await broker.close()
      await store.close()
    },
  }
}

/** The log of the server takes flat facts only. */
function flat(detail: Readonly<Record<string, unknown>>): Record<string, string | number | boolean | null> {
  const isFlat = (value: unknown): value is string | number | boolean | null =>
    value === null || ['string', 'number', 'boolean'].includes(typeof value)
  return Object.fromEntries(
    Object.entries(detail).map(([name, value]) => [name, isFlat(value) ? value : String(value)]),
  )
}
