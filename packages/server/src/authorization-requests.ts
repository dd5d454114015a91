// Authorization requests as the store keeps them: pushed (RFC 9126), opened in a browser, claimed by the browser that brings a
// pushed one. A reference names a record in an address; its SHA-256 is the record's id.
// What happens to an open one is authorization.ts.

import type { AuthorizationParameters, AuthorizationRequest, Client, Refusal } from '@countersign/protocol'
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
}

/** Keeps a request until a browser brings its reference. */
export async function pushRequest(services: Services, asked: NewRequest): Promise<string> {
  const { system, store, config } = services
  const reference = newReference(services)
  const record = {
    ...recordOf(services, asked, reference),
    status: 'pushed' as const,
    expiresAt: system.now() + config.parSeconds,
  }
  await store.apply([{ op: 'insert', kind: 'authorizationRequest', record }])
  return reference
}

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
    createdAt: system.now(),
    expiresAt: system.now() + config.authorizationRequestSeconds,
  }
}

/**
 * The pushed request behind a `request_uri`, bound from now on to this browser: nobody else can use it (RFC 9126 §7.3), and loading the
 * page again works until it is decided (PAR-05).
 */
export async function claimRequest(
  { services, request, signedIn }: Visit,
  clientId: string,
  reference: string,
): Promise<{ readonly record: AuthorizationRequest; readonly cookie: string } | undefined> {
  const { store, system, config } = services
  const browser = browserSecret(services, request) ?? system.random(32).toString('base64url')
  const done = await decideAndApply(store, async () => {
    const record = await store.read('authorizationRequest', digest(reference))
    const isOver = record === undefined || system.now() >= record.expiresAt
    if (isOver || record.clientId !== clientId) return { record: undefined, writes: [] }
    if (record.status === 'open' && record.browserHash === digest(browser)) return { record, writes: [] }
    if (record.status !== 'pushed') return { record: undefined, writes: [] }
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

const isReference = (value: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(value)

/** What ties a request to a browser, whoever is signed in there: it survives signing in, and other tabs. */
function browserSecret(services: Services, request: Visit['request']): string | undefined {
  const brought = readCookie(services, request, 'browser')
  return brought !== undefined && isReference(brought) ? brought : undefined
}

function browserCookie(services: Services, browser: string): string {
  return cookie(services, 'browser', browser, services.config.authorizationRequestSeconds)
}
