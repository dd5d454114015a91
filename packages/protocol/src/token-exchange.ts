// Token exchange (RFC 8693): a smaller token for the one that was presented, for a child or for a service further back.
// Nothing ever grows: scope, lifetime and key binding stay or shrink, the audience is the old one or one that an administrator
// allowed this client (RFC 8693 §5). Everything hangs on the same sign-in, and ends with each token that it came from.
// Whether the presented tokens count now is access-token.ts; reading the request and encoding the answer are the server's.

import { type AccessToken, type Actor, lineageOf, type MayAct, shapeFor, subjectOf } from './access-token.ts'
import type { Client, Resource } from './records.ts'
import type { Refusal } from './refusal.ts'
import { chooseScopes } from './scope.ts'

export const tokenExchangeGrantType = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** So many exchanges may lie between the first token and the last: enough for agents of agents, and bounds every claim. */
export const mostExchanges = 5

export interface ExchangeEvent {
  readonly issuer: string
  /** Who asks, authenticated. */
  readonly client: Client
  /** Both count now. */
  readonly subject: AccessToken
  readonly actor: AccessToken | undefined
  /** The values of `resource` and `audience`, all of them. */
  readonly targets: readonly string[]
  /** The registered resource behind the one target, or behind the subject token's audience where there is none. */
  readonly resource: Resource | undefined
  readonly scope: string | undefined
  /** For how long at most it is wanted; undefined for as long as it may last. */
  readonly seconds: number | undefined
  /** The key that the request proved. */
  readonly jkt: string | null
  readonly now: number
}

export function exchange(event: ExchangeEvent, fresh: { readonly jti: string }): AccessToken | Refusal {
  const { client, subject, actor, now } = event
  if (client.exchange === null || client.authMethods.includes('none'))
    return { reason: 'grant_type_not_allowed', clientId: client.id, grantType: tokenExchangeGrantType }
  const unfit = unfitToken(event)
  if (unfit !== undefined) return { reason: 'subject_token_invalid', why: unfit }
  if (subject.jkt !== null && event.jkt === null) return { reason: 'dpop_proof_missing' }
  const audience = audienceOf(event)
  if (audience === undefined) return { reason: 'exchange_target_refused', clientId: client.id }
  const scopes = scopesOf(event)
  if (scopes === undefined) return { reason: 'scope_not_allowed', clientId: client.id }
  const { accessTokenSeconds } = shapeFor(client, event.resource)
  const lifetime = Math.min(accessTokenSeconds, event.seconds ?? accessTokenSeconds)
  const { subjectClientId: _old, ...kept } = subject
  return {
    ...kept,
    jti: `${subject.jti}.${fresh.jti}`,
    clientId: client.id,
    ...ofAnotherClient(subject, client),
    scopes,
    audience,
    issuedAt: now,
    expiresAt: Math.min(now + lifetime, subject.expiresAt),
    // An actor whose own token is bound to a key is the one who will use this one; else the key proven just now.
    jkt: actor?.jkt ?? event.jkt,
    act: actOf(event),
  }
}

function ofAnotherClient(subject: AccessToken, client: Client): { readonly subjectClientId?: string } {
  if (subject.accountId !== null || subjectOf(subject) === client.id) return {}
  return { subjectClientId: subjectOf(subject) }
}

/** Why the presented tokens will not do, in words for the log. */
function unfitToken(event: ExchangeEvent): string | undefined {
  const { client, subject, actor, issuer, jkt } = event
  const isOwn = subject.clientId === client.id
  if (!isOwn && !mayPresent(client, subject)) return 'subject_foreign'
  // Whoever stole a bound token of this client lacks its key. A service that was handed one never had it, and proves its own.
  if (isOwn && subject.jkt !== null && jkt !== null && jkt !== subject.jkt) return 'subject_key'
  if (lineageOf(subject).length > mostExchanges) return 'exchanged_too_often'
  if (actor !== undefined) {
    // For this server itself is what a client gets where it names no resource: made to be shown here.
    if (actor.clientId !== client.id && actor.audience !== issuer && !mayPresent(client, actor))
      return 'actor_foreign'
    // It would say that the subject of that token acts, when somebody else does already in its name.
    if (actor.act !== null) return 'actor_delegated'
  }
  if (subject.mayAct !== undefined && !mayActAs(subject.mayAct, event)) return 'may_act'
  return undefined
}

// A service may go on with a token that was meant for it, and with no other that it came across.
function mayPresent({ exchange: policy, introspectsAll, resources }: Client, token: AccessToken): boolean {
  return policy?.foreignTokens === true && (introspectsAll || resources.includes(token.audience))
}

// RFC 8693 §4.4: a claim that cannot be checked is not fulfilled.
function mayActAs(mayAct: MayAct, { client, actor, issuer }: ExchangeEvent): boolean {
  const party: MayAct = {
    sub: actor === undefined ? client.id : subjectOf(actor),
    iss: issuer,
    client_id: actor?.clientId ?? client.id,
  }
  return 'sub' in mayAct && Object.entries(mayAct).every(([claim, value]) => party[claim] === value)
}

/** One audience per token (RFC 9068 §3): that of the subject token, or one that the client's policy names. */
function audienceOf({ client, subject, targets }: ExchangeEvent): string | undefined {
  const [one = subject.audience, another] = new Set(targets)
  if (another !== undefined) return undefined
  return one === subject.audience || client.exchange?.audiences.includes(one) === true ? one : undefined
}

function scopesOf({ client, subject, resource, scope }: ExchangeEvent): readonly string[] | undefined {
  const ofResource = resource?.scopes.map((meaning) => meaning.scope) ?? []
  // Where a resource says what can be done there, only that has a meaning (RFC 9068 §2.2.3).
  const policy = ofResource.length > 0 ? ofResource : client.scopes
  const allowed = subject.scopes.filter((name) => name !== 'offline_access' && policy.includes(name))
  // A token with nothing of what it came from would be a surprise rather than an answer.
  if (scope === undefined && allowed.length === 0 && subject.scopes.length > 0) return undefined
  return chooseScopes(scope, allowed)
}

// RFC 8693 §4.1: the outermost acts now, those inside did before. Without an actor token, a client that goes on with a token of
// somebody else is the actor; one that makes its own token smaller is nobody new.
function actOf({ client, subject, actor }: ExchangeEvent): Actor | null {
  const acting =
    actor !== undefined ? subjectOf(actor) : subject.clientId === client.id ? undefined : client.id
  if (acting === undefined || acting === subject.act?.sub) return subject.act
  return subject.act === null ? { sub: acting } : { sub: acting, act: subject.act }
}
