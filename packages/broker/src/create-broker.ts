// Puts the broker together: options are checked here, once, and everything below gets the same parts.
// Not here: connecting (start-flow.ts, flows.ts, worker.ts), what is connected (tokens.ts), HTTP (handler.ts).

import { isSecure } from '@countersign/client/http'
import { system as ownSystem } from '@countersign/client/system'
import { createAsk } from './ask-provider.ts'
import type { Broker, BrokerEvent, BrokerOptions } from './broker.ts'
import { createDeliveries } from './deliver.ts'
import { SettingError } from './errors.ts'
import { createFlowChanges } from './flow-changes.ts'
import { createWatch } from './flow-watch.ts'
import { createFlows } from './flows.ts'
import { createHear } from './hear.ts'
import { type Parts, reasonOf } from './parts.ts'
import type { Provider } from './provider.ts'
import { createSeal } from './seal.ts'
import { createStartFlow } from './start-flow.ts'
import { createStoreVault } from './store-vault.ts'
import { createTokens } from './tokens.ts'
import { startWorker } from './worker.ts'

export function createBroker(options: BrokerOptions): Broker {
  const closing = new AbortController()
  const listeners = new Set<(event: BrokerEvent) => void>()
  const pending = new Set<Promise<void>>()
  const parts = partsOf(options, closing.signal, listeners, pending)
  const watch = createWatch()
  const changes = createFlowChanges(parts, watch)
  const deliveries = createDeliveries(parts, changes)
  const worker = startWorker(parts, changes, deliveries, createHear(parts, changes, deliveries))
  const startFlow = createStartFlow(parts, changes)
  const { cancelOf, ...flows } = createFlows(parts, { changes, watch, startFlow, worker })
  const tokens = createTokens(parts, { deliver: deliveries.deliverOf, cancel: cancelOf })
  return {
    providers: options.providers.map(({ id, name, docs, kind }) => ({ id, name, docs, kind })),
    ...flows,
    ...tokens,
    on(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      closing.abort()
      await worker.ended
      while (pending.size > 0) await Promise.all(pending)
    },
  }
}

function partsOf(
  options: BrokerOptions,
  closing: AbortSignal,
  listeners: ReadonlySet<(event: BrokerEvent) => void>,
  pending: Set<Promise<void>>,
): Parts {
  const { store, key, system = ownSystem, log = () => {} } = options
  const providers = providersOf(options)
  const seal = createSeal(key, system)
  return {
    options,
    providers,
    seal,
    store,
    vault: options.vault ?? createStoreVault(store, seal),
    system,
    holder: system.randomName(),
    closing,
    log,
    emit(event) {
      for (const listener of listeners) run(listener, event, log)
    },
    ask: createAsk(system, closing, log),
    background(event, work) {
      const done: Promise<void> = work()
        .catch((error: unknown) => log('warn', event, { reason: reasonOf(error) }))
        .then(() => void pending.delete(done))
      pending.add(done)
    },
  }
}

/** A listener is the application's: what it throws, now or later, is its own and changes nothing here. */
function run(listener: (event: BrokerEvent) => unknown, event: BrokerEvent, log: Parts['log']): void {
  const failed = (error: unknown) => log('warn', 'listener.failed', { reason: reasonOf(error) })
  try {
    Promise.resolve(listener(event)).catch(failed)
  } catch (error) {
    failed(error)
  }
}

function providersOf({ providers, redirectUri }: BrokerOptions): ReadonlyMap<string, Provider> {
  const known = new Map<string, Provider>()
  for (const provider of providers) {
    if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(provider.id))
      throw new SettingError(`The provider id "${provider.id}" is not made of a-z, 0-9 and dashes.`)
    if (provider.kind === 'redirect' && redirectUri === undefined)
      throw new SettingError(`The provider ${provider.id} needs a redirectUri to send the browser back to.`)
    for (const name of new Set([provider.id, ...(provider.aliases ?? [])])) {
      if (known.has(name)) throw new SettingError(`Two providers are called ${name}.`)
      known.set(name, provider)
    }
  }
  if (redirectUri !== undefined && !(URL.canParse(redirectUri) && isSecure(new URL(redirectUri))))
    throw new SettingError('The redirectUri is an https URL, or http on this machine.')
  return known
}
