// A request and a response as plain records: what every endpoint and page takes and gives.
// node.ts makes them from Node's sockets (through Fastify), fetch.ts from web-standard Requests; endpoints know neither.

export interface PlainRequest {
  readonly method: string
  /** The path below the issuer's own path, always starting with a slash; not decoded. */
  readonly path: string
  /** What follows the question mark, without it; empty when there is none. */
  readonly query: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The body as text; undefined when it is not well-formed UTF-8. */
  readonly body: string | undefined
  /** The body was over the limit and is left out: the only answer is 413, in the form of the address. */
  readonly tooLarge?: true
  /** The address of the caller, looked up behind trusted proxies only. */
  readonly address: string
  /** Where a socket told it; a host application that names the caller itself answers for that. */
  readonly addressFrom?: AddressFrom
  /** Whether the caller has gone; asked right before a one-time thing is spent. */
  readonly gone: () => boolean
  /** Calls `listener` when the caller goes, at once if it has gone, to stop waiting for it. */
  readonly onGone: (listener: () => void) => void
  /** The request of the program that hosts us, for its own `authenticate` (host.ts); nothing here looks into it. */
  readonly native?: unknown
}

/**
 * How the address came to be known: it is the other end's, of a connection that ends here (`tls`) or that may have been passed on
 * (`clear`); a trusted proxy wrote it; or somebody did pass it on, and nobody who is trusted says for whom.
 */
export type AddressFrom = 'tls' | 'clear' | 'proxy' | 'nobody'

export interface PlainResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string
}

const noStore = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  pragma: 'no-cache',
} as const

/** JSON that may carry secrets, so nobody stores it (RFC 6749 §5.1). */
export function json(status: number, body: object, headers: PlainResponse['headers'] = {}): PlainResponse {
  return { status, headers: { ...noStore, ...headers }, body: JSON.stringify(body) }
}

/** RFC 9110 §15.5.14. */
export const bodyTooLarge: PlainResponse = json(413, { error: 'request_too_large' })

/** RFC 9110 §15.5.6. */
export function methodNotAllowed(allow: string): PlainResponse {
  return { status: 405, headers: { allow, 'cache-control': 'no-store' }, body: '' }
}

/** 429 or 503 with a time after which to come back (RFC 6585 §4, RFC 9110 §10.2.3). */
export function comeBack(status: 429 | 503, afterSeconds: number): PlainResponse {
  const error = status === 429 ? 'too_many_requests' : 'temporarily_unavailable'
  return json(status, { error }, { 'retry-after': String(afterSeconds) })
}

/** 303 makes the browser follow with GET whatever the method was (RFC 9700 §4.12). */
export function seeOther(location: string, headers: PlainResponse['headers'] = {}): PlainResponse {
  return { status: 303, headers: { location, 'cache-control': 'no-store', ...headers }, body: '' }
}

/** To HEAD where GET would decide something (UI-09): there is something here, and nothing was done. */
export const onlyLookedAt: PlainResponse = {
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  body: '',
}
