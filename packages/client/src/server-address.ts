// The address of a server as it is compared and kept: one spelling for one server. Loads nothing.
// Whether the address leads to a sign-in server is discover.ts.

/** `https://X/` and `https://x` are one server and must find one credential; what is no address stays as it is. */
export function normalIssuer(text: string): string {
  const url = URL.parse(text)
  return url ? url.href.replace(/\/$/, '') : text
}

/** Whether text from a file can be the address of a server at all (RFC 8414 §2: no query, no fragment). */
export function isServerAddress(text: string): boolean {
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return false
  return url.username === '' && url.password === '' && url.search === '' && url.hash === ''
}

/** What people recognise a server by. */
export function hostOf(server: string): string {
  return URL.parse(server)?.host || server
}
