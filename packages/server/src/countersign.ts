// Countersign mounted in a program of somebody else: all of it but the port. The issuer may have a path, and then everything is
// below that, or at its well-known places; the host application may say itself who is signed in (accounts/host.ts).
// A server with a port of its own is start.ts.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Host } from './accounts/host-application.ts'
import { ensureSetupLink } from './accounts/setup-link.ts'
import { ConfigError, loadConfig, type SettingsInput, trustedProxyList } from './config.ts'
import type { Connections } from './connections.ts'
import { createFetchHandler } from './fetch.ts'
import { createHandler, type Handler, pathOwner } from './handler.ts'
import { createLog, type Log } from './log.ts'
import { loadMasterKey } from './master-key.ts'
import { createNodeListener, type Next } from './node-listener.ts'
import type { Connect } from './open-connections.ts'
import { beginChores, openServices } from './open-services.ts'
import { createSecrets } from './secrets.ts'
import { openConfiguredStore } from './start.ts'
import { createSystem } from './system.ts'

/** All settings, beside those of a config file; variables count only where `env` has them. */
export interface CountersignOptions extends Partial<SettingsInput> {
  readonly issuer: string
  /** The config file; by default countersign.config.json or .ts in the working directory, when there is one. */
  readonly config?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly log?: Log
  /** Who connects accounts of people elsewhere; needed where the setting `connections` names providers. */
  readonly connect?: Connect
  /** Who is signed in to the host application. With it nobody signs in here. */
  readonly authenticate?: Host['authenticate']
  readonly signInUrl?: Host['signInUrl']
  readonly signOutUrl?: Host['signOutUrl']
  /**
   * Who calls, where it is not said with the request; without it all callers share one budget, and nobody
   * is in the same network as anybody.
   */
  readonly address?: (request: Request) => string
}

export interface Countersign {
  readonly issuer: string
  /** Where the first account is made; undefined once there is one, and under a host that knows its people. */
  readonly setupUrl: string | undefined
  readonly handler: Handler
  /** For Hono, Next, Bun, Deno: with the whole path, mounted where the issuer says, and with the address of the caller. */
  fetch(request: Request, caller?: string): Promise<Response>
  /** For Express, Connect and bare Node, before whatever parses bodies. Calls `next` for what is not below the issuer. */
  node(request: IncomingMessage, response: ServerResponse, next?: Next): void
  /** Whether a path is below the issuer, or a well-known place of it. */
  owns(path: string): boolean
  close(): Promise<void>
}

/** Throws ConfigError for settings that cannot be used. */
export async function createCountersign(options: CountersignOptions): Promise<Countersign> {
  const { config: file, env = {}, log: ownLog, connect, address, ...rest } = options
  const { authenticate, signInUrl, signOutUrl, ...settings } = rest
  const host = hostOf({ authenticate, signInUrl, signOutUrl })
  const config = await loadConfig({ options: settings, env, file })
  const { issuer } = config
  if (issuer === undefined) throw new ConfigError('The setting issuer (COUNTERSIGN_ISSUER) is missing.')
  const log = ownLog ?? createLog(config.logLevel)
  const system = createSystem()
  const secrets = createSecrets(loadMasterKey(config, system), system)
  const store = await openConfiguredStore(config)
  let connections: Connections | undefined
  try {
    const settled = { ...config, issuer }
    const services = await openServices({ config: settled, system, secrets, store, log, host, connect })
    connections = services.connections
    const setupUrl = host === undefined ? await ensureSetupLink(services) : undefined
    const handler = createHandler(services)
    const owns = pathOwner(issuer)
    const trustedProxies = trustedProxyList(config.trustedProxies)
    const chores = beginChores(services)
    return {
      issuer,
      setupUrl,
      handler,
      fetch: createFetchHandler(handler, address),
      node: createNodeListener({ handler, owns, trustedProxies }),
      owns,
      async close() {
        services.held.release()
        await services.connections?.close()
        await chores.end()
        await store.close()
      },
    }
  } catch (error) {
    await connections?.close()
    await store.close()
    throw error
  }
}

type HostParts = { readonly [K in keyof Host]: Host[K] | undefined }

function hostOf({ authenticate, signInUrl, signOutUrl }: HostParts): Host | undefined {
  if (authenticate === undefined && signInUrl === undefined) return undefined
  if (authenticate === undefined || signInUrl === undefined)
    throw new ConfigError(
      'authenticate and signInUrl come together: one says who is signed in, the other where.',
    )
  return { authenticate, signInUrl, ...(signOutUrl === undefined ? {} : { signOutUrl }) }
}
