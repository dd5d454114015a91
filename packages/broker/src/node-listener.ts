// The handler for `node:http` and for whatever hands on its requests, Express included: a listener that answers what is the
// broker's and passes on the rest. Reading requests and answering them is handler.ts.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import type { ConnectHandler } from './handler.ts'

export type ConnectListener = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => Promise<void>

export interface ListenerOptions {
  /** The connection's address unless the host knows better: behind a proxy that it trusts, the one that this proxy tells. */
  readonly address?: (request: IncomingMessage) => string | undefined
  /** What browsers see in front of the path, where a proxy hides it; else the Host header decides. */
  readonly origin?: string
}

export function connectListener(handler: ConnectHandler, options: ListenerOptions = {}): ConnectListener {
  return async (request, response, next) => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    try {
      const asked = toWeb(request, options.origin, gone.signal)
      const address = (options.address ?? (() => request.socket.remoteAddress))(request)
      const answer = asked === undefined ? undefined : await handler(asked, { address })
      if (answer !== undefined) return await write(response, answer)
      if (next !== undefined) return next()
      response.writeHead(404).end()
    } catch (error) {
      if (response.headersSent) response.destroy()
      else if (next !== undefined) next(error)
      else response.writeHead(500).end()
    }
  }
}

/** Undefined for what is no address, such as a Host header with spaces. */
function toWeb(
  message: IncomingMessage,
  origin: string | undefined,
  signal: AbortSignal,
): Request | undefined {
  // Express takes the path at which something is mounted away, and keeps the whole here.
  const { originalUrl, body: parsed } = message as { originalUrl?: unknown; body?: unknown }
  const target = typeof originalUrl === 'string' ? originalUrl : (message.url ?? '/')
  const scheme = 'encrypted' in message.socket ? 'https' : 'http'
  const base = origin ?? `${scheme}://${message.headers.host ?? 'localhost'}`
  if (!target.startsWith('/') || !URL.canParse(base + target)) return undefined
  const headers = new Headers()
  for (const [name, values] of Object.entries(message.headersDistinct))
    for (const value of values ?? []) headers.append(name, value)
  const method = message.method ?? 'GET'
  if (method === 'GET' || method === 'HEAD') return new Request(base + target, { method, headers, signal })
  // fetch knows methods that no Request may have; none of them is one of ours.
  if (/^(connect|trace|track)$/i.test(method)) return undefined
  if (parsed !== undefined) {
    headers.delete('content-length')
    const isAsSent = typeof parsed === 'string' || parsed instanceof Uint8Array
    const body = isAsSent ? (parsed as string | Uint8Array<ArrayBuffer>) : JSON.stringify(parsed)
    return new Request(base + target, { method, headers, signal, body })
  }
  const body = Readable.toWeb(message) as ReadableStream<Uint8Array>
  return new Request(base + target, { method, headers, signal, body, duplex: 'half' } as RequestInit)
}

async function write(response: ServerResponse, answer: Response): Promise<void> {
  const cookies = answer.headers.getSetCookie()
  response.statusCode = answer.status
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value)
  if (cookies.length > 0) response.setHeader('Set-Cookie', cookies)
  if (answer.body === null) {
    response.end()
    return
  }
  // Whoever goes away in the middle of a stream is no fault of ours.
  await pipeline(Readable.fromWeb(answer.body as NodeStream<Uint8Array>), response).catch(() =>
    response.destroy(),
  )
}
