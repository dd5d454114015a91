// How a vendor's authorization server is asked: its metadata (stated, or found at first use and kept for a while), the client's
// authentication, guarded requests, and what it means that a request failed. Not here: what is asked (oauth-device.ts,
// oauth-code.ts, oauth-tokens.ts).

import { createMetadataCache, discover, parseIssuer, type ServerMetadata } from '@countersign/client/discover'
import {
  AnswerError,
  CertificateError,
  DiscoveryError,
  NetworkError,
  NetworkSettingError,
} from '@countersign/client/errors'
import { guardedFetch, isTrouble, neverConnected } from '@countersign/client/http'
import { isLoopbackHost } from '@countersign/protocol'
import * as oauth from 'oauth4webapi'
import { SettingError } from './errors.ts'
import type { OAuthVendor, RawAnswer } from './oauth-vendor.ts'
import type { Begun, ProviderContext } from './provider.ts'

export interface OAuthServer {
  readonly vendor: OAuthVendor
  readonly client: oauth.Client
  metadata(context: ProviderContext): Promise<ServerMetadata>
  auth(metadata: ServerMetadata): oauth.ClientAuth
}

/** A setting that cannot work stops the program at its start, not a person in the middle of a flow. */
export function oauthServer(vendor: OAuthVendor): OAuthServer {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(vendor.id))
    throw new SettingError('The id of a provider has letters a-z, digits and single dashes.')
  if (!vendor.clientId) throw new SettingError(`The provider ${vendor.id} needs a client id.`)
  const places = [vendor.issuer, ...Object.values(vendor.endpoints ?? {})]
  for (const place of places) if (typeof place === 'string') assertPlace(vendor.id, place)
  let cache: ReturnType<typeof createMetadataCache> | undefined
  return {
    vendor,
    client: { client_id: vendor.clientId },
    async metadata({ system, signal }) {
      if (vendor.endpoints !== undefined) return { ...vendor.endpoints, issuer: vendor.issuer }
      cache ??= createMetadataCache(system)
      const options = { system, signal, cache, timeoutSeconds: discoverySeconds }
      return elsewhere(vendor, await discover(vendor.issuer, options))
    },
    auth: (metadata) => authOf(vendor, metadata),
  }
}

function assertPlace(id: string, place: string): void {
  try {
    parseIssuer(place)
  } catch (cause) {
    if (!(cause instanceof DiscoveryError)) throw cause
    throw new SettingError(`The provider ${id} has an address that is neither https nor loopback.`, { cause })
  }
}

/** A vendor on the web has no place on this machine: whoever names one would have us talk to what listens only here (SSRF). */
function elsewhere({ id, issuer }: OAuthVendor, metadata: ServerMetadata): ServerMetadata {
  if (isHere(issuer)) return metadata
  for (const [name, place] of Object.entries(metadata))
    if (name.endsWith('_endpoint') && typeof place === 'string' && isHere(place))
      throw new DiscoveryError('not_an_issuer', `The provider ${id} names a place of this machine.`)
  return metadata
}

const isHere = (place: string) => URL.canParse(place) && isLoopbackHost(new URL(place).hostname)

function authOf(
  { clientSecret, clientAuthentication }: OAuthVendor,
  metadata: ServerMetadata,
): oauth.ClientAuth {
  if (clientSecret === undefined) return oauth.None()
  const offered = metadata.token_endpoint_auth_methods_supported
  const onlyPost = offered?.includes('client_secret_post') && !offered.includes('client_secret_basic')
  const method = clientAuthentication ?? (onlyPost ? 'client_secret_post' : 'client_secret_basic')
  return method === 'client_secret_post'
    ? oauth.ClientSecretPost(clientSecret)
    : oauth.ClientSecretBasic(clientSecret)
}

/** For every request of oauth4webapi; `guardedFetch` refuses plain http by itself, except for loopback. */
export function guarded(
  { system, signal }: ProviderContext,
  timeoutSeconds: number,
  expect: 'json' | 'any' = 'json',
) {
  return {
    headers: usualHeaders,
    [oauth.customFetch]: guardedFetch({ system, signal, timeoutSeconds, expect }),
    [oauth.allowInsecureRequests]: true as const,
  }
}

/**
 * A kept connection that the other side closes just now looks as if the request was lost on its way, and a refresh token that may
 * have been spent ends a connection. With none kept, a host that is gone refuses the next one, which is certain.
 */
const freshConnection = { connection: 'close' } as const

/** Who asks is seen by the person who allows it, where the provider shows it; without a name some refuse to talk at all. */
export const userAgent = 'countersign-broker'
export const usualHeaders = { ...freshConnection, 'user-agent': userAgent } as const

/** The JSON of an answer, straightened by the vendor's own file. */
export async function rawAnswer(response: Response, vendor: OAuthVendor): Promise<RawAnswer> {
  const value: unknown = await response.json().catch(() => undefined)
  const body = typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
  const { status } = response
  return vendor.normalise?.({ status, body }) ?? { status, body }
}

/** `trouble`: it was not looked at, so what it carried still counts. `lost`: nobody knows. */
export type Failed =
  | { readonly type: 'trouble'; readonly retryAfterSeconds?: number | undefined }
  | { readonly type: 'lost' }

/** What the failure of one request means, and evidence of it for the operator, without a word of the answer. */
export function failed(context: ProviderContext, provider: string, error: unknown): Failed {
  context.note('provider_unreachable', { provider, ...evidenceOf(error) })
  if (error instanceof AnswerError) {
    const wasTaken = error.status >= 200 && error.status < 300 && error.code !== 'html_answer'
    if (wasTaken && !isTrouble(error.status)) return { type: 'lost' }
    return { type: 'trouble', retryAfterSeconds: error.retryAfterSeconds }
  }
  if (error instanceof NetworkError) return neverConnected(error) ? { type: 'trouble' } : { type: 'lost' }
  // Certificates and addresses are judged before anything is sent; what is left is an abort, or our own fault.
  return isBeforeSending(error) ? { type: 'trouble' } : { type: 'lost' }
}

function isBeforeSending(error: unknown): boolean {
  return (
    error instanceof CertificateError ||
    error instanceof DiscoveryError ||
    error instanceof NetworkSettingError
  )
}

/** Why a flow could not begin: later may work, or what answers there is not what it should be. */
export function notBegun(context: ProviderContext, provider: string, error: unknown): Begun {
  const why = failed(context, provider, error)
  const isStrange =
    error instanceof DiscoveryError ||
    (error instanceof AnswerError && strange.has(error.code) && !isTrouble(error.status))
  if (isStrange) return { type: 'problem', problem: 'provider_answer' }
  return { ...why, type: 'trouble' }
}

const strange = new Set<AnswerError['code']>(['malformed_answer', 'answer_too_large', 'unexpected_redirect'])

/** The vendor understood and says no: something is wrong with how this application is registered there. */
export function refusal(
  context: ProviderContext,
  { id }: OAuthVendor,
  error: unknown,
  status = 0,
): { readonly type: 'problem'; readonly problem: 'provider_refused' } {
  context.note('provider_refused', { provider: id, error: printableError(error), status })
  return { type: 'problem', problem: 'provider_refused' }
}

function evidenceOf(error: unknown): Record<string, string | number> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  if (!(error instanceof AnswerError)) return { code }
  return { code, host: error.host, status: error.status }
}

/** A member of an answer that begins something, such as a code. Tokens may be longer (oauth-tokens.ts). */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 4096
}

/** Error codes are words (RFC 6749 §5.2); anything else could be a secret that came back. */
export function printableError(error: unknown): string {
  return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : 'other'
}

// A whole call, with two places of discovery, an exchange and a question who it was, ends within a claim of 30 seconds (flow.ts),
// and renewing within a lease (connection.ts).
export const discoverySeconds = 3
/** Longer than undici waits for a connection (10 s), so that a host which is not there is known for that. */
export const tokenSeconds = 12
export const apiSeconds = 5
