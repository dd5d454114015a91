// An MCP server as a protected resource, for the official TypeScript SDK: generation 1 (`@modelcontextprotocol/sdk`,
// Express or node:http) and generation 2 (`@modelcontextprotocol/server`, web-standard handlers). Everything behind
// the guard needs a token, on every request: a session of the protocol is no substitute for it.
// The SDK's own types are matched by shape; nothing of it is imported.

import type { ExpressMiddleware } from './express.ts'
import type { Identity } from './identity.ts'
import { letPass, likeWeb, type NodeRequest, type NodeResponse, send } from './node.ts'
import { type Handler, type ProtectedResource, protect, toResponse, withHeaders } from './protect.ts'
import { parseRequirements, type Requirements } from './requirements.ts'
import type { ResourceOptions } from './settings.ts'

export type McpOptions = ResourceOptions & {
  /** What every request needs; all of `scopes` unless said. */
  readonly requires?: Requirements
}

/** The `AuthInfo` of both generations of the SDK. */
export type McpAuthInfo = {
  token: string
  clientId: string
  scopes: string[]
  expiresAt: number
  resource: URL
  resourceMetadataUrl: string
  extra: { identity: Identity }
}

export type McpFetch = (request: Request, options: { authInfo: McpAuthInfo }) => Response | Promise<Response>

export type McpResource = {
  readonly resource: ProtectedResource
  /** Generation 1: `app.use(mcp.express)`; the SDK finds `req.auth`. Guards whatever is mounted after it. */
  readonly express: ExpressMiddleware
  /** Generation 2: `mcp.fetch(createMcpHandler(createServer).fetch)`. */
  readonly fetch: (handler: McpFetch) => Handler
  /** Either generation on `node:http`; the SDK finds `req.auth`. */
  readonly node: <In extends object = NodeRequest, Out extends object = NodeResponse>(
    handler: (request: In, response: Out) => unknown,
  ) => (request: In & NodeRequest, response: Out & NodeResponse) => Promise<void>
  /** For the SDK's own `requireBearerAuth`, which wants to be told of a bad token by an error of its own. */
  readonly verifier: (invalidToken: (message: string) => Error) => {
    verifyAccessToken: (token: string) => Promise<McpAuthInfo>
  }
}

export function protectMcp({ requires, ...options }: McpOptions): McpResource {
  const resource = protect({ ...options, dpop: { ...PROOF_WINDOW, ...options.dpop } })
  const required = parseRequirements(requires ?? { scopes: options.scopes ?? [] })
  const { url } = resource.metadata
  const authInfoOf = (identity: Identity, token: string): McpAuthInfo => ({
    token,
    clientId: identity.clientId,
    scopes: [...identity.scopes],
    expiresAt: identity.expiresAt,
    resource: new URL(options.resource),
    resourceMetadataUrl: url,
    extra: { identity },
  })
  const express: ExpressMiddleware = async (request, response, next) => {
    const document = resource.metadata.answer(likeWeb(request))
    if (document !== undefined) return send(response, document)
    const passed = await letPass(resource, required, request, response)
    if (passed === undefined) return
    const token = tokenIn(likeWeb(request).headers.get('authorization'))
    Object.assign(request, { auth: authInfoOf(passed.identity, token) })
    next()
  }
  return {
    resource,
    express,
    fetch: (handler) => async (request) => {
      const document = resource.metadata.answer(request)
      if (document !== undefined) return toResponse(document)
      const verification = await resource.verify(request, required)
      if (!verification.ok) return toResponse(resource.challenge(verification))
      const token = tokenIn(request.headers.get('authorization'))
      const response = await handler(request, { authInfo: authInfoOf(verification.identity, token) })
      return withHeaders(response, verification)
    },
    node: (handler) => async (request, response) => {
      let passed = false
      await express(request, response, () => {
        passed = true
      })
      if (passed) await handler(request, response)
    },
    verifier: (invalidToken) => ({
      verifyAccessToken: async (token) => {
        const verification = await resource.verifyToken(token)
        if (verification.ok) return authInfoOf(verification.identity, token)
        // An outage is no fault of the token: it must not make the client throw it away.
        if (verification.refusal.reason === 'unavailable') throw verification.refusal.error
        throw invalidToken(JSON.parse(resource.challenge(verification).body).error_description)
      },
    }),
  }
}

/** The token that the guard has let pass; so the header has this form. */
function tokenIn(authorization: string | null): string {
  return authorization?.trim().split(/ +/)[1] ?? ''
}

// The MCP profile of RFC 9449 accepts proofs from clocks that differ by five minutes.
const PROOF_WINDOW = { ageSeconds: 300, aheadSeconds: 300 }
