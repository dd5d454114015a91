// Passkeys on the account page: add, name, remove.
// The ceremony is accounts/passkey.ts, the browser's half script.ts, and signing in with one sign-in.ts.

import type { Passkey, Write } from '@countersign/protocol'
import { html } from 'hono/html'
import { beginRegistration, finishRegistration, passkeysPossible } from '../accounts/passkey.ts'
import { hasAnotherWayIn, noOtherEnds } from '../accounts/ways-in.ts'
import { audit, byPerson } from '../audit.ts'
import type { PlainResponse } from '../http.ts'
import { decideAndApply } from '../store/store.ts'
import {
  accountForm,
  accountProof,
  accountPurpose,
  doneOnAccount,
  isRecent,
  showSection,
} from './account-form.ts'
import { here } from './links.ts'
import { ago, text } from './messages.ts'
import { alertIcon, type Html, keyIcon, named, notice } from './page.ts'
import { problemPage } from './problem.ts'
import { answerIn } from './sign-in.ts'
import { describeUserAgent } from './user-agent.ts'
import { formFromSignedIn, type SignedVisit } from './visit.ts'

const words = text.account

export async function passkeysSection(visit: SignedVisit): Promise<Html> {
  const passkeys = await passkeysOf(visit)
  return html`<section id="passkeys"><h2>${words.passkeys}</h2>
<p class="small">${words.passkeysLead}</p>
${
  passkeys.length === 0
    ? html`<p>${words.noPasskeys}</p>`
    : html`<ul class="rows">${passkeys.map((passkey) => row(visit, passkey))}</ul>`
}
${await addition(visit, passkeys)}</section>`
}

function passkeysOf({ services, signedIn }: SignedVisit): Promise<readonly Passkey[]> {
  return services.store.find('passkey', 'accountId', signedIn.account.id)
}

function row(visit: SignedVisit, { id, name, createdAt, lastUsedAt }: Passkey): Html {
  const now = visit.services.system.now()
  const used = lastUsedAt === null ? words.neverUsed : words.lastUsed(ago(lastUsedAt, now)).toLowerCase()
  const remove = html`<input type="hidden" name="passkey" value="${id}">
<button aria-label="${words.remove} ${name}">${words.remove}</button>`
  return html`<li class="side"><div><h3>${named(name)}</h3><p class="small">${words.added(ago(createdAt, now))}, ${used}</p></div>
${isRecent(visit) ? accountForm(visit, '/account/passkeys/remove', remove) : ''}</li>`
}

async function addition(visit: SignedVisit, known: readonly Passkey[]): Promise<Html> {
  const { services, signedIn, browser, request } = visit
  if (!passkeysPossible(services)) return html`<p class="small">${words.passkeyNoHost}</p>`
  if (!isRecent(visit))
    return html`<p>${words.passkeyNeedsSignIn} <a href="${here(services, '/login')}">${words.signInAgain}</a></p>`
  const ceremony = await beginRegistration(services, browser, signedIn.account, known)
  const { program, system } = describeUserAgent(request.headers['user-agent'] ?? '')
  const suggested = [program, system].filter(Boolean).join(', ')
  return html`<noscript><p class="small">${words.passkeyNeedsScript}</p></noscript>
<div data-needs-passkeys hidden><form method="post" action="${here(services, '/account/passkeys')}" data-passkey="create" data-options="${ceremony.options}">
${accountProof(visit)}
<input type="hidden" name="challenge" value="${ceremony.challenge}"><input type="hidden" name="credential" value="">
<p class="error" data-failed role="alert" hidden>${alertIcon}${words.passkeyFailed}</p>
<div class="field"><label for="passkey-name">${words.passkeyName}</label>
<div class="inline"><input id="passkey-name" name="name" value="${suggested}" maxlength="60" autocomplete="off">
<button>${keyIcon}${words.addPasskey}</button></div></div></form></div>`
}

export const submitNewPasskey = formFromSignedIn(accountPurpose, async (visit, form) => {
  const { services, signedIn } = visit
  if (!isRecent(visit)) return failed(visit, words.passkeyNeedsSignIn)
  const writes = await finishRegistration(
    services,
    signedIn.account,
    answerIn(visit, form),
    form.get('name') ?? '',
  )
  if (writes === undefined) return failed(visit, words.passkeyFailed)
  if ((await services.store.apply([...writes, told(visit, 'passkey.added')])) === 'conflict')
    return failed(visit, words.passkeyFailed)
  services.log.info('passkey added', { accountId: signedIn.account.id })
  return doneOnAccount(visit, 'passkey_added', 'passkeys')
})

export const submitRemovePasskey = formFromSignedIn(accountPurpose, async (visit, form) => {
  const { services, signedIn } = visit
  if (!isRecent(visit)) return failed(visit, words.passkeyNeedsSignIn)
  const id = form.get('passkey') ?? ''
  const done = await decideAndApply<{ last: boolean; writes: readonly Write[] }>(services.store, async () => {
    const account = await services.store.read('account', signedIn.account.id)
    const passkeys = await passkeysOf(visit)
    const record = passkeys.find((passkey) => passkey.id === id)
    if (record === undefined) return { last: false, writes: [] }
    // Nobody locks the door and throws the only key away.
    if (account === undefined || !(await hasAnotherWayIn(services, account, record)))
      return { last: true, writes: [] }
    const removed = { op: 'delete', kind: 'passkey', record } as const
    return { last: false, writes: [removed, noOtherEnds(account), told(visit, 'passkey.removed')] }
  })
  if (!done.applied) return problemPage(services, 'busy', { retryAfterSeconds: 1 })
  if (done.decision.last) return failed(visit, words.lastWayIn)
  services.log.info('passkey removed', { accountId: signedIn.account.id })
  return doneOnAccount(visit, 'passkey_removed', 'passkeys')
})

function told({ services, signedIn, request }: SignedVisit, event: string): Write {
  const accountId = signedIn.account.id
  return audit(services, { event, ...byPerson(accountId, request), accountId })
}

function failed(visit: SignedVisit, says: string): Promise<PlainResponse> {
  return showSection(visit, words.passkeys, html`${notice('bad', says)}${passkeysBack(visit)}`)
}

const passkeysBack = ({ services }: SignedVisit): Html =>
  html`<p><a href="${here(services, '/account')}#passkeys">${words.passkeys}</a></p>`
