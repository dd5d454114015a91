// A real HTTP server on loopback for what is fetched from others: documents and key sets, and everything that a hostile or broken
// one could do. It counts how often it was asked.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

export interface JsonServer {
  readonly port: number
  readonly origin: string
  /** The paths that were asked for, in their order. */
  readonly asked: readonly string[]
  /** What is at a path: a value as JSON, or anything at all. */
  put(path: string, answer: object | Answer): void
  close(): Promise<void>
}

export async function startJsonServer(
  tls?: { readonly key: string; readonly cert: string },
  host = '127.0.0.1',
): Promise<JsonServer> {
  const answers = new Map<string, object | Answer>()
  const asked: string[] = []
  const respond: Answer = (request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const answer = answers.get(path)
    if (typeof answer === 'function') return answer(request, response)
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? {}))
  }
  const server = tls === undefined ? createServer(respond) : createTlsServer(tls, respond)
  await new Promise<void>((listening) => server.listen(0, host, listening))
  const { port } = server.address() as AddressInfo
  return {
    port,
    origin: `${tls === undefined ? 'http' : 'https'}://${host}:${port}`,
    asked,
    put: (path, answer) => void answers.set(path, answer),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}

/** JSON with headers of its own. */
export function withHeaders(body: object, headers: Readonly<Record<string, string>>, status = 200): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
}
