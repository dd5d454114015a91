// The authorization endpoint (RFC 6749 §3.1, OIDC Core §3.1.2.1): a client sends a browser here. Who cannot be trusted with a redirect
// gets a page, every other fault goes back to the client; a good request becomes one of this browser (../authorization-requests.ts).
// How a request is read is ../authorization-reading.ts, what happens to it ../authorization.ts and the pages.

import { type Client, isVouchedFor } from '@countersign/protocol'
import { continueRequest, nextStep, type OpenAuthorization } from '../authorization.ts'
import { answerWithFault, answerWithRefusal } from '../authorization-answer.ts'
import {
  type FrontChannel,
  mayStillAsk,
  readAuthorization,
  readFrontChannel,
} from '../authorization-reading.ts'
import {
  claimRequest,
  type NewRequest,
  openedRequest,
  pushRequest,
  requestUriPrefix,
} from '../authorization-requests.ts'
import { onlyLookedAt, type PlainRequest, type PlainResponse, seeOther } from '../http.ts'
import { here } from '../pages/links.ts'
import { problemPage } from '../pages/problem.ts'
import { openVisit, type Visit } from '../pages/visit.ts'
import type { Services } from '../services.ts'

export async function authorizeEndpoint(services: Services, request: PlainRequest): Promise<PlainResponse> {
  // UI-09: whoever looks whether there is something here has opened nothing.
  if (request.method === 'HEAD') return onlyLookedAt
  const form = readFrontChannel(request)
  if (form === undefined) return problemPage(services, 'malformed')
  const clientId = form.get('client_id')
  const client = clientId === undefined ? undefined : await services.clients.find(clientId, request.address)
  if (client === undefined) return problemPage(services, 'client_unknown')
  const requestUri = form.get('request_uri')
  if (requestUri?.startsWith(requestUriPrefix)) {
    const reference = requestUri.slice(requestUriPrefix.length)
    return request.method === 'POST'
      ? comeByGet(services, client, reference)
      : openPushed(await openVisit(services, request), reference, client)
  }
  return openPlain(services, request, client, form)
}

/**
 * The link of a pushed request, short enough for a terminal: what stands in `authorization_uri` of its answer. The same as
 * `/oauth/authorize` with `client_id` and `request_uri`.
 */
export async function authorizationLink(services: Services, request: PlainRequest): Promise<PlainResponse> {
  if (request.method === 'HEAD') return onlyLookedAt
  const reference = request.path.slice(linkPath.length)
  if (!/^[A-Za-z0-9_-]{22}$/.test(reference)) return problemPage(services, 'request_over')
  return openPushed(await openVisit(services, request), reference, undefined)
}

export const linkPath = '/a/'

async function openPlain(
  services: Services,
  request: PlainRequest,
  client: Client,
  form: FrontChannel,
): Promise<PlainResponse> {
  const read = await readAuthorization(services, { client, form, broken: form.broken, pushed: false })
  if (read.outcome === 'no_redirect') return problemPage(services, 'redirect_unknown')
  if (read.outcome === 'refused' && isVouchedFor(client)) {
    services.log.info('authorization refused', { reason: read.refusal.reason, clientId: client.id })
    return answerWithRefusal(services, read.parameters, read.refusal)
  }
  const refusal = read.outcome === 'refused' ? read.refusal : null
  const asked = { client, parameters: read.parameters, refusal }
  try {
    return await begin(services, request, asked)
  } catch (fault) {
    if (!isVouchedFor(client)) throw fault
    return answerWithFault(services, read.parameters, fault)
  }
}

async function begin(services: Services, request: PlainRequest, asked: NewRequest): Promise<PlainResponse> {
  // No cookie of ours comes with a form from another site (SameSite=Lax), so a POST is kept and comes again by GET.
  if (request.method === 'POST') {
    const braked = await services.throttle.create(request.address, asked.client.id)
    if (braked) return problemPage(services, 'too_many', braked)
    return comeByGet(services, asked.client, await pushRequest(services, asked))
  }
  return open(await openVisit(services, request), asked)
}

function comeByGet(services: Services, { id }: Client, reference: string): PlainResponse {
  const query = new URLSearchParams({ client_id: id, request_uri: requestUriPrefix + reference })
  return seeOther(here(services, `/oauth/authorize?${query}`))
}

// Stored when somebody has to be asked, and not for what can be answered at once.
async function open(visit: Visit, asked: NewRequest): Promise<PlainResponse> {
  const { services, request } = visit
  const { record, reference, cookie } = openedRequest(visit, asked)
  const opened: OpenAuthorization = { record, reference, client: asked.client }
  const { step } = await nextStep(visit, opened)
  if (step === 'refuse') return continueRequest(visit, opened)
  // Everybody could fill the store, and who is signed in the audit log as well; but they are known, and counted by name.
  const braked = visit.signedIn
    ? await services.throttle.createByAccount(visit.signedIn.account.id)
    : await services.throttle.create(request.address, asked.client.id)
  if (braked) return problemPage(services, 'too_many', braked)
  if (step === 'answer') return continueRequest(visit, opened)
  await services.store.apply([{ op: 'insert', kind: 'authorizationRequest', record }])
  const stored = { ...opened, record: { ...record, version: 1 } }
  return withCookie(await continueRequest(visit, stored), cookie)
}

// RFC 9126 §4: what was pushed counts, whatever else stands in the address.
async function openPushed(
  visit: Visit,
  reference: string,
  named: Client | undefined,
): Promise<PlainResponse> {
  const claimed = await claimRequest(visit, reference, named?.id)
  const client = named ?? (claimed && (await visit.services.clients.find(claimed.record.clientId)))
  // Whatever was checked at the push may have changed since (PAR-03).
  if (!claimed || !client || !(await mayStillAsk(visit.services, client, claimed.record.parameters)))
    return problemPage(visit.services, 'request_over')
  return withCookie(
    await continueRequest(visit, { record: claimed.record, client, reference }),
    claimed.cookie,
  )
}

function withCookie(response: PlainResponse, cookie: string): PlainResponse {
  return { ...response, headers: { ...response.headers, 'set-cookie': [cookie] } }
}
