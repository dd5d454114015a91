// The whole server as one function from a plain request to a plain response: route, method, cross-origin rules, common headers,
// and the one place where a fault is caught. How bytes arrive is node.ts and fetch.ts.

import { apiRoutes } from './admin/api-routes.ts'
import { clientRoutes } from './endpoints/client-routes.ts'
import { createMetrics } from './endpoints/health.ts'
import {
  bodyTooLarge,
  comeBack,
  json,
  methodNotAllowed,
  type PlainRequest,
  type PlainResponse,
} from './http.ts'
import { problemPage } from './pages/problem.ts'
import { type Method, methods, type Route } from './routes.ts'
import type { Endpoint, Services } from './services.ts'
import { StoreUnavailable } from './store/store.ts'

export type Handler = (request: PlainRequest) => Promise<PlainResponse>

export function createHandler(services: Services): Handler {
  const metrics = createMetrics()
  const metricsRoute: Route = {
    name: 'metrics',
    path: '/metrics',
    cors: 'never',
    GET: metrics.endpoint,
    speaks: 'json',
  }
  const { issuer } = services.config
  const findForPrograms = routeFinder([...clientRoutes(services.config), ...apiRoutes, metricsRoute], issuer)
  let pages: Promise<RouteFinder> | undefined
  // Loaded with the first request that is for no address of programs: a server that waits does without 2 MB.
  async function findPage(path: string): Promise<Found | undefined> {
    pages ??= import('./pages/page-routes.ts').then(({ pageRoutesFor }) =>
      routeFinder(pageRoutesFor(services), issuer),
    )
    return (await pages)(path)
  }
  const common = commonHeaders(issuer)
  const withCors = {
    never: common,
    read: { ...common, ...corsRead },
    call: { ...common, ...corsCall },
  }

  return async (request) => {
    const found = findForPrograms(request.path) ?? (await findPage(request.path))
    const response =
      found === undefined
        ? await notFound(services, request)
        : await answer(services, found.route, below(request, found.path))
    metrics.count(found?.route.name ?? 'unknown', response.status)
    const { status, headers, body } = response
    return {
      status,
      headers: { ...(found === undefined ? common : withCors[found.route.cors]), ...headers },
      body: request.method === 'HEAD' ? '' : body,
    }
  }
}

// Under an issuer without a path, which is nearly every one, the request is already what an endpoint wants.
function below(request: PlainRequest, path: string): PlainRequest {
  return request.path === path ? request : { ...request, path }
}

const nothingThere: PlainResponse = json(404, { error: 'not_found' })

// Only a browser asks for HTML by name.
function notFound(services: Services, { headers }: PlainRequest): PlainResponse | Promise<PlainResponse> {
  return headers.accept?.includes('text/html') ? problemPage(services, 'not_found') : nothingThere
}

async function answer(services: Services, route: Route, request: PlainRequest): Promise<PlainResponse> {
  if (request.tooLarge) return route.speaks === 'json' ? bodyTooLarge : problemPage(services, 'too_large')
  const endpoint = endpointOf(route, request.method)
  if (endpoint === undefined) return otherMethod(services, route, request.method)
  try {
    return await endpoint(services, request)
  } catch (error) {
    return await fault(services, route, error)
  }
}

function endpointOf(route: Route, method: string): Endpoint | undefined {
  if (method === 'POST') return route.POST
  if (method === 'HEAD') return route.GET
  return methods.includes(method as Method) ? route[method as Method] : undefined
}

async function otherMethod(services: Services, route: Route, method: string): Promise<PlainResponse> {
  const allowed = methods.flatMap((one) =>
    route[one] === undefined ? [] : one === 'GET' ? ['GET', 'HEAD'] : [one],
  )
  if (method === 'OPTIONS' && route.cors !== 'never') return preflight(allowed)
  const refused = methodNotAllowed(allowed.join(', '))
  if (route.speaks === 'json') return refused
  // Somebody who typed or reloaded the address of a form.
  const page = await problemPage(services, 'not_found')
  return { ...page, status: refused.status, headers: { ...page.headers, ...refused.headers } }
}

function fault(services: Services, route: Route, error: unknown): PlainResponse | Promise<PlainResponse> {
  // What went wrong is for the log; outside there is only a number to find it by (standards.md G-21).
  const id = services.system.random(6).toString('hex')
  services.log.error('fault', {
    id,
    route: route.name,
    error: error instanceof Error ? error : String(error),
  })
  const isBusy = error instanceof StoreUnavailable
  if (route.speaks === 'json') return isBusy ? comeBack(503, 2) : json(500, { error: 'server_error', id })
  return isBusy
    ? problemPage(services, 'busy', { retryAfterSeconds: 2 })
    : problemPage(services, 'fault', { id })
}

interface Found {
  readonly route: Route
  /** The path below the issuer's own. */
  readonly path: string
}

/** Whether a path is below the issuer, or a well-known place of it: what a host application leaves to us. */
export function pathOwner(issuer: string): (path: string) => boolean {
  const base = basePath(issuer)
  const wellKnown = /^\/\.well-known\/(?:oauth-authorization-server|openid-configuration)/
  return (path) =>
    path === base || path.startsWith(`${base}/`) || (wellKnown.test(path) && path.endsWith(base))
}

const basePath = (issuer: string): string => new URL(issuer).pathname.replace(/\/$/, '')

type RouteFinder = (path: string) => Found | undefined

function routeFinder(routes: readonly Route[], issuer: string): RouteFinder {
  const base = basePath(issuer)
  const exact = new Map<string, Found>()
  const prefixes = routes.filter(({ path }) => path.endsWith('/') && path !== '/')
  for (const route of routes) exact.set(base + route.path, { route, path: route.path })
  if (base !== '') {
    // The issuer itself, as people type it.
    const front = exact.get(`${base}/`)
    if (front !== undefined) exact.set(base, front)
    // RFC 8414 §3.1: the well-known part stands between host and path; OpenID appends it (standards.md MD-01, MD-02).
    for (const route of routes) {
      if (route.path.startsWith('/.well-known/')) exact.set(route.path + base, { route, path: route.path })
    }
    exact.delete(`${base}/.well-known/oauth-authorization-server`)
  }
  return (path) => {
    const found = exact.get(path)
    if (found !== undefined) return found
    const route = prefixes.find((prefix) => path.startsWith(base + prefix.path))
    return route && { route, path: path.slice(base.length) }
  }
}

function commonHeaders(issuer: string): Record<string, string> {
  const always = { 'x-content-type-options': 'nosniff' }
  return issuer.startsWith('https:')
    ? { ...always, 'strict-transport-security': 'max-age=31536000; includeSubDomains' }
    : always
}

// Never with credentials, so the answer is the same for every origin and needs no Vary.
const corsRead = { 'access-control-allow-origin': '*' }
const corsCall = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'DPoP-Nonce, WWW-Authenticate, Retry-After, Preference-Applied',
}

function preflight(allowed: readonly string[]): PlainResponse {
  const headers = {
    'access-control-allow-methods': allowed.join(', '),
    'access-control-allow-headers': 'Authorization, Content-Type, DPoP, Prefer',
    'access-control-max-age': '7200',
  }
  return { status: 204, headers, body: '' }
}
