// The question: may this device use the account? Everything known about it stands here, what we saw apart from what it says
// (RFC 10027 §6.1.14, experience: the nine facts). A GET decides nothing; the decision itself is decision.ts.

import { type NetworkStep, readUserCode } from '@countersign/protocol'
import { html } from 'hono/html'
import { knownAs } from '../accounts/email.ts'
import { ownClientId } from '../admin/own-client.ts'
import { type PlainResponse, seeOther } from '../http.ts'
import { carriedCode } from './carried-code.ts'
import { codeChip } from './code-chip.ts'
import { decidedPlace } from './decided.ts'
import { followCode } from './enter-code.ts'
import { showExpired } from './expired.ts'
import { findById, type OpenRequest } from './find-request.ts'
import { here } from './links.ts'
import { clockText, text } from './messages.ts'
import { type Needed, neededSignIn } from './needed-sign-in.ts'
import { networkStepOf } from './network-step.ts'
import { alertIcon, type Html, ltr, named, notice, renderPage } from './page.ts'
import { deviceFacts, permissions, publisherLine } from './request-facts.ts'
import { scopesInWords } from './scopes.ts'
import { signOutCorner } from './sign-out.ts'
import { antiForgery, antiForgeryField, forSignedIn, type SignedVisit } from './visit.ts'

const words = text.approve

export const approvePage = forSignedIn(async (visit) => {
  const { services } = visit
  const carried = carriedCode(visit)
  if (carried === undefined) return seeOther(here(services, '/device'))
  if (carried.id === null) return followCode(visit, carried.typed)
  const open = await findById(services, carried.id)
  if (open !== undefined) return showApprove(visit, open, carried.typed)
  // Going back to a question that was answered here leads to its answer.
  const place = await decidedPlace(visit, carried.id)
  return place === undefined ? showExpired(visit) : seeOther(here(services, place))
})

export async function showApprove(
  visit: SignedVisit,
  open: OpenRequest,
  typed: string,
  unconfirmed = false,
): Promise<PlainResponse> {
  const { services, signedIn } = visit
  const { record, client } = open
  const scopes = await scopesInWords(services, record.scopes, { client, resources: record.resources })
  const step = await networkStepOf(visit, open)
  const left = record.expiresAt - services.system.now()
  const main = html`${step === 'none' ? '' : notice(step === 'refuse' ? 'bad' : 'warn', html`<strong>${words.differentTitle}</strong> ${words.different[step]}`)}
<h1 tabindex="-1" ${unconfirmed ? '' : html`autofocus`}>${words.title(html`<strong>${named(client.name)}</strong>`)}</h1>
${publisherLine(client)}
<p class="who">${named(knownAs(signedIn.account))} <a href="${here(services, '/login')}">${words.notYou}</a></p>
<section class="shown-code" aria-label="${words.codeLead}"><p>${words.codeLead}</p>
<p class="big-code">${codeChip(typed)}</p>
<p class="small">${words.codeAdvice}</p></section>
${deviceFacts(visit, record, step !== 'none')}
${permissions(services.config, client, { scopes, resources: record.resources })}
${decisionForm(visit, open, { step, unconfirmed, needed: neededSignIn(visit, record) })}
<p class="time">${words.left(html`<span data-left="${left}">${clockText(left)}</span>`)} · <a href="${here(services, '/device')}">${words.otherCode}</a></p>
<p class="unseen" id="time-status" role="status" data-last-minute="${words.lastMinute}" data-ended="${words.ended}"></p>`
  return renderPage(services, {
    title: words.pageTitle(client.name),
    main,
    width: 'middle',
    corner: signOutCorner(visit),
    status: unconfirmed ? 400 : 200,
    script: true,
  })
}

/** What the decision form is made for: this browser's session and this one request (standards.md DV-11). */
export const decisionPurpose = (id: string | undefined): string => `decide ${id ?? ''}`

interface Obstacles {
  readonly step: NetworkStep
  readonly unconfirmed: boolean
  readonly needed: Needed | undefined
}

// Don't allow comes first, so it is what the Enter key means, and both buttons weigh the same.
function decisionForm(
  visit: SignedVisit,
  { record, client }: OpenRequest,
  { step, unconfirmed, needed }: Obstacles,
): Html {
  const command = client.id === ownClientId ? html`<code>${ltr('countersign login')}</code>` : undefined
  return html`<form method="post" action="${here(visit.services, '/device/decision')}" class="decision">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, decisionPurpose(record.id))}">
<input type="hidden" name="request" value="${record.id}">
<p class="question">${command ? words.questionCommand(command) : words.question}</p>
${needed === undefined ? '' : notice('warn', text.needs[needed](html`<strong>${named(client.name)}</strong>`))}
${step === 'confirm' && needed === undefined ? confirmBox(unconfirmed) : ''}
<div class="pair">
<button name="decision" value="deny" formnovalidate>${words.deny}</button>
${step === 'refuse' ? '' : allowButton(visit, needed)}
</div>
${step === 'return-code' && needed === undefined ? html`<p class="small">${words.thenReturn}</p>` : ''}
<p class="report"><button class="quiet" name="decision" value="report" formnovalidate>${words.report}</button></p>
</form>`
}

// SU-07: until the person has signed in as the program asks, there is the way to do so in the place of Allow.
function allowButton({ services }: SignedVisit, needed: Needed | undefined): Html | string {
  if (needed === undefined) return html`<button name="decision" value="allow">${words.allow}</button>`
  return needed === 'impossible'
    ? ''
    : html`<a class="button" href="${here(services, '/login')}">${text.needs.signIn}</a>`
}

function confirmBox(unconfirmed: boolean): Html {
  return html`<div class="confirm">
${unconfirmed ? html`<p class="error" id="confirm-error">${alertIcon}${words.confirmMissing}</p>` : ''}
<label class="check"><input type="checkbox" name="confirm" value="yes" required ${
    unconfirmed ? html`autofocus aria-invalid="true" aria-describedby="confirm-error"` : ''
  }> <span>${words.confirm}</span></label>
</div>`
}

/** The code as it is carried, so that a decision form sent again can be shown again. */
export function carriedTyped(visit: SignedVisit, id: string): string | undefined {
  const carried = carriedCode(visit)
  return carried?.id === id && readUserCode(carried.typed).ok ? carried.typed : undefined
}
