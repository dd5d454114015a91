// What pages tell about a request: who asks, what we saw ourselves, what a device says of itself, and what it asks for.
// The two kinds of knowledge are never mixed (RFC 8628 §5.3, standards.md DV-22).

import type { Client, DeviceAuthorization } from '@countersign/protocol'
import { html } from 'hono/html'
import type { Config } from '../config.ts'
import { ago, spanText, text } from './messages.ts'
import { alertIcon, type Html, ltr, named, tickIcon } from './page.ts'
import type { ScopeInWords } from './scopes.ts'
import { describeUserAgent } from './user-agent.ts'
import type { SignedVisit } from './visit.ts'

const words = text.approve

export function deviceFacts(
  { services }: SignedVisit,
  { context, createdAt }: Pick<DeviceAuthorization, 'context' | 'createdAt'>,
  elsewhere: boolean,
): Html {
  const { observed, reported } = context
  const { program, system } = describeUserAgent(observed.userAgent)
  const claims: readonly (readonly [string, string | null])[] = [
    [words.deviceName, reported.deviceName],
    [words.version, reported.clientVersion],
    [words.agent, reported.agent],
  ]
  const told = claims.flatMap(([label, claim]) => (claim === null ? [] : [fact(label, named(claim))]))
  return html`<div class="facts">
<section><h2>${words.seen}</h2><dl>
${fact(words.kind, named(program ?? words.unknown))}
${system === null ? '' : fact(words.system, system)}
${fact(words.network, elsewhere ? html`<span class="caution">${alertIcon}${words.otherNetwork}</span>` : words.sameNetwork)}
${fact(words.address, ltr(observed.address))}
${fact(words.asked, ago(createdAt, services.system.now()))}
</dl></section>
<section class="claims"><h2>${words.reported}</h2><p class="small">${words.reportedHint}</p>
${told.length === 0 ? html`<p>${words.nothingReported}</p>` : html`<dl>${told}</dl>`}</section>
</div>`
}

const fact = (label: string, value: Html | string): Html =>
  html`<div><dt>${label}</dt><dd>${value}</dd></div>`

/** What it will be able to do, where, and for how long. */
export function permissions(
  config: Config,
  client: Client,
  { scopes, resources }: { readonly scopes: readonly ScopeInWords[]; readonly resources: readonly string[] },
): Html {
  return html`<section class="permissions"><h2>${words.scopes}</h2>
<ul>${scopes.map((scope) => html`<li>${permission(scope)}</li>`)}</ul>
${placeAndTime(config, client, resources)}</section>`
}

/** For which resources access is asked, and how long it lasts (standards.md UI-11). */
export function placeAndTime(config: Config, client: Client, resources: readonly string[]): Html {
  const lasting = client.grantTypes.includes('refresh_token')
  const most = client.refreshAbsoluteSeconds ?? config.refreshAbsoluteSeconds
  return html`${resources.length === 0 ? '' : html`<p>${words.resources} ${resources.map((resource) => html`${ltr(resource)} `)}</p>`}
<p class="small">${lasting ? words.until(spanText(most)) : words.untilToken(spanText(client.accessTokenSeconds))}</p>`
}

/** One scope in words, with its risk as a word and a sign. */
export function permission({ words: says, name, risk }: ScopeInWords): Html {
  const said = html`${says}${name === undefined ? '' : html` <code>${ltr(name)}</code>`}`
  return risk === undefined
    ? said
    : html`${said} <span class="caution">${alertIcon}${words.careful} ${risk}</span>`
}

/** Who publishes the program, or that nobody has verified it. */
export function publisherBadge({ publisher }: Client): Html {
  return publisher === null
    ? html`<span class="badge plain">${words.notVerified}</span>`
    : html`<span class="badge good">${tickIcon}<span>${words.verified(named(publisher))}</span></span>`
}

export const publisherLine = (client: Client): Html =>
  html`<p class="publisher">${publisherBadge(client)}</p>`
