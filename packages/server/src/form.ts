// Reading an OAuth form: application/x-www-form-urlencoded in UTF-8, each parameter once (RFC 6749 §3.2, App. B).
// What a parameter may contain is for the endpoint that reads it; client credentials are in client-auth.ts.

import { unescape as percentDecode } from 'node:querystring'
import { type Refusal, tokenExchange } from '@countersign/protocol'
import type { PlainRequest } from './http.ts'

export interface Form {
  /** The value; undefined when the parameter is missing or empty (RFC 6749 §3.2). */
  get(name: string): string | undefined
  /** All values of a parameter that may be repeated: `resource` (RFC 8707 §2), and `audience` at a token exchange (RFC 8693 §2.1). */
  all(name: 'resource' | 'audience'): readonly string[]
}

export type ReadForm =
  | { readonly ok: true; readonly form: Form }
  | { readonly ok: false; readonly refusal: Refusal }

/** The form in the body of an OAuth request. Credentials in the URL are refused, not ignored (RFC 6749 §2.3.1). */
export function readForm(request: PlainRequest): ReadForm {
  const type = request.headers['content-type']
  if (type === undefined || !isFormType(type)) return malformed('media_type')
  if (request.query !== '' && sensitive.test(request.query)) return malformed('credentials_in_query')
  if (request.body === undefined) return malformed('encoding')
  return parseForm(request.body)
}

const sensitive =
  /(?:^|&)(?:client_secret|client_assertion|device_code|user_code|refresh_token|access_token|token|code|code_verifier|password|assertion|subject_token|actor_token)=/i

function isFormType(type: string): boolean {
  return (
    type === 'application/x-www-form-urlencoded' ||
    /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)
  )
}

function malformed(detail: Extract<Refusal, { reason: 'malformed_request' }>['detail']): ReadForm {
  return { ok: false, refusal: { reason: 'malformed_request', detail } }
}

/** The value of a parameter that the request is nothing without. */
export function required(form: Form, parameter: string): string | Refusal {
  return form.get(parameter) ?? { reason: 'malformed_request', detail: 'missing_parameter', parameter }
}

export function parseForm(body: string): ReadForm {
  const values = new Map<string, string>()
  const resources: string[] = []
  const audiences: string[] = []
  let rest = 0
  while (rest < body.length) {
    let end = body.indexOf('&', rest)
    if (end === -1) end = body.length
    const pair = body.slice(rest, end)
    rest = end + 1
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1))
    if (name === undefined || value === undefined) return malformed('encoding')
    // RFC 6749 §3.2: without a value it is as if it had not been sent, so it repeats nothing either.
    if (value === '') continue
    if (name === 'resource') {
      resources.push(value)
    } else if (name === 'audience') {
      audiences.push(value)
    } else if (values.has(name)) {
      return malformed('repeated_parameter')
    } else {
      values.set(name, value)
    }
  }
  if (audiences.length > 1 && values.get('grant_type') !== tokenExchange.tokenExchangeGrantType)
    return malformed('repeated_parameter')
  const get = (name: string) => (name === 'audience' ? audiences[0] : values.get(name))
  return { ok: true, form: { get, all: (name) => (name === 'resource' ? resources : audiences) } }
}

// Text without escapes, nearly all of it, is taken as it is.
/** A name or value as it was meant; undefined when it is not well-formed UTF-8. */
export function decode(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced.includes('\0') ? undefined : spaced
  if (/%(?![0-9A-Fa-f]{2})/.test(spaced)) return undefined
  const value = percentDecode(spaced)
  // U+FFFD is what is left of bytes that are no UTF-8, and NUL is never meant.
  return value.includes('\ufffd') || value.includes('\0') ? undefined : value
}
