// Devices and programs on the account page: every sign-in is one grant, with a name, and can be ended alone
// (standards.md DV-20, UI-12). What ends with a grant is decided in the protocol's grant.ts.

import { type Client, type Grant, grant as grantRules } from '@countersign/protocol'
import { html } from 'hono/html'
import { byPerson } from '../audit.ts'
import { endGrant } from '../end-grant.ts'
import type { Services } from '../services.ts'
import { decideAndApply } from '../store/store.ts'
import { cleanText } from '../text.ts'
import { accountForm, accountPurpose, doneOnAccount } from './account-form.ts'
import { carriedCode } from './carried-code.ts'
import { ago, text } from './messages.ts'
import { type Html, ltr, named } from './page.ts'
import { problemPage } from './problem.ts'
import { permission } from './request-facts.ts'
import { type ScopeInWords, scopesInWords } from './scopes.ts'
import { describeUserAgent } from './user-agent.ts'
import { formFromSignedIn, type SignedVisit } from './visit.ts'

const words = text.account
const mostShown = 50

export async function devicesSection(visit: SignedVisit): Promise<Html> {
  const { services, signedIn } = visit
  const grants = await liveGrants(services, signedIn.account.id)
  const fresh = await justConnected(visit)
  const rows = await Promise.all(
    grants.slice(0, mostShown).map(async (grant) => {
      const client = await services.clients.find(grant.clientId)
      const scopes = await scopesInWords(services, grant.scopes, { client, resources: grant.resources })
      return device(visit, { grant, client, scopes, fresh: grant.id === fresh, only: grants.length === 1 })
    }),
  )
  const hidden = grants.length - rows.length
  return html`<section id="devices"><h2>${words.devices}</h2>
${grants.length === 0 ? firstStep : html`<p class="small">${words.devicesLead}</p><ul class="rows">${rows}</ul>`}
${hidden > 0 ? html`<p>${words.hidden(hidden)}</p>` : ''}
${grants.length > 1 ? accountForm(visit, '/account/devices', html`<button name="action" value="revoke_all">${words.signOutAllDevices}</button>`) : ''}
</section>`
}

const firstStep = html`<div class="empty"><p>${words.noDevices} ${words.firstStep}</p><p><code class="command">${ltr('countersign login')}</code></p></div>`

interface Row {
  readonly grant: Grant
  readonly client: Client | undefined
  readonly scopes: readonly ScopeInWords[]
  readonly fresh: boolean
  readonly only: boolean
}

function device(visit: SignedVisit, { grant, client, scopes, fresh, only }: Row): Html {
  const now = visit.services.system.now()
  const program = client?.name ?? grant.clientId
  const { system } = describeUserAgent(grant.context.observed.userAgent)
  const actions = html`<input type="hidden" name="grant" value="${grant.id}">
<div class="field"><label for="name-${grant.id}">${words.rename}</label>
<div class="inline"><input id="name-${grant.id}" name="name" value="${grant.deviceName}" maxlength="60" autocomplete="off">
<button name="action" value="rename">${words.save}</button></div></div>
<div class="buttons"><button name="action" value="revoke">${words.signOutDevice}</button>
${only ? '' : html`<button name="action" value="revoke_others">${words.signOutOthers}</button>`}</div>`
  return html`<li><div class="row-head"><h3>${named(grant.deviceName || words.noName)}</h3>
${fresh ? html`<span class="badge good">${words.justConnected}</span>` : ''}</div>
<p>${named(program)}${system === null ? '' : ` · ${system}`} · ${ltr(grant.context.observed.address)}</p>
<p class="small">${words.lastUsed(ago(grant.lastUsedAt, now))}, ${words.connectedAt(ago(grant.createdAt, now))} ${words.via[grant.via]}</p>
<details><summary>${words.manage}</summary>
<p class="small">${words.mayDo}:</p><ul class="scopes">${scopes.map((scope) => html`<li>${permission(scope)}</li>`)}</ul>
${accountForm(visit, '/account/devices', actions)}</details></li>`
}

// The one that this browser allowed last, while that is news.
async function justConnected(visit: SignedVisit): Promise<string | null> {
  const id = carriedCode(visit)?.id
  const record = id ? await visit.services.store.read('deviceAuthorization', id) : undefined
  return record?.grantId ?? null
}

// More than anybody has: "all" must not leave out the youngest, which a thief could have buried under others.
const everyGrant = 1_000_000

async function liveGrants({ store, system }: Services, accountId: string): Promise<readonly Grant[]> {
  const now = system.now()
  const grants = await store.find('grant', 'accountId', accountId, everyGrant)
  return grants
    .filter(({ revokedAt, expiresAt }) => revokedAt === null && expiresAt > now)
    .toSorted((a, b) => b.lastUsedAt - a.lastUsedAt)
}

export const submitDevices = formFromSignedIn(accountPurpose, async (visit, form) => {
  const { services } = visit
  const id = form.get('grant') ?? ''
  switch (form.get('action')) {
    case 'rename': {
      const name = cleanText(form.get('name'), 60) ?? ''
      const done = await changeGrant(visit, id, (grant) => grantRules.rename(grant, name))
      return done ? doneOnAccount(visit, 'renamed', 'devices') : busy(services)
    }
    case 'revoke':
      return (await endOne(visit, id)) ? doneOnAccount(visit, 'revoked', 'devices') : busy(services)
    case 'revoke_others':
      await revokeGrants(visit, (grant) => grant.id !== id)
      return doneOnAccount(visit, 'revoked_all', 'devices')
    case 'revoke_all':
      await revokeGrants(visit, () => true)
      return doneOnAccount(visit, 'revoked_all', 'devices')
    default:
      return problemPage(services, 'malformed')
  }
})

const busy = (services: Services) => problemPage(services, 'busy', { retryAfterSeconds: 1 })

// A grant of somebody else is as unknown as one that never was.
async function changeGrant(
  { services, signedIn }: SignedVisit,
  id: string,
  change: (grant: Grant) => ReturnType<typeof grantRules.rename>,
): Promise<boolean> {
  const done = await decideAndApply(services.store, async () => {
    const grant = await services.store.read('grant', id)
    return { writes: grant?.accountId === signedIn.account.id ? change(grant) : [] }
  })
  return done.applied
}

async function endOne({ services, signedIn, request }: SignedVisit, id: string): Promise<boolean> {
  const accountId = signedIn.account.id
  const ended = await endGrant(services, id, { by: byPerson(accountId, request), why: 'person', accountId })
  return ended !== 'busy'
}

/** Ends the account's grants that `chosen` picks, one by one: a refresh that moves one of them does not keep the others alive. */
export async function revokeGrants(visit: SignedVisit, chosen: (grant: Grant) => boolean): Promise<void> {
  const grants = await liveGrants(visit.services, visit.signedIn.account.id)
  for (const { id } of grants.filter(chosen)) {
    if (!(await endOne(visit, id)))
      throw new Error('A grant could not be revoked: it is changed without a pause.')
  }
}
