// Apps on the account page: what the person has agreed to, one row for each client, and withdrawing it (standards.md UI-12).
// What is withdrawn with it is ../consents.ts; single sign-ins are account-devices.ts.

import { type Client, type Consent, consent as consentRules } from '@countersign/protocol'
import { html } from 'hono/html'
import { byPerson } from '../audit.ts'
import { consentsOf, withdrawConsents } from '../consents.ts'
import { accountForm, accountPurpose, doneOnAccount } from './account-form.ts'
import { placeOf } from './leave.ts'
import { ago, text } from './messages.ts'
import { type Html, ltr, named } from './page.ts'
import { problemPage } from './problem.ts'
import { permission, publisherBadge } from './request-facts.ts'
import { type ScopeInWords, scopesInWords } from './scopes.ts'
import { formFromSignedIn, type SignedVisit } from './visit.ts'

const words = text.account
const mostShown = 50

/** Empty for somebody who never agreed to anything: the page is long enough. */
export async function consentsSection(visit: SignedVisit): Promise<Html | string> {
  const { services, signedIn } = visit
  const byClient = Map.groupBy(await consentsOf(services, signedIn.account.id), ({ clientId }) => clientId)
  if (byClient.size === 0) return ''
  const rows = await Promise.all(
    [...byClient].slice(0, mostShown).map(async ([clientId, consents]) => {
      const client = await services.clients.find(clientId)
      const scopes = [...new Set(consents.flatMap((consent) => consent.scopes))]
      const resources = [...new Set(consents.flatMap((consent) => consent.resources))]
      const inWords = await scopesInWords(services, scopes, { client, resources })
      return row(visit, { clientId, client, consents, resources, scopes: inWords })
    }),
  )
  const hidden = byClient.size - rows.length
  return html`<section id="apps"><h2>${words.consents}</h2>
<p class="small">${words.consentsLead}</p><ul class="rows">${rows}</ul>
${hidden > 0 ? html`<p>${words.hiddenConsents(hidden)}</p>` : ''}</section>`
}

interface App {
  readonly clientId: string
  readonly client: Client | undefined
  /** The one given last first. */
  readonly consents: readonly Consent[]
  readonly resources: readonly string[]
  readonly scopes: readonly ScopeInWords[]
}

function row(visit: SignedVisit, { clientId, client, consents, resources, scopes }: App): Html {
  const name = client?.name ?? clientId
  const at = consents[0]?.updatedAt ?? 0
  const places = [...new Set(consents.map(({ redirectTarget }) => redirectTarget))]
  const form = html`<input type="hidden" name="client" value="${clientId}">
<p class="small">${words.withdrawLead(named(name))}</p>
<div class="buttons"><button aria-label="${words.withdraw}: ${name}">${words.withdraw}</button></div>`
  return html`<li><div class="row-head"><h3>${named(name)}</h3>
${client === undefined ? '' : publisherBadge(client)}</div>
<p class="small">${words.consentAt(ago(at, visit.services.system.now()))} · ${words.consentPlace} ${places.map(
    (place) => html`${placeOf(consentRules.reachOf(place))} `,
  )}</p>
<details><summary>${words.withdrawSummary}</summary>
<ul class="scopes">${scopes.map((scope) => html`<li>${permission(scope)}</li>`)}</ul>
${resources.length === 0 ? '' : html`<p class="small">${text.approve.resources} ${resources.map((resource) => html`${ltr(resource)} `)}</p>`}
${accountForm(visit, '/account/consents', form)}</details></li>`
}

export const submitConsents = formFromSignedIn(accountPurpose, async (visit, form) => {
  const { services, signedIn, request } = visit
  const clientId = form.get('client')
  if (clientId === undefined) return problemPage(services, 'malformed')
  const accountId = signedIn.account.id
  // A second click finds nothing and is as good as the first.
  const done = await withdrawConsents(services, { accountId, clientId, ...byPerson(accountId, request) })
  if (done === 'busy') return problemPage(services, 'busy', { retryAfterSeconds: 1 })
  return doneOnAccount(visit, 'consent_withdrawn', 'apps')
})
