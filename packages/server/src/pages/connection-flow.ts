// A connection that is being made: what the person does at the provider, how long there is, and how it ended; and the way back from
// a provider that redirects. A browser sees of it the user code, the link and the state, and nothing else (broker, flow.ts).
// What the forms post is connection-changes.ts; with scripts, the page waits for the end at its `/status` (script.ts).

import { html } from 'hono/html'
import type { ConnectionFlow } from '../connections.ts'
import { json, type PlainResponse, seeOther } from '../http.ts'
import { connectionsCallback } from '../open-connections.ts'
import { accountForm } from './account-form.ts'
import { type ConnectionVisit, connectionsPath, forConnections } from './connection-visit.ts'
import { here } from './links.ts'
import { clockText, text } from './messages.ts'
import { type Html, ltr, named, notice, renderPage, tickIcon } from './page.ts'
import { problemPage } from './problem.ts'
import { qrCode } from './qr.ts'
import { signOutCorner } from './sign-out.ts'
import { leaveForProvider } from './upstream-buttons.ts'

const words = text.connections

export const flowPath = (id: string): string => `${connectionsPath}/${encodeURIComponent(id)}`

export const isFlowId = (id: string): boolean => /^[0-9a-f]{32}$/.test(id)

/** The page of one flow, or its state as a program reads it. */
export const connectionFlow = forConnections(async (visit) => {
  const { services, request, connections, owner } = visit
  const [id = '', end, ...more] = request.path.slice(connectionsPath.length + 1).split('/')
  if (!isFlowId(id) || more.length > 0) return problemPage(services, 'not_found')
  if (end === 'status') return json(200, { state: (await heldStatus(visit, id)).state })
  if (end !== undefined) return problemPage(services, 'not_found')
  return showFlow(visit, await connections.status(owner, id))
})

/** The browser is back from a provider; only the one that was sent there may bring its answer (CL-20). */
export const connectionCallback = forConnections(async (visit) => {
  const { services, request, connections, owner } = visit
  // UI-09: whoever looks whether there is something here has spent nothing.
  if (request.method === 'HEAD') return seeOther(here(services, connectionsPath))
  const provider = request.path.slice(connectionsCallback.length + 1)
  const { id } = await connections.returned(owner, provider, new URLSearchParams(request.query))
  // Mostly the provider answers before anybody would have looked; a slow one is waited for on a page that says so.
  const { state } = await heldStatus(visit, id, shortSeconds)
  return seeOther(here(services, `${flowPath(id)}${state === 'pending' ? `?${isBack}` : ''}`))
})

/** In the address of the page of somebody who comes from the provider, where there is nothing to be done any more. */
const isBack = 'back'
const shortSeconds = 3

// As long as polls of devices are held, and counted with them: a server that stops lets go of all of them.
async function heldStatus(
  visit: ConnectionVisit,
  id: string,
  most = Number.POSITIVE_INFINITY,
): Promise<ConnectionFlow> {
  const { services, request, connections, owner } = visit
  const seconds = Math.min(services.config.holdSeconds, most)
  const [done, over] = [new AbortController(), new AbortController()]
  const held = services.held.hold(`connection ${services.system.random(12).toString('hex')}`, {
    clientId: 'connections',
    request,
    seconds,
    signal: done.signal,
  })
  if (held === undefined) return connections.status(owner, id)
  void held.then(() => over.abort())
  try {
    return await connections.changed(owner, id, 'pending', { seconds, signal: over.signal })
  } finally {
    done.abort()
  }
}

/** A form of ours may not end in a redirect to elsewhere (leave.ts). */
export function leaveToConnect(
  visit: ConnectionVisit,
  flow: ConnectionFlow,
  target: string,
): Promise<PlainResponse> {
  const { services, connections } = visit
  const url = new URL(target)
  return leaveForProvider(services, url, {
    name: nameOf(connections, flow),
    lead: words.leaving(ltr(url.host)),
  })
}

function nameOf({ providers }: ConnectionVisit['connections'], { provider }: ConnectionFlow): string {
  return providers.find(({ id }) => id === provider)?.name ?? provider
}

async function showFlow(visit: ConnectionVisit, flow: ConnectionFlow): Promise<PlainResponse> {
  const { services, connections } = visit
  const name = nameOf(connections, flow)
  const isPending = flow.state === 'pending'
  const main = isPending
    ? await pending(visit, flow, name)
    : html`${ended(flow, name)}
<p><a class="button" href="${here(services, connectionsPath)}">${flow.state === 'success' ? words.back : words.startAgain}</a></p>`
  return renderPage(services, {
    title: words.pageTitle(name),
    main,
    corner: signOutCorner(visit),
    script: isPending,
    ...(isPending ? { asksItself: true, refreshSeconds: noScriptSeconds } : {}),
  })
}

// Often enough to be noticed, and long enough to scan the QR code, which closes then.
const noScriptSeconds = 10

async function pending(visit: ConnectionVisit, flow: ConnectionFlow, name: string): Promise<Html> {
  const { services } = visit
  const status = here(services, `${flowPath(flow.id)}/status`)
  const back = visit.request.query === isBack
  const cancel = html`<input type="hidden" name="flow" value="${flow.id}"><button>${words.pending.cancel}</button>`
  return html`<h1>${words.heading(named(name))}</h1>
${await steps(flow, name, back)}
<p class="small" role="status" data-await="${status}">${back ? words.pending.waitingBack : words.pending.waiting}</p>
<p class="time">${words.pending.left(html`<span data-left="${flow.secondsLeft}">${clockText(flow.secondsLeft)}</span>`)}</p>
<p id="time-status" class="unseen" role="status" data-last-minute="${words.pending.lastMinute}" data-ended="${words.pending.ended}"></p>
${accountForm(visit, `${connectionsPath}/cancel`, cancel)}`
}

async function steps({ shown }: ConnectionFlow, name: string, back: boolean): Promise<Html> {
  if (shown.kind === 'redirect' && back) return html`<p class="lead">${words.pending.back(named(name))}</p>`
  if (shown.kind === 'action') return html`<p class="lead">${shown.actionRequired}</p>`
  if (shown.kind === 'redirect')
    return html`<p class="lead">${words.pending.redirect(named(name))}</p>
<p><a class="button primary" href="${safeLink(shown.authorizationUrl)}" rel="noreferrer">${words.pending.goOn(named(name))}</a></p>`
  const { userCode, verificationUri, verificationUriComplete } = shown
  const link = safeLink(verificationUriComplete ?? verificationUri)
  const place = html`<strong>${ltr(placeOf(verificationUri))}</strong>`
  const says = verificationUriComplete === null ? words.pending.code : words.pending.codeShown
  const qr = await qrCode(link, words.pending.qrLabel(placeOf(verificationUri)))
  return html`<p class="lead">${says(place)}</p>
<div class="shown-code"><p class="small">${words.pending.codeLabel}</p><p class="big-code"><bdi dir="ltr" class="code">${userCode}</bdi></p></div>
<p><a class="button primary" href="${link}" target="_blank" rel="noreferrer noopener">${words.pending.openPlace(named(name))}</a></p>
${qr === undefined ? '' : html`<details><summary>${words.pending.qrTitle}</summary>${qr}</details>`}
<p class="beware">${words.pending.beware}</p>`
}

/** What people type: host and path, without the scheme. */
function placeOf(uri: string): string {
  return uri.replace(/^https?:\/\//, '').replace(/\/$/, '')
}

// The broker takes no other from a provider; a link of another kind would run in our page.
function safeLink(uri: string): string {
  return /^https?:\/\//i.test(uri) ? uri : '#'
}

function ended(flow: ConnectionFlow, providerName: string): Html {
  const name = named(providerName)
  switch (flow.state) {
    case 'success':
      return html`<div class="done">${tickIcon}</div>
<h1 tabindex="-1" autofocus>${words.success.title(name)}</h1>
<p class="lead">${words.success.says}</p>`
    case 'error':
      return html`<h1 tabindex="-1" autofocus>${words.error.title}</h1>
${notice('bad', flow.error ?? words.nothingConnected)}<p class="lead">${words.nothingConnected}</p>`
    case 'denied':
    case 'expired':
    case 'cancelled': {
      const { title, says } = words[flow.state]
      return html`<h1 tabindex="-1" autofocus>${title}</h1>
<p class="lead">${says(name)}</p>`
    }
    case 'pending':
      return html``
  }
}
