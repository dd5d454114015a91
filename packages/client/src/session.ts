// A program's use of a sign-in: an access token that is fresh, and a `fetch` that carries it. Not here:
// signing in (sign-in.ts), renewing (refresh.ts).
import * as oauth from 'oauth4webapi'
import { type CredentialKey, type CredentialStore, type LiveCredential, openStore } from './credentials.ts'
import { createMetadataCache } from './discover.ts'
import { SignInRequiredError } from './errors.ts'
import { assertSecure } from './http.ts'
import { freshCredential } from './refresh.ts'
import { system as realSystem, type System } from './system.ts'

export type SessionOptions = {
  issuer: string
  clientId: string
  /** The account's id; without it the current one. */
  account?: string
  store?: CredentialStore
  system?: System
}

export type SessionRequest = {
  method?: string
  headers?: ConstructorParameters<typeof Headers>[0]
  /** Kept for a second try, hence no stream. */
  body?: string | Uint8Array<ArrayBuffer> | URLSearchParams
  signal?: AbortSignal
}

export type Session = {
  credential: () => Promise<LiveCredential>
  accessToken: () => Promise<string>
  fetch: (url: string | URL, request?: SessionRequest) => Promise<Response>
}

export function createSession(options: SessionOptions): Session {
  const system = options.system ?? realSystem
  const store = options.store ?? openStore({ env: process.env, system })
  const cache = createMetadataCache(system)
  const credential = async (refused?: string): Promise<LiveCredential> => {
    const key = currentKey(options, store)
    return freshCredential({ store, key, system, cache, ...(refused === undefined ? {} : { refused }) })
  }
  return {
    credential: () => credential(),
    accessToken: async () => (await credential()).accessToken,
    fetch: (url, request = {}) => fetchWithToken(new URL(url), request, credential, system),
  }
}

function currentKey(options: SessionOptions, store: CredentialStore): CredentialKey {
  const { issuer, clientId } = options
  const account = options.account ?? store.current(issuer, clientId)
  if (account === undefined) throw new SignInRequiredError('not_signed_in')
  return { issuer, clientId, account }
}

type Credentials = (refused?: string) => Promise<LiveCredential>

async function fetchWithToken(
  url: URL,
  request: SessionRequest,
  credential: Credentials,
  system: System,
): Promise<Response> {
  const { accessToken } = await credential()
  const first = await follow(url, request, accessToken, system)
  if (!first.tokenRefused) return first.response
  // Once only: a token fresh from the server that is refused again will not get better.
  const renewed = await credential(accessToken)
  await first.response.body?.cancel()
  return (await follow(url, request, renewed.accessToken, system)).response
}

type Answer = { response: Response; tokenRefused: boolean }

/** Redirects are followed by hand, because a token must not travel to another origin with them. */
async function follow(start: URL, request: SessionRequest, token: string, system: System): Promise<Answer> {
  let url = start
  let current = request
  let own = true
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    // Once elsewhere, whoever is there chooses the address: the token stays away, also from its own origin.
    own &&= url.origin === start.origin
    const answer = own
      ? await sendWithToken(url, current, token, system)
      : { response: await sendPlain(url, current, system), tokenRefused: false }
    const location = answer.response.headers.get('location')
    if (!REDIRECTS.has(answer.response.status) || location === null) return answer
    await answer.response.body?.cancel()
    current = afterRedirect(current, answer.response.status)
    url = new URL(location, url)
  }
  throw new TypeError(`${start.origin} redirects without end`)
}

async function sendWithToken(
  url: URL,
  request: SessionRequest,
  token: string,
  system: System,
): Promise<Answer> {
  assertSecure(url)
  try {
    const response = await oauth.protectedResourceRequest(
      token,
      request.method ?? 'GET',
      url,
      new Headers(request.headers),
      request.body,
      {
        [oauth.customFetch]: (address, init) => system.fetch(address, asRequestInit(init)),
        [oauth.allowInsecureRequests]: true,
        ...(request.signal ? { signal: request.signal } : {}),
      },
    )
    return { response, tokenRefused: false }
  } catch (error) {
    // oauth4webapi reads the challenges (several schemes, quoting) and throws when there is one.
    if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error
    return { response: error.response, tokenRefused: error.status === 401 && saysInvalidToken(error) }
  }
}

function asRequestInit(init: {
  body?: unknown
  headers: Record<string, string>
  method: string
}): RequestInit {
  const { body, headers, method, ...rest } = init
  const known = typeof body === 'string' || body instanceof Uint8Array || body instanceof URLSearchParams
  return { ...rest, headers, method, redirect: 'manual', ...(known ? { body: asBody(body) } : {}) }
}

function asBody(
  body: string | Uint8Array | URLSearchParams,
): string | Uint8Array<ArrayBuffer> | URLSearchParams {
  return body instanceof Uint8Array ? new Uint8Array(body) : body
}

function saysInvalidToken(error: oauth.WWWAuthenticateChallengeError): boolean {
  return error.cause.some(
    ({ scheme, parameters }) => scheme === 'bearer' && parameters.error === 'invalid_token',
  )
}

function sendPlain(url: URL, request: SessionRequest, system: System): Promise<Response> {
  const headers = new Headers(request.headers)
  for (const name of ['authorization', 'cookie', 'proxy-authorization']) headers.delete(name)
  const { method, body, signal } = request
  return system.fetch(url.href, {
    headers,
    redirect: 'manual',
    ...(method === undefined ? {} : { method }),
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  })
}

/** RFC 9110 §15.4: 303 always, and by long custom 301 and 302 of a POST, turn into a GET. */
function afterRedirect(request: SessionRequest, status: number): SessionRequest {
  const method = (request.method ?? 'GET').toUpperCase()
  const becomesGet =
    (status === 303 && method !== 'HEAD') || ((status === 301 || status === 302) && method === 'POST')
  if (!becomesGet) return request
  const { body: _dropped, ...rest } = request
  return { ...rest, method: 'GET' }
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])
const MAX_REDIRECTS = 5
