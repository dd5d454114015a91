// A visit to the pages of connections: whose they are, and what the errors of the broker become there. The pages are
// connections.ts and connection-flow.ts, what their forms post connection-changes.ts.

import { html } from 'hono/html'
import type { ConnectionErrorCode, ConnectionOwner, Connections } from '../connections.ts'
import { type PlainResponse, seeOther } from '../http.ts'
import type { Endpoint, Services } from '../services.ts'
import { accountPurpose, isRecent } from './account-form.ts'
import { here } from './links.ts'
import { type Note, text } from './messages.ts'
import { type Fault, leaveNote } from './note.ts'
import { renderPage } from './page.ts'
import { problemPage } from './problem.ts'
import { signOutCorner } from './sign-out.ts'
import { formFromSignedIn, forSignedIn, type Respond, type RespondToForm, type SignedVisit } from './visit.ts'

export interface ConnectionVisit extends SignedVisit {
  readonly connections: Connections
  /** A flow belongs to this session of this account, and to no other (CL-20). */
  readonly owner: ConnectionOwner
}

export const connectionsPath = '/account/connections'

export const forConnections = (respond: Respond<ConnectionVisit>): Endpoint =>
  whereConfigured((connections) =>
    forSignedIn((visit) => {
      const mine = connecting(visit, connections)
      return told(mine, async () => respond(mine))
    }),
  )

export const formForConnections = (respond: RespondToForm<ConnectionVisit>): Endpoint =>
  whereConfigured((connections) =>
    formFromSignedIn(accountPurpose, (visit, form) => {
      const mine = connecting(visit, connections)
      return told(mine, async () => respond(mine, form))
    }),
  )

function whereConfigured(endpoint: (connections: Connections) => Endpoint): Endpoint {
  return (services, request) =>
    services.connections === undefined
      ? problemPage(services, 'not_found')
      : endpoint(services.connections)(services, request)
}

function connecting(visit: SignedVisit, connections: Connections): ConnectionVisit {
  const { account, session } = visit.signedIn
  return { ...visit, connections, owner: { person: account.id, session: session.id } }
}

/** Whether this person was there lately. Where a host application says who is signed in, how they prove it is the host's business. */
export const mayChange = (visit: SignedVisit): boolean => visit.services.host !== undefined || isRecent(visit)

/** Back to the list, which says what happened. */
export function toConnections(services: Services, note: Note | Fault): PlainResponse {
  return seeOther(here(services, connectionsPath), { 'set-cookie': [leaveNote(services, note)] })
}

async function told(visit: ConnectionVisit, respond: () => Promise<PlainResponse>): Promise<PlainResponse> {
  try {
    return await respond()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const answer = Object.hasOwn(answers, code) ? answers[code as keyof typeof answers] : undefined
    // Anything else is a fault: the handler gives it a number and writes it down.
    if (answer === undefined) throw error
    return answer(visit)
  }
}

const busy = ({ services }: SignedVisit) => problemPage(services, 'busy', { retryAfterSeconds: 2 })
const malformed = ({ services }: SignedVisit) => problemPage(services, 'malformed')
const unavailable = ({ services }: SignedVisit) => toConnections(services, 'fault-connection_unavailable')

const answers: Partial<
  Record<ConnectionErrorCode, (visit: ConnectionVisit) => Promise<PlainResponse> | PlainResponse>
> = {
  flow_not_found: showOver,
  wrong_state: showOver,
  connection_not_found: ({ services }) => toConnections(services, 'fault-connection_gone'),
  invalid_request: malformed,
  unknown_provider: malformed,
  not_entitled: malformed,
  provider_unavailable: unavailable,
  missing_fields: unavailable,
  provider_refused: ({ services }) => toConnections(services, 'fault-connection_refused'),
  store_unavailable: busy,
  vault_locked: busy,
  try_later: busy,
}

/** One page for what never was, what is over for long, and what is somebody else's: nobody learns which. */
function showOver(visit: SignedVisit): Promise<PlainResponse> {
  const { services } = visit
  const { title, says } = text.connections.over
  const main = html`<h1>${title}</h1>
<p class="lead">${says}</p>
<p><a href="${here(services, connectionsPath)}">${text.connections.back}</a></p>`
  return renderPage(services, { title, main, status: 404, corner: signOutCorner(visit) })
}
