// Signing in on the way to a client: what the sign-in page says about the request that waits, going on as whoever is signed in,
// and turning back. The form itself is sign-in.ts, and what the client asked for is looked at in ../authorization.ts.

import { html } from 'hono/html'
import { knownAs } from '../accounts/email.ts'
import { denyRequest, nextStep, type OpenAuthorization } from '../authorization.ts'
import { seeOther } from '../http.ts'
import { cleanText } from '../text.ts'
import { formSource, leaveBy } from './leave.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import { type Html, named } from './page.ts'
import { goOn, openRequest, pageFor, referenceField, showOver } from './transaction.ts'
import { antiForgery, antiForgeryField, formFromAnybody, isSignedIn, type Visit } from './visit.ts'

const words = text.signIn

/** What the sign-in page shows for a request; all of it plain where there is none. */
export interface Waiting {
  readonly lead: Html | string
  /** Before the form, and after it. */
  readonly goOn: Html | string
  readonly cancel: Html | string
  /** What to fill in for the e-mail address; undefined leaves it to who is signed in. */
  readonly email: string | undefined
  readonly onlyPasskey: boolean
  readonly formsMayLeadTo: string | undefined
}

export async function waitingFor(visit: Visit, open: OpenAuthorization): Promise<Waiting> {
  const { client, record, reference } = open
  const next = await nextStep(visit, open)
  const why = next.step === 'sign_in' ? next.why : undefined
  const app = html`<strong>${named(client.name)}</strong>`
  const { loginHint, hintedAccountId, redirectUri } = record.parameters
  const known = isSignedIn(visit)
  const mustSignIn = why === 'again' || why === 'stronger'
  const isMeant = hintedAccountId === null || hintedAccountId === visit.signedIn?.account.id
  return {
    lead: html`<p class="lead">${why === undefined || why === 'nobody' ? words.toContinue(app) : words.why[why](app)}</p>`,
    goOn: known && !mustSignIn && isMeant ? continueForm(visit, reference) : '',
    // AZ-17: nobody is sent to a client of whom it is not known who they are.
    cancel: known
      ? smallForm(visit, '/login/cancel', reference, html`<button class="quiet">${words.cancel}</button>`)
      : '',
    email: cleanText(loginHint ?? undefined, 254) ?? (mustSignIn ? undefined : ''),
    onlyPasskey: why === 'stronger',
    formsMayLeadTo: formSource(redirectUri),
  }
}

function continueForm(visit: Visit, reference: string): Html {
  const button = html`<button class="primary"><span>${words.continueAs(named(visit.signedIn ? knownAs(visit.signedIn.account) : ''))}</span></button>`
  return html`${smallForm(visit, '/login/continue', reference, button, 'go-on')}
<p class="or"><span>${words.another}</span></p>`
}

const purposeOf = (path: string, reference: string | undefined) => `${path} ${reference ?? ''}`

function smallForm(
  visit: Visit,
  path: '/login/continue' | '/login/cancel',
  reference: string,
  button: Html,
  kind = 'turn-back',
): Html {
  return html`<form method="post" action="${here(visit.services, path)}" class="${kind}">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, purposeOf(path, reference))}">
${referenceField(reference)}${button}</form>`
}

/** A form that was made before somebody signed in or out in this browser: its page again, as it is now. */
export function backToSignIn(visit: Visit, reference: string) {
  return seeOther(pageFor(visit, '/login', reference))
}

export const submitContinue = formFromAnybody(
  (form) => purposeOf('/login/continue', form.get('request')),
  async (visit, form) => {
    const open = await openRequest(visit, form.get('request'))
    return open === undefined ? showOver(visit) : goOn(visit, open)
  },
  (visit, form) => backToSignIn(visit, form.get('request') ?? ''),
)

export const submitCancel = formFromAnybody(
  (form) => purposeOf('/login/cancel', form.get('request')),
  async (visit, form) => {
    const open = await openRequest(visit, form.get('request'))
    if (open !== undefined && !isSignedIn(visit)) return backToSignIn(visit, open.reference)
    return open === undefined ? showOver(visit) : leaveBy(visit.services, await denyRequest(visit, open))
  },
  (visit, form) => backToSignIn(visit, form.get('request') ?? ''),
)
