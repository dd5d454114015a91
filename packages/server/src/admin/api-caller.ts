// Who calls the administration API, and by which right: a person in their browser, or the bearer of an access token for this server.
// A browser proves with each change that our own page asked for it; a token is looked at anew with every call, and so are the
// registration of its client and the account behind it. What may be done is in the operations, api-*.ts.

import type { Account, Client } from '@countersign/protocol'
import type { By } from '../audit.ts'
import { comeBack, json, type PlainRequest, type PlainResponse } from '../http.ts'
import { antiForgery, openVisit } from '../pages/visit.ts'
import { challenge, readPresentedToken } from '../presented-token.ts'
import { sameSecret } from '../secrets.ts'
import type { Services } from '../services.ts'
import { type Right, scopesFor } from './api-scopes.ts'

export interface Caller {
  /** Undefined for a client that calls for itself. */
  readonly account: Account | undefined
  readonly client: Client | undefined
  readonly address: string
  /** What a browser has to send with each change; undefined for tokens. */
  readonly proof: string | undefined
}

type Found =
  | { readonly caller: Caller; readonly nonce?: string | undefined }
  | { readonly refused: PlainResponse }

/** The header in which a browser proves that one of our own pages asks: no other site can read the value or set the header. */
const proofHeader = 'x-countersign-proof'

export function findCaller(services: Services, request: PlainRequest, right: Right): Promise<Found> {
  return request.headers.authorization === undefined
    ? fromBrowser(services, request, right)
    : fromToken(services, request, right)
}

/** In whose name the audit log keeps it: an administrator, a person about their own account, or a client. */
export function nameOf({ account, client, address }: Caller, right: Right): By {
  if (account !== undefined)
    return { actor: { kind: right === 'account' ? 'account' : 'admin', id: account.id }, address }
  return { actor: { kind: 'client', id: client?.id ?? null }, address }
}

async function fromBrowser(services: Services, request: PlainRequest, right: Right): Promise<Found> {
  const visit = await openVisit(services, request)
  if (visit.signedIn === undefined) return refused(nobody)
  const { account } = visit.signedIn
  const proof = antiForgery(visit, 'api')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    // ASVS 3.5.1: two fences, since the browser sends the cookie along whoever asks.
    const sent = request.headers[proofHeader] ?? ''
    if (!sameSecret(sent, proof) || !isFromOurPage(services, request))
      return refused(
        json(403, { error: 'forged', message: `Send ${proofHeader} from a page of this server.` }),
      )
  }
  if (right !== 'account' && !account.admin) return refused(notAdmin)
  return { caller: { account, client: undefined, address: request.address, proof } }
}

// A script cannot set either header. Browsers without Sec-Fetch-Site send Origin with each change.
function isFromOurPage({ config }: Services, { headers }: PlainRequest): boolean {
  const site = headers['sec-fetch-site']
  return site === undefined ? headers.origin === new URL(config.issuer).origin : site === 'same-origin'
}

async function fromToken(services: Services, request: PlainRequest, right: Right): Promise<Found> {
  const presented = await readPresentedToken(services, request)
  if (!presented.ok) return refused(await braked(services, request, presented.response))
  const { live, scheme, nonce } = presented
  const { token, account } = live
  const client = await services.clients.find(token.clientId)
  const scopes = scopesFor(right)
  const holds = (scope: string) => token.scopes.includes(scope) && mayHold(client, scope)
  // No sign-in by code administers anything (admin/api-scopes.ts), whatever it was granted before or is exchanged into.
  const byCode = right !== 'account' && live.grant?.via === 'device_code'
  if (client === undefined || byCode || !scopes.some(holds)) {
    const complaint = { error: 'insufficient_scope', description: 'The token lacks the scope.' }
    return refused(challenge(403, { ...complaint, scope: scopes[0] ?? '' }, [scheme]))
  }
  if (right === 'account' && account === undefined)
    return refused(json(403, { error: 'forbidden', message: 'Only a person has an account.' }))
  if (right !== 'account' && account !== undefined && !account.admin) return refused(notAdmin)
  return { caller: { account, client, address: request.address, proof: undefined }, nonce }
}

// Whoever tries tokens is slowed down; to be asked for a nonce is no wrong guess.
async function braked(
  services: Services,
  request: PlainRequest,
  response: PlainResponse,
): Promise<PlainResponse> {
  if (response.status !== 401 || response.headers['dpop-nonce'] !== undefined) return response
  const brake = await services.throttle.invalid.note(request.address)
  return brake ? comeBack(429, brake.retryAfterSeconds) : response
}

// Only an administrator gives these scopes; taken away from the client, they are gone from the tokens that it has.
function mayHold(client: Client | undefined, scope: string): boolean {
  return client?.source === 'admin' && client.scopes.includes(scope)
}

const nobody: PlainResponse = {
  ...challenge(401),
  body: JSON.stringify({ error: 'unauthorized', message: 'Sign in, or send an access token.' }),
}

const notAdmin = json(403, { error: 'forbidden', message: 'The account is not an administrator.' })

const refused = (response: PlainResponse): Found => ({ refused: response })
