// Starting and stopping the server: settings, store, port, and what stands behind them (open-services.ts).
// The order matters: the port is bound first, because the issuer may depend on it; requests get 503 until all is ready.

import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { ensureSetupLink } from './accounts/setup-link.ts'
import { type Config, ConfigError, type ConfigSources, loadConfig, trustedProxyList } from './config.ts'
import type { Connections } from './connections.ts'
import { createHandler, type Handler } from './handler.ts'
import { createLog, type Log } from './log.ts'
import { loadMasterKey } from './master-key.ts'
import { createNodeServer } from './node.ts'
import type { Connect } from './open-connections.ts'
import { beginChores, openServices } from './open-services.ts'
import { createSecrets } from './secrets.ts'
import { openStore } from './store/open-store.ts'
import type { Store } from './store/store.ts'
import { createSystem } from './system.ts'

export interface ServeOptions
  extends Partial<Pick<Config, 'host' | 'port' | 'issuer' | 'data' | 'databaseUrl' | 'store'>> {
  /** The config file; COUNTERSIGN_* variables are read from `env`. */
  readonly config?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly log?: Log
  /** Who connects accounts of people elsewhere; asked only where the setting `connections` names providers. */
  readonly connect?: Connect
}

export interface RunningServer {
  readonly issuer: string
  /** Where the first account is made; undefined once there is one. Works once. */
  readonly setupUrl: string | undefined
  /** Answers what is held, finishes what is in flight, and closes the store. */
  close(): Promise<void>
}

/** Starts a server on a port of its own. Throws ConfigError for settings that cannot be used. */
export async function startServer(options: ServeOptions = {}): Promise<RunningServer> {
  const config = await loadConfig(sourcesOf(options))
  const log = options.log ?? createLog(config.logLevel)
  const system = createSystem()
  const secrets = createSecrets(loadMasterKey(config, system), system)
  const store = await openConfiguredStore(config)
  let handler: Handler | undefined
  let connections: Connections | undefined
  const server = createNodeServer(() => handler, trustedProxyList(config.trustedProxies))
  try {
    await server.listen({ host: config.host, port: config.port }).catch((error: Error) => {
      throw new ConfigError(`The settings host and port cannot be used: ${error.message}`)
    })
    const { port } = server.server.address() as AddressInfo
    const issuer = config.issuer ?? `http://localhost:${port}`
    const { connect } = options
    const services = await openServices({
      config: { ...config, issuer },
      system,
      secrets,
      store,
      log,
      connect,
    })
    connections = services.connections
    const setupUrl = await ensureSetupLink(services)
    handler = createHandler(services)
    const chores = beginChores(services)
    if (issuer.startsWith('https:') && config.trustedProxies.length === 0)
      log.warn('no trustedProxies: nobody is known by their address, and every device seems to be elsewhere')
    log.info('serving', { issuer, port })
    return {
      issuer,
      setupUrl,
      async close() {
        services.held.release()
        await server.close()
        await services.connections?.close()
        await chores.end()
        await store.close()
        log.info('stopped', { issuer })
      },
    }
  } catch (error) {
    await server.close()
    await connections?.close()
    await store.close()
    throw error
  }
}

export function sourcesOf({
  env,
  config,
  log: _log,
  connect: _connect,
  ...options
}: ServeOptions): ConfigSources {
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
