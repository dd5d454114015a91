// The question of a program that sent the person here: may it use the account? Who asks, where the answer goes, what it may do
// and for how long (standards.md UI-11). What can be dropped has a box; the page only brings a selection, and the record of
// the request decides what there is to select (AZ-25). What to ask is protocol/consent.ts, what an answer does authorization.ts.

import { type AuthorizationRequest, type Client, consent } from '@countersign/protocol'
import { html } from 'hono/html'
import { knownAs } from '../accounts/email.ts'
import {
  allowRequest,
  continueRequest,
  denyRequest,
  nextStep,
  type OpenAuthorization,
} from '../authorization.ts'
import type { Form } from '../form.ts'
import type { PlainResponse } from '../http.ts'
import { isBeside } from '../networks.ts'
import { formSource, leaveBy } from './leave.ts'
import { here } from './links.ts'
import { ago, clockText, text } from './messages.ts'
import { type Html, named, notice, renderPage } from './page.ts'
import { problemPage } from './problem.ts'
import { deviceFacts, permission, placeAndTime, publisherLine } from './request-facts.ts'
import { type ScopeInWords, scopesInWords } from './scopes.ts'
import { signOutCorner } from './sign-out.ts'
import { openRequest, pageFor, referenceField, referenceOf, showOver } from './transaction.ts'
import {
  antiForgery,
  antiForgeryField,
  forAnybody,
  formFromAnybody,
  isSignedIn,
  type SignedVisit,
} from './visit.ts'
import { whereTo } from './where-to.ts'

const words = text.consent

export const consentPage = forAnybody(async (visit) => {
  const open = await openRequest(visit, referenceOf(visit))
  if (open === undefined) return showOver(visit)
  const next = await nextStep(visit, open)
  // Reached by Back, by a bookmark, or after somebody signed out: the request itself knows what comes next.
  if (next.step !== 'consent' || !isSignedIn(visit)) return continueRequest(visit, open)
  return showConsent(visit, open, next.question)
})

type Problem = 'outdated' | 'nothing'

async function showConsent(
  visit: SignedVisit,
  open: OpenAuthorization,
  question: consent.Question,
  problem?: Problem,
): Promise<PlainResponse> {
  const { services, signedIn } = visit
  const { record, client, reference } = open
  const { redirectUri, resources } = record.parameters
  const now = services.system.now()
  const left = record.expiresAt - now
  const scopes = await scopesInWords(services, record.parameters.scopes, { client, resources })
  const main = html`<h1 tabindex="-1" ${problem === undefined ? html`autofocus` : ''}>${words.title(html`<strong>${named(client.name)}</strong>`)}</h1>
${publisherLine(client)}
<p class="who">${named(knownAs(signedIn.account))} <a href="${pageFor(visit, '/login', reference)}">${text.approve.notYou}</a></p>
${problem === undefined ? '' : notice('warn', words[problem])}
${whereTo(client, redirectUri)}
${programFacts(visit, record)}
<form method="post" action="${here(services, '/consent')}" class="consent">
<input type="hidden" name="${antiForgeryField}" value="${antiForgery(visit, consentPurpose(reference))}">
${referenceField(reference)}
${selection(scopes, question)}
<div class="lasting">${placeAndTime(services.config, client, resources)}</div>
<div class="decision">
<p class="question">${words.question(ago(record.createdAt, now))}</p>
<div class="pair">
<button name="decision" value="deny">${text.approve.deny}</button>
<button name="decision" value="allow">${text.approve.allow}</button>
</div></div>
</form>
${pagesOf(client)}
<p class="time">${text.approve.left(html`<span data-left="${left}">${clockText(left)}</span>`)}</p>
<p class="unseen" id="time-status" role="status" data-last-minute="${text.approve.lastMinute}" data-ended="${words.ended}"></p>
${isTerminal(record) ? html`<p class="small">${words.unnoticed}</p>` : ''}`
  return renderPage(services, {
    title: text.approve.pageTitle(client.name),
    main,
    width: 'middle',
    corner: signOutCorner(visit),
    status: problem === undefined ? 200 : 400,
    script: true,
    formsMayLeadTo: formSource(redirectUri),
  })
}

/** Whether a program in a terminal asks, which said so itself and listens on this computer. */
function isTerminal({ context, parameters }: AuthorizationRequest): boolean {
  const isNear = consent.reachOf(parameters.redirectUri).kind === 'loopback'
  return isNear && typeof context?.reported.deviceName === 'string'
}

function programFacts(visit: SignedVisit, record: AuthorizationRequest): Html | string {
  const { context, createdAt } = record
  if (context === undefined || !isTerminal(record)) return ''
  const elsewhere = !isBeside(visit.services.config.issuer, visit.request, context.observed.address)
  return deviceFacts(visit, { context, createdAt }, elsewhere)
}

/** What is asked for: first what is new, then what was agreed to before. */
function selection(scopes: readonly ScopeInWords[], { scopes: asked, agreed }: consent.Question): Html {
  const fresh = scopes.filter(({ scope }) => asked.includes(scope))
  const [needed, free] = [fresh.filter(({ optional }) => !optional), fresh.filter(({ optional }) => optional)]
  const before = scopes.filter(({ scope }) => agreed.includes(scope))
  return html`<section class="permissions"><h2>${before.length === 0 ? text.approve.scopes : words.newScopes}</h2>
${scopes.length === 0 ? html`<p>${words.noScopes}</p>` : ''}
${fresh.length === 0 && before.length > 0 ? html`<p>${words.nothingNew}</p>` : ''}
${list(needed)}
${free.length === 0 ? '' : html`<fieldset class="free"><legend class="small">${words.optional}</legend>${free.map(box)}</fieldset>`}
${before.length === 0 ? '' : html`<h2>${words.agreed}</h2>${list(before)}`}
</section>`
}

const list = (scopes: readonly ScopeInWords[]): Html | string =>
  scopes.length === 0 ? '' : html`<ul>${scopes.map((scope) => html`<li>${permission(scope)}</li>`)}</ul>`

// Beside each box stands that it was there: an empty box sends nothing, and neither does one that was never shown.
const box = (
  scope: ScopeInWords,
): Html => html`<label class="check"><input type="hidden" name="${offered(scope)}" value="yes">
<input type="checkbox" name="${ticked(scope)}" value="yes" checked> <span>${permission(scope)}</span></label>`

const offered = ({ scope }: ScopeInWords) => `offered.${scope}`
const ticked = ({ scope }: ScopeInWords) => `scope.${scope}`

function pagesOf({ pages }: Client): Html | string {
  const links = (['home', 'terms', 'privacy'] as const).flatMap((page) => {
    const address = pages[page]
    return address?.startsWith('https://')
      ? [html`<a href="${address}" rel="noreferrer noopener" target="_blank">${words.pages[page]}</a> `]
      : []
  })
  return links.length === 0 ? '' : html`<p class="small links-line">${words.theirPages} ${links}</p>`
}

const consentPurpose = (reference: string | undefined): string => `consent ${reference ?? ''}`

export const submitConsent = formFromAnybody(
  (form) => consentPurpose(form.get('request')),
  async (visit, form) => {
    const { services } = visit
    const choice = form.get('decision')
    if (choice !== 'allow' && choice !== 'deny') return problemPage(services, 'malformed')
    const open = await openRequest(visit, form.get('request'))
    if (open === undefined) return showOver(visit)
    // AZ-17: nothing is decided by somebody whose sign-in has ended meanwhile.
    if (!isSignedIn(visit)) return leaveBy(services, await continueRequest(visit, open))
    const answer = await (choice === 'allow' ? allow(visit, open, form) : denyRequest(visit, open))
    return leaveBy(services, answer, isTerminal(open.record) ? words.unnoticed : undefined)
  },
  // Somebody signed in or out since, perhaps as another person: the question is put again, to whoever it is now.
  async (visit, form) => {
    const open = await openRequest(visit, form.get('request'))
    if (open === undefined) return showOver(visit)
    const next = await nextStep(visit, open)
    if (next.step !== 'consent' || !isSignedIn(visit))
      return leaveBy(visit.services, await continueRequest(visit, open))
    return showConsent(visit, open, next.question, 'outdated')
  },
)

async function allow(visit: SignedVisit, open: OpenAuthorization, form: Form): Promise<PlainResponse> {
  const { client, record } = open
  const { scopes, resources } = record.parameters
  const next = await nextStep(visit, open)
  if (next.step === 'sign_in' || next.step === 'refuse') return continueRequest(visit, open)
  const agreed = next.step === 'consent' ? next.question.agreed : scopes
  const inWords = await scopesInWords(visit.services, scopes, { client, resources })
  const isKept = (scope: ScopeInWords) => {
    const wasOffered = form.get(offered(scope)) === 'yes' || !agreed.includes(scope.scope)
    return !scope.optional || !wasOffered || form.get(ticked(scope)) === 'yes'
  }
  const kept = inWords.filter(isKept).map(({ scope }) => scope)
  if (kept.length === 0 && scopes.length > 0)
    return showConsent(visit, open, { scopes, agreed: [] }, 'nothing')
  return allowRequest(visit, open, kept)
}
