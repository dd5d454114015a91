// Where the guards of frameworks that have one request object per request leave the identity, and how a handler reads
// it. Not here: web-standard handlers and Hono, which are handed the identity (protect.ts, hono.ts).

import type { Identity } from './identity.ts'

type Guarded = { identity?: Identity }

export function attachIdentity(request: object, identity: Identity): void {
  const guarded: Guarded = request
  guarded.identity = identity
}

/**
 * Of a request that a guard let pass, or of the `extra` of an MCP server's `authInfo`; throws where no guard stands before
 * the handler, which is a mistake.
 */
export function identityOf(guarded: object | undefined): Identity {
  const { identity }: Guarded = guarded ?? {}
  if (identity === undefined) throw new TypeError('no guard has let this request pass')
  return identity
}
