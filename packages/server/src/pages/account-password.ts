// Changing the password on the account page. The current one is asked for, tries at it are counted as at sign-in, and a change
// ends every other browser (ASVS 7.4.3); devices stay signed in unless the person wants them out, too.

import type { Write } from '@countersign/protocol'
import { html } from 'hono/html'
import { type AccountFault, newPassword } from '../accounts/accounts.ts'
import { endOfSession, newBrowserSession } from '../accounts/browser-session.ts'
import { emailOf } from '../accounts/email.ts'
import { checkPassword } from '../accounts/password.ts'
import { audit, byPerson } from '../audit.ts'
import type { PlainResponse } from '../http.ts'
import { decideAndApply } from '../store/store.ts'
import { signInGuesses } from '../throttle.ts'
import { revokeGrants } from './account-devices.ts'
import { accountForm, accountPurpose, doneOnAccount, isRecent, showSection } from './account-form.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import { field, type Html } from './page.ts'
import { problemPage } from './problem.ts'
import { formFromSignedIn, type SignedVisit, sessionCookie } from './visit.ts'

const words = text.account

type Fault = AccountFault | 'wrong'

export function passwordSection(visit: SignedVisit): Html {
  return html`<section id="change-password"><h2>${words.password}</h2>${passwordForm(visit)}</section>`
}

function passwordForm(visit: SignedVisit, fault?: Fault): Html {
  const { services, signedIn } = visit
  const first = signedIn.account.passwordHash === null
  if (first && !isRecent(visit)) {
    return html`<p>${words.passwordNeedsSignIn} <a href="${here(services, '/login')}">${words.signInAgain}</a></p>`
  }
  const current = field({
    name: 'current',
    label: words.currentPassword,
    type: 'password',
    autocomplete: 'current-password',
    error: fault === 'wrong' ? words.wrongPassword : undefined,
  })
  const chosen = field({
    name: 'password',
    label: words.newPassword,
    type: 'password',
    autocomplete: 'new-password',
    hint: text.setup.passwordHint,
    error: fault === undefined || fault === 'wrong' ? undefined : text.accountFaults[fault],
    more: html`minlength="8" maxlength="256"`,
  })
  return accountForm(
    visit,
    '/account/password',
    html`<input type="hidden" name="username" autocomplete="username" value="${emailOf(signedIn.account) ?? ''}">
${first ? '' : current}${chosen}
<label class="check"><input type="checkbox" name="devices" value="yes"> <span>${words.alsoDevices}</span></label>
<p class="small">${words.passwordEndsSessions}</p>
<button>${first ? words.setPassword : words.changePassword}</button>`,
  )
}

const failed = (visit: SignedVisit, fault: Fault): Promise<PlainResponse> =>
  showSection(visit, words.changePassword, passwordForm(visit, fault))

export const submitPassword = formFromSignedIn(accountPurpose, async (visit, form) => {
  const { services, signedIn, request } = visit
  const { account } = signedIn
  const refused = await refuseWrongCurrent(visit, form.get('current') ?? '')
  if (refused !== undefined) return refused
  const chosen = await newPassword(services.system, account, form.get('password') ?? '')
  if ('fault' in chosen) return failed(visit, chosen.fault)
  const { secret, session } = newBrowserSession(services, request, account.id, signedIn.session.amr)
  const done = await decideAndApply(services.store, async () => {
    const current = await services.store.read('account', account.id)
    // What was checked above must still be the password (two changes at once), or nothing is changed.
    if (current === undefined || current.passwordHash !== account.passwordHash)
      return { changed: false, writes: [] }
    const sessions = await services.store.find('browserSession', 'accountId', account.id)
    const writes: Write[] = [
      { op: 'update', kind: 'account', record: { ...current, passwordHash: chosen.hash } },
      ...sessions.map(endOfSession),
      { op: 'insert', kind: 'browserSession', record: session },
      audit(services, {
        event: 'account.password_changed',
        ...byPerson(account.id, request),
        accountId: account.id,
        detail: { sessions: sessions.length },
      }),
    ]
    return { changed: true, writes }
  })
  if (!done.applied || !done.decision.changed) return problemPage(services, 'busy', { retryAfterSeconds: 1 })
  services.log.info('password changed', { accountId: account.id, address: request.address })
  if (form.get('devices') === 'yes') await revokeGrants(visit, () => true)
  return doneOnAccount(visit, 'password', 'top', [sessionCookie(services, secret)])
})

async function refuseWrongCurrent(visit: SignedVisit, current: string): Promise<PlainResponse | undefined> {
  const { services, signedIn, request } = visit
  const { account } = signedIn
  if (account.passwordHash === null) return isRecent(visit) ? undefined : problemPage(services, 'forged')
  const guesses = signInGuesses(services.secrets.mac('sign-in name', account.email), request.address)
  const braked = await services.throttle.spend(guesses)
  if (braked) return problemPage(services, 'too_many', braked)
  const checked = current.length > 1024 ? 'wrong' : await checkPassword(current, account.passwordHash)
  if (checked === 'wrong') return failed(visit, 'wrong')
  await services.throttle.giveBack(guesses)
  return checked === 'busy' ? problemPage(services, 'busy', { retryAfterSeconds: 3 }) : undefined
}
