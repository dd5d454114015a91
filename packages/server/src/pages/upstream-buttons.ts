// "Continue with …": a form for each provider on the sign-in page; and the page between it and the provider. Where they lead is
// upstream.ts.

import { html } from 'hono/html'
import type { PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import { type Html, ltr, named, renderPage } from './page.ts'
import { signInPurpose } from './sign-in-form.ts'
import { referenceField } from './transaction.ts'
import { antiForgery, antiForgeryField, type Visit } from './visit.ts'

const words = text.upstream

export function upstreamButtons(visit: Visit, reference: string | undefined): Html | string {
  const { services } = visit
  if (services.upstreams.all.length === 0) return ''
  return html`<div class="providers">
${services.upstreams.all.map(
  ({ settings }) => html`<form method="post" action="${here(services, `/login/upstream/${settings.id}`)}">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, signInPurpose(reference))}">
${referenceField(reference)}<button><span>${words.continueWith(named(settings.name))}</span></button>
</form>`,
)}
${services.config.passwords ? html`<p class="or"><span>${text.signIn.or}</span></p>` : ''}
</div>`
}

/** A form of ours may not end in a redirect to elsewhere (leave.ts), so its answer is a page that goes on by itself. */
export async function leaveForProvider(
  services: Services,
  url: URL,
  {
    name,
    lead = words.lead(ltr(url.host)),
    cookies = [],
  }: { readonly name: string; readonly lead?: Html; readonly cookies?: readonly string[] },
): Promise<PlainResponse> {
  const title = words.leaving(name)
  const main = html`<h1>${title}</h1>
<p class="lead">${lead}</p>
<p><a class="button primary" href="${url.href}" rel="noreferrer">${words.button}</a></p>`
  return renderPage(services, { title, main, cookies, headers: { refresh: `0;url=${url.href}` } })
}
