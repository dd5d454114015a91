// Signing in: with a passkey or a password. Failures look alike whatever was wrong, and tries are counted (standards.md UI-15).
// After it comes the authorization request that waits (sign-in-request.ts), the code that the browser carries, or the account page:
// never an address from the request.

import type { Account, Write } from '@countersign/protocol'
import { html } from 'hono/html'
import { normalizeEmail } from '../accounts/accounts.ts'
import { beginBrowserSession, findSignedIn } from '../accounts/browser-session.ts'
import { beginSignIn, finishSignIn, passkeysPossible } from '../accounts/passkey.ts'
import { checkPassword, hashUnlessBusy, isOutdated } from '../accounts/password.ts'
import { noteRefusedSignIn } from '../accounts/refused-sign-in.ts'
import type { OpenAuthorization } from '../authorization.ts'
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
import { backToSignIn, waitingFor } from './sign-in-request.ts'
import { goOn, openRequest, referenceField, referenceOf, showOver } from './transaction.ts'
import {
  antiForgery,
  antiForgeryField,
  cookie,
  forAnybody,
  formFromAnybody,
  type Purpose,
  type RespondToForm,
  sessionCookie,
  type Visit,
} from './visit.ts'

const words = text.signIn

export const signInPage = forAnybody(async (visit) => {
  const reference = referenceOf(visit)
  if (reference === undefined) return showSignIn(visit, undefined)
  const open = await openRequest(visit, reference)
  return open === undefined ? showOver(visit) : showSignIn(visit, open)
})

const signInPurpose = (reference: string | undefined): string =>
  reference === undefined ? 'sign-in' : `sign-in ${reference}`

interface Failed {
  readonly says: string
  readonly email?: string | undefined
  readonly status: number
}

async function showSignIn(
  visit: Visit,
  open: OpenAuthorization | undefined,
  failed?: Failed,
): Promise<PlainResponse> {
  const { services, signedIn } = visit
  const [anyAccount] = await services.store.list('account', undefined, 1)
  const waiting = open && (await waitingFor(visit, open))
  const email = failed?.email ?? waiting?.email ?? signedIn?.account.email ?? ''
  const other = waiting === undefined || waiting.goOn === '' ? 'email' : undefined
  const focus = failed?.email === undefined ? other : 'password'
  const main = html`<h1>${words.title}</h1>
${waiting ? waiting.lead : ownLead(visit)}
${anyAccount === undefined ? notice('warn', words.noAccounts) : ''}
${failed ? notice('bad', failed.says) : ''}
${waiting?.goOn ?? ''}
${await passkeyForm(visit, open?.reference)}
${waiting?.onlyPasskey ? onlyPasskey : passwordForm(visit, open?.reference, { email, focus })}
${waiting?.cancel ?? ''}`
  const cookies = visit.isNew ? [cookie(services, 'session', visit.browser)] : []
  return renderPage(services, {
    title: words.title,
    main,
    cookies,
    status: failed?.status ?? 200,
    script: true,
    formsMayLeadTo: waiting?.formsMayLeadTo,
  })
}

function ownLead(visit: Visit): Html {
  const carried = carriedCode(visit)
  return html`${carried && !carried.decided ? html`<p class="chip-line">${words.connecting(codeChip(carried.typed))}</p>` : ''}
${visit.signedIn ? html`<p class="lead">${words.again(visit.signedIn.account.email)}</p>` : ''}`
}

interface Filled {
  readonly email: string
  /** Nowhere where there is something better to do than to type. */
  readonly focus: 'email' | 'password' | undefined
}

function passwordForm(visit: Visit, reference: string | undefined, { email, focus }: Filled): Html {
  return html`<form method="post" action="${here(visit.services, '/login')}">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, signInPurpose(reference))}">
${referenceField(reference)}
${field({
  name: 'email',
  label: words.email,
  type: 'email',
  autocomplete: 'username',
  value: email,
  autofocus: focus === 'email',
})}
${field({
  name: 'password',
  label: words.password,
  type: 'password',
  autocomplete: 'current-password',
  autofocus: focus === 'password',
})}
<button class="primary">${words.button}</button>
</form>`
}

const onlyPasskey = html`<noscript><p>${words.passkeyNeedsScript}</p></noscript>`

// Hidden until the script finds that the browser knows passkeys.
async function passkeyForm(visit: Visit, reference: string | undefined): Promise<Html | string> {
  const { services, browser } = visit
  if (!passkeysPossible(services)) return ''
  const ceremony = await beginSignIn(services, browser)
  return html`<div data-needs-passkeys hidden>
<form method="post" action="${here(services, '/login/passkey')}" data-passkey="get" data-options="${ceremony.options}">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, signInPurpose(reference))}">
${referenceField(reference)}<input type="hidden" name="challenge" value="${ceremony.challenge}">
<input type="hidden" name="credential" value="">
<p class="error" data-failed role="alert" hidden>${alertIcon}${words.passkeyFailed}</p>
<button class="primary">${keyIcon}${words.passkey}</button>
</form>
<p class="or"><span>${words.or}</span></p>
</div>`
}

const ofRequest: Purpose = (form) => signInPurpose(form.get('request'))

// Made before somebody signed in or out in another tab: with a request that waits, the page is shown anew.
const outdated: RespondToForm = (visit, form) => {
  const reference = form.get('request')
  return reference === undefined ? problemPage(visit.services, 'forged') : backToSignIn(visit, reference)
}

export const submitSignIn = formFromAnybody(ofRequest, signInWithPassword, outdated)

async function signInWithPassword(visit: Visit, form: Form): Promise<PlainResponse> {
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
    noteRefusedSignIn(services, request, account?.id, 'password')
    return failedSignIn(visit, form, { says: words.wrong, email: typed, status: 400 })
  }
  await services.throttle.giveBack(guesses)
  return beginSession(visit, form, account, ['pwd'], {
    passwordHash: await rehashed(services, account, password),
  })
}

async function failedSignIn(visit: Visit, form: Form, failed: Failed): Promise<PlainResponse> {
  return showSignIn(visit, await openRequest(visit, form.get('request')), failed)
}

export const submitPasskey = formFromAnybody(
  ofRequest,
  async (visit, form) => {
    const { services, request } = visit
    const braked = await services.throttle.invalid.check(request.address)
    if (braked) return problemPage(services, 'too_many', braked)
    const finished = await finishSignIn(services, answerIn(visit, form))
    if (finished === undefined) {
      await services.throttle.invalid.note(request.address)
      noteRefusedSignIn(services, request, undefined, 'passkey')
      return failedSignIn(visit, form, { says: words.passkeyFailed, status: 400 })
    }
    // RFC 8176: a key was proven to be there, and the person to it; together that is more than one factor.
    return beginSession(visit, form, finished.account, ['pop', 'user', 'mfa'], { writes: finished.writes })
  },
  outdated,
)

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
  form: Form,
  account: Account,
  amr: readonly string[],
  alongside: { readonly writes?: readonly Write[]; readonly passwordHash?: string | undefined },
): Promise<PlainResponse> {
  const { services, request, signedIn } = visit
  const begin = { account, amr, replaces: signedIn?.session, ...alongside }
  const secret = await beginBrowserSession(services, request, begin)
  if (secret === undefined) return problemPage(services, 'busy', { retryAfterSeconds: 1 })
  services.log.info('browser signed in', { accountId: account.id, amr: amr.join(' ') })
  const cookies = [sessionCookie(services, secret)]
  const reference = form.get('request')
  if (reference !== undefined) return onWithRequest(visit, secret, reference, cookies)
  const carried = carriedCode(visit)
  const next = carried !== undefined && !carried.decided ? '/device/approve' : '/account'
  return seeOther(here(services, next), { 'set-cookie': cookies })
}

async function onWithRequest(
  before: Visit,
  secret: string,
  reference: string,
  cookies: readonly string[],
): Promise<PlainResponse> {
  const signedIn = await findSignedIn(before.services, secret)
  const visit: Visit = { ...before, browser: secret, isNew: false, signedIn }
  const open = await openRequest(visit, reference)
  const answer = open === undefined ? await showOver(visit) : await goOn(visit, open)
  const more = [answer.headers['set-cookie'] ?? []].flat()
  return { ...answer, headers: { ...answer.headers, 'set-cookie': [...more, ...cookies] } }
}
