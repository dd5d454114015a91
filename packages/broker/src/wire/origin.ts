// Whether a request that changes something was sent by a page of this application, as the browser tells: Fetch Metadata where it
// is sent, else Origin. A page elsewhere could otherwise begin or end flows in the name of whoever looks at it.
// What else a request must bring is handler.ts.

/** True as well for what is no browser: that brings no cookies along by itself. */
export function isOwnPage(request: Request, allowedOrigins: readonly string[]): boolean {
  const origin = request.headers.get('origin')
  if (origin !== null && allowedOrigins.includes(origin)) return true
  // A proxy that ends TLS changes what this side takes for the own origin, but not what the browser says here.
  const site = request.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none') return false
  return origin === null || hostOf(origin) === new URL(request.url).host
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
