// Entering a code, and the link that brings one along. What is asked behind the code is approve.ts.
// Opening a link changes nothing on the server; the code moves into a cookie and out of the address bar (standards.md DV-19, UI-09).

import { readUserCode } from '@countersign/protocol'
import { html } from 'hono/html'
import { type PlainResponse, seeOther } from '../http.ts'
import { cleanText } from '../text.ts'
import { carryCode, dropCode, waitingCode } from './carried-code.ts'
import { codeText } from './code-chip.ts'
import { findByCode } from './find-request.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import { field, type Html, renderPage } from './page.ts'
import { problemPage } from './problem.ts'
import { signOutCorner } from './sign-out.ts'
import {
  antiForgery,
  antiForgeryField,
  cookie,
  forAnybody,
  formFromAnybody,
  isSignedIn,
  type SignedVisit,
  type Visit,
} from './visit.ts'

const words = text.enter

/** The longest thing that is worth reading: a whole link, or a sentence around a code. */
const longestTyped = 200

export const enterCodePage = forAnybody((visit) => showEnterCode(visit))

/** `/device/WDJB-MJHT`. */
export const linkedCode = forAnybody(({ services, request }) => {
  const typed = decoded(request.path.slice('/device/'.length)).slice(0, longestTyped)
  return seeOther(here(services, '/device/approve'), {
    'set-cookie': [carryCode(services, { typed, id: null, decided: false })],
  })
})

export const submitCode = formFromAnybody('code', async (visit, form) => {
  const typed = (form.get('user_code') ?? '').slice(0, longestTyped)
  const read = readUserCode(typed)
  if (!read.ok) return showEnterCode(visit, { typed, says: words.hints[read.hint] })
  // Who is not signed in hears nothing about codes; the code waits in the browser.
  if (isSignedIn(visit)) return followCode(visit, typed)
  const carried = carryCode(visit.services, { typed, id: null, decided: false })
  return seeOther(here(visit.services, '/login'), { 'set-cookie': [carried] })
})

/** Looks the code up, once, and leads to the request behind it. */
export async function followCode(visit: SignedVisit, typed: string): Promise<PlainResponse> {
  const { services } = visit
  const read = readUserCode(typed)
  if (!read.ok) return showEnterCode(visit, { typed, says: words.hints[read.hint] })
  const found = await findByCode(visit, read.code)
  if (!found.found && found.braked) return problemPage(services, 'too_many', found.braked)
  if (!found.found) return showEnterCode(visit, { typed, says: words.unknown })
  const carried = carryCode(services, { typed, id: found.record.id, decided: false })
  return seeOther(here(services, '/device/approve'), { 'set-cookie': [carried] })
}

export interface WrongCode {
  readonly typed: string
  readonly says: string
}

export function showEnterCode(visit: Visit, wrong?: WrongCode): Promise<PlainResponse> {
  const { services } = visit
  const main = html`<h1>${words.title}</h1>
<p class="lead">${words.lead}</p>
${codeForm(visit, wrong)}`
  const cookies = visit.isNew ? [cookie(services, 'session', visit.browser)] : []
  // A code that led nowhere is not carried on: opening the page again must not cost another try.
  if (wrong) cookies.push(dropCode(services))
  const corner = isSignedIn(visit) ? { corner: signOutCorner(visit) } : {}
  const status = wrong ? 400 : 200
  return renderPage(services, { title: words.title, main, cookies, status, script: true, ...corner })
}

export function codeForm(visit: Visit, wrong?: WrongCode): Html {
  const waiting = waitingCode(visit)
  const typed = wrong?.typed ?? (waiting?.id === null ? waiting.typed : undefined)
  return html`<form method="post" action="${here(visit.services, '/device')}">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, 'code')}">
${field({
  name: 'user_code',
  label: words.label,
  hint: words.hint,
  error: wrong?.says,
  value: typed === undefined ? undefined : codeText(typed),
  // Not "one-time-code": phones would offer the code of some text message (experience: code entry).
  autocomplete: 'off',
  autofocus: true,
  more: html`class="code-input" autocapitalize="characters" autocorrect="off" spellcheck="false" enterkeyhint="go" maxlength="200" data-capitals`,
})}
<button class="primary">${words.button}</button>
</form>
<p class="beware">${words.beware}</p>`
}

// A link that was cut in the middle of an escape is no reason to fail.
function decoded(path: string): string {
  try {
    return cleanText(decodeURIComponent(path), longestTyped) ?? ''
  } catch {
    return cleanText(path, longestTyped) ?? ''
  }
}
