// Countersign on Node by itself: Fastify listens and closes, and every request goes to the one handler as a plain record
// (node-request.ts). Inside somebody else's server it is node-listener.ts.
// Limits on size and time are here, because they protect the process before any endpoint is reached (standards.md G-27).

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BlockList, Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Handler } from './handler.ts'
import { bodyTooLarge, json, type PlainResponse } from './http.ts'
import { bodyLimit, bodyOf, plainRequest, writeAnswer } from './node-request.ts'

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
  const respond = (request: IncomingMessage, response: ServerResponse) =>
    void serve(request, response, async () => {
      const answer = await answerTo(handler(), request, response, trustedProxies)
      // Whose answer was still due when the stop began would keep the connection, and so the stop, until it is idle for long.
      if (!server.server.listening) response.shouldKeepAlive = false
      return answer
    })
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
      reply.hijack()
      respond(request.raw, reply.raw)
    },
  })
  // Before Fastify reads a body, which would cost a poll a tenth of its time. From here on nothing is left for it to do, and its
  // own reply would add a charset that application/json does not have (RFC 8259 §11).
  server.addHook('onRequest', (request, reply) => {
    reply.hijack()
    respond(request.raw, reply.raw)
  })
  server.route({
    method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: '/*',
    handler: () => undefined,
  })
  return server
}

const nosniff = { 'x-content-type-options': 'nosniff' }

const broken = json(500, { error: 'server_error' }, nosniff)

function noSchemas(): never {
  throw new TypeError('Routes have no schemas here: endpoints read their input themselves.')
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: () => Promise<PlainResponse>,
): Promise<void> {
  if (isFlood(request, response)) return void request.socket.destroy()
  try {
    writeAnswer(response, request.method, await answer())
  } catch {
    // The handler tells its own faults; a rejection that nobody takes would end the process.
    if (response.headersSent) response.destroy()
    else writeAnswer(response, request.method, broken)
  }
}

async function answerTo(
  handler: Handler | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  trustedProxies: BlockList,
): Promise<PlainResponse> {
  const { method } = request
  const body = method === 'GET' || method === 'HEAD' ? undefined : await bodyOf(request)
  if (handler === undefined) return json(503, { error: 'starting' }, { ...nosniff, 'retry-after': '1' })
  if (body !== 'too large') return handler(plainRequest(request, body, response, trustedProxies))
  const asked = { ...plainRequest(request, undefined, response, trustedProxies), tooLarge: true } as const
  // Only a browser asks for HTML by name, and only the handler knows which addresses are pages.
  const refused = request.headers.accept?.includes('text/html') ? await handler(asked) : bodyTooLarge
  // The rest of the body would be read as the next request, so the connection ends.
  return { ...refused, headers: { ...nosniff, ...refused.headers, connection: 'close' } }
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
