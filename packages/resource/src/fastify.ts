// A hook and a plugin for Fastify. The handlers behind the hook read who it is with `identityOf(request)`.
// Not here: deciding anything (verify.ts).

import { attachIdentity } from './attached.ts'
import type { Answer } from './challenge.ts'
import { grouped, likeWeb, type NodeRequest } from './node.ts'
import { type ProtectedResource, passedHeaders } from './protect.ts'
import { parseRequirements, type Requirements } from './requirements.ts'

export type FastifyRequestLike = { readonly raw: NodeRequest }

export type FastifyReplyLike = {
  readonly code: (status: number) => unknown
  readonly header: (name: string, value: string | string[]) => unknown
  readonly send: (body?: string) => unknown
}

export type FastifyLike = {
  readonly all: (
    path: string,
    handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>,
  ) => unknown
}

/** For `onRequest`, of an application or of one route. */
export function fastifyGuard(
  resource: ProtectedResource,
  requirements: Requirements = {},
): (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown> {
  const required = parseRequirements(requirements)
  return async (request, reply) => {
    const verification = await resource.verify(likeWeb(request.raw), required)
    if (!verification.ok) return send(reply, resource.challenge(verification))
    attachIdentity(request, verification.identity)
    for (const [name, value] of passedHeaders(verification)) reply.header(name, value)
    return undefined
  }
}

/** A plugin that answers for the metadata: `app.register(fastifyMetadata(api))`. */
export function fastifyMetadata(
  resource: ProtectedResource,
): (app: FastifyLike, options: object, done: () => void) => void {
  return (app, _options, done) => {
    for (const path of resource.metadata.paths)
      app.all(path, async (request, reply) => {
        const missing: Answer = { status: 404, headers: [], body: '' }
        return send(reply, resource.metadata.answer(likeWeb(request.raw)) ?? missing)
      })
    done()
  }
}

function send(reply: FastifyReplyLike, { status, headers, body }: Answer): unknown {
  reply.code(status)
  for (const [name, values] of grouped(headers))
    reply.header(name, values.length === 1 ? (values[0] ?? '') : values)
  return reply.send(body)
}
