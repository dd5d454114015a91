// A `fetch` with the token of a connected account: to the places that are named and nowhere else, and once more with a new token
// where the API refuses the one it got. Not here: where tokens come from (tokens.ts).

import { isSecure } from '@countersign/client/http'
import type { Broker, TokenOptions } from './broker.ts'
import { SettingError } from './errors.ts'

export interface ConnectedFetchOptions extends Pick<TokenOptions, 'connection' | 'scopes' | 'minValidity'> {
  /** Where the token may go, such as `https://api.github.com`: https, or http on this machine. */
  readonly origins: readonly string[]
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response>
}

export type ConnectedFetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/**
 * Throws TypeError for any other origin, and what `token` throws where there is no token. A redirect is handed back as it came, not
 * followed: whoever sent it would choose where the token goes.
 */
export function connectedFetch(
  broker: Pick<Broker, 'token'>,
  person: string,
  provider: string,
  options: ConnectedFetchOptions,
): ConnectedFetch {
  const { origins, fetch: send = fetch, ...wanted } = options
  const allowed = new Set(origins.map(originOf))
  return async (address, init = {}) => {
    const url = new URL(address)
    if (!allowed.has(url.origin))
      throw new TypeError(
        `The token of ${provider} may not go to ${url.origin}; it is not among the origins.`,
      )
    const signal = init.signal ?? undefined
    const sendWith = (accessToken: string) => {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${accessToken}`)
      return send(url, { ...init, headers, redirect: 'manual' })
    }
    const first = await broker.token(person, provider, { ...wanted, signal })
    const response = await sendWith(first.accessToken)
    if (response.status !== 401) return response
    // Reported also where it cannot be sent again: the next call would get the same token.
    const { id } = first.connection
    const rejected = first.accessToken
    const again = broker.token(person, provider, { ...wanted, connection: id, rejected, signal })
    if (!canBeSentAgain(init.body)) {
      await again.catch(() => {})
      return response
    }
    const second = await again
    await response.body?.cancel()
    return sendWith(second.accessToken)
  }
}

/** A stream, or whatever else is read only once, is gone with the first try. */
function canBeSentAgain(body: unknown): boolean {
  if (body === undefined || body === null || typeof body === 'string' || ArrayBuffer.isView(body)) return true
  return [ArrayBuffer, Blob, FormData, URLSearchParams].some((kind) => body instanceof kind)
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !isSecure(url) || url.origin === 'null')
    throw new SettingError(
      `"${text}" is not an origin that a token may go to: https, or http on this machine.`,
    )
  return url.origin
}
