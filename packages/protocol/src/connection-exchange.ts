// The exchange of a sign-in's own access token for a token of an account elsewhere that the person has connected here (RFC 8693,
// with a `requested_token_type` of ours for each provider). Off unless an administrator gave the client the scope for it and the
// person agreed to that scope at the sign-in.
// Whether the presented token counts now is access-token.ts; which connections there are, and their tokens, are not known here.

import type { AccessToken } from './access-token.ts'
import type { Client } from './records.ts'
import type { Refusal } from './refusal.ts'

/** Ours, so under a name of our own (RFC 8693 §3: "any URI"); what follows is the provider's id. */
export const connectionTokenTypePrefix = 'urn:countersign:params:oauth:token-type:connection:'
/** What the sign-in must include; what follows is the provider's id. */
export const connectionScopePrefix = 'countersign:connection:'

/** What a provider is called in scopes, token types and settings. */
export const connectionProviderId = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/

/** The provider whose token is asked for; undefined for any other token type. */
export function providerOfTokenType(tokenType: string | undefined): string | undefined {
  return after(connectionTokenTypePrefix, tokenType)
}

/** The provider that a scope is about; undefined for any other scope. */
export function providerOfScope(scope: string): string | undefined {
  return after(connectionScopePrefix, scope)
}

function after(prefix: string, text: string | undefined): string | undefined {
  const id = text?.startsWith(prefix) ? text.slice(prefix.length) : undefined
  return id !== undefined && connectionProviderId.test(id) ? id : undefined
}

/** The scopes of a client that may have tokens of just these providers. */
export function withConnections(scopes: readonly string[], providers: readonly string[]): readonly string[] {
  const others = scopes.filter((scope) => providerOfScope(scope) === undefined)
  return [...others, ...new Set(providers.map((id) => `${connectionScopePrefix}${id}`))]
}

export interface ConnectionEvent {
  readonly issuer: string
  /** Who asks; authenticated where it can be, but a program on somebody's machine cannot (RFC 8252 §8.5). */
  readonly client: Client
  /** It counts now. */
  readonly subject: AccessToken
  readonly provider: string
  /** The key that the request proved. */
  readonly jkt: string | null
}

/** Whose connection it is, or why not. */
export function connectionOwner(event: ConnectionEvent): { readonly accountId: string } | Refusal {
  const { client, subject, provider, jkt } = event
  const scope = `${connectionScopePrefix}${provider}`
  // What a client says of itself never gives it more; and taken away from the client, it is gone from the tokens that it has.
  if (client.source !== 'admin' || !client.scopes.includes(scope))
    return { reason: 'connection_refused', clientId: client.id, why: 'client' }
  const { accountId } = subject
  const unfit = unfitToken(event)
  if (unfit !== undefined || accountId === null)
    return { reason: 'subject_token_invalid', why: unfit ?? 'subject_without_person' }
  if (subject.jkt !== null && jkt === null) return { reason: 'dpop_proof_missing' }
  if (!subject.scopes.includes(scope))
    return { reason: 'connection_refused', clientId: client.id, why: 'scope' }
  return { accountId }
}

function unfitToken({ client, subject, issuer, jkt }: ConnectionEvent): string | undefined {
  if (subject.grantId === null) return 'subject_without_person'
  if (subject.clientId !== client.id) return 'subject_foreign'
  // A smaller token that was handed to a child is for what it says, and for nothing further.
  if (subject.act !== null || subject.jti.includes('.')) return 'subject_exchanged'
  // An API that is sent a token for itself must not come here with it: a public client has nothing else to tell it by.
  if (subject.audience !== issuer) return 'subject_audience'
  if (subject.jkt !== null && jkt !== null && subject.jkt !== jkt) return 'subject_key'
  return undefined
}
