// Signing out of this browser, and the button for it in the corner of each page.
// Ending other browsers and devices is account-sessions.ts and account-devices.ts.

import { html } from 'hono/html'
import { endSessions } from '../accounts/browser-session.ts'
import { seeOther } from '../http.ts'
import { dropCode } from './carried-code.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import type { Html } from './page.ts'
import { antiForgery, antiForgeryField, cookie, formFromSignedIn, type Visit } from './visit.ts'

export const submitSignOut = formFromSignedIn('sign-out', async ({ services, signedIn, request }) => {
  const { session, account } = signedIn
  await endSessions(services, account.id, ({ id }) => id === session.id, request)
  return seeOther(here(services, '/'), {
    'set-cookie': [cookie(services, 'session', '', 0), dropCode(services)],
  })
})

/** For the corner of pages of somebody who is signed in (standards.md UI-16). */
export function signOutCorner(visit: Visit): Html {
  const { host } = visit.services
  if (host !== undefined) {
    const url = host.signOutUrl?.(visit.services.config.issuer)
    return url === undefined ? html`` : html`<a class="button quiet" href="${url}">${text.signIn.signOut}</a>`
  }
  return html`<form method="post" action="${here(visit.services, '/logout')}">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, 'sign-out')}">
<button class="quiet">${text.signIn.signOut}</button>
</form>`
}
