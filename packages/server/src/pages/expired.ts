// The page for a request that can no longer be decided: its time is up, or it was decided or taken back elsewhere.
// One text for all of these (standards.md DV-04), and a field for the next code.

import { html } from 'hono/html'
import type { PlainResponse } from '../http.ts'
import { dropCode } from './carried-code.ts'
import { codeForm } from './enter-code.ts'
import { text } from './messages.ts'
import { renderPage } from './page.ts'
import { signOutCorner } from './sign-out.ts'
import type { SignedVisit } from './visit.ts'

const words = text.expired

export function showExpired(visit: SignedVisit): Promise<PlainResponse> {
  const { services } = visit
  const main = html`<h1>${words.title}</h1>
<p class="lead">${words.lead}</p>
${codeForm(visit)}`
  return renderPage(services, {
    title: words.title,
    main,
    status: 400,
    cookies: [dropCode(services)],
    corner: signOutCorner(visit),
    script: true,
  })
}
