// Browsers on the account page: where one is signed in, and ending it there, or everywhere at once with the devices.
// How a session begins and ends by itself is accounts/browser-session.ts; signing out of this browser is sign-out.ts.

import type { BrowserSession } from '@countersign/protocol'
import { html } from 'hono/html'
import { endSessions, liveSessions } from '../accounts/browser-session.ts'
import { seeOther } from '../http.ts'
import { revokeGrants } from './account-devices.ts'
import { accountForm, accountPurpose, doneOnAccount } from './account-form.ts'
import { dropCode } from './carried-code.ts'
import { here } from './links.ts'
import { ago, text } from './messages.ts'
import { type Html, ltr } from './page.ts'
import { problemPage } from './problem.ts'
import { describeUserAgent } from './user-agent.ts'
import { cookie, formFromSignedIn, type SignedVisit } from './visit.ts'

const words = text.account
const mostShown = 20

export async function sessionsSection(visit: SignedVisit): Promise<Html> {
  const { services, signedIn } = visit
  const sessions = await liveSessions(services, signedIn.account.id)
  return html`<section id="browsers"><h2>${words.browsers}</h2>
<p class="small">${words.browsersLead}</p>
<ul class="rows">${sessions.slice(0, mostShown).map((session) => row(visit, session))}</ul>
${sessions.length > 1 ? accountForm(visit, '/account/sessions', html`<button>${words.signOutOtherBrowsers}</button>`) : ''}
</section>`
}

function row(visit: SignedVisit, session: BrowserSession): Html {
  const { program, system } = describeUserAgent(session.userAgent)
  const name = [program, system].filter(Boolean).join(', ') || text.approve.unknown
  const isThis = session.id === visit.signedIn.session.id
  const seen = words.lastSeen(ago(session.lastSeenAt, visit.services.system.now()))
  const end = html`<input type="hidden" name="session" value="${session.id}">
<button aria-label="${words.endSession}: ${name}">${words.endSession}</button>`
  return html`<li class="side"><div><div class="row-head"><h3>${name}</h3>${isThis ? html`<span class="badge plain">${words.thisBrowser}</span>` : ''}</div>
<p class="small">${ltr(session.address)} · ${seen}</p></div>
${isThis ? '' : accountForm(visit, '/account/sessions', end)}</li>`
}

/** Ends one of the others, or with no session named all of the others. */
export const submitSessions = formFromSignedIn(accountPurpose, async (visit, form) => {
  const { services, signedIn, request } = visit
  const named = form.get('session')
  const mine = signedIn.session.id
  const done = await endSessions(
    services,
    signedIn.account.id,
    ({ id }) => id !== mine && (named === undefined || id === named),
    request,
  )
  if (!done) return problemPage(services, 'busy', { retryAfterSeconds: 1 })
  return doneOnAccount(visit, named === undefined ? 'sessions_ended' : 'session_ended', 'browsers')
})

export function leaveSection(visit: SignedVisit): Html {
  return html`<section id="leave"><h2>${words.leave}</h2><p class="small">${words.leaveLead}</p>
${accountForm(visit, '/account/leave', html`<button class="danger">${words.leave}</button>`)}</section>`
}

/** Sign out everywhere: devices first, so that a failure leaves the person signed in to try again. */
export const submitLeave = formFromSignedIn(accountPurpose, async (visit) => {
  const { services, signedIn, request } = visit
  await revokeGrants(visit, () => true)
  const done = await endSessions(services, signedIn.account.id, () => true, request)
  if (!done) return problemPage(services, 'busy', { retryAfterSeconds: 1 })
  services.log.info('signed out everywhere', { accountId: signedIn.account.id })
  return seeOther(here(services, '/'), {
    'set-cookie': [cookie(services, 'session', '', 0), dropCode(services)],
  })
})
