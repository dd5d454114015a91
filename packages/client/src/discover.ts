// Finds the authorization server behind an issuer address and checks that it is who it says (RFC 8414,
// OpenID Discovery). Not here: what is done with its endpoints (device-login.ts, refresh.ts).
import * as oauth from 'oauth4webapi'
import { AnswerError, DiscoveryError, isCountersignError } from './errors.ts'
import { assertSecure, guardedFetch, isTrouble, unavailable } from './http.ts'
import { system as realSystem, type System } from './system.ts'
import { printable } from './text.ts'

export type ServerMetadata = oauth.AuthorizationServer

export type DiscoverOptions = {
  system?: System
  signal?: AbortSignal
  timeoutSeconds?: number
  cache?: MetadataCache
}

/** Metadata by issuer, kept five minutes at most (MD-27). */
export type MetadataCache = {
  get: (issuer: string) => ServerMetadata | undefined
  set: (issuer: string, metadata: ServerMetadata) => void
  forget: (issuer: string) => void
}

export async function discover(issuer: string, options: DiscoverOptions = {}): Promise<ServerMetadata> {
  const known = options.cache?.get(issuer)
  if (known) return known
  const url = parseIssuer(issuer)
  const failures: unknown[] = []
  for (const algorithm of ['oauth2', 'oidc'] as const) {
    try {
      const metadata = await fetchMetadata(url, algorithm, options)
      options.cache?.set(issuer, metadata)
      return metadata
    } catch (error) {
      // Only "there is nothing here" sends us to the second place; a server that lies is not asked again.
      if (!(error instanceof AnswerError)) throw error
      failures.push(error)
    }
  }
  throw explain(url, failures)
}

/** MD-04, MD-24: the issuer is an https address (or loopback) without query and fragment. */
export function parseIssuer(issuer: string): URL {
  const url = URL.parse(issuer)
  if (!url || url.search || url.hash || url.username || url.password)
    throw new DiscoveryError('bad_issuer', `"${printable(issuer, 100)}" is not the address of a server`)
  assertSecure(url)
  return url
}

async function fetchMetadata(
  issuer: URL,
  algorithm: 'oauth2' | 'oidc',
  options: DiscoverOptions,
): Promise<ServerMetadata> {
  const response = await oauth.discoveryRequest(issuer, {
    algorithm,
    [oauth.customFetch]: guardedFetch({
      system: options.system ?? realSystem,
      signal: options.signal,
      timeoutSeconds: options.timeoutSeconds ?? 10,
    }),
    // `guardedFetch` refuses http by itself, except for loopback.
    [oauth.allowInsecureRequests]: true,
  })
  if (response.status !== 200) {
    if (isTrouble(response.status)) throw unavailable(issuer.host, response)
    throw new AnswerError(
      'malformed_answer',
      `${issuer.host} gave no sign-in metadata (status ${response.status})`,
      {
        host: issuer.host,
        status: response.status,
      },
    )
  }
  try {
    const metadata = await oauth.processDiscoveryResponse(issuer, response)
    checkEndpoints(metadata)
    return metadata
  } catch (error) {
    throw isCountersignError(error) ? error : refuse(issuer, error)
  }
}

function refuse(issuer: URL, error: unknown): DiscoveryError {
  if (error instanceof oauth.OperationProcessingError && error.code === oauth.JSON_ATTRIBUTE_COMPARISON)
    return new DiscoveryError(
      'issuer_mismatch',
      `${issuer.href} says that it is somebody else; use the address that the server gives itself${statedIssuer(error)}`,
      error,
    )
  return new DiscoveryError(
    'not_an_issuer',
    `${issuer.host} sent sign-in metadata that cannot be used`,
    error,
  )
}

function statedIssuer(error: oauth.OperationProcessingError): string {
  const cause: unknown = error.cause
  if (typeof cause !== 'object' || cause === null || !('body' in cause)) return ''
  const body: unknown = cause.body
  if (typeof body !== 'object' || body === null || !('issuer' in body)) return ''
  return typeof body.issuer === 'string' ? `: ${printable(body.issuer, 100)}` : ''
}

/** A token sent to an endpoint over plain http is a token given away, whatever the metadata says. */
function checkEndpoints(metadata: ServerMetadata): void {
  const endpoints = [
    metadata.token_endpoint,
    metadata.device_authorization_endpoint,
    metadata.authorization_endpoint,
    metadata.pushed_authorization_request_endpoint,
    metadata.revocation_endpoint,
    metadata.userinfo_endpoint,
  ]
  for (const endpoint of endpoints) {
    if (endpoint === undefined) continue
    const url = typeof endpoint === 'string' ? URL.parse(endpoint) : null
    if (!url)
      throw new DiscoveryError('not_an_issuer', 'the sign-in metadata holds an endpoint that is no URL')
    assertSecure(url)
  }
  if (!metadata.token_endpoint)
    throw new DiscoveryError('not_an_issuer', 'the sign-in metadata names no token endpoint')
}

function explain(issuer: URL, failures: unknown[]): Error {
  const answers = failures.filter((failure) => failure instanceof AnswerError)
  const telling = answers.find((answer) => answer.status !== 404)
  if (telling) return telling
  return new DiscoveryError(
    'not_an_issuer',
    `${issuer.host} is not a sign-in server (it has no metadata)`,
    answers[0],
  )
}

export function createMetadataCache(clock: System = realSystem): MetadataCache {
  const entries = new Map<string, { metadata: ServerMetadata; until: number }>()
  return {
    get: (issuer) => {
      const entry = entries.get(issuer)
      return entry && entry.until > clock.monotonic() ? entry.metadata : undefined
    },
    set: (issuer, metadata) => entries.set(issuer, { metadata, until: clock.monotonic() + CACHE_SECONDS }),
    forget: (issuer) => entries.delete(issuer),
  }
}

const CACHE_SECONDS = 300
