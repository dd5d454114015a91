// The account page: the devices that are signed in, the apps that were agreed to, the ways to sign in, and the browsers that are.
// Each part with what it posts is in a file of its own, account-*.ts.

import { html } from 'hono/html'
import { knownAs } from '../accounts/email.ts'
import { consentsSection } from './account-consents.ts'
import { devicesSection } from './account-devices.ts'
import { identitiesSection } from './account-identities.ts'
import { passkeysSection } from './account-passkeys.ts'
import { passwordSection } from './account-password.ts'
import { leaveSection, sessionsSection } from './account-sessions.ts'
import { connectionsSection } from './connections.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import { takeNote } from './note.ts'
import { type Html, named, notice, renderPage } from './page.ts'
import { signOutCorner } from './sign-out.ts'
import { forSignedIn, type SignedVisit } from './visit.ts'

const words = text.account

export const accountPage = forSignedIn(async (visit) => {
  const { services, signedIn } = visit
  const { name } = signedIn.account
  const note = takeNote(visit)
  const main = html`<div class="account-head" id="top"><div><h1>${name === '' ? words.title : words.greeting(name)}</h1>
<p class="who">${named(knownAs(signedIn.account))}</p></div>
<a class="button" href="${here(services, '/device')}">${words.connect}</a></div>
${note ? notice(note.kind, note.says) : ''}
${await devicesSection(visit)}
${await consentsSection(visit)}
${connectionsSection(visit)}
${await ownSections(visit)}`
  return renderPage(services, {
    title: words.title,
    main,
    width: 'wide',
    corner: signOutCorner(visit),
    script: true,
    cookies: note ? [note.cookie] : [],
  })
})

// Where a host application says who is signed in, how is the host's business, too.
async function ownSections(visit: SignedVisit): Promise<Html | string> {
  if (visit.services.host !== undefined) return ''
  return html`${await identitiesSection(visit)}
${await passkeysSection(visit)}
${await sessionsSection(visit)}
${visit.services.config.passwords ? passwordSection(visit) : ''}
${leaveSection(visit)}`
}
