// A client gets a token for itself (RFC 6749 §4.4; what MCP's client credentials extension asks for is the same).
// There is no person, so there is no grant, nothing is stored, and nothing is refreshed: the token ends by itself, by its own
// revocation, or with the client (live-token.ts).

import { setImmediate } from 'node:timers/promises'
import { accessToken, type Client, chooseAudience } from '@countersign/protocol'
import { whatIsAsked } from '../asked.ts'
import { isConfidential } from '../client-auth.ts'
import { firstUse } from '../client-first-use.ts'
import { seenBefore, spendProof } from '../dpop.ts'
import { comeBack, json, type PlainResponse } from '../http.ts'
import { defaultAudience, termsFor } from '../issue-tokens.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import { encodeAccessToken } from '../tokens.ts'
import type { TokenCall } from './token-call.ts'

/** They say something of a person, or are for one who is away; without one they are left out (standards.md CC-04). */
const scopesOfPersons: readonly string[] = ['openid', 'profile', 'email', 'offline_access']

export async function clientCredentialsGrant(services: Services, call: TokenCall): Promise<PlainResponse> {
  const { request, form, client } = call
  // A client that anybody can make with a document of his own has nothing that would be its own (ME-01).
  if (!isConfidential(client) || client.source === 'metadata_document') {
    const grantType = 'client_credentials'
    return refuse(services, request, { reason: 'grant_type_not_allowed', clientId: client.id, grantType })
  }
  const asked = await whatIsAsked(services, client, form)
  if ('reason' in asked) return refuse(services, request, asked)
  const scopes = asked.scopes.filter((scope) => !scopesOfPersons.includes(scope))
  if (scopes.length === 0 && form.get('scope') !== undefined)
    return refuse(services, request, { reason: 'scope_not_allowed', clientId: client.id })
  const audience = chooseAudience(asked.resources, asked.resources, defaultAudience(services))
  if (audience === undefined)
    return refuse(services, request, { reason: 'resource_not_allowed', clientId: client.id })
  if (!(await spendProof(services, call.proof))) return refuse(services, request, seenBefore)
  // Only a client that registered itself has an end, until it is used.
  if (client.expiresAt !== null && !(await keep(services, client))) return comeBack(503, 1)
  return issueOwn(services, call, { scopes, audience })
}

async function keep(services: Services, client: Client): Promise<boolean> {
  const writes = await firstUse(services, client)
  // Whoever was faster has kept it, too.
  return (
    writes.length === 0 ||
    (await services.store.apply(writes)) === 'applied' ||
    (await firstUse(services, client)).length === 0
  )
}

async function issueOwn(
  services: Services,
  { client, jkt }: TokenCall,
  asked: { readonly scopes: readonly string[]; readonly audience: string },
): Promise<PlainResponse> {
  const { system } = services
  const found = termsFor(services, { client, ...asked })
  const terms = found instanceof Promise ? await found : found
  const event = {
    clientId: client.id,
    scopes: terms.scopes,
    audience: asked.audience,
    now: system.now(),
    lifetimeSeconds: terms.accessTokenSeconds,
    jkt,
  }
  const token = accessToken.mintOwn(event, { jti: system.random(16).toString('base64url') })
  const response = json(200, {
    access_token: encodeAccessToken(services, token, terms),
    token_type: jkt === null ? 'Bearer' : 'DPoP',
    expires_in: terms.accessTokenSeconds,
    scope: token.scopes.join(' ') || undefined,
  })
  // No read or write of a store gathers these answers: those of one turn of the event loop leave together all the same, because
  // each one that leaves alone wakes its reader alone.
  await setImmediate()
  return response
}
