// One guarded way to the network for every protocol call: https or loopback only, no redirects followed,
// limits on time and size, JSON only, and a web page recognised for what it is. Passed to oauth4webapi as
// its `customFetch`. Not here: the `fetch` with a token that programs use (session.ts).
import { isLoopbackHost } from '@countersign/protocol'
import {
  AnswerError,
  CertificateError,
  cancelled,
  DiscoveryError,
  isCountersignError,
  NetworkError,
  NetworkSettingError,
} from './errors.ts'
import type { System } from './system.ts'
import { printable } from './text.ts'

export type HttpOptions = {
  system: System
  timeoutSeconds?: number
  signal?: AbortSignal | undefined
  /** `any` for answers whose body nobody reads (revocation). */
  expect?: 'json' | 'any'
}

export type GuardedFetch = (url: string, init: GuardedInit) => Promise<Response>

type GuardedInit = {
  method: string
  headers: Record<string, string>
  body?: URLSearchParams | string | undefined
}

export function guardedFetch(options: HttpOptions): GuardedFetch {
  return async (url, init) => {
    assertSecure(new URL(url))
    const host = new URL(url).host
    const timeout = AbortSignal.timeout(Math.ceil((options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000))
    const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout
    try {
      // A redirect on these calls would carry codes and tokens to a place nobody vouched for (CL-15).
      const { method, headers, body: form } = init
      const request: RequestInit = {
        method,
        headers,
        redirect: 'manual',
        signal,
        ...(form ? { body: form } : {}),
      }
      const response = await options.system.fetch(url, request)
      const body = await readLimited(response, host)
      return judge(response, body, host, options.expect ?? 'json')
    } catch (error) {
      // Whoever stopped waiting is told that, not what it looked like on the way.
      if (options.signal?.aborted) throw cancelled(error)
      throw await asNetworkError(error, new URL(url), timeout)
    }
  }
}

/** Plain http is for the machine itself only; anything else would show tokens to the network. */
export function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname))
}

export function assertSecure(url: URL): void {
  if (isSecure(url)) return
  throw new DiscoveryError('insecure_url', `${printable(url.origin)} is not https`)
}

async function readLimited(response: Response, host: string): Promise<string> {
  if (!response.body) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  const stream: AsyncIterable<Uint8Array> = response.body
  for await (const chunk of stream) {
    size += chunk.byteLength
    if (size > MAX_BYTES)
      throw new AnswerError('answer_too_large', `${host} sent more than ${MAX_BYTES} bytes`, {
        host,
        status: response.status,
      })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function judge(response: Response, body: string, host: string, expect: 'json' | 'any'): Response {
  const { status, headers } = response
  const evidence = evidenceOf(response, host)
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400))
    throw new AnswerError('unexpected_redirect', `${host} answered with a redirect`, evidence)
  const type = headers.get('content-type') ?? ''
  if (/html/i.test(type) || /^\s*<(!doctype html|html)/i.test(body)) {
    const title = printable(/<title[^<>]*>([^<]{1,200})/i.exec(body)?.[1] ?? '', 80)
    const named = title ? `, "${title}"` : ''
    throw new AnswerError(
      'html_answer',
      `${host} answered a web page instead of data (status ${status}${named})`,
      { ...evidence, ...(title ? { title } : {}) },
    )
  }
  if (expect === 'json' && !isJsonObject(type, body)) {
    if (isTrouble(status)) throw unavailable(host, response)
    throw new AnswerError('malformed_answer', `${host} answered something that is not JSON`, evidence)
  }
  return new Response(NULL_BODY_STATUSES.has(status) ? null : body, { status, headers })
}

/** What such an answer says is about the server, never about what was asked of it. */
export function isTrouble(status: number): boolean {
  return status >= 500 || status === 429
}

/** The server is there and cannot serve now, in whatever form it said so. */
export function unavailable(host: string, response: Response): AnswerError {
  const evidence = evidenceOf(response, host)
  return new AnswerError(
    'server_unavailable',
    `${host} is not available (status ${response.status})`,
    evidence,
  )
}

function evidenceOf(
  { status, headers }: Response,
  host: string,
): { host: string; status: number; retryAfterSeconds?: number } {
  const seconds = retryAfter(headers.get('retry-after'), headers.get('date'))
  return { host, status, ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }) }
}

function isJsonObject(contentType: string, body: string): boolean {
  if (!/^application\/([\w.-]+\+)?json\b/i.test(contentType.trim())) return false
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** Retry-After is seconds or a date; a date is measured against the server's own clock. */
function retryAfter(value: string | null, date: string | null): number | undefined {
  if (value === null) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value)
  const difference = (Date.parse(value) - Date.parse(date ?? '')) / 1000
  return Number.isFinite(difference) && difference > 0 ? difference : undefined
}

async function asNetworkError(error: unknown, { host, href }: URL, timeout: AbortSignal): Promise<unknown> {
  if (error instanceof AnswerError || error instanceof DiscoveryError) return error
  if (error instanceof NetworkSettingError) return error
  if (timeout.aborted) return new NetworkError('timeout', host, `${host} did not answer in time`, error)
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const detail = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : 'no reason'
  if (isCertificateTrouble(detail)) {
    const { issuerOfCertificate } = await import('./certificate-issuer.ts')
    return new CertificateError(host, detail, await issuerOfCertificate(new URL(href)), error)
  }
  return new NetworkError('network', host, `could not reach ${host} (${printable(detail, 60)})`, error)
}

/** True where the request cannot have arrived: what it carried is unspent. */
export function neverConnected(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if ('code' in cause && UNCONNECTED.has(String(cause.code))) return true
  return false
}

/** Node's names for a chain that ends nowhere known, or does not hold for now or for this host. */
export function isCertificateTrouble(code: string): boolean {
  return /^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|CERT_|ERR_TLS_CERT)/.test(code)
}

/** It was JSON, but not what the protocol says: `cause` is what reading it threw. What is an error of ours already stays that. */
export function asUnusable(cause: unknown, issuer: string, { status }: Response, what: string): unknown {
  if (isCountersignError(cause)) return cause
  const { host } = new URL(issuer)
  const detail = cause instanceof Error ? printable(cause.message, 120) : 'unknown shape'
  const words = `${host} answered without a usable ${what} (${detail})`
  return new AnswerError('malformed_answer', words, { host, status, cause })
}

/** The body of an answer that `guardedFetch` let through as JSON. */
export async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const value: unknown = await response.clone().json()
  return value !== null && typeof value === 'object' ? { ...value } : {}
}

export type OAuthRefusal = { error: string; description?: string; uri?: string; status: number }

/** The OAuth error object of an answer, or undefined where it is none (RFC 6749 §5.2). */
export async function refusalOf(response: Response): Promise<OAuthRefusal | undefined> {
  if (response.ok) return undefined
  const body = await jsonOf(response)
  if (typeof body.error !== 'string') return undefined
  const refusal: OAuthRefusal = { error: printable(body.error, 80), status: response.status }
  if (typeof body.error_description === 'string') refusal.description = printable(body.error_description)
  if (typeof body.error_uri === 'string') refusal.uri = printable(body.error_uri)
  return refusal
}

const DEFAULT_TIMEOUT_SECONDS = 10
const MAX_BYTES = 256 * 1024
const UNCONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'ENETDOWN',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])
const NULL_BODY_STATUSES = new Set([204, 205, 304])
