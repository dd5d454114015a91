// The first account, made through the link that the server printed at its start (accounts/setup-link.ts).
// Making the account, using up the link and signing in are one step: there is never half a setup.

import type { Account } from '@countersign/protocol'
import { html } from 'hono/html'
import { newAccount } from '../accounts/accounts.ts'
import { newBrowserSession } from '../accounts/browser-session.ts'
import { useSetupLink } from '../accounts/setup-link.ts'
import { audit, byPerson } from '../audit.ts'
import { type PlainRequest, type PlainResponse, seeOther } from '../http.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import { field, renderPage } from './page.ts'
import { problemPage } from './problem.ts'
import {
  antiForgery,
  antiForgeryField,
  cookie,
  forAnybody,
  formFromAnybody,
  sessionCookie,
  type Visit,
} from './visit.ts'

const words = text.setup

interface Again {
  readonly name: string
  readonly email: string
  readonly fault: keyof typeof text.accountFaults
}

export const setupPage = forAnybody(async (visit) => {
  if ((await useSetupLink(visit.services, secretIn(visit.request))) === undefined)
    return problemPage(visit.services, 'setup_used')
  return showSetup(visit)
})

export const submitSetup = formFromAnybody('setup', async (visit, form) => {
  const { services, request } = visit
  const usingUp = await useSetupLink(services, secretIn(request))
  if (usingUp === undefined) return problemPage(services, 'setup_used')
  const [name, email] = [form.get('name') ?? '', form.get('email') ?? '']
  const password = form.get('password') ?? ''
  const made = await newAccount(services.system, { name, email, password, admin: true })
  if (!made.ok) return showSetup(visit, { name, email, fault: made.fault })
  const { secret, session } = newBrowserSession(services, request, made.account.id, ['pwd'])
  const applied = await services.store.apply([
    usingUp,
    { op: 'insert', kind: 'account', record: made.account },
    { op: 'insert', kind: 'browserSession', record: session },
    audit(services, {
      event: 'account.added',
      ...byPerson(made.account.id, request),
      accountId: made.account.id,
      detail: { admin: true, via: 'setup link' },
    }),
  ])
  if (applied === 'conflict') return problemPage(services, 'setup_used')
  tell(visit, made.account)
  return seeOther(here(services, '/account'), { 'set-cookie': [sessionCookie(services, secret)] })
})

function tell({ services, request }: Visit, account: Account): void {
  services.log.info('first account made', { accountId: account.id, address: request.address })
}

const secretIn = ({ path }: PlainRequest): string => path.slice('/setup/'.length)

function showSetup(visit: Visit, again?: Again): Promise<PlainResponse> {
  const { services, request } = visit
  const errorFor = (...faults: readonly Again['fault'][]) =>
    again && faults.includes(again.fault) ? text.accountFaults[again.fault] : undefined
  const main = html`<h1>${words.title}</h1>
<p class="lead">${words.lead}</p>
<form method="post" action="${here(services, request.path)}">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, 'setup')}">
${field({ name: 'name', label: words.name, autocomplete: 'name', value: again?.name, autofocus: !again, more: html`maxlength="80"` })}
${field({
  name: 'email',
  label: words.email,
  type: 'email',
  autocomplete: 'username',
  value: again?.email,
  error: errorFor('email', 'exists'),
})}
${field({
  name: 'password',
  label: words.password,
  type: 'password',
  autocomplete: 'new-password',
  hint: words.passwordHint,
  error: errorFor('too_short', 'too_long', 'too_common', 'too_personal', 'busy'),
  more: html`minlength="8" maxlength="256"`,
})}
<button class="primary">${words.button}</button>
</form>`
  const cookies = visit.isNew ? [cookie(services, 'session', visit.browser)] : []
  return renderPage(services, { title: words.title, main, cookies, status: again ? 400 : 200 })
}
