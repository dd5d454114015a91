// The addresses of a name that a stranger chose, asked from the name servers directly. Not by getaddrinfo: that would hold one of
// the few threads that files and everything else here are read with, for as long as the stranger's name server pleases.
// Which addresses may be called is fetch-guard.ts.

import type { LookupAddress } from 'node:dns'
import { Resolver } from 'node:dns/promises'

export type ResolveName = (hostname: string, signal: AbortSignal) => Promise<readonly LookupAddress[]>

/** Of each try, of which the second takes twice as long: together less than a fetch may take. */
const tries = { timeout: 1000, tries: 2 }

/** By the name servers of the system, or by these. Nothing is left running when the signal says that it is over. */
export function createResolveName(servers?: readonly string[]): ResolveName {
  return async (hostname, signal) => {
    if (isLocalName(hostname)) return loopback
    const resolver = new Resolver(tries)
    if (servers !== undefined) resolver.setServers(servers)
    const cancel = () => resolver.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      const [four, six] = await Promise.all([
        resolver.resolve4(hostname).catch(none),
        resolver.resolve6(hostname).catch(none),
      ])
      return [
        ...four.map((address) => ({ address, family: 4 })),
        ...six.map((address) => ({ address, family: 6 })),
      ]
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }
}

const none = (): readonly string[] => []

// RFC 6761 §6.3: these names are never asked of a name server, and lead nowhere else.
const isLocalName = (hostname: string): boolean => /(?:^|\.)localhost\.?$/i.test(hostname)

const loopback: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]
