// A link as a QR code, drawn on the server: one SVG path, so that it needs neither scripts nor styles of its own.
// The page that shows it is connection-flow.ts.

import { html } from 'hono/html'
import type { Html } from './page.ts'

/** Undefined for a link that would need so many modules that no phone tells them apart (a code has room for 2953 bytes at most). */
export async function qrCode(link: string, label: string): Promise<Html | undefined> {
  if (Buffer.byteLength(link) > mostBytes) return undefined
  const { encode } = await import('uqr')
  const { data, size } = encode(link, { border: 2 })
  const path = data.flatMap((row, y) => runs(row).map(([x, length]) => `M${x} ${y}h${length}v1h-${length}z`))
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges"><path d="${path.join('')}"/></svg>`
}

/** Where dark modules begin, and how many follow each other. */
function runs(row: readonly boolean[]): readonly (readonly [start: number, length: number])[] {
  const starts = row.flatMap((dark, x) => (dark && !row[x - 1] ? [x] : []))
  return starts.map((start) => {
    const end = row.indexOf(false, start)
    return [start, (end === -1 ? row.length : end) - start]
  })
}

const mostBytes = 500
