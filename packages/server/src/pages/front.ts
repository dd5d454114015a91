// The front page, for whoever comes without an address in mind.
// It knows nothing but whether somebody is signed in; the first account is made in setup.ts.

import { html } from 'hono/html'
import { here } from './links.ts'
import { text } from './messages.ts'
import { renderPage } from './page.ts'
import { signOutCorner } from './sign-out.ts'
import { forAnybody, isSignedIn } from './visit.ts'

const words = text.front

export const frontPage = forAnybody((visit) => {
  const { services } = visit
  const known = isSignedIn(visit)
  const main = html`<h1 class="big">${words.title}</h1>
<p class="lead">${words.lead}</p>
<p class="choices"><a class="button primary" href="${here(services, '/device')}">${words.connect}</a>
<a class="button" href="${here(services, known ? '/account' : '/login')}">${known ? words.account : words.signIn}</a></p>`
  return renderPage(services, {
    title: words.title,
    main,
    ...(known ? { corner: signOutCorner(visit) } : {}),
  })
})
