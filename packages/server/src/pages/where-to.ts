// Where the answer of a consent goes: the host behind the redirect URI (standards.md RU-09), the host that a client metadata
// document came from, and a word of warning where any program on this computer could be the one that asks (RU-03).

import { type Client, consent } from '@countersign/protocol'
import { html } from 'hono/html'
import { placeOf } from './leave.ts'
import { text } from './messages.ts'
import { type Html, ltr, notice } from './page.ts'

const words = text.consent

export function whereTo(client: Client, redirectUri: string): Html {
  const reach = consent.reachOf(redirectUri)
  const document = client.source === 'metadata_document' ? hostOf(client.id) : undefined
  const elsewhere = document !== undefined && reach.kind === 'host' && reach.host !== document
  return html`<dl class="to">
${document === undefined ? '' : fact(words.identifiedBy, ltr(document))}
${fact(words.goesTo, reach.kind === 'loopback' ? html`${words.thisComputer} (${placeOf(reach)})` : placeOf(reach))}
</dl>
${reach.kind === 'host' ? '' : notice('warn', words.anyProgram[reach.kind])}
${elsewhere ? notice('warn', words.otherHost) : ''}`
}

const fact = (label: string, value: Html): Html => html`<div><dt>${label}</dt><dd>${value}</dd></div>`

function hostOf(uri: string): string | undefined {
  const reach = consent.reachOf(uri)
  return reach.kind === 'scheme' ? undefined : reach.host
}
