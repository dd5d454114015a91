// Countersign on Node: Fastify accepts the bytes, and every request goes to the one handler as a plain record.
// Limits on size and time are here, because they protect the process before any endpoint is reached (standards.md G-27).

import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { type BlockList, isIP, type Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Handler } from './handler.ts'
import { bodyTooLarge, json, type PlainRequest, type PlainResponse } from './http.ts'

const bodyLimit = 64 * 1024
const requestSeconds = 30
const headerSeconds = 10
/** Nothing in either direction for so long, though an answer is due: longer than any hold, shorter than a pause between requests. */
const stuckSeconds = 60
const mostPipelined = 16

/** A Fastify server that is not listening yet; `handler` is asked per request, so that it may come later than the port. */
export function createNodeServer(
  handler: () => Handler | undefined,
  trustedProxies: BlockList,
): FastifyInstance {
  const respond = (request: FastifyRequest, reply: FastifyReply) =>
    serve(handler(), request, reply, trustedProxies)
  const server = Fastify({
    bodyLimit,
    // The longest hold is 30 s after a complete request; only slow senders are cut off by these.
    requestTimeout: requestSeconds * 1000,
    http: {
      headersTimeout: headerSeconds * 1000,
      connectionsCheckingInterval: 2000,
      // Node would take the first of two Authorization headers and forget the other (standards.md RS-04, DP-13).
      joinDuplicateHeaders: true,
    },
    // Who does not take its answer away is cut off by this.
    connectionTimeout: stuckSeconds * 1000,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    // No route has a schema: without these two Fastify would load a JSON schema compiler that is never asked.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    clientErrorHandler: refuseBrokenRequest,
    // A path with broken escapes: to us it is one that is not there, like any other.
    frameworkErrors: (_error, request, reply) => {
      const own = reply as FastifyReply
      respond(request as FastifyRequest, own).catch(() => send(own, broken))
    },
  })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, payload, done) => collectBody(payload, done))
  server.route({
    method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: '/*',
    handler: respond,
  })
  server.setNotFoundHandler(respond)
  server.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    const { statusCode = 500 } = error
    if (statusCode >= 500) return send(reply, broken)
    if (statusCode === 413) return refuseLarge(handler(), request, reply, trustedProxies)
    // Whatever else a framework may call it, 415 included, OAuth says 400 (standards.md G-04, X-35).
    send(reply, json(400, { error: 'invalid_request' }, nosniff))
  })
  return server
}

// By hand, because Fastify's own collecting costs a fifth of a poll.
function collectBody(payload: IncomingMessage, done: (error: Error | null, body?: Buffer) => void): void {
  if (Number(payload.headers['content-length'] ?? 0) > bodyLimit) return void done(tooLarge())
  const chunks: Buffer[] = []
  let size = 0
  const collect = (chunk: Buffer) => {
    size += chunk.length
    chunks.push(chunk)
    if (size <= bodyLimit) return
    payload.off('data', collect).off('end', finish)
    done(tooLarge())
  }
  const finish = () => done(null, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
  payload.on('data', collect).on('end', finish).on('error', done)
}

const tooLarge = () => Object.assign(new Error('The body is over the limit.'), { statusCode: 413 })

const nosniff = { 'x-content-type-options': 'nosniff' }

const broken = json(500, { error: 'server_error' }, nosniff)

// The rest of the body would be read as the next request, so the connection ends.
async function refuseLarge(
  handler: Handler | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
  trustedProxies: BlockList,
): Promise<void> {
  const asked = { ...plainRequest(request, reply.raw, trustedProxies), tooLarge: true } as const
  // Only a browser asks for HTML by name, and only the handler knows which addresses are pages.
  const inHtml = handler !== undefined && request.headers.accept?.includes('text/html')
  const { status, headers, body } = inHtml ? await handler(asked) : bodyTooLarge
  send(reply, { status, headers: { ...nosniff, ...headers, connection: 'close' }, body })
}

function noSchemas(): never {
  throw new TypeError('Routes have no schemas here: endpoints read their input themselves.')
}

async function serve(
  handler: Handler | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
  trustedProxies: BlockList,
): Promise<void> {
  if (isFlood(request.raw, reply.raw)) {
    reply.hijack()
    return void request.raw.socket.destroy()
  }
  if (handler === undefined)
    return send(reply, json(503, { error: 'starting' }, { ...nosniff, 'retry-after': '1' }))
  send(reply, await handler(plainRequest(request, reply.raw, trustedProxies)))
}

const pipelined = new WeakMap<Socket, number>()

// Requests sent before earlier ones are answered (RFC 9112 §9.3.2). Clients do not do that any more, and who never reads would
// have us keep thousands of answers for a few kilobytes of questions.
function isFlood({ socket }: IncomingMessage, response: ServerResponse): boolean {
  if (socket.destroyed) return true
  // Node gives a response its socket when its turn has come.
  if (response.socket !== null) return false
  const waiting = (pipelined.get(socket) ?? 0) + 1
  pipelined.set(socket, waiting)
  response.once('close', () => pipelined.set(socket, (pipelined.get(socket) ?? 1) - 1))
  return waiting > mostPipelined
}

function plainRequest(
  { raw, body }: FastifyRequest,
  response: ServerResponse,
  trustedProxies: BlockList,
): PlainRequest {
  const url = raw.url ?? '/'
  const question = url.indexOf('?')
  const { socket } = raw
  return {
    method: raw.method ?? 'GET',
    path: question === -1 ? url : url.slice(0, question),
    query: question === -1 ? '' : url.slice(question + 1),
    headers: raw.headers as PlainRequest['headers'],
    body: text(body),
    address: callerAddress(socket.remoteAddress ?? '', raw.headers['x-forwarded-for'], trustedProxies),
    gone: () => socket.destroyed,
    onGone: whenGone(response),
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

function text(body: unknown): string | undefined {
  if (!Buffer.isBuffer(body)) return ''
  return isUtf8(body) ? body.toString('utf8') : undefined
}

/**
 * The address of the caller: the connection's, or, behind a chain of trusted proxies, the first one from the right in
 * X-Forwarded-For that is not a trusted proxy. What stands left of it was written by the caller (standards.md G-16).
 */
export function callerAddress(
  connected: string,
  forwardedFor: string | string[] | undefined,
  trusted: BlockList,
): string {
  let address = plainAddress(connected)
  const hops = forwardedFor === undefined ? [] : String(forwardedFor).split(',')
  while (hops.length > 0 && isTrusted(address, trusted)) {
    const hop = plainAddress((hops.pop() ?? '').trim())
    if (isIP(hop) === 0) break
    address = hop
  }
  return address
}

// A socket that closed in the meantime has no address, and what is none cannot be looked up.
function isTrusted(address: string, trusted: BlockList): boolean {
  const version = isIP(address)
  return version !== 0 && trusted.check(address, version === 6 ? 'ipv6' : 'ipv4')
}

function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

// Written past Fastify's own reply, which would add a charset that application/json does not have (RFC 8259 §11).
function send(reply: FastifyReply, { status, headers, body }: PlainResponse): void {
  reply.hijack()
  const { raw } = reply
  if (raw.destroyed) return
  // RFC 9110 §8.6: none on 204; on 304 and HEAD it would have to be that of the body which is left out.
  const bodiless = status === 204 || status === 304 || reply.request.method === 'HEAD'
  const length = bodiless ? {} : { 'content-length': Buffer.byteLength(body) }
  raw.writeHead(status, { ...headers, ...length } as OutgoingHttpHeaders)
  raw.end(body)
}

// What is no HTTP at all never becomes a request; 400, 408 and 431 are said by hand (RFC 9110 §15.5).
function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const status = statusOf(error.code)
  // Half closed it would stay open for as long as the other side likes: the answer is sent, then the socket is given up.
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
}

function statusOf(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout'
  return '400 Bad Request'
}
