// After "Don't allow", after "I didn't start this", and after taking an allowance back.
// The decisions themselves are decision.ts; a request that ended without this person is expired.ts.

import { html } from 'hono/html'
import { seeOther } from '../http.ts'
import { carriedCode } from './carried-code.ts'
import { findDecided, type Outcome } from './decided.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import { type Html, renderPage } from './page.ts'
import { signOutCorner } from './sign-out.ts'
import { forSignedIn, type SignedVisit } from './visit.ts'

const words = text.denied

const told: Readonly<
  Record<Exclude<Outcome, 'connected' | 'returning'>, { readonly title: string; readonly says: string }>
> = {
  denied: { title: words.title, says: words.says },
  reported: { title: words.reportedTitle, says: words.reportedSays },
  undone: { title: words.undoneTitle, says: words.undoneSays },
  refused: { title: words.title, says: words.refusedSays },
  mistyped: { title: words.title, says: words.mistypedSays },
  late: { title: words.lateTitle, says: words.lateSays },
}

export const deniedPage = forSignedIn(async (visit) => {
  const { services } = visit
  const id = carriedCode(visit)?.id
  const decided = id ? await findDecided(visit, id) : undefined
  if (decided === undefined) return seeOther(here(services, '/device'))
  const { outcome } = decided
  if (outcome === 'connected') return seeOther(here(services, '/device/connected'))
  if (outcome === 'returning') return seeOther(here(services, '/device/return-code'))
  const { title, says } = told[outcome]
  const main = html`<h1 tabindex="-1" autofocus>${title}</h1>
<p class="lead">${says}</p>
${outcome === 'reported' ? nextSteps(visit) : ''}
<p><a href="${here(services, '/device')}">${words.again}</a></p>`
  return renderPage(services, { title, main, corner: signOutCorner(visit) })
})

function nextSteps({ services }: SignedVisit): Html {
  return html`<p>${words.next}</p>
<ul class="links"><li><a href="${here(services, '/account')}#change-password">${words.password}</a></li>
<li><a href="${here(services, '/account')}">${words.everywhere}</a></li></ul>`
}
