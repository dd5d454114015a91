// Starting and stopping the server: settings, store, keys, port, and the chores that run beside requests.
// The order matters: the port is bound first, because the issuer may depend on it; requests get 503 until all is ready.

import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { ensureSetupLink } from './accounts/setup-link.ts'
import { ensureOwnClient } from './admin/own-client.ts'
import { linkEntries } from './audit-chain.ts'
import { createClientDirectory, createResourceDirectory } from './client-directory.ts'
import { createClientKeys } from './client-keys.ts'
import { type Config, ConfigError, type ConfigSources, loadConfig, trustedProxyList } from './config.ts'
import { createGuardedFetch } from './fetch-guard.ts'
import { createHandler, type Handler } from './handler.ts'
import { createHeldPolls } from './held-polls.ts'
import { openKeys } from './keys.ts'
import { createLog, type Log } from './log.ts'
import { loadMasterKey } from './master-key.ts'
import { createMemory } from './memory.ts'
import { createNodeServer } from './node.ts'
import { createPacing } from './pacing.ts'
import { createSecrets } from './secrets.ts'
import type { Services } from './services.ts'
import { openStore } from './store/open-store.ts'
import type { Store } from './store/store.ts'
import { createSystem } from './system.ts'
import { createThrottle } from './throttle.ts'

export interface ServeOptions
  extends Partial<Pick<Config, 'host' | 'port' | 'issuer' | 'data' | 'databaseUrl' | 'store'>> {
  /** The config file; COUNTERSIGN_* variables are read from `env`. */
  readonly config?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly log?: Log
}

export interface RunningServer {
  readonly issuer: string
  /** Where the first account is made; undefined once there is one. Works once. */
  readonly setupUrl: string | undefined
  /** Answers what is held, finishes what is in flight, and closes the store. */
  close(): Promise<void>
}

const choreMilliseconds = 60_000

/** Starts a server on a port of its own. Throws ConfigError for settings that cannot be used. */
export async function startServer(options: ServeOptions = {}): Promise<RunningServer> {
  const config = await loadConfig(sourcesOf(options))
  const log = options.log ?? createLog(config.logLevel)
  const system = createSystem()
  const secrets = createSecrets(loadMasterKey(config, system), system)
  const store = await openConfiguredStore(config)
  let handler: Handler | undefined
  const server = createNodeServer(() => handler, trustedProxyList(config.trustedProxies))
  try {
    await server.listen({ host: config.host, port: config.port }).catch((error: Error) => {
      throw new ConfigError(`The settings host and port cannot be used: ${error.message}`)
    })
    const { port } = server.server.address() as AddressInfo
    const issuer = config.issuer ?? `http://localhost:${port}`
    const keys = await openKeys({ store, secrets, system })
    await ensureOwnClient(store, system)
    const settled = { ...config, issuer }
    const fetchJson = createGuardedFetch({ development: issuer.startsWith('http:') })
    const services: Services = {
      config: settled,
      system,
      store,
      secrets,
      keys,
      clients: createClientDirectory({ config: settled, store, system, fetchJson, log }),
      clientKeys: createClientKeys(fetchJson, system),
      resources: createResourceDirectory(store, system),
      pacing: createPacing(),
      held: createHeldPolls(store),
      throttle: createThrottle(config, store, system),
      openedTokens: createMemory(10_000),
      log,
    }
    const setupUrl = await ensureSetupLink(services)
    handler = createHandler(services)
    const chores = setInterval(() => void doChores(services), choreMilliseconds)
    log.info('serving', { issuer, port })
    return {
      issuer,
      setupUrl,
      async close() {
        clearInterval(chores)
        services.held.release()
        await server.close()
        // Nothing of the last minute stays outside the chain, where taking it away would not show.
        await linkAudit(services)
        await store.close()
        log.info('stopped', { issuer })
      },
    }
  } catch (error) {
    await server.close()
    await store.close()
    throw error
  }
}

export function sourcesOf({ env, config, log: _log, ...options }: ServeOptions): ConfigSources {
  return { options, env: env ?? {}, file: config ?? env?.COUNTERSIGN_CONFIG }
}

export function openConfiguredStore(config: Config): Promise<Store> {
  if (config.store === 'memory') return openStore({ memory: true })
  if (config.store === 'postgres' && config.databaseUrl === undefined) {
    throw new ConfigError('The setting databaseUrl (COUNTERSIGN_DATABASE_URL) is missing: store is postgres.')
  }
  if (config.databaseUrl !== undefined && config.store !== 'sqlite')
    return openStore({ databaseUrl: config.databaseUrl })
  return openStore({ path: join(config.data, 'countersign.db'), synchronous: config.sqliteSynchronous })
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
