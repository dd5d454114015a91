// Authorization requests as the store keeps them: pushed (RFC 9126), opened in a browser, claimed by the browser that brings a
// pushed one. A reference names a record in an address; its SHA-256 is the record's id.
// What happens to an open one is authorization.ts.

import {
  type AuthorizationParameters,
  type AuthorizationRequest,
  type Client,
  consent,
  type Refusal,
  type RequestContext,
  type Write,
} from '@countersign/protocol'
import type { PlainRequest } from './http.ts'
import { isBeside } from './networks.ts'
import { cookie, readCookie, type Visit } from './pages/visit.ts'
import { digest } from './secrets.ts'
import type { Services } from './services.ts'
import { decideAndApply } from './store/store.ts'

/** RFC 9126 §2.2. */
export const requestUriPrefix = 'urn:ietf:params:oauth:request_uri:'

export interface NewRequest {
  readonly client: Client
  readonly parameters: AuthorizationParameters
  readonly refusal: Refusal | null
  readonly context?: RequestContext
}

/** Keeps a request until a browser brings its reference. */
export async function pushRequest(services: Services, asked: NewRequest): Promise<string> {
  const { system, store } = services
  // Short enough to be copied by hand, and still 128 bits (RFC 9126 §7.1, RFC 9101 §10.2).
  const reference = system.random(16).toString('base64url')
  const record = {
    ...recordOf(services, asked, reference),
    status: 'pushed' as const,
    expiresAt: system.now() + pushedSeconds(services, asked.parameters),
  }
  await store.apply([{ op: 'insert', kind: 'authorizationRequest', record }])
  return reference
}

/**
 * RFC 9126 §2.2 leaves the lifetime to the server. A web app redirects at once; a program in a terminal shows a link that a person may
 * still have to copy, and needs the time that a user code has.
 */
export function pushedSeconds({ config }: Services, { redirectUri }: { redirectUri: string }): number {
  return isLoopback(redirectUri) ? config.deviceCodeSeconds : config.parSeconds
}

const isLoopback = (redirectUri: string) => consent.reachOf(redirectUri).kind === 'loopback'

/** A request that this browser opens now; storing it is for when somebody has to be asked. */
export function openedRequest(
  { services, request, signedIn }: Visit,
  asked: NewRequest,
): { readonly record: AuthorizationRequest; readonly reference: string; readonly cookie: string } {
  const reference = newReference(services)
  const browser = browserSecret(services, request) ?? services.system.random(32).toString('base64url')
  const record = {
    ...recordOf(services, asked, reference),
    browserHash: digest(browser),
    sessionId: signedIn?.session.id ?? null,
  }
  return { record, reference, cookie: browserCookie(services, browser) }
}

function recordOf({ system, config }: Services, asked: NewRequest, reference: string): AuthorizationRequest {
  return {
    id: digest(reference),
    version: 0,
    clientId: asked.client.id,
    parameters: asked.parameters,
    status: 'open',
    browserHash: null,
    sessionId: null,
    refusal: asked.refusal,
    ...(asked.context === undefined ? {} : { context: asked.context }),
    createdAt: system.now(),
    expiresAt: system.now() + config.authorizationRequestSeconds,
  }
}

/**
 * The pushed request behind a `request_uri` or a link, bound from now on to this browser: nobody else can use it (RFC 9126 §7.3), and
 * loading the page again works until it is decided (PAR-05). A link names no client: then it is whoever pushed it.
 */
export async function claimRequest(
  { services, request, signedIn }: Visit,
  reference: string,
  clientId?: string,
): Promise<{ readonly record: AuthorizationRequest; readonly cookie: string } | undefined> {
  const { store, system, config } = services
  const browser = browserSecret(services, request) ?? system.random(32).toString('base64url')
  const done = await decideAndApply(store, async () => {
    const record = await store.read('authorizationRequest', digest(reference))
    const isOver = record === undefined || system.now() >= record.expiresAt
    if (isOver || record.clientId !== (clientId ?? record.clientId)) return { record: undefined, writes: [] }
    if (record.status === 'open' && record.browserHash === digest(browser)) return { record, writes: [] }
    const mayTakeOver = clientId === undefined && isBesideProgram(config.issuer, record, request)
    if (record.status !== 'pushed' && !mayTakeOver) return { record: undefined, writes: [] }
    const claimed: AuthorizationRequest = {
      ...record,
      status: 'open',
      browserHash: digest(browser),
      sessionId: signedIn?.session.id ?? null,
      expiresAt: system.now() + config.authorizationRequestSeconds,
    }
    return {
      record: { ...claimed, version: claimed.version + 1 },
      writes: [{ op: 'update', kind: 'authorizationRequest', record: claimed }],
    }
  })
  const record = done.applied ? done.decision.record : undefined
  return record && { record, cookie: browserCookie(services, browser) }
}

// A program on this computer opened the link in some browser, and the person took it to the one they meant: until it is decided it
// follows them, within the network of the program. The answer reaches that computer only, whichever browser it is.
function isBesideProgram(
  issuer: string,
  { status, parameters, context }: AuthorizationRequest,
  request: PlainRequest,
): boolean {
  const pushedFrom = context?.observed.address
  if (status !== 'open' || pushedFrom === undefined) return false
  return isLoopback(parameters.redirectUri) && isBeside(issuer, request, pushedFrom)
}

/** What a client takes back that pushed it, when nobody will come any more (../endpoints/revoke.ts). */
export function withdrawn(record: AuthorizationRequest | undefined): readonly Write[] {
  if (record === undefined || record.status === 'decided') return []
  return [{ op: 'update', kind: 'authorizationRequest', record: { ...record, status: 'decided' } }]
}

/** The id of the record behind a `request_uri`. */
export const pushedRequestId = (requestUri: string): string =>
  digest(requestUri.slice(requestUriPrefix.length))

/** The request of a page's address, when this browser opened it and it is not over. */
export async function findOpenRecord(
  { services, request }: Visit,
  reference: string,
): Promise<AuthorizationRequest | undefined> {
  const browser = browserSecret(services, request)
  if (browser === undefined || !isReference(reference)) return undefined
  const record = await services.store.read('authorizationRequest', digest(reference))
  if (record?.browserHash !== digest(browser)) return undefined
  return isOpen(record, services.system.now()) ? record : undefined
}

export function isOpen(
  record: AuthorizationRequest | undefined,
  now: number,
): record is AuthorizationRequest {
  return record !== undefined && record.status === 'open' && now < record.expiresAt
}

const newReference = ({ system }: Services): string => system.random(32).toString('base64url')

// 22 characters when it was pushed, 43 when a browser opened it.
const isReference = (value: string): boolean => /^[A-Za-z0-9_-]{22}(?:[A-Za-z0-9_-]{21})?$/.test(value)

/** What ties a request to a browser, whoever is signed in there: it survives signing in, and other tabs. */
export function browserSecret(services: Services, request: Visit['request']): string | undefined {
  const brought = readCookie(services, request, 'browser')
  return brought !== undefined && /^[A-Za-z0-9_-]{43}$/.test(brought) ? brought : undefined
}

/** Lives as long as what it ties; `atLeast` is for what may outlive a request. */
export function browserCookie(services: Services, browser: string, atLeast = 0): string {
  return cookie(services, 'browser', browser, Math.max(services.config.authorizationRequestSeconds, atLeast))
}
