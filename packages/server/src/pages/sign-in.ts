// Signing in: with a passkey or a password, or at a provider (upstream.ts). Failures look alike whatever was wrong, and tries are counted (standards.md UI-15).
// What comes after it is after-sign-in.ts.

import type { Account, Write } from '@countersign/protocol'
import { html } from 'hono/html'
import { beginBrowserSession } from '../accounts/browser-session.ts'
import { emailOf, knownAs, normalizeEmail } from '../accounts/email.ts'
import { beginSignIn, finishSignIn, passkeysPossible } from '../accounts/passkey.ts'
import { checkPassword, hashUnlessBusy, isOutdated } from '../accounts/password.ts'
import { noteRefusedSignIn } from '../accounts/refused-sign-in.ts'
import type { OpenAuthorization } from '../authorization.ts'
import type { Form } from '../form.ts'
import type { PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'
import { signInGuesses } from '../throttle.ts'
import { signedInBy } from './after-sign-in.ts'
import { waitingCode } from './carried-code.ts'
import { codeChip } from './code-chip.ts'
import { atHost, hostButton } from './host-sign-in.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import { type TakenNote, takeNote } from './note.ts'
import { alertIcon, field, type Html, keyIcon, notice, renderPage } from './page.ts'
import { problemPage } from './problem.ts'
import { ofRequest, outdated, signInPurpose } from './sign-in-form.ts'
import { waitingFor } from './sign-in-request.ts'
import { openRequest, referenceField, referenceOf, showOver } from './transaction.ts'
import { upstreamButtons } from './upstream-buttons.ts'
import { antiForgery, antiForgeryField, cookie, forAnybody, formFromAnybody, type Visit } from './visit.ts'

const words = text.signIn

export const signInPage = forAnybody(async (visit) => {
  const reference = referenceOf(visit)
  const open = await openRequest(visit, reference)
  if (reference !== undefined && open === undefined) return showOver(visit)
  return (await atHost(visit, open)) ?? showSignIn(visit, open)
})

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
  const [anyAccount = services.host] = await services.store.list('account', undefined, 1)
  const waiting = open && (await waitingFor(visit, open))
  const note = takeNote(visit)
  const email = failed?.email ?? waiting?.email ?? (signedIn && emailOf(signedIn.account)) ?? ''
  const other = waiting === undefined || waiting.goOn === '' ? 'email' : undefined
  const focus = failed?.email === undefined ? other : 'password'
  const main = html`<h1>${words.title}</h1>
${waiting ? waiting.lead : ownLead(visit)}
${anyAccount === undefined && !note ? notice('warn', words.noAccounts) : ''}
${failed ? notice('bad', failed.says) : ''}
${note && !failed ? faultNotice(visit, note) : ''}
${waiting?.goOn ?? ''}
${services.host === undefined ? await ownWays(visit, open?.reference, { email, focus }, waiting?.onlyPasskey) : hostButton(visit, services.host, open?.reference)}
${waiting?.cancel ?? ''}`
  const cookies = visit.isNew ? [cookie(services, 'session', visit.browser)] : []
  if (note) cookies.push(note.cookie)
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
  const waiting = waitingCode(visit)
  return html`${waiting ? html`<p class="chip-line">${words.connecting(codeChip(waiting.typed))}</p>` : ''}
${visit.signedIn ? html`<p class="lead">${words.again(knownAs(visit.signedIn.account))}</p>` : ''}`
}

// What went wrong at a provider, and that a terminal still waits, where one does.
function faultNotice(visit: Visit, { kind, says }: TakenNote): Html {
  const waits = kind === 'bad' && waitingCode(visit) !== undefined
  return notice(kind, waits ? html`${says} ${text.upstream.terminalWaits}` : says)
}

async function ownWays(
  visit: Visit,
  reference: string | undefined,
  filled: Filled,
  isOnlyPasskey = false,
): Promise<Html> {
  const passkey = await passkeyForm(visit, reference)
  if (isOnlyPasskey) return html`${passkey}${onlyPasskey}`
  return html`${passkey}
${upstreamButtons(visit, reference)}
${visit.services.config.passwords ? passwordForm(visit, reference, filled) : ''}`
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
    password.length > 1024 || !services.config.passwords
      ? 'wrong'
      : await checkPassword(password, account?.passwordHash ?? null)
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
  return signedInBy(visit, secret, form.get('request'))
}
