// Middleware for Hono. The handlers behind it read who it is with `c.get('identity')`; an application declares it as
// `new Hono<{ Variables: { identity: Identity } }>()`. Not here: deciding anything (verify.ts).

import { type ProtectedResource, toResponse, withHeaders } from './protect.ts'
import { parseRequirements, type Requirements } from './requirements.ts'

export type HonoContextLike = {
  readonly req: { readonly raw: Request }
  res: Response
  readonly set: (name: 'identity', identity: never) => void
}

type Next = () => Promise<void>

export function honoGuard(
  resource: ProtectedResource,
  requirements: Requirements = {},
): (context: HonoContextLike, next: Next) => Promise<Response | undefined> {
  const required = parseRequirements(requirements)
  return async (context, next) => {
    const verification = await resource.verify(context.req.raw, required)
    if (!verification.ok) return toResponse(resource.challenge(verification))
    context.set('identity', verification.identity as never)
    await next()
    context.res = withHeaders(context.res, verification)
    return undefined
  }
}

/** Answers for the metadata; goes before the routes: `app.use(honoMetadata(api))`. */
export function honoMetadata(
  resource: ProtectedResource,
): (context: HonoContextLike, next: Next) => Promise<Response | undefined> {
  return async (context, next) => {
    const document = resource.metadata.answer(context.req.raw)
    if (document !== undefined) return toResponse(document)
    await next()
    return undefined
  }
}
