// Everything that stands behind the handler, made once, and the chores that run beside requests. Who listens for requests is
// start.ts, or a host application (countersign.ts); tests make theirs in testing/services.ts.

import type { Host } from './accounts/host-application.ts'
import { createUpstreams } from './accounts/upstream/providers.ts'
import { createHeavyWork } from './admin/heavy-work.ts'
import { ensureOwnClient } from './admin/own-client.ts'
import { linkEntries } from './audit-chain.ts'
import { createClientDirectory, createResourceDirectory } from './client-directory.ts'
import { createClientKeys } from './client-keys.ts'
import { createRegistrationPlaces } from './endpoints/register-limit.ts'
import { createGuardedFetch } from './fetch-guard.ts'
import { createHeldPolls } from './held-polls.ts'
import { openKeys } from './keys.ts'
import { createMemory } from './memory.ts'
import { type Connect, openConnections } from './open-connections.ts'
import { createPacing } from './pacing.ts'
import type { Services } from './services.ts'
import { createThrottle } from './throttle.ts'

export interface ServiceParts extends Pick<Services, 'config' | 'system' | 'secrets' | 'store' | 'log'> {
  readonly host?: Host | undefined
  readonly connect?: Connect | undefined
}

export async function openServices({
  config,
  system,
  secrets,
  store,
  log,
  host,
  connect,
}: ServiceParts): Promise<Services> {
  const keys = await openKeys({ store, secrets, system })
  await ensureOwnClient(store, system)
  const { issuer } = config
  const fetchJson = createGuardedFetch({ development: issuer.startsWith('http:') })
  return {
    config,
    system,
    store,
    secrets,
    keys,
    clients: createClientDirectory({ config, store, system, fetchJson, log }),
    clientKeys: createClientKeys(fetchJson, system),
    resources: createResourceDirectory(store, system),
    upstreams: createUpstreams(config, system),
    host,
    connections: await openConnections(connect, { config, system, secrets, store, log }),
    pacing: createPacing(),
    held: createHeldPolls(store),
    throttle: createThrottle(config, store, system),
    registrationPlaces: createRegistrationPlaces(config, store, system),
    heavyWork: createHeavyWork(),
    // Some forty megabytes when both are full.
    knownTokens: { sealed: createMemory(20_000), signed: createMemory(30_000) },
    seenProofs: createMemory(20_000),
    log,
  }
}

const choreMilliseconds = 60_000

export interface Chores {
  /** Does for the last time what must not be left undone. */
  end(): Promise<void>
}

export function beginChores(services: Services): Chores {
  const timer = setInterval(() => void doChores(services), choreMilliseconds)
  return {
    async end() {
      clearInterval(timer)
      // Nothing of the last minute stays outside the chain, where taking it away would not show.
      await linkAudit(services)
    },
  }
}

// A chore that fails is told and tried again a minute later; it must not take the server down.
async function doChores(services: Services): Promise<void> {
  const { store, keys, system, log } = services
  try {
    await keys.refresh()
    await linkAudit(services)
    const swept = await store.sweep(system.now())
    if (swept > 0) log.info('swept', { records: swept })
  } catch (error) {
    log.warn('chore failed', { error: error instanceof Error ? error : String(error) })
  }
}

async function linkAudit({ store, secrets, log }: Services): Promise<void> {
  try {
    if ((await linkEntries({ store, secrets })) === 'untrusted') log.error('audit chain broken')
  } catch (error) {
    log.warn('audit entries not linked', { error: error instanceof Error ? error : String(error) })
  }
}
