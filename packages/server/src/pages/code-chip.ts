// A user code as the pages show it: grouped, in even letters, read from left to right. What is no code is shown as it was typed.
// How a code is read is the protocol's user-code.ts; how it travels between pages carried-code.ts.

import { groupUserCode, readUserCode } from '@countersign/protocol'
import { html } from 'hono/html'
import { cleanText } from '../text.ts'
import type { Html } from './page.ts'

export function codeChip(typed: string): Html {
  return html`<bdi dir="ltr" class="code">${codeText(typed)}</bdi>`
}

export function codeText(typed: string): string {
  const read = readUserCode(typed)
  return read.ok ? groupUserCode(read.code) : (cleanText(typed, 200) ?? '')
}
