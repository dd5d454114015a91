// What a request presents: one access token, in the Authorization header and nowhere else, and beside it perhaps a
// proof of a key. Not here: whether the token is worth anything (verify.ts).

import type { Refusal, Scheme } from './refusal.ts'

/** A web-standard `Request` is one; adapters make one of what their framework has. */
export type RequestLike = {
  readonly method: string
  readonly url: string
  readonly headers: { readonly get: (name: string) => string | null }
}

export type Presented = { readonly scheme: Scheme; readonly token: string; readonly proof: string | null }

export type Read = Presented | { readonly refusal: Refusal; readonly scheme: Scheme | undefined }

export function readCredentials({ url, headers }: RequestLike, dpop: 'accepted' | 'required' | 'off'): Read {
  const header = headers.get('authorization')?.trim() ?? ''
  const scheme = schemeOf(header, dpop)
  // A token in the query counts for nothing: it stands in logs and histories (RFC 9700 §4.3.2).
  if (scheme === undefined) return { refusal: { reason: 'credentials_missing' }, scheme }
  // Two header fields arrive joined by a comma; RFC 6750 §2: one method per request.
  if (/,\s*(bearer|dpop)\s/i.test(header) || namesTokenInQuery(url))
    return { refusal: { reason: 'credentials_repeated' }, scheme: undefined }
  // RFC 6750 §2.1: b64token.
  const token = /^[a-z]+ +([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1]
  if (token === undefined) return { refusal: { reason: 'credentials_malformed' }, scheme }
  return { scheme, token, proof: headers.get('dpop') }
}

/** RFC 9110 §11.1: in any letter case. Credentials of another scheme are none here. */
function schemeOf(header: string, dpop: 'accepted' | 'required' | 'off'): Scheme | undefined {
  const name = /^[a-z]+(?= |$)/i.exec(header)?.[0].toLowerCase()
  if (name === 'bearer' || /,\s*bearer\s/i.test(header)) return 'Bearer'
  return dpop !== 'off' && (name === 'dpop' || /,\s*dpop\s/i.test(header)) ? 'DPoP' : undefined
}

function namesTokenInQuery(url: string): boolean {
  // A query goes on after a second question mark (RFC 3986 §3.4).
  const [, query = ''] = /^[^?#]*\?([^#]*)/.exec(url) ?? []
  return new URLSearchParams(query).has('access_token')
}
