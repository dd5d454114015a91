// An authorization server on a real socket that does exactly what a test says: well-behaved by default, each
// path replaceable by a handler that answers with garbage, half a body, a page, or nothing. For tests of
// this package and of programs built on it; never part of a running server (that is @countersign/server).
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export type Received = {
  method: string
  path: string
  headers: IncomingMessage['headers']
  form: Record<string, string>
  /** As it came. */
  body: string
}

export type Handler = (request: Received, response: ServerResponse) => void | Promise<void>

export type ScriptedServer = {
  issuer: string
  received: Received[]
  /** What arrived at a path, in order. */
  at: (path: string) => Received[]
  on: (path: string, handler: Handler) => void
  /** One handler per request, the last one for all that follow. */
  script: (path: string, handlers: Handler[]) => void
  close: () => Promise<void>
}

export async function startScriptedServer(): Promise<ScriptedServer> {
  const received: Received[] = []
  const handlers = new Map<string, Handler>()
  const server = createServer(async (incoming, response) => {
    const request = await receive(incoming)
    received.push(request)
    const handler = handlers.get(request.path) ?? notFound
    await handler(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const issuer = `http://127.0.0.1:${port}`
  for (const [path, handler] of Object.entries(wellBehaved(issuer))) handlers.set(path, handler)
  return {
    issuer,
    received,
    at: (path) => received.filter((request) => request.path === path),
    on: (path, handler) => handlers.set(path, handler),
    script: (path, list) => {
      let next = 0
      handlers.set(path, async (request, response) => {
        const handler = list[Math.min(next, list.length - 1)]
        next += 1
        await handler?.(request, response)
      })
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const paths = {
  metadata: '/.well-known/oauth-authorization-server',
  openid: '/.well-known/openid-configuration',
  device: '/oauth/device/authorize',
  token: '/oauth/token',
  revoke: '/oauth/revoke',
  userinfo: '/oauth/userinfo',
  par: '/oauth/par',
  link: '/a/Vt3kQ9yXn0b1mZr6TqLw2A',
} as const

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Handler {
  return text(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers })
}

export function text(status: number, body: string, headers: Record<string, string> = {}): Handler {
  return (_request, response) => {
    response.writeHead(status, headers)
    response.end(body)
  }
}

export function page(status: number, title: string): Handler {
  const body = `<!doctype html><html><head><title>${title}</title></head><body>no</body></html>`
  return text(status, body, { 'content-type': 'text/html; charset=utf-8' })
}

/** Cuts the connection without an answer. */
export const reset: Handler = (_request, response) => {
  response.socket?.destroy()
}

/** Promises more bytes than it sends. */
export const truncated: Handler = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
  response.write('{"access_token":"half')
  setImmediate(() => response.socket?.destroy())
}

export const pending = json(400, { error: 'authorization_pending' })
export const slowDown = json(400, { error: 'slow_down' })

export function metadataOf(issuer: string): Record<string, unknown> {
  return {
    issuer,
    token_endpoint: `${issuer}${paths.token}`,
    device_authorization_endpoint: `${issuer}${paths.device}`,
    revocation_endpoint: `${issuer}${paths.revoke}`,
    userinfo_endpoint: `${issuer}${paths.userinfo}`,
    grant_types_supported: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    response_types_supported: ['code'],
  }
}

/** With signing in by a link (RFC 9126), which a server has only where a test asks for it. */
export function linkMetadataOf(issuer: string): Record<string, unknown> {
  return {
    ...metadataOf(issuer),
    authorization_endpoint: `${issuer}/oauth/authorize`,
    pushed_authorization_request_endpoint: `${issuer}${paths.par}`,
    code_challenge_methods_supported: ['S256'],
  }
}

/** Whoever follows the link is sent back with this answer, beside `state` and `iss`. */
export function offerLinks(server: ScriptedServer, answer: () => Record<string, string>): void {
  const { issuer } = server
  server.on(paths.metadata, json(200, linkMetadataOf(issuer)))
  const pushed = { request_uri: 'urn:canary', expires_in: 600, authorization_uri: issuer + paths.link }
  server.on(paths.par, json(201, pushed))
  server.on(paths.link, (_request, response) => {
    const { redirect_uri = '', state = '' } = server.at(paths.par).at(-1)?.form ?? {}
    const back = new URLSearchParams({ ...answer(), state, iss: issuer })
    response.writeHead(303, { location: `${redirect_uri}?${back}` }).end()
  })
}

export function codeOf(issuer: string): Record<string, unknown> {
  return {
    device_code: 'DEVICE-CODE-canary',
    user_code: 'WDJB-MJHT',
    verification_uri: `${issuer}/device`,
    verification_uri_complete: `${issuer}/device/WDJB-MJHT`,
    expires_in: 600,
    interval: 1,
  }
}

export function tokensOf(suffix = '1', expiresIn: number | undefined = 600): Record<string, unknown> {
  return {
    access_token: `ACCESS-canary-${suffix}`,
    refresh_token: `REFRESH-canary-${suffix}`,
    token_type: 'Bearer',
    scope: 'openid profile email',
    ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
  }
}

function wellBehaved(issuer: string): Record<string, Handler> {
  return {
    [paths.metadata]: json(200, metadataOf(issuer)),
    [paths.device]: json(200, codeOf(issuer)),
    [paths.token]: json(200, tokensOf()),
    [paths.revoke]: text(200, ''),
    [paths.userinfo]: json(200, { sub: 'acct-1', email: 'mia@example.com', name: 'Mia' }),
  }
}

const notFound: Handler = page(404, 'Not found')

async function receive(incoming: IncomingMessage): Promise<Received> {
  const chunks: Uint8Array[] = []
  for await (const chunk of incoming) if (chunk instanceof Uint8Array) chunks.push(chunk)
  const body = Buffer.concat(chunks).toString('utf8')
  return {
    method: incoming.method ?? '',
    path: (incoming.url ?? '/').split('?')[0] ?? '/',
    headers: incoming.headers,
    form: Object.fromEntries(new URLSearchParams(body)),
    body,
  }
}
