// Access tokens: what one says (RFC 9068 §2.2), and whether it still counts.
// The same facts travel as a signed JWT or sealed in an opaque token, chosen per client; neither is stored. A token
// counts while it has not expired and was not revoked, and its grant and account live. Encoding is the server's.

import { isLive, revokedTokenId } from './grant.ts'
import type { Account, Client, Grant, Resource } from './records.ts'

export interface AccessToken {
  /** Of a token that was exchanged for another (RFC 8693): the other's `jti`, a dot, and its own. */
  readonly jti: string
  /** The sign-in it hangs on; null for a token that a client got for itself (RFC 6749 §4.4). */
  readonly grantId: string | null
  readonly clientId: string
  /** The `sub`: an account id, which is never also a client id (RFC 9700 §4.15.1); null where it is the client itself. */
  readonly accountId: string | null
  readonly scopes: readonly string[]
  /** One audience per token (RFC 9068 §3). */
  readonly audience: string
  readonly issuedAt: number
  readonly expiresAt: number
  /** When and how the person signed in (RFC 9068 §2.2.1); null and empty for a client's own token. */
  readonly authTime: number | null
  readonly amr: readonly string[]
  /** The thumbprint of the key it is bound to (RFC 9449 §6.1). */
  readonly jkt: string | null
  /** Who acts for the subject, the outermost first (RFC 8693 §4.1). */
  readonly act: Actor | null
  /** The client that it is about, where another one exchanged a client's own token and holds it now (RFC 8693 §4.3). */
  readonly subjectClientId?: string
  /** Who alone may act for the subject (RFC 8693 §4.4). */
  readonly mayAct?: MayAct
}

/** Claims that name a party; all of them must fit. */
export type MayAct = Readonly<Record<string, unknown>>

export interface Actor {
  readonly sub: string
  readonly act?: Actor
}

/** RFC 9068 §2.2: the account, or the client where there is none. */
export function subjectOf(token: AccessToken): string {
  return token.accountId ?? token.subjectClientId ?? token.clientId
}

/**
 * Ours, beyond RFC 9068: said only where a client's own token is in the hands of another client, and `sub` beside `client_id` looks
 * as if it were a person (RFC 9700 §4.15).
 */
export function subjectKindOf({ subjectClientId }: AccessToken): 'client' | undefined {
  return subjectClientId === undefined ? undefined : 'client'
}

/** The tokens that it was exchanged for, the first of all first, and itself last: it ends with any of them. */
export function lineageOf({ jti }: AccessToken): readonly string[] {
  const parts = jti.split('.')
  return parts.map((_part, index) => parts.slice(0, index + 1).join('.'))
}

/** What a token for the resource looks like, if that is registered: its own way, else the client's. */
export function shapeFor(
  client: Client,
  resource: Resource | undefined,
): Pick<Client, 'accessTokenAlg' | 'accessTokenFormat' | 'accessTokenSeconds'> {
  if (resource === undefined) return client
  return {
    accessTokenAlg: client.accessTokenAlg,
    accessTokenFormat: resource.accessTokenFormat ?? client.accessTokenFormat,
    accessTokenSeconds: resource.accessTokenSeconds ?? client.accessTokenSeconds,
  }
}

export interface MintEvent {
  readonly grant: Grant
  readonly scopes: readonly string[]
  readonly audience: string
  readonly now: number
  readonly lifetimeSeconds: number
  readonly jkt: string | null
}

/** An access token never outlives its grant. */
export function mint(event: MintEvent, fresh: { readonly jti: string }): AccessToken {
  const { grant, now } = event
  return {
    jti: fresh.jti,
    grantId: grant.id,
    clientId: grant.clientId,
    accountId: grant.accountId,
    scopes: event.scopes,
    audience: event.audience,
    issuedAt: now,
    expiresAt: Math.min(now + event.lifetimeSeconds, grant.expiresAt),
    authTime: grant.authTime,
    amr: grant.amr,
    jkt: event.jkt,
    act: null,
  }
}

/** A token that a client gets for itself (RFC 6749 §4.4): no sign-in, so that it ends by itself or is revoked by itself. */
export function mintOwn(
  event: Omit<MintEvent, 'grant'> & { readonly clientId: string },
  fresh: { readonly jti: string },
): AccessToken {
  return {
    jti: fresh.jti,
    grantId: null,
    clientId: event.clientId,
    accountId: null,
    scopes: event.scopes,
    audience: event.audience,
    issuedAt: event.now,
    expiresAt: event.now + event.lifetimeSeconds,
    authTime: null,
    amr: [],
    jkt: event.jkt,
    act: null,
  }
}

/** RFC 7662 §4: every check at every use; the end of a sign-in or a disabled account shows at once. */
export function counts(
  token: AccessToken,
  grant: Grant | undefined,
  account: Account | undefined,
  now: number,
): boolean {
  if (now >= token.expiresAt || !isLive(grant, account, now)) return false
  return token.grantId === grant.id
}

/**
 * The ids of `Spent` that would say that it was revoked by itself, or one that it came from: nobody need look for them where no token
 * of the grant was. A token without a grant says nothing of the kind, and is always looked for.
 */
export function revocationsOf(token: AccessToken, grant: Grant | undefined, now: number): readonly string[] {
  if (grant !== undefined && now >= grant.tokensRevokedUntil) return []
  return lineageOf(token).map(revokedTokenId)
}
