// Node's requests and responses as the plain records of http.ts: who calls, what they sent, and when they go.
// Used by node.ts, where Fastify listens, and by node-listener.ts, where a host application does.

import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { type BlockList, isIP } from 'node:net'
import type { AddressFrom, PlainRequest, PlainResponse } from './http.ts'

export const bodyLimit = 64 * 1024

export function plainRequest(
  raw: IncomingMessage,
  body: Buffer | undefined,
  response: ServerResponse,
  trustedProxies: BlockList,
  url = raw.url ?? '/',
): PlainRequest {
  const question = url.indexOf('?')
  const { socket } = raw
  const { address, addressFrom } = callerOf(raw, trustedProxies)
  return {
    method: raw.method ?? 'GET',
    path: question === -1 ? url : url.slice(0, question),
    query: question === -1 ? '' : url.slice(question + 1),
    headers: raw.headers as PlainRequest['headers'],
    body: text(body),
    address,
    addressFrom,
    gone: () => socket.destroyed,
    onGone: whenGone(response),
    native: raw,
  }
}

// One listener, on the response, which goes with the request; on the socket they would pile up over a connection's life.
function whenGone(response: ServerResponse): PlainRequest['onGone'] {
  let listeners: (() => void)[] | undefined
  return (listener) => {
    if (response.destroyed) return listener()
    if (listeners === undefined) {
      const all: (() => void)[] = []
      listeners = all
      response.once('close', () => {
        for (const one of all) one()
      })
    }
    listeners.push(listener)
  }
}

function text(body: Buffer | undefined): string | undefined {
  if (body === undefined) return ''
  return isUtf8(body) ? body.toString('utf8') : undefined
}

function callerOf({ socket, headers }: IncomingMessage, trusted: BlockList): Caller {
  const caller = callerAddress(socket.remoteAddress ?? '', headers['x-forwarded-for'], trusted)
  if (caller.addressFrom !== 'clear') return caller
  if (headers.forwarded !== undefined) return { ...caller, addressFrom: 'nobody' }
  return 'encrypted' in socket ? { ...caller, addressFrom: 'tls' } : caller
}

export interface Caller {
  readonly address: string
  readonly addressFrom: AddressFrom
}

/**
 * The address of the caller: the connection's, or, behind a chain of trusted proxies, the first one from the right in
 * X-Forwarded-For that is not a trusted proxy. What stands left of it was written by the caller (standards.md G-16).
 */
export function callerAddress(
  connected: string,
  forwardedFor: string | string[] | undefined,
  trusted: BlockList,
): Caller {
  let address = plainAddress(connected)
  if (forwardedFor === undefined) return { address, addressFrom: 'clear' }
  if (!isTrusted(address, trusted)) return { address, addressFrom: 'nobody' }
  const hops = String(forwardedFor).split(',')
  while (hops.length > 0 && isTrusted(address, trusted)) {
    const hop = plainAddress((hops.pop() ?? '').trim())
    if (isIP(hop) === 0) return { address, addressFrom: 'nobody' }
    address = hop
  }
  return { address, addressFrom: 'proxy' }
}

// A socket that closed in the meantime has no address, and what is none cannot be looked up.
function isTrusted(address: string, trusted: BlockList): boolean {
  const version = isIP(address)
  return version !== 0 && trusted.check(address, version === 6 ? 'ipv6' : 'ipv4')
}

function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

/** The whole body. Rejects where it breaks off. */
export function bodyOf(request: IncomingMessage): Promise<Buffer | 'too large'> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > bodyLimit) return resolve('too large')
    const chunks: Buffer[] = []
    let size = 0
    const collect = (chunk: Buffer) => {
      size += chunk.length
      chunks.push(chunk)
      if (size <= bodyLimit) return
      request.off('data', collect).off('end', finish)
      resolve('too large')
    }
    const finish = () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
    request.on('data', collect).on('end', finish).on('error', reject)
  })
}

export function writeAnswer(
  raw: ServerResponse,
  method: string | undefined,
  { status, headers, body }: PlainResponse,
): void {
  if (raw.destroyed) return
  // RFC 9110 §8.6: none on 204; on 304 and HEAD it would have to be that of the body which is left out.
  const bodiless = status === 204 || status === 304 || method === 'HEAD'
  const length = bodiless ? {} : { 'content-length': Buffer.byteLength(body) }
  raw.writeHead(status, { ...headers, ...length } as OutgoingHttpHeaders)
  raw.end(body)
}
