// A broker on a store in memory, with a scripted provider and a clock that stands still. For tests.
// Not here: the provider (scripted-provider.ts), the clock (virtual-clock.ts), what is connected already (connected-world.ts).

import type { Broker, BrokerEvent, BrokerOptions, Owner } from '../broker.ts'
import { createBroker } from '../create-broker.ts'
import type { Flow } from '../flow.ts'
import type { Provider } from '../provider.ts'
import { memoryStore } from '../stores/memory.ts'
import { type ScriptedProvider, scriptedProvider } from './scripted-provider.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

export interface BrokerWorld {
  readonly broker: Broker
  readonly provider: ScriptedProvider
  readonly clock: VirtualClock
  readonly store: BrokerOptions['store']
  readonly events: BrokerEvent[]
  readonly log: { readonly event: string; readonly detail: Readonly<Record<string, unknown>> }[]
  /** Another node on the same store, with the same providers and clock. */
  another(changes?: Partial<BrokerOptions>): Broker
  flow(id: string): Promise<Flow | undefined>
  [Symbol.asyncDispose](): Promise<void>
}

export const ada: Owner = { person: 'ada', session: 'the browser of ada' }
export const testKey = new Uint8Array(32).fill(7)

type Changes = Partial<BrokerOptions> & { readonly provider?: Partial<Provider> }

export function brokerWorld({ provider: scripted = {}, ...changes }: Changes = {}): BrokerWorld {
  const provider = scriptedProvider(scripted)
  const clock = virtualClock()
  const store = changes.store ?? memoryStore()
  const events: BrokerEvent[] = []
  const log: { event: string; detail: Readonly<Record<string, unknown>> }[] = []
  const brokers: Broker[] = []
  const another = (more: Partial<BrokerOptions> = {}): Broker => {
    const broker = createBroker({
      providers: [provider],
      store,
      key: testKey,
      system: clock,
      redirectUri: 'https://app.example/connections/callback',
      log: (_level, event, detail) => log.push({ event, detail }),
      ...changes,
      ...more,
    })
    broker.on((event) => events.push(event))
    brokers.push(broker)
    return broker
  }
  return {
    broker: another(),
    provider,
    clock,
    store,
    events,
    log,
    another,
    flow: (id) => store.flows.find(id),
    async [Symbol.asyncDispose]() {
      const closed = Promise.all(brokers.map((broker) => broker.close()))
      await clock.pass(60)
      await closed
    },
  }
}
