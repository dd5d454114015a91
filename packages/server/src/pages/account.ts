// The account page: devices, passkeys, browsers, password.

import { html } from 'hono/html'
import { text } from './messages.ts'
import { renderPage } from './page.ts'
import { signOutCorner } from './sign-out.ts'
import { forSignedIn } from './visit.ts'

export const accountPage = forSignedIn((visit) =>
  renderPage(visit.services, {
    title: text.account.title,
    main: html`<h1>${text.account.title}</h1>`,
    corner: signOutCorner(visit),
    wide: true,
  }),
)
