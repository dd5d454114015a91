// The answer to the client at the end of an authorization request: parameters in the query of its redirect URI, or in a form that the
// browser posts there (OAuth 2.0 Form Post Response Mode). `iss` and `state` are in every one (RFC 9207 §2, RFC 6749 §4.1.2).
// What the answer is was decided in authorization.ts.

import { createHash } from 'node:crypto'
import {
  type AuthorizationParameters,
  consent,
  formActionSources,
  type Refusal,
  speakRefusal,
} from '@countersign/protocol'
import { html, raw } from 'hono/html'
import { type PlainResponse, seeOther } from './http.ts'
import { placeOf } from './pages/leave.ts'
import { here } from './pages/links.ts'
import { text } from './pages/messages.ts'
import { type Html, named, renderPage } from './pages/page.ts'
import type { Services } from './services.ts'
import { StoreUnavailable } from './store/store.ts'

/** Where an answer goes, and how. */
export type AnswerTo = Pick<AuthorizationParameters, 'redirectUri' | 'responseMode' | 'state'>

export function answerWithCode(services: Services, to: AnswerTo, code: string): Promise<PlainResponse> {
  return answer(services, to, { code })
}

export function answerWithRefusal(
  services: Services,
  to: AnswerTo,
  refusal: Refusal,
): Promise<PlainResponse> {
  return answer(services, to, said(refusal))
}

/**
 * The same for a client that nobody vouches for, where the person has not just said so themselves: they are told where it leads, and
 * go there or not. RFC 9700 §4.11.2: only to a trusted address the browser is sent by itself.
 */
export async function offerRefusal(
  services: Services,
  to: AnswerTo,
  refusal: Refusal,
  clientName: string,
): Promise<PlainResponse> {
  const parameters = parametersOf(services, to, said(refusal))
  const place = placeOf(consent.reachOf(to.redirectUri))
  const button = html`<button class="primary">${text.leave.button}</button>`
  const main = html`<h1>${text.leave.refusedTitle}</h1>
<p class="lead">${text.leave.refused(html`<strong>${named(clientName)}</strong>`, place)}</p>
${
  to.responseMode === 'form_post'
    ? form(to.redirectUri, parameters, button)
    : html`<p><a class="button primary" href="${withQuery(to.redirectUri, parameters)}" rel="noreferrer">${text.leave.button}</a></p>`
}
<p><a href="${here(services, '/')}">${text.toStart}</a></p>`
  const headers = { 'content-security-policy': policyFor(to.redirectUri, "'none'") }
  return renderPage(services, { title: text.leave.refusedTitle, main, headers })
}

function said(refusal: Refusal): Readonly<Record<string, string>> {
  const { error, description } = speakRefusal(refusal)
  return { error, error_description: description }
}

/** What a client hears of a fault of ours (RFC 6749 §4.1.2.1); the rest of it is for the log. */
export function answerWithFault(services: Services, to: AnswerTo, fault: unknown): Promise<PlainResponse> {
  services.log.error('fault', {
    route: 'authorize',
    error: fault instanceof Error ? fault : String(fault),
  })
  const error = fault instanceof StoreUnavailable ? 'temporarily_unavailable' : 'server_error'
  return answer(services, to, { error })
}

async function answer(
  services: Services,
  to: AnswerTo,
  said: Readonly<Record<string, string>>,
): Promise<PlainResponse> {
  const parameters = parametersOf(services, to, said)
  if (to.responseMode === 'form_post') return formPost(services, to.redirectUri, parameters)
  // 303, so that a browser which posted the decision does not post it on (RFC 9700 §4.12).
  return seeOther(withQuery(to.redirectUri, parameters), { 'referrer-policy': 'no-referrer' })
}

function parametersOf(
  { config }: Services,
  { state }: AnswerTo,
  said: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return { ...said, ...(state === null ? {} : { state }), iss: config.issuer }
}

/** RFC 6749 §3.1.2: the redirect URI's own query stays. */
export function withQuery(uri: string, parameters: Readonly<Record<string, string>>): string {
  const added = new URLSearchParams(parameters).toString()
  if (!uri.includes('?')) return `${uri}?${added}`
  return /[?&]$/.test(uri) ? uri + added : `${uri}&${added}`
}

// No script of ours besides this one line runs there, and without scripts there is a button.
const submitAtOnce = 'document.forms[0].submit()'
const submitAtOnceHash = createHash('sha256').update(submitAtOnce).digest('base64')

function formPost(
  services: Services,
  redirectUri: string,
  parameters: Readonly<Record<string, string>>,
): Promise<PlainResponse> {
  const { title, lead, button } = text.handBack
  const main = html`<h1>${title}</h1>
<p class="lead">${lead}</p>
${form(redirectUri, parameters, html`<button class="primary">${button}</button>`)}
<script>${raw(submitAtOnce)}</script>`
  const headers = { 'content-security-policy': policyFor(redirectUri, `'sha256-${submitAtOnceHash}'`) }
  return renderPage(services, { title, main, headers })
}

function form(redirectUri: string, parameters: Readonly<Record<string, string>>, button: Html): Html {
  const inputs = Object.entries(parameters).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  return html`<form method="post" action="${redirectUri}">${inputs}${button}</form>`
}

function policyFor(redirectUri: string, scripts: string): string {
  return [
    "default-src 'none'",
    "style-src 'self'",
    `script-src ${scripts}`,
    "img-src 'self' data:",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    `form-action ${formActionSources(redirectUri).join(' ')}`,
  ].join('; ')
}
