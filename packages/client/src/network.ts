// A system whose network is that of the environment: its proxies and certificate authorities, in force in this process without
// a launcher. They can only be set for the whole process, so a program has to ask for it; it happens at the first request and
// loads nothing before. Not here: what the environment says (network-settings.ts, proxy.ts).
import { type App, variable } from './app.ts'
import type { NetworkOptions } from './network-settings.ts'
import type { System } from './system.ts'

type Asking = NetworkOptions & { app: Pick<App, 'prefix' | 'network'> }

/** Left as it is unless somebody asks: the program, whose own process it is, or the person, by a file of authorities. */
export function systemOf(app: Asking['app'], env: Asking['env'], system: System): System {
  return isAsked({ app, env }) ? withNetwork(system, { env, app }) : system
}

export function isAsked({ app, env, caFile }: Asking): boolean {
  return app.network === 'process' || Boolean(caFile) || Boolean(env[variable(app, 'CA_FILE')])
}

/** The same system, whose `fetch` goes through the proxy and trusts the authorities that the environment names. */
export function withNetwork(system: System, options: NetworkOptions): System {
  let prepared: Promise<void> | undefined
  let trusting: Promise<void> | undefined
  return {
    ...system,
    fetch: async (url, init) => {
      const settings = await import('./network-settings.ts')
      prepared ??= settings.prepareNetwork(options)
      await prepared
      settings.refuseUnusableProxy(new URL(url), options.env)
      try {
        return await system.fetch(url, init)
      } catch (error) {
        // The handshake failed, so nothing was sent, and it may be sent once more.
        if (trusting || !(await isUntrusted(error)) || init.body instanceof ReadableStream) throw error
        trusting = settings.trustSystem(options)
        await trusting
        return system.fetch(url, init)
      }
    },
  }
}

async function isUntrusted(error: unknown): Promise<boolean> {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error && 'code' in cause)) return false
  const { isCertificateTrouble } = await import('./http.ts')
  return isCertificateTrouble(String(cause.code))
}
