// The metadata of a protected resource (RFC 9728): the document, the address where clients look for it, and the
// answers given there. Not here: the challenge that points to it (challenge.ts).

import type { Answer } from './challenge.ts'
import type { RequestLike } from './credentials.ts'
import type { Settings } from './settings.ts'

export type ResourceMetadata = {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported?: readonly string[]
  readonly bearer_methods_supported: readonly string[]
  readonly resource_name?: string
  readonly resource_documentation?: string
  readonly dpop_signing_alg_values_supported?: readonly string[]
  readonly dpop_bound_access_tokens_required?: boolean
}

export type Metadata = {
  readonly document: ResourceMetadata
  readonly url: string
  /** The paths that answer with it. */
  readonly paths: readonly string[]
  /** The answer to a request for the document, or undefined when the request is for something else. */
  readonly answer: (request: RequestLike) => Answer | undefined
}

export function createMetadata(settings: Settings): Metadata {
  const url = metadataUrl(settings.resource)
  const { origin } = new URL(url)
  const own = url.slice(origin.length)
  const targets = settings.rootMetadata ? [own, WELL_KNOWN] : [own]
  const document = metadataDocument(settings)
  const body = JSON.stringify(document)
  const tag = tagOf(body)
  return {
    document,
    url,
    paths: [...new Set(targets.map((target) => target.split('?')[0] ?? ''))],
    answer: (request) => {
      const asked = URL.parse(request.url, origin)
      const isOurs =
        asked !== null && targets.includes(asked.pathname + (own.includes('?') ? asked.search : ''))
      return isOurs ? respond(request, body, tag) : undefined
    },
  }
}

/** RFC 9728 §3.1: between host and path; a slash that ends the host is no path. */
export function metadataUrl(resource: string): string {
  const [, origin = '', rest = ''] = /^([a-z]+:\/\/[^/?]+)(.*)$/is.exec(resource) ?? []
  return origin + WELL_KNOWN + rest.replace(/^\/(?=$|\?)/, '')
}

/** Empty members are left out (RFC 9728 §3.2). */
function metadataDocument({
  resource,
  issuers,
  scopes,
  name,
  documentation,
  dpop,
}: Settings): ResourceMetadata {
  // RFC 9728 §2 wants what clients of this resource ask for; `offline_access` is between them and the server.
  const announced = scopes.filter((scope) => scope !== 'offline_access')
  return {
    resource,
    authorization_servers: issuers.map(({ issuer }) => issuer),
    ...(announced.length === 0 ? {} : { scopes_supported: announced }),
    bearer_methods_supported: ['header'],
    ...(name === undefined ? {} : { resource_name: name }),
    ...(documentation === undefined ? {} : { resource_documentation: documentation }),
    ...(dpop.use === 'off' ? {} : { dpop_signing_alg_values_supported: dpop.algorithms }),
    ...(dpop.use === 'required' ? { dpop_bound_access_tokens_required: true } : {}),
  }
}

/** Public, so any page may read it; for ten minutes, because it may change (RFC 9728 §7.10). */
function respond({ method, headers: asked }: RequestLike, body: string, tag: string): Answer {
  const open = ['Access-Control-Allow-Origin', '*'] as const
  if (method === 'OPTIONS') {
    const allowed = ['Access-Control-Allow-Methods', 'GET, HEAD'] as const
    const sent = ['Access-Control-Allow-Headers', '*'] as const
    return { status: 204, headers: [open, allowed, sent], body: '' }
  }
  if (method !== 'GET' && method !== 'HEAD')
    return { status: 405, headers: [['Allow', 'GET, HEAD, OPTIONS'], open], body: '' }
  const headers = [
    open,
    ['Content-Type', 'application/json'],
    ['Cache-Control', 'public, max-age=600'],
    ['ETag', tag],
    ['X-Content-Type-Options', 'nosniff'],
  ] as const
  if (asked.get('if-none-match') === tag) return { status: 304, headers, body: '' }
  return { status: 200, headers, body: method === 'HEAD' ? '' : body }
}

/** Tells one document from the next, and has no secret to keep: FNV-1a will do, which needs nothing asynchronous. */
function tagOf(body: string): string {
  let sum = 0x811c9dc5
  for (const character of body) sum = Math.imul(sum ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return `"${(sum >>> 0).toString(16)}"`
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
