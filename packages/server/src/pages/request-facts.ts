// What the approve page tells about a request: what we saw ourselves, what the device says of itself, and what it asks for.
// The two kinds of knowledge are never mixed (RFC 8628 §5.3, standards.md DV-22).

import type { Client, DeviceAuthorization } from '@countersign/protocol'
import { html } from 'hono/html'
import type { Config } from '../config.ts'
import { ago, spanText, text } from './messages.ts'
import { alertIcon, type Html, ltr, named } from './page.ts'
import { scopeInWords } from './scopes.ts'
import { describeUserAgent } from './user-agent.ts'
import type { SignedVisit } from './visit.ts'

const words = text.approve

export function deviceFacts(
  { services }: SignedVisit,
  { context, createdAt }: DeviceAuthorization,
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

export function permissions(config: Config, client: Client, record: DeviceAuthorization): Html {
  const lasting = client.grantTypes.includes('refresh_token')
  return html`<section class="permissions"><h2>${words.scopes}</h2>
<ul>${record.scopes.map((scope) => html`<li>${permission(scope)}</li>`)}</ul>
${record.resources.length === 0 ? '' : html`<p>${words.resources} ${record.resources.map((resource) => html`${ltr(resource)} `)}</p>`}
<p class="small">${
    lasting
      ? words.until(spanText(config.refreshAbsoluteSeconds))
      : words.untilToken(spanText(client.accessTokenSeconds))
  }</p></section>`
}

/** One scope in words, with its risk as a word and a sign. */
export function permission(scope: string): Html {
  const { words: says, name, risk } = scopeInWords(scope)
  const said = html`${says}${name === undefined ? '' : html` <code>${ltr(name)}</code>`}`
  return risk === undefined
    ? said
    : html`${said} <span class="caution">${alertIcon}${words.careful} ${risk}</span>`
}
