// The pages for what went wrong before a page of its own could answer: forged or broken forms, too many tries, no such page,
// a fault. They say what to do, echo nothing of the request and link only to ourselves (standards.md UI-14).

import { html } from 'hono/html'
import type { PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import { renderPage } from './page.ts'

export type Problem =
  | 'malformed'
  | 'too_large'
  | 'forged'
  | 'not_found'
  | 'client_unknown'
  | 'redirect_unknown'
  | 'request_over'
  | 'setup_used'
  | 'not_admitted'
  | 'too_many'
  | 'busy'
  | 'fault'

const statuses: Readonly<Record<Problem, number>> = {
  malformed: 400,
  too_large: 413,
  forged: 403,
  not_found: 404,
  client_unknown: 400,
  redirect_unknown: 400,
  request_over: 400,
  setup_used: 410,
  not_admitted: 403,
  too_many: 429,
  busy: 503,
  fault: 500,
}

export interface ProblemDetail {
  readonly retryAfterSeconds?: number
  /** The number under which the log has it. */
  readonly id?: string
}

export function problemPage(
  services: Services,
  problem: Problem,
  { retryAfterSeconds, id }: ProblemDetail = {},
): Promise<PlainResponse> {
  const { title, says } = text.problems[problem]
  const main = html`<h1>${title}</h1>
<p class="lead">${says}</p>
${retryAfterSeconds === undefined ? '' : html`<p>${text.tryAgainIn(retryAfterSeconds)}</p>`}
${id === undefined ? '' : html`<p class="small">${text.faultId} <code>${id}</code></p>`}
<p><a href="${here(services, '/')}">${text.toStart}</a></p>`
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
  return renderPage(services, { title, main, status: statuses[problem], headers })
}
