// After Allow: who is signed in as whom, where to go, and a way back for ten minutes.
// Taking the allowance back is decision.ts; after that time it is the list of devices, account-devices.ts.

import { html } from 'hono/html'
import { knownAs } from '../accounts/email.ts'
import { seeOther } from '../http.ts'
import { carriedCode } from './carried-code.ts'
import { type Decided, decidedPlace, findDecided } from './decided.ts'
import { here } from './links.ts'
import { spanText, text } from './messages.ts'
import { type Html, named, renderPage, tickIcon } from './page.ts'
import { signOutCorner } from './sign-out.ts'
import { antiForgery, antiForgeryField, forSignedIn, type SignedVisit } from './visit.ts'

const words = text.connected

export const undoSeconds = 600

export const undoPurpose = (id: string | undefined): string => `undo ${id ?? ''}`

export const connectedPage = forSignedIn(async (visit) => {
  const { services, signedIn } = visit
  const id = carriedCode(visit)?.id
  const decided = id ? await findDecided(visit, id) : undefined
  if (id === undefined || id === null || decided === undefined) return seeOther(here(services, '/device'))
  if (decided.outcome !== 'connected')
    return seeOther(here(services, (await decidedPlace(visit, id)) ?? '/device'))
  const client = await services.clients.find(decided.record.clientId)
  const device = decided.grant?.deviceName || decided.record.context.reported.deviceName || client?.name || ''
  const main = html`<div class="done">${tickIcon}</div>
<h1 tabindex="-1" autofocus>${words.title}</h1>
<p class="lead">${words.says(html`<strong>${named(device)}</strong>`, html`<strong>${named(knownAs(signedIn.account))}</strong>`)}</p>
<p class="lead">${words.goBack}</p>
${undoForm(visit, decided)}
<p><a href="${here(services, '/account')}">${words.devices}</a></p>`
  return renderPage(services, { title: words.title, main, corner: signOutCorner(visit) })
})

/** Takes the allowance back, fetched or not. */
export function undoForm(visit: SignedVisit, { record }: Decided): Html {
  const { services } = visit
  const left = (record.decision?.at ?? 0) + undoSeconds - services.system.now()
  if (left <= 0) return html`<p class="small">${words.lateUndo}</p>`
  return html`<form method="post" action="${here(services, '/device/undo')}" class="undo">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, undoPurpose(record.id))}">
<input type="hidden" name="request" value="${record.id}">
<p>${words.undoHint(spanText(left))}</p><button>${words.undo}</button>
</form>`
}
