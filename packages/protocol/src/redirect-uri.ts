// Redirect URIs: which may be registered, and whether a requested one is registered (RFC 6749 §3.1.2, RFC 8252, RFC 9700 §2.1).
// Comparison is code point by code point, as received: no URL class changes what is compared (RFC 3986 §6.2.1).
// How one is shown to people and remembered with their consent is consent.ts.

import type { Client } from './records.ts'

/**
 * Whether the client registered it: as it stands, or but for the port of a loopback address, which a program on
 * somebody's computer cannot know beforehand (RFC 8252 §7.3).
 */
export function isRegisteredRedirect(
  { redirectUris, applicationType, source }: Pick<Client, 'redirectUris' | 'applicationType' | 'source'>,
  requested: string,
): boolean {
  if (redirectUris.includes(requested)) return true
  const wanted = splitLoopback(requested)
  if (wanted === undefined) return false
  // The name may lead elsewhere than the literals, so only programs that cannot do without it have it.
  const mayUseName = applicationType === 'native' || source === 'metadata_document'
  if (wanted.host === 'localhost' && !mayUseName) return false
  return redirectUris.some((registered) => {
    const known = splitLoopback(registered)
    return known !== undefined && known.host === wanted.host && known.rest === wanted.rest
  })
}

// The host must end where a port, a path or a query begins: neither `127.0.0.1.evil.example` nor `127.0.0.1@evil.example`
// is a loopback address, and a backslash is no slash (RU-04).
const loopback = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(?::([0-9]{1,5}))?((?:[/?][^\\#]*)?)$/

function splitLoopback(uri: string): { readonly host: string; readonly rest: string } | undefined {
  const [, host, port, rest] = loopback.exec(uri) ?? []
  if (host === undefined || rest === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535)
    return undefined
  return { host, rest }
}

/**
 * Whether an administrator knows where its redirects lead. To the addresses of others nobody is sent who has not signed in, so that
 * a link to this server is not a link to anywhere (RFC 9700 §4.11.2).
 */
export function isVouchedFor({ source, publisher }: Pick<Client, 'source' | 'publisher'>): boolean {
  return source === 'admin' || publisher !== null
}

/** Why a redirect URI cannot be registered. */
export type RedirectUriFault =
  | 'malformed'
  | 'relative'
  | 'fragment'
  | 'user_information'
  | 'wildcard'
  | 'not_https'
  | 'scheme'
  | 'private_use'

/**
 * RFC 6749 §3.1.2, RFC 9700 §2.6, RFC 8252 §7.1: https anywhere, http on this computer, and where it is allowed a scheme that
 * belongs to a domain turned around. Undefined when it may be registered.
 */
export function redirectUriFault(
  uri: string,
  { privateUse }: { readonly privateUse: boolean },
): RedirectUriFault | undefined {
  if (uri.length > 2000 || !/^[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/.test(uri))
    return 'malformed'
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(uri)?.[1]
  if (scheme === undefined) return 'relative'
  if (uri.includes('#')) return 'fragment'
  if (uri.includes('*')) return 'wildcard'
  if (scheme !== scheme.toLowerCase()) return 'malformed'
  if (scheme === 'https' || scheme === 'http') return webFault(uri, scheme)
  // A dot makes it the name of somebody; `javascript`, `data`, `file` and their like have none (RFC 8252 §8.4).
  if (!/^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+$/.test(scheme)) return 'scheme'
  if (!privateUse) return 'private_use'
  return uri.length > scheme.length + 1 && !uri.includes('@') ? undefined : 'malformed'
}

function webFault(uri: string, scheme: 'http' | 'https'): RedirectUriFault | undefined {
  const [, authority = ''] = /^https?:\/\/([^/?]*)/.exec(uri) ?? []
  if (authority.includes('@')) return 'user_information'
  // A host by name or literal with a port that can exist; nothing that a browser would read otherwise than we do.
  const [, host, port] = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?$/i.exec(authority) ?? []
  if (host === undefined || Number(port ?? 1) > 65_535) return 'malformed'
  if (scheme === 'https') return undefined
  return splitLoopback(uri) === undefined ? 'not_https' : undefined
}

/**
 * What a page whose form ends in a redirect there must allow in `form-action` beside itself. Browsers apply it to the whole chain of
 * redirects, and the client's callback may lead on to other https pages, so these are allowed altogether (UI-03).
 */
export function formActionSources(redirectUri: string): readonly string[] {
  const local = splitLoopback(redirectUri)
  // A source list knows no IPv6 literals (CSP Level 3 §2.3.1), so for `[::1]` it has to be the scheme.
  if (local !== undefined) return [local.host === '[::1]' ? 'http:' : `http://${local.host}:*`, 'https:']
  const scheme = /^([a-z][a-z0-9+.-]*:)/.exec(redirectUri)?.[1]
  return scheme === undefined || scheme === 'https:' ? ['https:'] : [scheme, 'https:']
}
