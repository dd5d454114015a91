// Pushed authorization requests (RFC 9126): the client sends the request itself, authenticated, and the browser brings only a reference.
// What is checked is what the authorization endpoint checks (../authorization-reading.ts); errors are those of the token endpoint.

import type { Refusal } from '@countersign/protocol'
import { readAuthorization } from '../authorization-reading.ts'
import { pushedSeconds, pushRequest, requestUriPrefix } from '../authorization-requests.ts'
import { authenticateClient, isConfidential } from '../client-auth.ts'
import { announcedKey, readOfferedProof, seenBefore, spendProof, withNonce } from '../dpop.ts'
import { readForm } from '../form.ts'
import { comeBack, json, type PlainRequest, type PlainResponse } from '../http.ts'
import { here } from '../pages/links.ts'
import { requestContext } from '../request-context.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import { linkPath } from './authorize.ts'

export async function parEndpoint(services: Services, request: PlainRequest): Promise<PlainResponse> {
  return neverCached(await push(services, request))
}

async function push(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const no = (refusal: Refusal) => refuse(services, request, refusal)
  const read = readForm(request)
  if (!read.ok) return no(read.refusal)
  const { form } = read
  const caller = await authenticateClient(services, request, form)
  if (!caller.ok) return no(caller.refusal)
  const { client } = caller
  // RFC 9126 §2.1: a pushed request is not a reference to another one.
  if (form.get('request_uri') !== undefined)
    return no({ reason: 'malformed_request', detail: 'value', parameter: 'request_uri' })
  const checked = await readAuthorization(services, { client, form, broken: noneBroken, pushed: true })
  if (checked.outcome === 'no_redirect')
    return no({ reason: 'malformed_request', detail: 'value', parameter: 'redirect_uri' })
  if (checked.outcome === 'refused') return no(checked.refusal)
  const proven = readOfferedProof(services, request)
  if (!proven.ok) return no(proven.refusal)
  // RFC 9449 §10.1: a proof beside the push says the same as `dpop_jkt`.
  const jkt = announcedKey(form, proven.jkt)
  if (jkt !== null && typeof jkt !== 'string') return no(jkt)
  // All people of a website come from its one address, so who authenticated is counted by name.
  const braked = isConfidential(client)
    ? await services.throttle.createByClient(client.id)
    : await services.throttle.create(request.address, client.id)
  if (braked) return comeBack(429, braked.retryAfterSeconds)
  if (!(await spendProof(services, proven.proof))) return no(seenBefore)
  const asked = {
    client,
    parameters: { ...checked.parameters, jkt },
    refusal: null,
    context: requestContext(request, form),
  }
  const reference = await pushRequest(services, asked)
  const body = {
    request_uri: requestUriPrefix + reference,
    expires_in: pushedSeconds(services, asked.parameters),
    // Ours, beside what RFC 9126 §2.2 has: the whole authorization request as a link that fits on a line of a terminal.
    authorization_uri: new URL(here(services, linkPath + reference), services.config.issuer).href,
  }
  return withNonce(json(201, body), proven.nonce)
}

// The form's own reader has refused what it could not read.
const noneBroken: ReadonlySet<string> = new Set()

// RFC 9126 §2.2, §2.3.
function neverCached(response: PlainResponse): PlainResponse {
  return { ...response, headers: { ...response.headers, 'cache-control': 'no-cache, no-store' } }
}
