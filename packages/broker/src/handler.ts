// The broker over HTTP, for anything that speaks web-standard Request and Response: the routes of system S3, their usual form or its
// exact one, and what a page needs beside them. Each request is held to the same order: method, page it comes from, person, body.
// Not here: how answers look (wire/), node:http (node-listener.ts), the states of a flow (flow.ts).

import { system as realSystem, type System } from '@countersign/client/system'
import type { Broker, Owner } from './broker.ts'
import { elementScript } from './element/script.ts'
import { RequestError, SettingError } from './errors.ts'
import { ownPath } from './own-path.ts'
import { requireOwner } from './owner.ts'
import { json, Refusal, refuse, withoutContent } from './wire/answer.ts'
import { goOn, nothingToComeBackTo } from './wire/back.ts'
import { readMembers, text, texts } from './wire/body.ts'
import { createStreams } from './wire/events.ts'
import { localOwner, localSession, requireLocal, sessionOf } from './wire/local-gate.ts'
import { isOwnPage } from './wire/origin.ts'
import {
  cancelledPayload,
  connectionPayload,
  type Named,
  startPayload,
  statusPayload,
} from './wire/payload.ts'
import { refusalOf, startRefusal } from './wire/refusal.ts'

/** What the host knows of a request beside what it says itself. */
export interface ConnectInfo {
  /** The address of whoever is at the other end, behind trusted proxies only; needed with `local`. */
  readonly address?: string | undefined
}

export interface ConnectOptions {
  /** Who is signed in to the application; undefined for nobody. */
  readonly owner: (request: Request, info: ConnectInfo) => Owner | undefined | Promise<Owner | undefined>
  /** Where it is mounted; `/api/onboarding/oauth` unless told otherwise. */
  readonly basePath?: string
  /** Answers exactly as system S3 does, for its own front end. */
  readonly dialect?: 'hermes'
  /** Further origins whose pages may ask, such as the public one behind a proxy that hides it. */
  readonly allowedOrigins?: readonly string[]
  /** Says whether a request that changes something carries the application's own token against forged ones. */
  readonly csrf?: (request: Request) => boolean | Promise<boolean>
  /** There is no sign-in (or none yet): whoever is at this machine or in its network is the one person there is. */
  readonly local?: boolean | (() => boolean | Promise<boolean>)
  /** With `local`: from everywhere. Whoever reaches the application can then connect and disconnect. */
  readonly open?: boolean
  /** Where the browser goes from a provider when the flow does not say; `/` unless told otherwise. */
  readonly returnTo?: string
  /** How many pages of one person may listen at once; the others ask now and then. */
  readonly streamsPerPerson?: number
  /** Hears of faults, which answer 500 with a sentence that says nothing. */
  readonly onFault?: (error: unknown) => void
  readonly system?: Pick<System, 'randomBytes' | 'monotonic'>
}

/** Undefined for a path that is none of its own. */
export type ConnectHandler = (request: Request, info?: ConnectInfo) => Promise<Response | undefined>

interface Asked {
  readonly request: Request
  readonly url: URL
  readonly owner: Owner
  /** To be set with the answer. */
  readonly cookie: string | undefined
}

interface Route {
  readonly method: 'GET' | 'POST'
  /** Whether a person who is there by the local gate needs no more than the cookie that `start` gave. */
  readonly bySession?: boolean
  /** Whether asking changes nothing. HEAD is refused where it would. */
  readonly safe: boolean
  readonly answer: (asked: Asked) => Promise<Response>
}

const defaultPath = '/api/onboarding/oauth'
/** How long the browser is kept on its way back for the provider's answer to a code; it comes within a second, usually. */
const exchangeSeconds = 5
/** Browsers have six connections to a host that speaks HTTP/1.1: with all of them listening, none would load a page. */
const usualStreams = 3

export function createConnectHandler(broker: Broker, options: ConnectOptions): ConnectHandler {
  const basePath = (options.basePath ?? defaultPath).replace(/\/$/, '')
  const returnTo = ownPath(options.returnTo ?? '/')
  // As it stands in addresses: with a space in it, it would never be asked for.
  if (returnTo === undefined || ownPath(`${basePath}/`) !== `${basePath}/`)
    throw new SettingError('basePath and returnTo are paths of this application.')
  // As browsers write them, else none would ever be equal to what they send.
  for (const origin of options.allowedOrigins ?? [])
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new SettingError(`"${origin}" in allowedOrigins is no origin, such as https://app.example.`)
  const settled = { ...options, basePath, returnTo }
  const spoken = { dialect: options.dialect, providers: broker.providers }
  const routes = routesOf(broker, settled)
  return async (request, info = {}) => {
    const url = new URL(request.url)
    const name = url.pathname.startsWith(`${basePath}/`) ? url.pathname.slice(basePath.length + 1) : ''
    if (name === 'element.js' && isRead(request)) return headOr(request, elementScript(request))
    const route = routes.get(name.startsWith('callback/') ? 'callback' : name)
    if (route === undefined) return undefined
    try {
      requireMethod(request, route)
      if (!route.safe && route.method === 'POST') await requireOwnPage(request, settled)
      const asked = { request, url, ...(await ownerOf(request, info, route, settled)) }
      const response = await route.answer(asked)
      if (asked.cookie !== undefined) response.headers.append('Set-Cookie', asked.cookie)
      return headOr(request, response)
    } catch (error) {
      const refusal = refusalOf(error, spoken)
      if (refusal.status === 500 && !(error instanceof Refusal)) options.onFault?.(error)
      return headOr(request, refuse(refusal))
    }
  }
}

interface Settled extends ConnectOptions {
  readonly basePath: string
  readonly returnTo: string
}

function routesOf(broker: Broker, options: Settled): ReadonlyMap<string, Route> {
  const { dialect } = options
  const named = (id: string) => broker.providers.find((provider) => provider.id === id)
  const streams = createStreams(broker, {
    limit: options.streamsPerPerson ?? usualStreams,
    system: options.system ?? realSystem,
    payload: (view) => statusPayload(view, dialect, named(view.provider)),
  })
  const routes: Readonly<Record<string, Route>> = {
    start: { method: 'POST', safe: false, answer: (asked) => start(broker, options, asked) },
    poll: {
      method: 'GET',
      safe: true,
      bySession: true,
      answer: async ({ owner, url }) => {
        const view = await broker.status(owner, flowIdOf(url.searchParams.get('flow_id')))
        return json(200, statusPayload(view, dialect, named(view.provider)))
      },
    },
    cancel: {
      method: 'POST',
      safe: false,
      bySession: true,
      answer: async ({ owner, request }) => {
        const flowId = flowIdOf(text(await readMembers(request), 'flow_id'))
        const view = await broker.cancel(owner, flowId)
        if (view === undefined) return json(200, cancelledPayload(flowId))
        return json(200, statusPayload(view, dialect, named(view.provider)))
      },
    },
    events: {
      method: 'GET',
      safe: true,
      bySession: true,
      answer: ({ owner, url, request }) =>
        streams.open(owner, flowIdOf(url.searchParams.get('flow_id')), request),
    },
    callback: {
      method: 'GET',
      safe: false,
      bySession: true,
      answer: (asked) => callback(broker, options, asked),
    },
    connections: {
      method: 'GET',
      safe: true,
      answer: async ({ owner }) => {
        const connections = await broker.connections(owner.person)
        const providers = broker.providers.map(({ id, name, docs, kind }) => ({ id, name, docs, kind }))
        return json(200, { ok: true, connections: connections.map(connectionPayload), providers })
      },
    },
    disconnect: {
      method: 'POST',
      safe: false,
      answer: async ({ owner, request }) => {
        const connection = text(await readMembers(request), 'connection')
        if (connection === undefined) throw new Refusal(400, 'connection is required')
        return json(200, { ok: true, ...(await broker.disconnect(owner.person, connection)) })
      },
    },
  }
  return new Map(Object.entries(routes))
}

async function start(
  broker: Broker,
  { dialect, onFault }: Settled,
  { request, owner }: Asked,
): Promise<Response> {
  const members = await readMembers(request)
  const provider = text(members, 'provider')?.toLowerCase()
  if (provider === undefined) throw new Refusal(400, 'provider is required')
  const returnTo = text(members, 'return_to')
  const path = returnTo === undefined ? undefined : ownPath(returnTo)
  if (returnTo !== path && path === undefined)
    throw new Refusal(400, 'return_to is a path of this application')
  const asked = {
    provider,
    label: text(members, 'label')?.slice(0, 100),
    scopes: texts(members, 'scopes'),
    connection: text(members, 'connection'),
    returnTo: path,
  }
  try {
    const view = await broker.start(owner, asked)
    const on: Named | undefined = broker.providers.find(({ id }) => id === view.provider)
    return json(200, startPayload(view, dialect, on))
  } catch (error) {
    const refusal = startRefusal(error, { dialect, providers: broker.providers }, provider)
    if (refusalOf(error, { dialect: undefined, providers: [] }).status === 500) onFault?.(error)
    throw refusal
  }
}

async function callback(broker: Broker, options: Settled, { owner, url, request }: Asked): Promise<Response> {
  try {
    const provider = url.pathname.slice(`${options.basePath}/callback/`.length)
    const view = await broker.returned(owner, provider, url.searchParams)
    const path = ownPath(view.returnTo ?? options.returnTo) ?? options.returnTo
    // A page that is looked at without scripts shows at once how it went.
    if (view.state === 'pending')
      await broker.changed(owner, view.id, view.state, { seconds: exchangeSeconds, signal: request.signal })
    return goOn(path)
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
    const { status } = refusalOf(error, { dialect: undefined, providers: [] })
    return nothingToComeBackTo(status, options.returnTo)
  }
}

async function ownerOf(
  request: Request,
  info: ConnectInfo,
  route: Route,
  options: Settled,
): Promise<Pick<Asked, 'owner' | 'cookie'>> {
  const owner = await options.owner(request, info)
  // Code without types says null, or nothing, for nobody.
  if (owner) return { owner: requireOwner(owner), cookie: undefined }
  const { local = false, open = false, allowedOrigins = [], basePath } = options
  const isLocal = typeof local === 'function' ? await local() : local
  if (!isLocal) throw new Refusal(401, 'Sign in first')
  if (route.bySession === true) {
    // Nobody's flow where there is no cookie: a session of its own finds nothing.
    return { owner: localOwner(sessionOf(request) ?? ''), cookie: undefined }
  }
  if (!open) requireLocal({ address: info.address, request, allowedOrigins })
  const { session, cookie } = localSession(request, basePath, options.system ?? realSystem)
  return { owner: localOwner(session), cookie: sessionOf(request) === undefined ? cookie : undefined }
}

async function requireOwnPage(request: Request, { allowedOrigins = [], csrf }: Settled): Promise<void> {
  if (!isOwnPage(request, allowedOrigins))
    throw new Refusal(403, 'Cross-origin mismatch - check reverse proxy headers')
  if (csrf !== undefined && !(await csrf(request)))
    throw new Refusal(403, 'Session expired - reload the page')
}

function requireMethod({ method }: Request, route: Route): void {
  if (method === route.method || (method === 'HEAD' && route.method === 'GET' && route.safe)) return
  const allow = route.method === 'GET' && route.safe ? 'GET, HEAD' : route.method
  throw new Refusal(405, `Use ${route.method}`, { Allow: allow })
}

function flowIdOf(sent: string | null | undefined): string {
  const flowId = sent?.trim() ?? ''
  if (flowId === '') throw new Refusal(400, 'flow_id is required')
  return flowId
}

const isRead = ({ method }: Request) => method === 'GET' || method === 'HEAD'

const headOr = (request: Request, response: Response) =>
  request.method === 'HEAD' ? withoutContent(response) : response
