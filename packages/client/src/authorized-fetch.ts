// One request with a token, its redirects included. Not here: where the token comes from, and what is done when the API
// refuses it (session.ts).
import * as oauth from 'oauth4webapi'
import { type Refused, readRefusal } from './challenge.ts'
import { assertSecure } from './http.ts'
import type { System } from './system.ts'

export type SessionRequest = {
  method?: string
  headers?: ConstructorParameters<typeof Headers>[0]
  /** Kept for a second try, hence no stream. */
  body?: string | Uint8Array<ArrayBuffer> | URLSearchParams
  signal?: AbortSignal
}

/** `refused` is what the API named as the reason, where a program can do something about it. */
export type Answer = { response: Response; refused?: Refused | undefined }

/** Redirects are followed by hand, because a token must not travel to another origin with them. */
export async function follow(
  start: URL,
  request: SessionRequest,
  token: string,
  system: System,
): Promise<Answer> {
  let url = start
  let current = request
  let own = true
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    // Once elsewhere, whoever is there chooses the address: the token stays away, also from its own origin.
    own &&= url.origin === start.origin
    const answer = own
      ? await sendWithToken(url, current, token, system)
      : { response: await sendPlain(url, current, system) }
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
    return { response }
  } catch (error) {
    // oauth4webapi reads the challenges (several schemes, quoting) and throws when there is one.
    if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error
    return { response: error.response, refused: readRefusal(error) }
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
