// The accounts elsewhere that a person has connected: which there are, whether they work, and what can be connected.
// What the forms post is connection-changes.ts, the page of one that is being made connection-flow.ts.

import { html } from 'hono/html'
import type { ConnectionSummary } from '../connections.ts'
import { accountForm } from './account-form.ts'
import { type ConnectionVisit, connectionsPath, forConnections, mayChange } from './connection-visit.ts'
import { here } from './links.ts'
import { ago, text } from './messages.ts'
import { takeNote } from './note.ts'
import { type Html, ltr, named, notice, renderPage } from './page.ts'
import { signOutCorner } from './sign-out.ts'
import type { SignedVisit } from './visit.ts'

const words = text.connections

export const connectionsPage = forConnections(async (visit) => {
  const { services, connections, owner } = visit
  const made = await connections.connections(owner.person)
  const note = takeNote(visit)
  const main = html`<div><p class="back"><a href="${here(services, '/account')}">${text.account.title}</a></p>
<h1>${words.title}</h1>
<p class="lead">${words.lead}</p></div>
${note ? notice(note.kind, note.says) : ''}
<section id="connected"><h2>${words.connected}</h2>
${made.length === 0 ? html`<p class="empty">${words.none}</p>` : html`<ul class="rows">${made.map((connection) => row(visit, connection))}</ul>`}
</section>
<section id="connect"><h2>${made.length === 0 ? words.addFirst : words.add}</h2>
${mayChange(visit) ? html`<ul class="rows">${connections.providers.map((provider) => connectRow(visit, provider))}</ul>` : signInAgain(visit)}
</section>`
  return renderPage(services, {
    title: words.title,
    main,
    width: 'wide',
    corner: signOutCorner(visit),
    cookies: note ? [note.cookie] : [],
  })
})

/** On the account page: the way here, where there is anything to connect. */
export function connectionsSection({ services }: SignedVisit): Html | string {
  if (services.connections === undefined) return ''
  return html`<section id="connections"><h2>${words.section}</h2>
<p class="small">${words.sectionLead}</p>
<p><a class="button" href="${here(services, connectionsPath)}">${words.open}</a></p></section>`
}

function row(visit: ConnectionVisit, connection: ConnectionSummary): Html {
  const { providerName, account, label, ended, createdAt, updatedAt } = connection
  const now = visit.services.system.now()
  const isNamed = label !== '' && label !== providerName && label !== account?.name
  const badge =
    ended === null
      ? html`<span class="badge good">${words.works}</span>`
      : html`<span class="badge warn">${words.endedBadge}</span>`
  const renewed = updatedAt > createdAt ? `, ${words.renewed(ago(updatedAt, now))}` : ''
  return html`<li><div class="row-head"><h3>${named(isNamed ? label : providerName)}</h3>${badge}</div>
<p>${isNamed ? html`${named(providerName)}` : ''}${isNamed && account ? ' · ' : ''}${account ? named(account.name) : ''}</p>
<p class="small">${words.since(ago(createdAt, now))}${renewed}</p>
${ended === null ? '' : html`<p>${words.ended[ended](named(providerName))}</p>${mayChange(visit) ? againForm(visit, connection) : ''}`}
<details><summary aria-label="${words.manage}: ${label || providerName}">${words.manage}</summary>
${scopesOf(connection)}${renameForm(visit, connection)}${mayChange(visit) ? disconnectForm(visit, connection) : signInAgain(visit)}</details></li>`
}

function scopesOf({ scopes }: ConnectionSummary): Html {
  if (scopes.length === 0) return html`<p class="small">${words.noScopes}</p>`
  return html`<p class="small">${words.may}</p><ul class="scopes">${scopes.map((scope) => html`<li>${inWords(scope)}</li>`)}</ul>`
}

function inWords(scope: string): Html {
  const known: Readonly<Record<string, string>> = words.scopes
  return Object.hasOwn(known, scope) ? html`${known[scope]}` : html`<code>${ltr(scope)}</code>`
}

function againForm(visit: ConnectionVisit, { id, provider, providerName }: ConnectionSummary): Html {
  const content = html`<input type="hidden" name="provider" value="${provider}"><input type="hidden" name="connection" value="${id}">
<div class="buttons"><button aria-label="${words.connectAgain}: ${providerName}">${words.connectAgain}</button></div>`
  return accountForm(visit, `${connectionsPath}/connect`, content)
}

function renameForm(visit: ConnectionVisit, { id, label }: ConnectionSummary): Html {
  const content = html`<input type="hidden" name="connection" value="${id}">
<div class="field"><label for="label-${id}">${words.label}</label>
<div class="inline"><input id="label-${id}" name="label" value="${label}" maxlength="60" autocomplete="off" required>
<button>${words.save}</button></div></div>`
  return accountForm(visit, `${connectionsPath}/rename`, content)
}

function disconnectForm(visit: ConnectionVisit, { id, label, providerName }: ConnectionSummary): Html {
  const content = html`<input type="hidden" name="connection" value="${id}">
<p class="small">${words.disconnectLead(named(providerName))}</p>
<div class="buttons"><button class="danger" aria-label="${words.disconnect}: ${label || providerName}">${words.disconnect}</button></div>`
  return accountForm(visit, `${connectionsPath}/disconnect`, content)
}

function connectRow(
  visit: ConnectionVisit,
  { id, name }: { readonly id: string; readonly name: string },
): Html {
  const content = html`<input type="hidden" name="provider" value="${id}">
<div class="field"><label class="small" for="new-${id}">${words.labelOptional}</label>
<div class="inline"><input id="new-${id}" name="label" maxlength="60" autocomplete="off">
<button aria-label="${words.pageTitle(name)}">${words.connectButton}</button></div></div>`
  return html`<li><h3>${named(name)}</h3>${accountForm(visit, `${connectionsPath}/connect`, content)}</li>`
}

const signInAgain = ({ services }: SignedVisit): Html =>
  html`<p>${words.needsSignIn} <a href="${here(services, '/login')}">${text.account.signInAgain}</a></p>`
