// The exchange of a sign-in for the token of an account elsewhere (RFC 8693): the request and the answer. Who may have it is
// protocol/connection-exchange.ts; where the tokens come from, connections.ts. Smaller tokens of our own are token-exchange.ts.

import {
  type Client,
  type ConnectionFault,
  connectionExchange,
  type Refusal,
  speakRefusal,
  tokenExchange,
} from '@countersign/protocol'
import { audit, byClient } from '../audit.ts'
import { firstUse } from '../client-first-use.ts'
import type { ConnectionErrorCode, Connections } from '../connections.ts'
import { required } from '../form.ts'
import { comeBack, json, type PlainResponse } from '../http.ts'
import { findLiveToken } from '../live-token.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import { decideCall, refused, type TokenCall } from './token-call.ts'

/** Undefined where the request asks for another kind of token. */
export function connectionAsked({ form }: TokenCall): string | undefined {
  return connectionExchange.providerOfTokenType(form.get('requested_token_type'))
}

export async function connectionGrant(
  services: Services,
  call: TokenCall,
  provider: string,
): Promise<PlainResponse> {
  const { request, form } = call
  const subjectToken = required(form, 'subject_token')
  if (typeof subjectToken !== 'string') return refuse(services, request, subjectToken)
  const subjectType = required(form, 'subject_token_type')
  if (typeof subjectType !== 'string') return refuse(services, request, subjectType)
  if (subjectType !== tokenExchange.accessTokenType)
    return refuse(services, request, { reason: 'subject_token_invalid', why: 'type' })
  // Nobody acts for somebody else here, and the account elsewhere has its own audience.
  const surplus =
    (['resource', 'audience'] as const).find((name) => form.all(name).length > 0) ??
    ['actor_token', 'actor_token_type'].find((name) => form.get(name) !== undefined)
  if (surplus !== undefined)
    return refuse(services, request, { reason: 'malformed_request', detail: 'value', parameter: surplus })
  const done = await decideCall(services, call, () => decide(services, call, { provider, subjectToken }))
  if (!done.applied) return comeBack(503, 1)
  const { decision } = done
  if ('refusal' in decision) return speak(services, call, decision.refusal)
  return decision.response
}

interface Asked {
  readonly provider: string
  readonly subjectToken: string
}

async function decide(services: Services, call: TokenCall, { provider, subjectToken }: Asked) {
  const { client, jkt, request } = call
  const { config, connections } = services
  const live = await findLiveToken(services, subjectToken)
  if (live === undefined) return refused({ reason: 'subject_token_invalid', why: 'subject_dead' })
  const { token: subject } = live
  const owner = connectionExchange.connectionOwner({ issuer: config.issuer, client, subject, provider, jkt })
  if ('reason' in owner) return refused(owner)
  if (connections === undefined) return refused(fault(client, 'provider'))
  const found = await tokenOf(connections, owner.accountId, provider, call)
  if ('refusal' in found) return refused(found.refusal)
  if ('response' in found) return { response: found.response, writes: [] }
  const { token } = found
  const told = audit(services, {
    event: 'connection.token_given',
    ...byClient(client.id, request),
    accountId: owner.accountId,
    clientId: client.id,
    grantId: subject.grantId,
    detail: { provider, connection: token.connection.id, scopes: token.scopes },
  })
  return {
    response: answer(services, provider, token),
    writes: [told, ...(await firstUse(services, client))],
  }
}

type Given = Awaited<ReturnType<Connections['token']>>

async function tokenOf(
  connections: Connections,
  accountId: string,
  provider: string,
  { form, client }: TokenCall,
): Promise<{ readonly token: Given } | { readonly refusal: Refusal } | { readonly response: PlainResponse }> {
  const scopes = form.get('scope')?.split(' ').filter(Boolean)
  try {
    return {
      token: await connections.token(accountId, provider, { scopes, connection: form.get('connection') }),
    }
  } catch (error) {
    switch ((error as { readonly code?: ConnectionErrorCode }).code) {
      case 'unknown_provider':
        return { refusal: fault(client, 'provider') }
      case 'not_connected':
      case 'connection_not_found':
        return { refusal: fault(client, 'missing') }
      case 'connect_again':
        return { refusal: fault(client, 'ended') }
      case 'more_scopes':
        return { refusal: fault(client, 'more_scopes') }
      case 'try_later':
      case 'vault_locked':
      case 'store_unavailable':
        return { response: comeBack(503, secondsOf(error)) }
      default:
        throw error
    }
  }
}

function fault({ id }: Client, why: ConnectionFault): Refusal {
  return { reason: 'connection_refused', clientId: id, why }
}

function secondsOf(error: unknown): number {
  const { retryAfterSeconds: seconds } = error as { readonly retryAfterSeconds?: number }
  return Math.ceil(Math.min(Math.max(seconds ?? 2, 1), 3600))
}

/** RFC 8693 §2.2.1: "Bearer" where the token can be used as one, which those of every provider here can. */
function answer({ system }: Services, provider: string, { accessToken, expiresAt, scopes }: Given) {
  return json(200, {
    access_token: accessToken,
    issued_token_type: `${connectionExchange.connectionTokenTypePrefix}${provider}`,
    token_type: 'Bearer',
    expires_in: expiresAt === null ? undefined : Math.max(0, Math.floor(expiresAt - system.clock())),
    scope: scopes.join(' ') || undefined,
  })
}

/** RFC 6749 §5.2: `error_uri` is the page for people where the trouble ends. */
async function speak(services: Services, { request }: TokenCall, refusal: Refusal): Promise<PlainResponse> {
  const { status, error, description } = speakRefusal(refusal)
  if (error !== 'interaction_required') return refuse(services, request, refusal)
  return json(status, {
    error,
    error_description: description,
    error_uri: `${services.config.issuer}/account/connections`,
  })
}
