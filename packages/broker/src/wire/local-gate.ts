// Who may connect where nobody signs in: people at this machine and in its own network, as one person, by a session that is a
// cookie of ours (system S3 without a password). The address is the connection's; what headers say never lets anybody in.
// Where people do sign in, the application says who they are (handler.ts).

import { BlockList, isIP } from 'node:net'
import type { System } from '@countersign/client/system'
import { digest } from '../seal.ts'
import { Refusal } from './answer.ts'

const gateText =
  'Onboarding OAuth is only available from local networks when auth is not enabled. To bypass this on a remote server, set HERMES_WEBUI_ONBOARDING_OPEN=1.'

const localPerson = 'local'
const cookieName = 'countersign-connect'

const privateNetworks = new BlockList()
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  privateNetworks.addSubnet(network, prefix, 'ipv4')
privateNetworks.addAddress('::1', 'ipv6')
for (const [network, prefix] of [
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  privateNetworks.addSubnet(network, prefix, 'ipv6')

export interface Caller {
  readonly address?: string | undefined
  readonly request: Request
  readonly allowedOrigins: readonly string[]
}

/** Throws the refusal of system S3 for whoever comes from elsewhere. */
export function requireLocal({ address, request, allowedOrigins }: Caller): void {
  const { hostname, origin } = new URL(request.url)
  const named = isLocalName(hostname) || allowedOrigins.includes(origin)
  if (named && isPrivate(address ?? '') && forwardedFor(request).every(isPrivate)) return
  throw new Refusal(403, gateText)
}

/** A proxy on this machine makes everybody a neighbour. Where it says for whom it asks, that may keep somebody out. */
function forwardedFor({ headers }: Request): readonly string[] {
  const listed = ['x-forwarded-for', 'x-real-ip'].flatMap((name) => (headers.get(name) ?? '').split(','))
  // RFC 7239 §4: `for=192.0.2.1`, `for="[2001:db8::1]:4711"`.
  const told = (headers.get('forwarded') ?? '').matchAll(/\bfor=("[^"]*"|[^;,]*)/gi)
  return [...listed, ...[...told].map(([, node = '']) => node)]
    .map((node) => node.replace(/[\s"[\]]/g, '').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1'))
    .filter((node) => node !== '')
}

/** Only digits decide: loopback, private (RFC 1918, RFC 4193) and link-local addresses. */
export function isPrivate(address: string): boolean {
  const bare = address.replace(/%.*$/, '')
  const version = isIP(bare)
  return version !== 0 && privateNetworks.check(bare, version === 4 ? 'ipv4' : 'ipv6')
}

/**
 * A page elsewhere can let its own name lead to this machine (DNS rebinding) and is then of the same origin in every browser's
 * eyes. So it must be an address, or a name that nobody can own in public.
 */
function isLocalName(hostname: string): boolean {
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 || !hostname.includes('.')) return true
  return /\.(localhost|local|lan|internal|home\.arpa|test)$/.test(hostname)
}

/** The session of this browser, and the cookie that makes it one where it has none yet. */
export function localSession(
  request: Request,
  path: string,
  { randomBytes }: Pick<System, 'randomBytes'>,
): { readonly session: string; readonly cookie: string } {
  const session = sessionOf(request) ?? Buffer.from(randomBytes(32)).toString('base64url')
  const secure = request.url.startsWith('https:') ? '; Secure' : ''
  return { session, cookie: `${cookieName}=${session}; Path=${path}; HttpOnly; SameSite=Lax${secure}` }
}

export function sessionOf(request: Request): string | undefined {
  return new RegExp(`(?:^|;\\s*)${cookieName}=([\\w-]{43})(?:;|$)`).exec(
    request.headers.get('cookie') ?? '',
  )?.[1]
}

/** The session as the broker is told it: another text than the cookie, and none that an application could have given. */
export const localOwner = (session: string) => ({ person: localPerson, session: digest(`local ${session}`) })
