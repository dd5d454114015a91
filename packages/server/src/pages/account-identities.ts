// Accounts elsewhere on the account page: which are connected, connecting one more, and taking one away.
// The records are accounts/upstream/identities.ts, the way to the provider and back is upstream.ts.

import type { Identity } from '@countersign/protocol'
import { html } from 'hono/html'
import { unlinkIdentity } from '../accounts/upstream/identities.ts'
import { byPerson } from '../audit.ts'
import type { PlainResponse } from '../http.ts'
import { accountForm, accountPurpose, doneOnAccount, isRecent, showSection } from './account-form.ts'
import { here } from './links.ts'
import { ago, text } from './messages.ts'
import { type Html, named, notice } from './page.ts'
import { problemPage } from './problem.ts'
import { leaveBy } from './upstream.ts'
import { formFromSignedIn, type SignedVisit } from './visit.ts'

const words = text.account

export async function identitiesSection(visit: SignedVisit): Promise<Html | string> {
  const { services, signedIn } = visit
  const identities = await services.store.find('identity', 'accountId', signedIn.account.id)
  const { all } = services.upstreams
  if (all.length === 0 && identities.length === 0) return ''
  const further = all.filter(
    ({ settings }) =>
      !identities.some((identity) => services.upstreams.of(identity)?.settings.id === settings.id),
  )
  return html`<section id="identities"><h2>${words.identities}</h2>
<p class="small">${words.identitiesLead}</p>
${
  identities.length === 0
    ? html`<p>${words.noIdentities}</p>`
    : html`<ul class="rows">${identities.map((identity) => row(visit, identity))}</ul>`
}
${isRecent(visit) ? html`<div class="buttons">${further.map(({ settings }) => connectForm(visit, settings))}</div>` : signInAgain(visit)}
</section>`
}

function row(visit: SignedVisit, identity: Identity): Html {
  const { services } = visit
  const now = services.system.now()
  const provider = services.upstreams.of(identity)?.settings.name ?? identity.provider
  const who = identity.name ?? identity.email ?? identity.subject
  const used =
    identity.lastUsedAt === null
      ? words.neverUsed
      : words.lastUsed(ago(identity.lastUsedAt, now)).toLowerCase()
  const disconnect = html`<input type="hidden" name="identity" value="${identity.id}">
<button aria-label="${words.disconnect}: ${provider}">${words.disconnect}</button>`
  return html`<li class="side"><div><h3>${named(provider)}</h3>
<p class="small"><bdi>${words.connectedAs(who)}</bdi> · ${words.added(ago(identity.createdAt, now))}, ${used}</p></div>
${isRecent(visit) ? accountForm(visit, '/account/identities/disconnect', disconnect) : ''}</li>`
}

function connectForm(visit: SignedVisit, { id, name }: { readonly id: string; readonly name: string }): Html {
  const content = html`<input type="hidden" name="provider" value="${id}">
<button><span>${words.connectWith(named(name))}</span></button>`
  return accountForm(visit, '/account/identities/connect', content)
}

const signInAgain = ({ services }: SignedVisit): Html =>
  html`<p>${words.identityNeedsSignIn} <a href="${here(services, '/login')}">${words.signInAgain}</a></p>`

export const submitConnectIdentity = formFromSignedIn(accountPurpose, async (visit, form) => {
  const { services, signedIn } = visit
  const upstream = services.upstreams.find(form.get('provider') ?? '')
  if (upstream === undefined) return problemPage(services, 'malformed')
  if (!isRecent(visit)) return failed(visit, words.identityNeedsSignIn)
  return leaveBy(visit, upstream, {
    purpose: 'link',
    accountId: signedIn.account.id,
    returnTo: '/account',
    // Whoever happens to be signed in there in this browser need not be this person.
    fresh: true,
    device: null,
  })
})

export const submitDisconnect = formFromSignedIn(accountPurpose, async (visit, form) => {
  const { services, signedIn, request } = visit
  if (!isRecent(visit)) return failed(visit, words.identityNeedsSignIn)
  const { account } = signedIn
  const by = byPerson(account.id, request)
  const unlinked = await unlinkIdentity(services, account, form.get('identity') ?? '', by)
  if (unlinked === 'busy') return problemPage(services, 'busy', { retryAfterSeconds: 1 })
  if (unlinked === 'last') return failed(visit, words.lastWayIn)
  services.log.info('identity unlinked', { accountId: account.id })
  return doneOnAccount(visit, 'identity_unlinked', 'identities')
})

function failed(visit: SignedVisit, says: string): Promise<PlainResponse> {
  const back = html`<p><a href="${here(visit.services, '/account')}#identities">${words.identities}</a></p>`
  return showSection(visit, words.identities, html`${notice('bad', says)}${back}`)
}
