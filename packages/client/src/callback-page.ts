// The page that the person's browser sees at the end of a sign-in on loopback. Made here and not by the server: nothing
// of the address is in it, nothing is fetched for it, and the address bar loses the code at once (RU-11).
// Not here: the listener that sends it (callback.ts).
import { createHash } from 'node:crypto'

export type PageKind = 'allowed' | 'denied' | 'failed' | 'stray'

/** The same bytes for everybody: nothing that came with the request can show up in it. */
export function callbackPage(kind: PageKind): {
  status: number
  headers: Record<string, string>
  body: string
} {
  const [title, text] = words[kind]
  const body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${title}</title><style>${style}</style></head>
<body><main><h1>${title}</h1><p>${text}</p></main><script>${script}</script></body></html>
`
  return {
    status: kind === 'stray' ? 404 : 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'content-security-policy': policy,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
      connection: 'close',
    },
    body,
  }
}

const words: Record<PageKind, readonly [string, string]> = {
  allowed: ['Allowed', 'You can close this tab and go back to your terminal.'],
  denied: [
    'Nothing was allowed',
    'Nothing was signed in. You can close this tab and go back to your terminal.',
  ],
  failed: ['That did not work', 'You can close this tab. Your terminal says what happened.'],
  stray: ['Nothing here', 'A sign-in is waiting at this address, and this was no answer to it.'],
}

const style =
  'body{font:1.1rem/1.5 system-ui,sans-serif;margin:0;display:grid;place-items:center;min-height:100vh}' +
  'main{max-width:28rem;padding:1.5rem;text-align:center}h1{font-size:1.5rem;margin:0 0 .5rem}p{margin:0}'
const script = "history.replaceState(null,'','/')"
const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const policy =
  `default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}; ` +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
