// After Allow, where the device is in another network: six characters to type back into the terminal. A phisher's terminal is not
// the one that the person sits at, so what is typed there reaches nobody else (standards.md DV-18).
// How they are made is ../return-codes.ts; what happens when they arrive, endpoints/token-device-code.ts.

import { html } from 'hono/html'
import { seeOther } from '../http.ts'
import { codeToShow } from '../return-codes.ts'
import { carriedCode } from './carried-code.ts'
import { undoForm } from './connected.ts'
import { decidedPlace, findDecided } from './decided.ts'
import { here } from './links.ts'
import { clockText, text } from './messages.ts'
import { ltr, named, notice, renderPage } from './page.ts'
import { signOutCorner } from './sign-out.ts'
import { forSignedIn } from './visit.ts'

const words = text.returnCode

export const returnCodePage = forSignedIn(async (visit) => {
  const { services, signedIn } = visit
  const id = carriedCode(visit)?.id
  const decided = id ? await findDecided(visit, id) : undefined
  if (id === undefined || id === null || decided === undefined) return seeOther(here(services, '/device'))
  const { record, outcome } = decided
  if (outcome !== 'returning') return seeOther(here(services, (await decidedPlace(visit, id)) ?? '/device'))
  const deciding = { id, grantId: record.decision?.grantId ?? '', sessionId: signedIn.session.id }
  const code = codeToShow(services, deciding, record.returnCode?.hash ?? '')
  const client = await services.clients.find(record.clientId)
  const device = record.context.reported.deviceName ?? client?.name ?? ''
  const left = record.expiresAt - services.system.now()
  const main = html`<h1 tabindex="-1" autofocus>${words.title}</h1>
${
  code === undefined
    ? notice('warn', words.otherBrowser)
    : html`<p class="lead">${words.lead}</p>
<p class="shown-code big-code return-code" data-look-again>${code === undefined ? '' : ltr(code)}</p>
${notice('warn', words.never)}`
}
<p>${words.next(html`<strong>${named(device)}</strong>`)}</p>
<a class="button" href="${here(services, '/device/connected')}">${words.done}</a>
<p class="time">${words.left(html`<span data-left="${left}">${clockText(left)}</span>`)}</p>
<p class="unseen" id="time-status" role="status" data-last-minute="${text.approve.lastMinute}" data-ended="${text.approve.ended}"></p>
${undoForm(visit, decided)}`
  return renderPage(services, { title: words.title, main, corner: signOutCorner(visit), script: true })
})
