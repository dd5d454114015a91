// Signing in with a browser on the same machine (RFC 8252): authorization code with PKCE, pushed where the server takes
// that (RFC 9126), answered on loopback. The counterpart of device-login.ts.
// Not here: the listener (callback.ts), the request (authorization-link.ts), redeeming the code (redeem-code.ts),
// which of the two ways to go (transport.ts), who signed in and storing it (sign-in.ts).
import * as oauth from 'oauth4webapi'
import { type AuthorizationLink, cancelLink, requestLink } from './authorization-link.ts'
import { type Callback, openCallback } from './callback.ts'
import type { PageKind } from './callback-page.ts'
import type { DeviceCodeRequest } from './device-code.ts'
import { discover, type ServerMetadata } from './discover.ts'
import { AnswerError, cancelled, LoopbackError, OAuthError, SignInEndedError } from './errors.ts'
import { type RedeemEvent, redeemCode } from './redeem-code.ts'
import { system as realSystem, type System } from './system.ts'
import { printable } from './text.ts'
import type { Tokens } from './tokens.ts'

/** `answered`: the browser came back, and from now on only the server is waited for. */
export type LoopbackLoginEvent = { type: 'answered' } | RedeemEvent

export type LoopbackLoginOptions = DeviceCodeRequest & {
  /** Either of the two. */
  issuer?: string
  metadata?: ServerMetadata
  /** One that is open already; closed here in any case. */
  callback?: Callback
  /** Called before anything else can fail; the link stands for itself. */
  onLink: (link: AuthorizationLink) => void
  onEvent?: (event: LoopbackLoginEvent) => void
  system?: System
}

/** Resolves with tokens, or throws an error of errors.ts. Aborting wins over an answer in flight. */
export async function loopbackLogin(options: LoopbackLoginOptions): Promise<Tokens> {
  const system = options.system ?? realSystem
  const { signal } = options
  const callback = options.callback ?? (await openCallback(system))
  if (callback === undefined) throw new LoopbackError('No port on this machine can be listened on.')
  try {
    if (signal?.aborted) throw cancelled()
    const metadata = options.metadata ?? (await discoverFor(options, system))
    if (!offersLoopback(metadata))
      throw new LoopbackError(`${metadata.issuer} does not offer sign-in by a browser on the same machine`)
    const link = await requestLink(options, metadata, callback.redirectUri, system)
    try {
      return await finish(options, { metadata, link, callback, system })
    } catch (error) {
      if (!signal?.aborted) throw error
      await cancelLink(link, options.clientId, metadata, system)
      throw cancelled(error)
    }
  } finally {
    await callback.close()
  }
}

/** CL-01: without S256 the code would be worth something to whoever sees it. */
export function offersLoopback(metadata: ServerMetadata): boolean {
  const types: unknown = metadata.response_types_supported
  const takesCode = !Array.isArray(types) || types.includes('code')
  const proves = metadata.code_challenge_methods_supported?.includes('S256') === true
  return metadata.authorization_endpoint !== undefined && takesCode && proves
}

async function discoverFor(options: LoopbackLoginOptions, system: System): Promise<ServerMetadata> {
  if (options.issuer === undefined) throw new TypeError('loopbackLogin needs `issuer` or `metadata`')
  return discover(options.issuer, { system, ...(options.signal ? { signal: options.signal } : {}) })
}

type Flow = { metadata: ServerMetadata; link: AuthorizationLink; callback: Callback; system: System }

async function finish(options: LoopbackLoginOptions, flow: Flow): Promise<Tokens> {
  if (options.signal?.aborted) throw cancelled()
  const answer = firstAnswer(flow, options)
  options.onLink(flow.link)
  const parameters = await answer
  options.onEvent?.({ type: 'answered' })
  const { metadata, link, callback, system } = flow
  return redeemCode({
    ...options,
    metadata,
    system,
    parameters,
    redirectUri: callback.redirectUri,
    verifier: link.verifier,
    nonce: link.nonce,
  })
}

/** The first answer that carries our state; by then it has been judged, and the page in the browser says how. */
function firstAnswer(flow: Flow, { clientId, signal }: LoopbackLoginOptions): Promise<URLSearchParams> {
  const { metadata, link, callback, system } = flow
  const over = new AbortController()
  const ends = signal ? AbortSignal.any([signal, over.signal]) : over.signal
  const { promise, resolve, reject } = Promise.withResolvers<URLSearchParams>()
  const judge = (answer: URL): PageKind => {
    try {
      resolve(readAnswer(metadata, clientId, answer, link.state))
      return 'allowed'
    } catch (error) {
      reject(error)
      return error instanceof SignInEndedError ? 'denied' : 'failed'
    }
  }
  callback.expect({ state: link.state, judge })
  // Whoever opened the link in its last minute may still be signing in.
  void system.sleep(link.expiresIn + AFTER_EXPIRY_SECONDS, ends).then(() => {
    if (!ends.aborted) reject(new SignInEndedError('expired', 'The link expired.'))
  })
  signal?.addEventListener('abort', () => reject(cancelled()), { signal: over.signal })
  return promise.finally(() => over.abort())
}

/** RFC 9207 §2.4: who answers is compared first, then whether it is an answer to this request, then what it says. */
function readAnswer(metadata: ServerMetadata, clientId: string, answer: URL, state: string): URLSearchParams {
  try {
    const parameters = oauth.validateAuthResponse(metadata, { client_id: clientId }, answer, state)
    if (!parameters.get('code')) throw new TypeError('no code in it')
    return parameters
  } catch (error) {
    // CL-04: an answer that says yes and no says nothing.
    if (error instanceof oauth.AuthorizationResponseError && !answer.searchParams.has('code'))
      throw refusalIn(error)
    const { host } = new URL(metadata.issuer)
    const detail = error instanceof Error ? printable(error.message, 120) : 'unknown'
    throw new AnswerError(
      'malformed_answer',
      `the browser brought an answer that cannot be used (${detail})`,
      {
        host,
        status: 200,
        cause: error,
      },
    )
  }
}

function refusalIn(answer: oauth.AuthorizationResponseError): Error {
  const description = answer.error_description ? printable(answer.error_description) : undefined
  const cause = new OAuthError({
    error: printable(answer.error, 80),
    status: 400,
    ...(description === undefined ? {} : { description }),
  })
  if (answer.error !== 'access_denied') return cause
  return new SignInEndedError('access_denied', cause.message, { description, cause })
}

const AFTER_EXPIRY_SECONDS = 600
