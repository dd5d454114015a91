// Countersign on anything that speaks web-standard Request and Response: Hono, Next, Bun, Deno, and tests.
// On Node by itself node.ts is twice as fast, because it makes no Request and Response per call.

import type { Handler } from './handler.ts'
import { bodyTooLarge, type PlainRequest, type PlainResponse } from './http.ts'

const bodyLimit = 64 * 1024

/**
 * `address` tells who calls, from whatever the host knows; or the host says it with the request. Without either all callers share
 * one budget, and nobody is in the same network as anybody.
 */
export function createFetchHandler(
  handler: Handler,
  byRequest: (request: Request) => string = () => 'unknown',
): (request: Request, caller?: string) => Promise<Response> {
  return async (request, caller) => {
    const address = () => caller ?? byRequest(request)
    const body = await readBody(request)
    const plain =
      body === 'too large'
        ? await refuseLarge(handler, request, address)
        : await handler(toPlain(request, body, address))
    const headers = new Headers()
    for (const [name, value] of Object.entries(plain.headers)) {
      for (const one of typeof value === 'string' ? [value] : value) headers.append(name, one)
    }
    const bodiless = plain.status === 204 || plain.status === 304
    return new Response(bodiless ? null : plain.body, { status: plain.status, headers })
  }
}

// Only a browser asks for HTML by name, and only the handler knows which addresses are pages.
function refuseLarge(
  handler: Handler,
  request: Request,
  address: () => string,
): Promise<PlainResponse> | PlainResponse {
  if (!request.headers.get('accept')?.includes('text/html')) return bodyTooLarge
  return handler({ ...toPlain(request, { text: '' }, address), tooLarge: true })
}

function toPlain(request: Request, body: { text: string | undefined }, address: () => string): PlainRequest {
  const url = new URL(request.url)
  return {
    method: request.method,
    path: url.pathname,
    query: url.search.slice(1),
    headers: Object.fromEntries(request.headers),
    body: body.text,
    address: address(),
    native: request,
    gone: () => request.signal.aborted,
    onGone: (listener) =>
      request.signal.aborted
        ? listener()
        : request.signal.addEventListener('abort', listener, { once: true }),
  }
}

async function readBody(request: Request): Promise<{ text: string | undefined } | 'too large'> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > bodyLimit) return 'too large'
    chunks.push(chunk)
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)) }
  } catch {
    return { text: undefined }
  }
}
