// What one OAuth vendor is, in plain values: all that oauth-device.ts and oauth-code.ts need to make a provider of it. The files in
// providers/ fill it in; where a vendor is odd, `normalise` straightens the answer before anything else looks at it.
// Not here: how it is asked (oauth-server.ts, oauth-tokens.ts).

import type { ServerMetadata } from '@countersign/client/discover'
import type { Tokens } from './connection.ts'
import type { Account, Asked, ProviderContext } from './provider.ts'

export interface OAuthVendor {
  readonly id: string
  readonly aliases?: readonly string[] | undefined
  /** By default the id. */
  readonly name?: string | undefined
  readonly docs?: string | undefined
  /** Who it says it is. Without `endpoints` all else is found there (RFC 8414, OpenID Connect Discovery). */
  readonly issuer: string
  readonly endpoints?: Endpoints | undefined
  readonly clientId: string
  /** Absent for a public client. */
  readonly clientSecret?: string | undefined
  /** By default as the metadata says, and `client_secret_basic` where it says nothing (RFC 6749 §2.3.1). */
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post' | undefined
  /** Asked for where the application asks for none. */
  readonly scopes?: readonly string[] | undefined
  /** How scopes are asked for, where it is not as RFC 6749 §3.3 says. */
  readonly askScopes?: ((scopes: readonly string[]) => Readonly<Record<string, string>>) | undefined
  /** See `Provider`; 0 unless the vendor promises more. */
  readonly refreshGraceSeconds?: number | undefined
  /** Go out with the request that begins a flow. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
  /** Go out with that one and with every token request (RFC 8707 `resource`, or a vendor's `audience`). */
  readonly audience?: Readonly<Record<string, string>> | undefined
  /**
   * Whether it takes PKCE: by default what the metadata says, and yes where a file states the endpoints. `public_only`: only for
   * clients without a secret.
   */
  readonly pkce?: 'public_only' | undefined
  readonly normalise?: ((answer: RawAnswer) => RawAnswer) | undefined
  /** Who issued an ID token, where that depends on the person; undefined: `issuer`. */
  readonly issuerOf?: ((told: RawAnswer['body']) => string | undefined) | undefined
  /** Who it is, where neither ID token nor UserInfo tell. */
  readonly account?: ((api: Api, told: RawAnswer['body']) => Promise<Account | null>) | undefined
  /** Where RFC 7009 is not how the vendor ends tokens. */
  readonly revoke?: ((api: Api, tokens: Tokens) => Promise<boolean>) | undefined
}

export type Endpoints = Omit<Partial<ServerMetadata>, 'issuer'> & { readonly token_endpoint: string }

/** One answer with its JSON, before anybody has judged it. */
export interface RawAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** What a vendor's own calls are made with: guarded like all others (client's http.ts). */
export interface Api {
  readonly context: ProviderContext
  readonly accessToken: string
  /** JSON with the access token as bearer; undefined for any answer that is not 2xx. */
  get(url: string): Promise<Readonly<Record<string, unknown>> | undefined>
  send(url: string, init: Sending): Promise<RawAnswer>
}

export interface Sending {
  readonly method: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | URLSearchParams
}

/** What is asked for, or what the operator has set where nobody asks for anything. */
export function scopesOf({ scopes = [] }: OAuthVendor, asked: Pick<Asked, 'scopes'>): readonly string[] {
  return asked.scopes.length > 0 ? asked.scopes : scopes
}

/** As RFC 6749 §3.3 writes what is asked for; nothing where there is nothing. */
export function scopeParameter(
  { askScopes }: OAuthVendor,
  scopes: readonly string[],
): Readonly<Record<string, string>> {
  if (scopes.length === 0) return {}
  return askScopes?.(scopes) ?? { scope: scopes.join(' ') }
}

/** An answer whose error has another name than in the RFCs; an error that came with 200 gets the status it should have. */
export function withErrors({ status, body }: RawAnswer, names: Readonly<Record<string, string>>): RawAnswer {
  const { error } = body
  if (typeof error !== 'string') return { status, body }
  const renamed = Object.hasOwn(names, error) ? names[error] : error
  return { status: status < 400 ? 400 : status, body: { ...body, error: renamed } }
}

/** An answer whose scopes are separated by commas. */
export function commaScopes({ status, body }: RawAnswer): RawAnswer {
  const { scope } = body
  return { status, body: typeof scope === 'string' ? { ...body, scope: scope.replaceAll(',', ' ') } : body }
}

export const longestAccountId = 255

/** The two members of an account that people and programs see; anything else that arrives is nobody. */
export function accountOf(id: unknown, ...names: readonly unknown[]): Account | null {
  const text = typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : id
  if (typeof text !== 'string' || text === '' || text.length > longestAccountId) return null
  const name = names.find((each): each is string => typeof each === 'string' && each.trim() !== '')
  return { id: text, name: name ?? text }
}
