// What comes with a registration: JSON (RFC 7591 §3.1, RFC 7592 §2.2) and a bearer token; and how either is refused.
// What the members mean is protocol/client-metadata.ts, what the token opens register.ts and register-client.ts.

import type { WireError } from '@countersign/protocol'
import { comeBack, json, type PlainRequest, type PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'
import { oauthError } from '../speak.ts'

export type Members = Readonly<Record<string, unknown>>

export type ReadBody =
  | { readonly ok: true; readonly members: Members }
  | { readonly ok: false; readonly response: PlainResponse }

export function readMembers({ headers, body }: PlainRequest): ReadBody {
  if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? ''))
    return wrong('invalid_request', 'The body must be application/json.')
  const value = parse(body)
  if (value === undefined) return wrong('invalid_request', 'The body is not well-formed JSON.')
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return wrong('invalid_client_metadata', 'The body must be one JSON object.')
  return { ok: true, members: value as Members }
}

function parse(body: string | undefined): unknown {
  try {
    return body === undefined ? undefined : JSON.parse(body)
  } catch {
    return undefined
  }
}

function wrong(error: string, description: string): ReadBody {
  return { ok: false, response: badRequest(error, description) }
}

export function badRequest(error: string, description: string): PlainResponse {
  return oauthError({ status: 400, error, description } satisfies WireError)
}

/** The token of an `Authorization: Bearer` (RFC 6750 §2.1); undefined without one, empty for anything else in the header. */
export function bearerOf({ headers }: PlainRequest): string | undefined {
  const { authorization } = headers
  if (authorization === undefined) return undefined
  return /^bearer +([\w.~+/-]+=*)$/i.exec(authorization.trim())?.[1] ?? ''
}

const realm = 'Bearer realm="countersign"'

/** RFC 6750 §3.1: without a token the challenge names no error. */
export const tokenMissing: PlainResponse = json(
  401,
  { error: 'invalid_token', error_description: 'A bearer token is needed.' },
  { 'www-authenticate': realm },
)

const tokenBad: PlainResponse = json(
  401,
  { error: 'invalid_token', error_description: 'The token is unknown, used up or expired.' },
  { 'www-authenticate': `${realm}, error="invalid_token"` },
)

/** Somebody may be guessing (standards.md G-14). */
export async function refuseToken(
  services: Services,
  { address, path }: PlainRequest,
): Promise<PlainResponse> {
  services.log.warn('refused', { reason: 'registration_token', path: path.slice(0, 200), address })
  const braked = await services.throttle.invalid.note(address)
  return braked ? comeBack(429, braked.retryAfterSeconds) : tokenBad
}
