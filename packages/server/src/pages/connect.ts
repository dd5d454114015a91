// Whether to connect whom somebody is at a provider with the account that they have just signed in to: both were proved by then, and
// neither alone is enough, however alike the e-mail addresses are. How the first half waits is pending-link.ts.

import { html } from 'hono/html'
import { knownAs } from '../accounts/email.ts'
import { linkIdentity, type Proven } from '../accounts/upstream/identities.ts'
import { identityId } from '../accounts/upstream/provider.ts'
import { byPerson } from '../audit.ts'
import { type PlainResponse, seeOther } from '../http.ts'
import { isRecent } from './account-form.ts'
import { whatWaits, withCookies } from './after-sign-in.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import { leaveNote } from './note.ts'
import { named, renderPage } from './page.ts'
import { dropPendingLink, pendingLink } from './pending-link.ts'
import { problemPage } from './problem.ts'
import { signOutCorner } from './sign-out.ts'
import { referenceField, referenceOf } from './transaction.ts'
import { antiForgery, antiForgeryField, formFromSignedIn, forSignedIn, type SignedVisit } from './visit.ts'

const words = text.upstream

const connectPurpose = (id: string | undefined): string => `connect ${id ?? ''}`

export const connectPage = forSignedIn((visit) => {
  const proven = pendingLink(visit)
  return proven === undefined ? seeOther(here(visit.services, '/account')) : showConnect(visit, proven)
})

function showConnect(visit: SignedVisit, proven: Proven): Promise<PlainResponse> {
  const { services, signedIn } = visit
  const { person, provider } = proven
  const name = named(services.upstreams.find(provider)?.settings.name ?? provider)
  const account = html`<strong>${named(knownAs(signedIn.account))}</strong>`
  const id = identityId(proven)
  const main = html`<h1 tabindex="-1" autofocus>${words.connectTitle}</h1>
<p class="lead">${words.connectLead(name, account)}</p>
<dl class="to"><div><dt>${words.there(name)}</dt><dd>${named([person.name, person.email].filter(Boolean).join(', ') || person.subject)}</dd></div></dl>
<form method="post" action="${here(services, '/login/connect')}">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, connectPurpose(id))}">
<input type="hidden" name="identity" value="${id}">${referenceField(referenceOf(visit))}
<div class="pair"><button name="decision" value="skip">${words.notNow}</button>
<button name="decision" value="connect">${words.connect}</button></div>
</form>`
  return renderPage(services, { title: words.connectTitle, main, corner: signOutCorner(visit) })
}

export const submitConnect = formFromSignedIn(
  (form) => connectPurpose(form.get('identity')),
  async (visit, form) => {
    const { services, request, signedIn } = visit
    const proven = pendingLink(visit)
    const settled = async (note?: Parameters<typeof leaveNote>[1]) =>
      withCookies(await whatWaits(visit, form.get('request')), [
        dropPendingLink(services),
        ...(note ? [leaveNote(services, note)] : []),
      ])
    if (form.get('decision') !== 'connect') return settled()
    if (proven === undefined || identityId(proven) !== form.get('identity') || !isRecent(visit))
      return settled('fault-over')
    const by = byPerson(signedIn.account.id, request)
    const linked = await linkIdentity(services, signedIn.account, proven, by)
    if (linked === 'busy') return problemPage(services, 'busy', { retryAfterSeconds: 1 })
    services.log.info('identity linked', {
      accountId: signedIn.account.id,
      provider: proven.provider,
      linked,
    })
    return settled(linked === 'linked' ? 'identity_linked' : 'fault-taken')
  },
)
