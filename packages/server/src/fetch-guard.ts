// Fetching JSON from an address that a stranger named, without being sent to where only we can go (SSRF, CIMD §8.6): the name
// is resolved once (resolve-name.ts), every address must be public, and the connection goes to these addresses and no others.
// No redirects, little time, little room. Which addresses may be asked for, and what is remembered of an answer, is the
// caller's: metadata-documents.ts, client-keys.ts.

import type { LookupAddress } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { createResolveName, type ResolveName } from './resolve-name.ts'

export type FetchFailure =
  | 'address_malformed'
  /** Neither https, nor http on a loopback host in development. */
  | 'scheme'
  | 'unresolvable'
  /** The name leads to an address of special use (RFC 6890). */
  | 'address_forbidden'
  | 'connection'
  | 'timeout'
  | 'redirect'
  | 'status'
  | 'media_type'
  | 'too_large'
  | 'malformed'

export type Fetched =
  | {
      readonly ok: true
      readonly json: unknown
      /** For how long the answer calls itself fresh (RFC 9111 §4.2.1); undefined when it does not say. */
      readonly freshSeconds: number | undefined
    }
  | { readonly ok: false; readonly why: FetchFailure }

export interface FetchLimits {
  readonly bytes: number
  readonly milliseconds: number
}

export type GuardedFetch = (url: string, limits?: Partial<FetchLimits>) => Promise<Fetched>

export interface FetchGuardOptions {
  /** The issuer itself is http on loopback: loopback addresses may be asked, too, in clear. Nothing else changes. */
  readonly development: boolean
  readonly resolve?: ResolveName
  /** A certificate authority to trust beside those of the system. */
  readonly ca?: string
}

/** standards.md section 27: 5 KB and 5 seconds, from the name's resolution to the last byte. */
const defaultLimits: FetchLimits = { bytes: 5 * 1024, milliseconds: 5000 }

export function createGuardedFetch({
  development,
  resolve = createResolveName(),
  ca,
}: FetchGuardOptions): GuardedFetch {
  const mayReach = (address: string) => isPublic(address) || (development && isLoopbackAddress(address))
  return async (text, limits = {}) => {
    const { bytes, milliseconds } = { ...defaultLimits, ...limits }
    const url = URL.parse(text)
    if (url === null || url.username !== '' || url.password !== '') return failed('address_malformed')
    if (!isAllowedScheme(url, development)) return failed('scheme')
    const deadline = AbortSignal.timeout(milliseconds)
    try {
      const response = await guardedRequest(url, jsonCall, { mayReach, resolve, deadline, ca })
      const fetched = await read(response, bytes)
      // What was cut off may look whole.
      return deadline.aborted ? failed('timeout') : fetched
    } catch (error) {
      return failed(deadline.aborted ? 'timeout' : failureOf(error))
    }
  }
}

const jsonCall: GuardedCall = { method: 'GET', headers: { accept: 'application/json' } }

export interface GuardedCall {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

export interface Guard {
  readonly mayReach: (address: string) => boolean
  readonly resolve?: ResolveName | undefined
  readonly deadline: AbortSignal
  readonly ca?: string | undefined
}

/** One request to addresses that were looked at, and to no others; rejects where there is none that may be reached. */
export async function guardedRequest(url: URL, call: GuardedCall, guard: Guard): Promise<IncomingMessage> {
  const { mayReach, resolve = createResolveName(), deadline, ca } = guard
  const addresses = await Promise.race([addressesOf(url.hostname, resolve, deadline), aborted(deadline)])
  if (!addresses.every(({ address }) => mayReach(address))) throw new Forbidden()
  return ask(url, call, addresses, deadline, ca)
}

const failed = (why: FetchFailure): Fetched => ({ ok: false, why })

class Unresolvable extends Error {}
class Forbidden extends Error {}

function failureOf(error: unknown): FetchFailure {
  if (error instanceof Forbidden) return 'address_forbidden'
  return error instanceof Unresolvable ? 'unresolvable' : 'connection'
}

function isAllowedScheme({ protocol, hostname }: URL, development: boolean): boolean {
  if (protocol === 'https:') return true
  return protocol === 'http:' && development && isLoopbackHost(hostname)
}

export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || isLoopbackAddress(literalOf(hostname))
}

// A URL writes IPv6 addresses in brackets.
function literalOf(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

/** Only what is routed on the public internet; an IPv4 address in the clothes of an IPv6 one is not (RFC 6890, RFC 4291 §2.5.5). */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address) || address.includes('%')) return false
  const parsed = ipaddr.parse(address)
  // 2000::/3 is all that is given out as global unicast (RFC 4291 §2.4).
  return (
    parsed.range() === 'unicast' && (parsed.kind() === 'ipv4' || address.match(/^[23][0-9a-f]{3}:/i) !== null)
  )
}

export function isLoopbackAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.parse(address).range() === 'loopback'
}

async function addressesOf(
  hostname: string,
  resolve: ResolveName,
  signal: AbortSignal,
): Promise<readonly LookupAddress[]> {
  const literal = literalOf(hostname)
  const family = isIP(literal)
  if (family !== 0) return [{ address: literal, family }]
  const found = await resolve(hostname, signal).catch(() => [])
  if (found.length === 0) throw new Unresolvable()
  return found
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

/** Of a name that has thousands, so that nobody sends us to knock at each of them. */
const mostTried = 6

async function ask(
  url: URL,
  { method, headers, body }: GuardedCall,
  addresses: readonly LookupAddress[],
  signal: AbortSignal,
  ca: string | undefined,
): Promise<IncomingMessage> {
  // Whoever asks for the name again, hears what was checked: no second resolution can lead elsewhere (DNS rebinding).
  const pinned: LookupFunction = (_hostname, options, done) => {
    const [first] = addresses
    if (options.all) done(null, addresses.slice(0, mostTried))
    else if (first !== undefined) done(null, first.address, first.family)
  }
  const options = {
    method,
    lookup: pinned,
    signal,
    // A connection of its own: a kept one might lead to where the name led before.
    agent: false as const,
    maxHeaderSize: 8 * 1024,
    headers: { ...headers, 'accept-encoding': 'identity', 'user-agent': 'Countersign' },
    ...(ca === undefined ? {} : { ca }),
  }
  // Only development asks in clear. Loaded here and not at the start, since an import of node:http loads Node's own fetch as well,
  // which nothing here needs.
  const { request } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'))
  return new Promise((answer, reject) => {
    const sent = request(url, options)
    // Closed without either where a stranger switches protocols (RFC 9110 §15.2.2), and nobody must wait for that for ever.
    sent.on('response', answer).on('error', reject)
    sent.on('close', () => reject(new Error('The connection was closed before an answer.'))).end(body)
  })
}

async function read(response: IncomingMessage, mostBytes: number): Promise<Fetched> {
  const { statusCode = 0, headers } = response
  try {
    if (statusCode >= 300 && statusCode < 400) return failed('redirect')
    if (statusCode !== 200) return failed('status')
    if (!isJson(headers['content-type']) || !isPlain(headers['content-encoding'])) return failed('media_type')
    if (Number(headers['content-length'] ?? 0) > mostBytes) return failed('too_large')
    const bytes = await bodyOf(response, mostBytes)
    if (bytes === undefined) return failed('too_large')
    const json = parse(bytes)
    return json === undefined ? failed('malformed') : { ok: true, json, freshSeconds: freshness(headers) }
  } finally {
    response.destroy()
  }
}

/** The body of an answer; undefined as soon as it is longer than that. */
export async function bodyOf(
  response: IncomingMessage,
  mostBytes: number,
): Promise<Buffer<ArrayBuffer> | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    size += (chunk as Buffer).length
    if (size > mostBytes) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

const isJson = (type: string | undefined): boolean =>
  /^application\/(?:json|[\w.!#$&^-]+\+json)\s*(?:;|$)/i.test(type ?? '')

const isPlain = (encoding: string | undefined): boolean =>
  (encoding ?? 'identity').toLowerCase() === 'identity'

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

// RFC 9111 §4.2.1, §5.2.2; the longest life is for the caller to say.
function freshness(headers: IncomingMessage['headers']): number | undefined {
  const control = headers['cache-control'] ?? ''
  if (/\bno-(?:store|cache)\b/i.test(control)) return 0
  const maxAge = /(?:^|[\s,])max-age="?([0-9]{1,9})/i.exec(control)?.[1]
  if (maxAge !== undefined) return Math.max(0, Number(maxAge) - (Number(headers.age) || 0))
  if (headers.expires === undefined) return undefined
  const [expires, date] = [Date.parse(headers.expires), Date.parse(headers.date ?? '')]
  return Number.isNaN(expires) || Number.isNaN(date) ? 0 : Math.max(0, (expires - date) / 1000)
}
