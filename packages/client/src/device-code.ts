// The first half of a device login: ask for a code and check what comes back before anybody sees it
// (RFC 8628 §3.1, §3.2). Not here: polling (device-login.ts).
import * as oauth from 'oauth4webapi'
import type { ServerMetadata } from './discover.ts'
import { DiscoveryError, OAuthError, SignInEndedError } from './errors.ts'
import {
  assertSecure,
  asUnusable,
  guardedFetch,
  isSecure,
  isTrouble,
  jsonOf,
  type OAuthRefusal,
  refusalOf,
  unavailable,
} from './http.ts'
import type { System } from './system.ts'
import { printable } from './text.ts'

/** What a person needs. The device code is not in it: it is never shown, logged or handed out (DC-08). */
export type DeviceCode = {
  userCode: string
  verificationUri: string
  verificationUriComplete?: string
  expiresIn: number
}

export type DeviceCodeRequest = {
  clientId: string
  scope?: string
  resource?: string
  /** What the device says about itself on the approval page. */
  deviceName?: string
  clientVersion?: string
  agent?: string
  /** Somebody can be asked for the characters that a browser on another network shows. */
  returnCodeSupported?: boolean
  /** What kind of sign-in is needed, and how recent (RFC 9470 §4 by analogy). */
  acrValues?: string
  maxAge?: number
  signal?: AbortSignal
}

export async function requestCode(
  options: DeviceCodeRequest,
  metadata: ServerMetadata,
  system: System,
): Promise<{ code: DeviceCode; deviceCode: string; interval: unknown }> {
  if (!metadata.device_authorization_endpoint)
    throw new DiscoveryError('unsupported_server', `${metadata.issuer} does not offer sign-in by code`)
  const client = { client_id: options.clientId }
  const parameters = requestParameters(options)
  const response = await oauth.deviceAuthorizationRequest(metadata, client, oauth.None(), parameters, {
    headers: { 'user-agent': userAgentOf(options) },
    [oauth.customFetch]: guardedFetch({ system, signal: options.signal }),
    [oauth.allowInsecureRequests]: true,
  })
  const refusal = await refusalOf(response)
  if (refusal && isTrouble(refusal.status)) throw unavailable(new URL(metadata.issuer).host, response)
  if (refusal) throw refusalAtStart(refusal)
  const { interval } = await jsonOf(response)
  return { ...(await readCode(metadata, client, response)), interval }
}

/** What is asked for, and what the program says of itself: the same words in every kind of request. */
export function requestParameters(options: DeviceCodeRequest): Record<string, string> {
  const parameters: Record<string, string> = {}
  const claims: [string, string | undefined][] = [
    ['scope', options.scope],
    ['resource', options.resource],
    ['device_name', options.deviceName],
    ['client_version', options.clientVersion],
    ['agent', options.agent],
    ['return_code_supported', options.returnCodeSupported ? 'true' : undefined],
    ['acr_values', options.acrValues],
    ['max_age', options.maxAge?.toString()],
  ]
  for (const [name, value] of claims) if (value) parameters[name] = value
  return parameters
}

/** What the person is shown as seen: the program, not the library inside it. */
export function userAgentOf({ clientId, clientVersion }: DeviceCodeRequest): string {
  const product = [clientId, clientVersion ?? ''].map((part) => part.replace(/[^\w.+-]+/g, '-').slice(0, 60))
  return `${product.filter(Boolean).join('/')} (${process.platform}; ${process.arch})`
}

/** The server refused to start at all: nobody said no in a browser, so it is a policy or a mistake. */
function refusalAtStart(refusal: OAuthRefusal): Error {
  const cause = new OAuthError(refusal)
  if (refusal.error !== 'access_denied' && refusal.error !== 'unauthorized_client') return cause
  const { description, uri } = refusal
  return new SignInEndedError('refused_by_policy', cause.message, { description, uri, cause })
}

async function readCode(
  metadata: ServerMetadata,
  client: oauth.Client,
  response: Response,
): Promise<{ code: DeviceCode; deviceCode: string }> {
  try {
    const { interval: _anything, ...rest } = await jsonOf(response)
    // The interval is judged by the schedule, which forgives; all else by oauth4webapi, which does not.
    const strict = new Response(JSON.stringify(rest), { status: response.status, headers: response.headers })
    const answer = await oauth.processDeviceAuthorizationResponse(metadata, client, strict)
    assertSecure(new URL(answer.verification_uri))
    const complete = secureOrNothing(answer.verification_uri_complete)
    return {
      deviceCode: answer.device_code,
      code: {
        userCode: printable(answer.user_code, 40),
        verificationUri: printable(answer.verification_uri, 500),
        expiresIn: answer.expires_in,
        ...(complete === undefined ? {} : { verificationUriComplete: complete }),
      },
    }
  } catch (cause) {
    throw asUnusable(cause, metadata.issuer, response, 'code')
  }
}

function secureOrNothing(link: string | undefined): string | undefined {
  const url = link === undefined ? null : URL.parse(link)
  // Only what a browser may open: a `file:` or `javascript:` link from a server is dropped (DC-06).
  return url && isSecure(url) ? printable(url.href, 600) : undefined
}
