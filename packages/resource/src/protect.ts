// `protect`: the one thing that a program makes, and what it can do with it. Guards for web-standard handlers are
// here; those of frameworks stand on the same four functions (express.ts, fastify.ts, hono.ts, node.ts, mcp.ts).

import { type Answer, challenge, exposedHeaders, nonceHeaders, type Offer } from './challenge.ts'
import type { Identity } from './identity.ts'
import { createMetadata, type Metadata } from './metadata.ts'
import type { Refused } from './refusal.ts'
import { parseRequirements, type Requirements } from './requirements.ts'
import { parseOptions, type ResourceOptions } from './settings.ts'
import { createVerifier, type Verified, type Verifier } from './verify.ts'

export type ProtectedResource = Verifier & {
  readonly metadata: Metadata
  /** The answer to a request that `verify` refused. */
  readonly challenge: (refused: Refused) => Answer
  /** A handler that only sees requests that may pass. It also answers for the metadata. */
  readonly guard: (handler: GuardedHandler, requirements?: Requirements) => Handler
}

export type Handler = (request: Request) => Promise<Response>
export type GuardedHandler = (request: Request, identity: Identity) => Response | Promise<Response>

export function protect(options: ResourceOptions): ProtectedResource {
  const settings = parseOptions(options)
  const { verify, verifyToken } = createVerifier(settings)
  const metadata = createMetadata(settings)
  const offer: Offer = {
    metadataUrl: metadata.url,
    dpop: settings.dpop.use,
    dpopAlgorithms: settings.dpop.algorithms,
  }
  const resource: Omit<ProtectedResource, 'guard'> = {
    verify,
    verifyToken,
    metadata,
    challenge: (refused) => challenge(refused, offer),
  }
  return { ...resource, guard: (handler, requirements) => guard(resource, handler, requirements) }
}

function guard(
  resource: Omit<ProtectedResource, 'guard'>,
  handler: GuardedHandler,
  requirements: Requirements = {},
): Handler {
  const required = parseRequirements(requirements)
  return async (request) => {
    const document = resource.metadata.answer(request)
    if (document !== undefined) return toResponse(document)
    const verification = await resource.verify(request, required)
    if (!verification.ok) return toResponse(resource.challenge(verification))
    const response = await handler(request, verification.identity)
    return withHeaders(response, verification)
  }
}

/** What the answer to a request that passed carries; `Cache-Control` only where the application says nothing of it. */
export function passedHeaders({ nonce }: Verified): readonly (readonly [name: string, value: string])[] {
  // RFC 6750 §2.3: what a token opened is not for shared caches; RFC 9449 §8.2: with a nonce for none at all.
  if (nonce === undefined) return [['Cache-Control', 'private']]
  return [...nonceHeaders(nonce), ['Cache-Control', 'no-store'], exposedHeaders]
}

export function toResponse({ status, headers, body }: Answer): Response {
  const all = new Headers()
  for (const [name, value] of headers) all.append(name, value)
  return new Response(body === '' ? null : body, { status, headers: all })
}

export function withHeaders(response: Response, verified: Verified): Response {
  // A copy, because the headers of a response may be locked.
  const copy = new Response(response.body, response)
  for (const [name, value] of passedHeaders(verified))
    if (verified.nonce !== undefined || !copy.headers.has(name)) copy.headers.set(name, value)
  return copy
}
