// What the forms of the account page share: their proof, their way back, and what counts as having signed in recently.
// The sections with their forms are account-devices.ts, account-passkeys.ts, account-sessions.ts and account-password.ts.

import { html } from 'hono/html'
import { type PlainResponse, seeOther } from '../http.ts'
import { here } from './links.ts'
import { type Note, text } from './messages.ts'
import { leaveNote } from './note.ts'
import { type Html, renderPage } from './page.ts'
import { signOutCorner } from './sign-out.ts'
import { antiForgery, antiForgeryField, type SignedVisit } from './visit.ts'

export const accountPurpose = 'account'

export function accountForm(visit: SignedVisit, path: string, content: Html): Html {
  return html`<form method="post" action="${here(visit.services, path)}">${accountProof(visit)}${content}</form>`
}

export function accountProof(visit: SignedVisit): Html {
  return html`<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, accountPurpose)}">`
}

/** Back to the account page, which says that it was done. */
export function doneOnAccount(
  { services }: SignedVisit,
  note: Note,
  place: string,
  cookies: readonly string[] = [],
): PlainResponse {
  return seeOther(`${here(services, '/account')}#${place}`, {
    'set-cookie': [leaveNote(services, note), ...cookies],
  })
}

/** One section of the account page on a page of its own, because something in it has to be put right. */
export function showSection(visit: SignedVisit, title: string, section: Html): Promise<PlainResponse> {
  const { services } = visit
  const main = html`<p class="back"><a href="${here(services, '/account')}">${text.account.title}</a></p>
<h1>${title}</h1>${section}`
  return renderPage(services, { title, main, status: 400, corner: signOutCorner(visit), script: true })
}

// What changes how an account is entered needs a person who was there just now, not a browser left open (ASVS 7.5.1).
const recentSeconds = 900

export function isRecent({ services, signedIn }: SignedVisit): boolean {
  return services.system.now() - signedIn.session.authenticatedAt < recentSeconds
}
