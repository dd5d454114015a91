// What every page shares: the frame around its content, its headers (standards.md section 12), and the parts of forms.
// The words are messages.ts, the look is style.ts, and each page has a file of its own.

import { html } from 'hono/html'
import type { PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'
import { assetPaths } from './assets.ts'
import { here } from './links.ts'
import { direction, language, text } from './messages.ts'

/** Markup in which everything that came from outside is escaped. */
export type Html = ReturnType<typeof html>

export interface PageContent {
  readonly title: string
  readonly main: Html
  readonly status?: number
  readonly width?: 'narrow' | 'middle' | 'wide'
  readonly cookies?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  /** What stands at the right of the header, such as the button that signs out. */
  readonly corner?: Html
  /** A page with something for the script to do. */
  readonly script?: boolean
  /** Where a redirect that answers a form of the page may lead beside our own pages: a source of CSP, such as `com.example.app:`. */
  readonly formsMayLeadTo?: string | undefined
  /** The script of the page asks this server something while it is open. */
  readonly asksItself?: boolean
  /** After how long it loads itself anew in a browser without scripts. */
  readonly refreshSeconds?: number
}

// UI-01 to UI-05, UI-13. Chromium and WebKit hold the whole chain of redirects after a form against form-action, so a form must
// end on a page of our own (UI-03): every decision does, and going back to a client is leave.ts.
const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; " +
  "object-src 'none'; frame-ancestors 'none'; form-action 'self'"
const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

export async function renderPage(services: Services, content: PageContent): Promise<PlainResponse> {
  const body = await frame(services, content)
  const cookies = content.cookies?.length ? { 'set-cookie': content.cookies } : {}
  const { formsMayLeadTo: further, asksItself } = content
  const forms = further === undefined ? policy : `${policy} ${further}`
  const full = asksItself ? `${forms}; connect-src 'self'` : forms
  return {
    status: content.status ?? 200,
    headers: { ...pageHeaders, 'content-security-policy': full, ...content.headers, ...cookies },
    body: String(body),
  }
}

function frame(services: Services, content: PageContent): Html {
  const { title, main, width = 'narrow', corner, script, refreshSeconds } = content
  const issuer = new URL(services.config.issuer)
  const to = (path: string) => here(services, path)
  return html`<!doctype html>
<html lang="${language}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Countersign</title>
<link rel="icon" href="${to(assetPaths.icon)}" type="image/svg+xml">
<link rel="stylesheet" href="${to(assetPaths.style)}">
${script ? html`<script src="${to(assetPaths.script)}" defer></script>` : ''}
${refreshSeconds === undefined ? '' : html`<noscript><meta http-equiv="refresh" content="${refreshSeconds}"></noscript>`}
</head>
<body>
<header class="top">
<a class="brand" href="${to('/')}">${mark}<span>Countersign</span></a>
<div class="corner">${corner ?? html`<span class="host">${ltr(issuer.host)}</span>`}</div>
</header>
<main class="${width}">${main}</main>
<footer class="foot"><p>${text.footer(ltr(issuer.host))}</p></footer>
</body>
</html>`
}

// A tick that is countersigned: one stroke is ours, the other the person's.
const mark = html`<svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false"><rect width="32" height="32" rx="9"/><path d="M7.5 16.5l4.6 4.6 6-8.4"/><path d="M15.6 19.6l1.5 1.5 7.4-10.4"/></svg>`

/** Codes, hosts and addresses read from left to right in every language. */
export const ltr = (value: string): Html => html`<bdi dir="ltr">${value}</bdi>`

/** Names that people or devices chose: their direction is their own. */
export const named = (value: string): Html => html`<bdi>${value}</bdi>`

export interface Field {
  readonly name: string
  readonly label: string
  readonly type?: 'text' | 'email' | 'password'
  readonly hint?: string
  readonly error?: string | undefined
  readonly value?: string | undefined
  /** The autocomplete token; it is what password managers go by. */
  readonly autocomplete: string
  readonly autofocus?: boolean
  readonly optional?: boolean
  readonly more?: Html
}

/** One labelled input; hint and error are tied to it, and an error takes the focus (WCAG 3.3.1, 3.3.3). */
export function field(of: Field): Html {
  const described = [of.hint && `${of.name}-hint`, of.error && `${of.name}-error`].filter(Boolean).join(' ')
  return html`<div class="field">
<label for="${of.name}">${of.label}</label>
${of.hint ? html`<p class="hint" id="${of.name}-hint">${of.hint}</p>` : ''}
${of.error ? html`<p class="error" id="${of.name}-error">${alertIcon}${of.error}</p>` : ''}
<input id="${of.name}" name="${of.name}" type="${of.type ?? 'text'}" autocomplete="${of.autocomplete}" ${
    of.value === undefined ? '' : html`value="${of.value}"`
  } ${described ? html`aria-describedby="${described}"` : ''} ${of.error ? html`aria-invalid="true"` : ''} ${
    of.optional ? '' : html`required`
  } ${of.autofocus || of.error ? html`autofocus` : ''} ${of.more ?? ''}>
</div>`
}

/** A sentence that says what happened, read out when the page opens. */
export function notice(kind: 'good' | 'warn' | 'bad', content: Html | string): Html {
  return html`<div class="notice ${kind}" role="${kind === 'good' ? 'status' : 'alert'}">${
    kind === 'good' ? tickIcon : alertIcon
  }<div>${content}</div></div>`
}

const icon = (path: string): Html =>
  html`<svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false"><path d="${path}"/></svg>`

export const tickIcon = icon('M4 10.5l4 4 8-9')
export const alertIcon = icon('M10 2.8l8 14.2H2zM10 8v4.2M10 14.4v.4')
export const keyIcon = icon('M12.5 7.5a3.8 3.8 0 1 1-1.2-2.8M10.6 9.6l6.4 6.4M14.4 13.4l-1.6 1.6')
