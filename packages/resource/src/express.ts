// Middleware for Express. The handlers behind it read who it is with `identityOf(req)`.
// Not here: deciding anything (verify.ts), the writing of answers (node.ts).

import { letPass, likeWeb, type NodeRequest, type NodeResponse, send } from './node.ts'
import type { ProtectedResource } from './protect.ts'
import { parseRequirements, type Requirements } from './requirements.ts'

export type ExpressMiddleware = (
  request: NodeRequest,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => Promise<void>

export function expressGuard(
  resource: ProtectedResource,
  requirements: Requirements = {},
): ExpressMiddleware {
  const required = parseRequirements(requirements)
  return async (request, response, next) => {
    const passed = await letPass(resource, required, request, response)
    if (passed !== undefined) next()
  }
}

/** Answers for the metadata; goes before the routes, at the root of the application. */
export function expressMetadata(resource: ProtectedResource): ExpressMiddleware {
  return async (request, response, next) => {
    const document = resource.metadata.answer(likeWeb(request))
    if (document === undefined) next()
    else send(response, document)
  }
}
