// The custom element as it is served: connect.js beside this file, read once, byte for byte what the package exports as
// `@countersign/broker/element`. What it does is in there.

import { readFileSync } from 'node:fs'
import { digest } from '../seal.ts'
import { guarded } from '../wire/answer.ts'

let script: { readonly text: string; readonly tag: string } | undefined

export function elementScript(request: Request): Response {
  script ??= read()
  const headers = {
    ...guarded,
    // It is public and changes with the package: kept, and asked about each time.
    'Cache-Control': 'no-cache',
    'Content-Type': 'text/javascript; charset=utf-8',
    ETag: script.tag,
  }
  const known = request.headers.get('if-none-match')?.includes(script.tag)
  return known ? new Response(null, { status: 304, headers }) : new Response(script.text, { headers })
}

function read(): { readonly text: string; readonly tag: string } {
  const text = readFileSync(new URL('./connect.js', import.meta.url), 'utf8')
  return { text, tag: `"${digest(text)}"` }
}
