// The authorization request of a sign-in on loopback, and the link that takes a person to it: pushed (RFC 9126), so that
// the link is short and tells nothing, or plain where the server takes no pushes. Not here: the answer (loopback-login.ts).
import * as oauth from 'oauth4webapi'
import { type DeviceCodeRequest, requestParameters, userAgentOf } from './device-code.ts'
import type { ServerMetadata } from './discover.ts'
import { OAuthError, SignInEndedError } from './errors.ts'
import { asUnusable, guardedFetch, isTrouble, jsonOf, refusalOf, unavailable } from './http.ts'
import { revoke } from './revoke.ts'
import type { System } from './system.ts'
import { printable } from './text.ts'

export type AuthorizationLink = {
  url: string
  /** How long it can be opened. */
  expiresIn: number
  state: string
  nonce: string
  verifier: string
  /** What the server knows a pushed request by; only where it says that it can be taken back. */
  requestUri?: string
}

export async function requestLink(
  options: DeviceCodeRequest,
  metadata: ServerMetadata,
  redirectUri: string,
  system: System,
): Promise<AuthorizationLink> {
  const verifier = oauth.generateRandomCodeVerifier()
  const secrets = { verifier, state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() }
  const parameters = new URLSearchParams({
    ...requestParameters(options),
    client_id: options.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    state: secrets.state,
    nonce: secrets.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  if (metadata.pushed_authorization_request_endpoint === undefined)
    return { ...secrets, url: addressOf(metadata, parameters), expiresIn: UNPUSHED_SECONDS }
  return { ...secrets, ...(await push(options, metadata, parameters, system)) }
}

async function push(
  options: DeviceCodeRequest,
  metadata: ServerMetadata,
  parameters: URLSearchParams,
  system: System,
): Promise<Pick<AuthorizationLink, 'url' | 'expiresIn' | 'requestUri'>> {
  const { clientId, signal } = options
  const client = { client_id: clientId }
  const response = await oauth.pushedAuthorizationRequest(metadata, client, oauth.None(), parameters, {
    headers: { 'user-agent': userAgentOf(options) },
    [oauth.customFetch]: guardedFetch({ system, signal }),
    [oauth.allowInsecureRequests]: true,
  })
  const refusal = await refusalOf(response)
  if (refusal && isTrouble(refusal.status)) throw unavailable(new URL(metadata.issuer).host, response)
  if (refusal) throw refusedPush(new OAuthError(refusal))
  const { authorization_uri } = await jsonOf(response)
  const { request_uri, expires_in } = await read(metadata, client, response)
  const short = shortLink(metadata, authorization_uri)
  const long = new URLSearchParams({ client_id: clientId, request_uri })
  return {
    url: short ?? addressOf(metadata, long),
    expiresIn: expires_in,
    ...(short === undefined ? {} : { requestUri: request_uri }),
  }
}

/** Nobody said no in a browser, so it is a policy. */
function refusedPush(cause: OAuthError): Error {
  if (cause.error !== 'access_denied') return cause
  const { description, uri } = cause
  return new SignInEndedError('refused_by_policy', cause.message, { description, uri, cause })
}

async function read(
  metadata: ServerMetadata,
  client: oauth.Client,
  response: Response,
): Promise<oauth.PushedAuthorizationResponse> {
  try {
    return await oauth.processPushedAuthorizationResponse(metadata, client, response)
  } catch (cause) {
    throw asUnusable(cause, metadata.issuer, response, 'link')
  }
}

/** Ours, additive to RFC 9126 §2.2. It is believed only of the place that people are sent to anyway. */
function shortLink(metadata: ServerMetadata, given: unknown): string | undefined {
  const url = typeof given === 'string' ? URL.parse(given) : null
  const own = URL.parse(metadata.authorization_endpoint ?? '')
  return url && own && url.origin === own.origin ? printable(url.href, 600) : undefined
}

/** RFC 6749 §3.1: a query that the endpoint has of its own stays. */
function addressOf(metadata: ServerMetadata, parameters: URLSearchParams): string {
  const url = new URL(metadata.authorization_endpoint ?? '')
  for (const [name, value] of parameters) url.searchParams.set(name, value)
  return url.href
}

/** Ends the request on the server, where that is known to be possible. Bounded: a person who pressed Ctrl-C waits for this. */
export async function cancelLink(
  { requestUri }: AuthorizationLink,
  clientId: string,
  metadata: ServerMetadata,
  system: System,
): Promise<void> {
  if (requestUri === undefined) return
  const what = { token: requestUri, hint: 'request_uri' as const }
  await revoke(metadata, clientId, what, { system, timeoutSeconds: CANCEL_SECONDS })
}

const UNPUSHED_SECONDS = 1800
const CANCEL_SECONDS = 0.25
