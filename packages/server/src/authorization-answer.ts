// The answer to the client at the end of an authorization request: parameters in the query of its redirect URI, or in a form that the
// browser posts there (OAuth 2.0 Form Post Response Mode). `iss` and `state` are in every one (RFC 9207 §2, RFC 6749 §4.1.2).
// What the answer is was decided in authorization.ts.

import { createHash } from 'node:crypto'
import {
  type AuthorizationParameters,
  formActionSources,
  type Refusal,
  speakRefusal,
} from '@countersign/protocol'
import { html, raw } from 'hono/html'
import { type PlainResponse, seeOther } from './http.ts'
import { text } from './pages/messages.ts'
import { renderPage } from './pages/page.ts'
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
  const { error, description } = speakRefusal(refusal)
  return answer(services, to, { error, error_description: description })
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
  { redirectUri, responseMode, state }: AnswerTo,
  said: Readonly<Record<string, string>>,
): Promise<PlainResponse> {
  const parameters = { ...said, ...(state === null ? {} : { state }), iss: services.config.issuer }
  if (responseMode === 'form_post') return formPost(services, redirectUri, parameters)
  // 303, so that a browser which posted the decision does not post it on (RFC 9700 §4.12).
  return seeOther(withQuery(redirectUri, parameters), { 'referrer-policy': 'no-referrer' })
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
  const inputs = Object.entries(parameters).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  const main = html`<h1>${title}</h1>
<p class="lead">${lead}</p>
<form method="post" action="${redirectUri}">${inputs}<button class="primary">${button}</button></form>
<script>${raw(submitAtOnce)}</script>`
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    `script-src 'sha256-${submitAtOnceHash}'`,
    "img-src 'self' data:",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    `form-action ${formActionSources(redirectUri).join(' ')}`,
  ].join('; ')
  return renderPage(services, { title, main, headers: { 'content-security-policy': policy } })
}
