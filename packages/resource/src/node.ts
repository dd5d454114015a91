// Guards for `node:http` and for everything whose request is one (Express and Fastify build on this). The types are
// structural, so that the room asks for no framework and no types of Node. Not here: deciding anything (verify.ts).

import { attachIdentity } from './attached.ts'
import type { Answer } from './challenge.ts'
import type { RequestLike } from './credentials.ts'
import type { Identity } from './identity.ts'
import { type ProtectedResource, passedHeaders } from './protect.ts'
import { parseRequirements, type Requirements } from './requirements.ts'
import type { Verified } from './verify.ts'

export type NodeRequest = {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Express keeps the whole path here when a router has cut it. */
  readonly originalUrl?: string | undefined
  readonly headersDistinct: Readonly<Record<string, readonly string[] | undefined>>
}

export type NodeResponse = {
  statusCode: number
  readonly setHeader: (name: string, value: string | readonly string[]) => unknown
  readonly hasHeader: (name: string) => boolean
  readonly end: (body?: string) => unknown
}

/** A listener for `createServer` that also answers for the metadata. */
export function nodeGuard<In extends object = NodeRequest, Out extends object = NodeResponse>(
  resource: ProtectedResource,
  handler: (request: In, response: Out, identity: Identity) => unknown,
  requirements: Requirements = {},
): (request: In & NodeRequest, response: Out & NodeResponse) => Promise<void> {
  const required = parseRequirements(requirements)
  return async (request, response) => {
    const document = resource.metadata.answer(likeWeb(request))
    if (document !== undefined) return send(response, document)
    const verified = await letPass(resource, required, request, response)
    if (verified !== undefined) await handler(request, response, verified.identity)
  }
}

/** What passed, with the identity left at the request; undefined when the refusal has been answered. */
export async function letPass(
  resource: ProtectedResource,
  required: Requirements,
  request: NodeRequest,
  response: NodeResponse,
): Promise<Verified | undefined> {
  const verification = await resource.verify(likeWeb(request), required)
  if (!verification.ok) {
    send(response, resource.challenge(verification))
    return undefined
  }
  attachIdentity(request, verification.identity)
  for (const [name, value] of passedHeaders(verification))
    if (!response.hasHeader(name)) response.setHeader(name, value)
  return verification
}

/** Of a header that came twice, `node:http` shows the first only; here both count (RFC 6750 §2). */
export function likeWeb(request: NodeRequest): RequestLike {
  return {
    method: request.method ?? 'GET',
    url: addressOf(request.originalUrl ?? request.url ?? '/'),
    headers: { get: (name) => request.headersDistinct[name]?.join(', ') ?? null },
  }
}

/** Only the path matters; the host in a request is whatever its sender wrote. A proxy may be sent a whole address. */
function addressOf(target: string): string {
  return target.startsWith('/') ? `http://localhost${target}` : target
}

export function send(response: NodeResponse, { status, headers, body }: Answer): void {
  response.statusCode = status
  for (const [name, values] of grouped(headers)) response.setHeader(name, values)
  response.end(body)
}

export function grouped(headers: Answer['headers']): ReadonlyMap<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const [name, value] of headers) groups.set(name, [...(groups.get(name) ?? []), value])
  return groups
}
