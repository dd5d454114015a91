// Signing in: with a passkey or a password. Failures look alike whatever was wrong, and tries are counted (standards.md UI-15).
// After it comes the code that the browser carries, or the account page: never an address from the request.

import type { Account, Write } from '@countersign/protocol'
import { html } from 'hono/html'
import { normalizeEmail } from '../accounts/accounts.ts'
import { beginBrowserSession } from '../accounts/browser-session.ts'
import { beginSignIn, finishSignIn, passkeysPossible } from '../accounts/passkey.ts'
import { checkPassword, hashUnlessBusy, isOutdated } from '../accounts/password.ts'
import type { Form } from '../form.ts'
import { type PlainResponse, seeOther } from '../http.ts'
import type { Services } from '../services.ts'
import { signInGuesses } from '../throttle.ts'
import { carriedCode } from './carried-code.ts'
import { codeChip } from './code-chip.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import { alertIcon, field, type Html, keyIcon, notice, renderPage } from './page.ts'
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

const words = text.signIn

export const signInPage = forAnybody((visit) => showSignIn(visit))

interface Failed {
  readonly says: string
  readonly email?: string | undefined
  readonly status: number
}

async function showSignIn(visit: Visit, failed?: Failed): Promise<PlainResponse> {
  const { services } = visit
  const carried = carriedCode(visit)
  const [anyAccount] = await services.store.list('account', undefined, 1)
  const main = html`<h1>${words.title}</h1>
${carried && !carried.decided ? html`<p class="chip-line">${words.connecting(codeChip(carried.typed))}</p>` : ''}
${visit.signedIn ? html`<p class="lead">${words.again(visit.signedIn.account.email)}</p>` : ''}
${anyAccount === undefined ? notice('warn', words.noAccounts) : ''}
${failed ? notice('bad', failed.says) : ''}
${await passkeyForm(visit)}
<form method="post" action="${here(services, '/login')}">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, 'sign-in')}">
${field({
  name: 'email',
  label: words.email,
  type: 'email',
  autocomplete: 'username',
  value: failed?.email ?? visit.signedIn?.account.email ?? '',
  autofocus: failed?.email === undefined,
})}
${field({
  name: 'password',
  label: words.password,
  type: 'password',
  autocomplete: 'current-password',
  autofocus: failed?.email !== undefined,
})}
<button class="primary">${words.button}</button>
</form>`
  const cookies = visit.isNew ? [cookie(services, 'session', visit.browser)] : []
  return renderPage(services, {
    title: words.title,
    main,
    cookies,
    status: failed?.status ?? 200,
    script: true,
  })
}

// Hidden until the script finds that the browser knows passkeys.
async function passkeyForm(visit: Visit): Promise<Html | string> {
  const { services, browser } = visit
  if (!passkeysPossible(services)) return ''
  const ceremony = await beginSignIn(services, browser)
  return html`<div data-needs-passkeys hidden>
<form method="post" action="${here(services, '/login/passkey')}" data-passkey="get" data-options="${ceremony.options}">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, 'sign-in')}">
<input type="hidden" name="challenge" value="${ceremony.challenge}">
<input type="hidden" name="credential" value="">
<p class="error" data-failed role="alert" hidden>${alertIcon}${words.passkeyFailed}</p>
<button class="primary">${keyIcon}${words.passkey}</button>
</form>
<p class="or"><span>${words.or}</span></p>
</div>`
}

export const submitSignIn = formFromAnybody('sign-in', async (visit, form) => {
  const { services, request } = visit
  const typed = (form.get('email') ?? '').slice(0, 254)
  const email = normalizeEmail(typed)
  const password = form.get('password') ?? ''
  // Under a keyed name: what is typed into the wrong field may be a password, and is kept nowhere.
  const guesses = signInGuesses(services.secrets.mac('sign-in name', email ?? typed), request.address)
  const braked = await services.throttle.spend(guesses)
  if (braked) return problemPage(services, 'too_many', braked)
  const account =
    email === undefined ? undefined : (await services.store.find('account', 'email', email, 1))[0]
  const checked =
    password.length > 1024 ? 'wrong' : await checkPassword(password, account?.passwordHash ?? null)
  if (checked === 'busy') {
    await services.throttle.giveBack(guesses)
    return problemPage(services, 'busy', { retryAfterSeconds: 3 })
  }
  if (checked === 'wrong' || account === undefined || account.disabledAt !== null) {
    services.log.info('sign-in refused', { accountId: account?.id, address: request.address })
    return showSignIn(visit, { says: words.wrong, email: typed, status: 400 })
  }
  await services.throttle.giveBack(guesses)
  return beginSession(visit, account, ['pwd'], { passwordHash: await rehashed(services, account, password) })
})

export const submitPasskey = formFromAnybody('sign-in', async (visit, form) => {
  const { services, request } = visit
  const braked = await services.throttle.invalid.check(request.address)
  if (braked) return problemPage(services, 'too_many', braked)
  const finished = await finishSignIn(services, answerIn(visit, form))
  if (finished === undefined) {
    await services.throttle.invalid.note(request.address)
    return showSignIn(visit, { says: words.passkeyFailed, status: 400 })
  }
  // RFC 8176: a key was proven to be there, and the person to it; together that is more than one factor.
  return beginSession(visit, finished.account, ['pop', 'user', 'mfa'], { writes: finished.writes })
})

/** What a passkey form brings back. */
export function answerIn({ browser }: Visit, form: Form) {
  return { credential: form.get('credential'), challenge: form.get('challenge'), browser }
}

async function rehashed(
  { system }: Services,
  { passwordHash }: Account,
  password: string,
): Promise<string | undefined> {
  if (passwordHash === null || !isOutdated(passwordHash)) return undefined
  // Where everybody is busy, there will be another sign-in to do it.
  return hashUnlessBusy(password, system)
}

/** Starts a session in place of the one the browser had (ASVS 7.2.4), and leads on. */
async function beginSession(
  visit: Visit,
  account: Account,
  amr: readonly string[],
  alongside: { readonly writes?: readonly Write[]; readonly passwordHash?: string | undefined },
): Promise<PlainResponse> {
  const { services, request, signedIn } = visit
  const begin = { account, amr, replaces: signedIn?.session, ...alongside }
  const secret = await beginBrowserSession(services, request, begin)
  if (secret === undefined) return problemPage(services, 'busy', { retryAfterSeconds: 1 })
  services.log.info('browser signed in', { accountId: account.id, amr: amr.join(' ') })
  const carried = carriedCode(visit)
  const next = carried !== undefined && !carried.decided ? '/device/approve' : '/account'
  return seeOther(here(services, next), { 'set-cookie': [sessionCookie(services, secret)] })
}
