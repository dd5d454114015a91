// Countersign inside somebody else's Node server, such as Express: a listener that answers what is ours and passes on the rest.
// By itself on Node it is node.ts; for web-standard Requests fetch.ts.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BlockList } from 'node:net'
import type { Handler } from './handler.ts'
import { bodyTooLarge, json, type PlainResponse } from './http.ts'
import { bodyOf, plainRequest, writeAnswer } from './node-request.ts'

/** What Express and its kin hand in as a third: what is not ours goes on there, and so does a mistake of the host. */
export type Next = (error?: unknown) => void

export type NodeListener = (request: IncomingMessage, response: ServerResponse, next?: Next) => void

export interface NodeListenerOptions {
  readonly handler: Handler
  readonly owns: (path: string) => boolean
  readonly trustedProxies: BlockList
}

export function createNodeListener(options: NodeListenerOptions): NodeListener {
  return (request, response, next) => {
    // Express takes the path at which something is mounted away, and keeps the whole here.
    const { originalUrl } = request as { originalUrl?: unknown }
    const url = typeof originalUrl === 'string' ? originalUrl : (request.url ?? '/')
    if (next !== undefined && !options.owns(url.split('?', 1)[0] ?? '/')) return next()
    answer(options, request, response, url)
      .then((plain) => writeAnswer(response, request.method, plain))
      // A rejection that nobody takes would end the host's process.
      .catch((error: unknown) => {
        if (response.headersSent) response.destroy()
        else if (next !== undefined) next(error)
        else writeAnswer(response, request.method, json(500, { error: 'server_error' }))
      })
  }
}

async function answer(
  { handler, trustedProxies }: NodeListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  url: string,
): Promise<PlainResponse> {
  if (request.readableEnded || (request as { body?: unknown }).body !== undefined)
    throw new TypeError('Something has read the body: mount Countersign before whatever parses bodies.')
  const body = await bodyOf(request)
  const plain = plainRequest(request, body === 'too large' ? undefined : body, response, trustedProxies, url)
  // Node forgets the second of two (standards.md RS-04); it says so only here.
  const authorization = request.headersDistinct.authorization?.join(', ')
  const whole = { ...plain, headers: { ...plain.headers, authorization } }
  if (body !== 'too large') return handler(whole)
  // The rest of the body would be read as the next request, so the connection ends.
  const isPage = request.headers.accept?.includes('text/html')
  const refused = isPage ? await handler({ ...whole, tooLarge: true }) : bodyTooLarge
  return { ...refused, headers: { ...refused.headers, connection: 'close' } }
}
