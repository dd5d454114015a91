// Where the browser goes when it comes back from a provider: on to the page of the application that it came from, which is checked
// to be one; and what a person reads where there is nothing to come back to. Checking what it brought is the provider's.

import { guarded } from './answer.ts'

/** The address holds a code: no page after it is told where the browser was (RFC 9700 §4.2.4). */
const headers = { ...guarded, 'Referrer-Policy': 'no-referrer' }

export function goOn(path: string): Response {
  return new Response(null, { status: 303, headers: { ...headers, Location: path } })
}

export function nothingToComeBackTo(status: number, path: string): Response {
  const sentence =
    'This connection is over already, or it was started in another browser. Go back and connect again.'
  return new Response(page('Nothing waits for this', sentence, path), {
    status,
    headers: {
      ...headers,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy':
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    },
  })
}

/** Only texts of the program itself come in here. */
function page(title: string, sentence: string, path: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<main>
<h1>${title}</h1>
<p>${sentence}</p>
<p><a href="${encodeURI(path).replaceAll('&', '&amp;')}">Go back</a></p>
</main>
</html>
`
}
