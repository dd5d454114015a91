// Leaving for a client after a form of ours was answered. A redirect would be simplest, but Chromium and WebKit hold a
// page's form-action against every hop that follows its form, and where a client sends the person on from its own address
// nobody here can know; so "Allow" would seem to do nothing (standards.md UI-03). The form is answered with a page of ours
// instead, which goes on by itself, without scripts. How the answer to the client is made is ../authorization-answer.ts.

import { consent } from '@countersign/protocol'
import { html } from 'hono/html'
import type { PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'
import { text } from './messages.ts'
import { type Html, ltr, renderPage } from './page.ts'

const words = text.leave

/** The answer to a form as the browser can follow it: as it is within our pages, a page that goes on where it leads out. */
export async function leaveBy(
  services: Services,
  answer: PlainResponse,
  /** What stands below, for somebody who sees the page longer than it is meant to be seen. */
  advice?: string,
): Promise<PlainResponse> {
  const { location } = answer.headers
  if (answer.status !== 303 || typeof location !== 'string' || isOurs(services, location)) return answer
  // Programs are opened only by what a person pressed, and that is the form, not the page after it; `formSource` allows it.
  const reach = consent.reachOf(location)
  if (reach.kind === 'scheme') return answer
  const main = html`<h1>${words.title}</h1>
<p class="lead">${words.lead(reach.kind === 'loopback' ? html`${text.consent.thisComputer}` : placeOf(reach))}</p>
<p><a class="button primary" href="${location}" rel="noreferrer">${words.button}</a></p>
${advice === undefined ? '' : html`<p class="small">${advice}</p>`}`
  const { location: _, ...kept } = answer.headers
  const page = await renderPage(services, { title: words.title, main })
  // Like <meta http-equiv="refresh">: the entry in the history is replaced, so the Back button does not come here again.
  return { ...page, headers: { ...kept, ...page.headers, refresh: `0;url=${location}` } }
}

/** A redirect target as people read it. */
export function placeOf(reach: consent.Reach): Html {
  return reach.kind === 'scheme' ? html`<code>${ltr(`${reach.scheme}:`)}</code>` : ltr(reach.host)
}

/** The source that form-action needs beside our own pages: only for programs that are opened by a scheme of their own. */
export function formSource(redirectUri: string): string | undefined {
  const reach = consent.reachOf(redirectUri)
  return reach.kind === 'scheme' && /^[a-z][a-z0-9+.-]*$/.test(reach.scheme) ? `${reach.scheme}:` : undefined
}

function isOurs({ config }: Services, location: string): boolean {
  return location.startsWith('/') ? !location.startsWith('//') : location.startsWith(`${config.issuer}/`)
}
