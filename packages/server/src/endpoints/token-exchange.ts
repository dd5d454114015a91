// Token exchange (RFC 8693): the request, the tokens in it, and the answer. What may be exchanged for what is
// protocol/token-exchange.ts; whether a presented token counts now, live-token.ts.
// Access tokens of this server are taken and given, and, in token-connection.ts, those of connected accounts are given; nothing
// else: an ID token says who signed in, not what was allowed, and does not end with the sign-in.

import { type AccessToken, accessToken, type Refusal, tokenExchange } from '@countersign/protocol'
import { audit, byClient } from '../audit.ts'
import { firstUse } from '../client-first-use.ts'
import { type Form, required } from '../form.ts'
import { comeBack, json, type PlainResponse } from '../http.ts'
import { findLiveToken } from '../live-token.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import { encodeAccessToken } from '../tokens.ts'
import { decideCall, type TokenCall } from './token-call.ts'
import { connectionAsked, connectionGrant } from './token-connection.ts'

const { accessTokenType } = tokenExchange

export async function tokenExchangeGrant(services: Services, call: TokenCall): Promise<PlainResponse> {
  const { request } = call
  const provider = connectionAsked(call)
  if (provider !== undefined) return connectionGrant(services, call, provider)
  const asked = readRequest(call.form)
  if ('reason' in asked) return refuse(services, request, asked)
  const done = await decideCall(services, call, () => decide(services, call, asked))
  if (!done.applied) return comeBack(503, 1)
  const { decision } = done
  return 'refusal' in decision ? refuse(services, request, decision.refusal) : decision.response
}

interface Asked {
  readonly subjectToken: string
  readonly actorToken: string | undefined
  readonly targets: readonly string[]
  readonly seconds: number | undefined
}

function readRequest(form: Form): Asked | Refusal {
  const subjectToken = required(form, 'subject_token')
  if (typeof subjectToken !== 'string') return subjectToken
  const subjectType = required(form, 'subject_token_type')
  if (typeof subjectType !== 'string') return subjectType
  const actorToken = form.get('actor_token')
  const actorType = form.get('actor_token_type')
  // RFC 8693 §2.1: "REQUIRED when the actor_token parameter is present in the request but MUST NOT be included otherwise."
  if (actorToken !== undefined && actorType === undefined)
    return { reason: 'malformed_request', detail: 'missing_parameter', parameter: 'actor_token_type' }
  if (actorToken === undefined && actorType !== undefined) return wrongValue('actor_token_type')
  if (subjectType !== accessTokenType || (actorType ?? accessTokenType) !== accessTokenType)
    return { reason: 'subject_token_invalid', why: 'type' }
  if ((form.get('requested_token_type') ?? accessTokenType) !== accessTokenType)
    return wrongValue('requested_token_type')
  // Ours, beyond RFC 8693: for how many seconds the new token is wanted. It only ever shortens.
  const seconds = form.get('expires_in')
  if (seconds !== undefined && !/^[1-9][0-9]{0,8}$/.test(seconds)) return wrongValue('expires_in')
  return {
    subjectToken,
    actorToken,
    targets: [...form.all('resource'), ...form.all('audience')],
    seconds: seconds === undefined ? undefined : Number(seconds),
  }
}

function wrongValue(parameter: string): Refusal {
  return { reason: 'malformed_request', detail: 'value', parameter }
}

async function decide(services: Services, { request, form, client, jkt }: TokenCall, asked: Asked) {
  const { config, system, resources } = services
  const subject = await findLiveToken(services, asked.subjectToken)
  if (subject === undefined) return refused({ reason: 'subject_token_invalid', why: 'subject_dead' })
  const actor = asked.actorToken === undefined ? undefined : await findLiveToken(services, asked.actorToken)
  if (asked.actorToken !== undefined && actor === undefined)
    return refused({ reason: 'subject_token_invalid', why: 'actor_dead' })
  const resource = await resources.find(asked.targets[0] ?? subject.token.audience)
  const event = {
    issuer: config.issuer,
    client,
    subject: subject.token,
    actor: actor?.token,
    targets: asked.targets,
    resource,
    scope: form.get('scope'),
    seconds: asked.seconds,
    jkt,
    now: system.now(),
  }
  const token = tokenExchange.exchange(event, { jti: system.random(16).toString('base64url') })
  if ('reason' in token) return refused(token)
  const shape = accessToken.shapeFor(client, resource)
  const response = json(200, {
    access_token: encodeAccessToken(services, token, shape),
    issued_token_type: accessTokenType,
    token_type: token.jkt === null ? 'Bearer' : 'DPoP',
    expires_in: token.expiresAt - token.issuedAt,
    scope: token.scopes.join(' ') || undefined,
  })
  const told = audit(services, { event: 'token.exchanged', ...byClient(client.id, request), ...facts(token) })
  return { response, writes: [told, ...(await firstUse(services, client))] }
}

function refused(refusal: Refusal) {
  return { refusal, writes: [] } as const
}

// Who may now do what in whose name; `jti` tells by which token, and from which it came.
function facts(token: AccessToken) {
  const { accountId, clientId, grantId, jti, audience, scopes, expiresAt, act } = token
  const detail = {
    jti,
    audience,
    scopes,
    expiresAt,
    subject: accessToken.subjectOf(token),
    actor: act?.sub ?? null,
  }
  return { accountId, clientId, grantId, detail }
}
