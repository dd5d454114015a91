// Which proxy the variables of the environment name for an address, by the rules that Node's `fetch` goes by: pure, so that it
// can be said before anything is sent. Making it so is network.ts.
import { isLoopbackHost } from '@countersign/protocol'

type Environment = Record<string, string | undefined>

export type ProxyChoice =
  | { way: 'direct'; because?: string }
  /** `address` is without the name and password that the variable may hold. */
  | { way: 'proxy'; address: string; variable: string }
  | { way: 'unusable'; variable: string; reason: string }

export function proxyFor(url: URL, env: Environment): ProxyChoice {
  const scheme = url.protocol === 'https:' ? 'https' : 'http'
  const variable = [`${scheme}_proxy`, `${scheme.toUpperCase()}_PROXY`, 'all_proxy', 'ALL_PROXY'].find(
    (name) => env[name],
  )
  if (variable === undefined) return { way: 'direct' }
  // What a machine says to itself is nobody else's business, and a proxy elsewhere has another loopback.
  if (isLoopbackHost(url.hostname)) return { way: 'direct', because: 'loopback' }
  const exempt = ['no_proxy', 'NO_PROXY'].find((name) => env[name])
  if (exempt !== undefined && isExempt(url, env[exempt] ?? '')) return { way: 'direct', because: exempt }
  const address = URL.parse(env[variable] ?? '')
  if (!address?.host) return { way: 'unusable', variable, reason: 'is not the address of a proxy' }
  if (address.protocol !== 'http:' && address.protocol !== 'https:')
    return {
      way: 'unusable',
      variable,
      reason: `names a ${address.protocol.replace(':', '').toUpperCase()} proxy; only http and https proxies are supported`,
    }
  return { way: 'proxy', address: address.origin, variable }
}

function isExempt(url: URL, list: string): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return list
    .split(/[,\s]+/)
    .filter(Boolean)
    .some((entry) => {
      if (entry === '*') return true
      const [, name = entry, onlyPort] = /^(.+):(\d+)$/.exec(entry) ?? []
      if (onlyPort !== undefined && onlyPort !== port) return false
      const host = url.hostname.toLowerCase()
      const wanted = name.toLowerCase()
      return /^[.*]/.test(wanted) ? host.endsWith(wanted.replace(/^\*/, '')) : host === wanted
    })
}

/** The same answers for Node, which reads neither ALL_PROXY nor our word on loopback. */
export function variablesForNode(env: Environment): Record<string, string> {
  const rest = env.all_proxy || env.ALL_PROXY
  const http = env.http_proxy || env.HTTP_PROXY || rest
  const https = env.https_proxy || env.HTTPS_PROXY || rest
  const exempt = env.no_proxy || env.NO_PROXY
  return {
    ...(isUsable(http) ? { http_proxy: http } : {}),
    ...(isUsable(https) ? { https_proxy: https } : {}),
    no_proxy: [...LOOPBACK, ...(exempt ? [exempt] : [])].join(','),
  }
}

function isUsable(address: string | undefined): address is string {
  return /^https?:\/\/[^/]/i.test(address ?? '') && URL.canParse(address ?? '')
}

const LOOPBACK = ['localhost', '.localhost', '127.0.0.1', '[::1]', '::1']
