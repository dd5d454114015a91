// Access tokens: what one says (RFC 9068 §2.2), and whether it still counts.
// The same facts travel as a signed JWT or sealed in an opaque token, chosen per client; neither is stored. A token
// counts while it has not expired and was not revoked, and its grant and account live. Encoding is the server's.

import { isLive } from './grant.ts'
import type { Account, Grant } from './records.ts'

export interface AccessToken {
  readonly jti: string
  readonly grantId: string
  readonly clientId: string
  /** The `sub`: an account id, which is never also a client id (RFC 9700 §4.15.1). */
  readonly accountId: string
  readonly scopes: readonly string[]
  /** One audience per token (RFC 9068 §3). */
  readonly audience: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly authTime: number
}

export interface MintEvent {
  readonly grant: Grant
  readonly scopes: readonly string[]
  readonly audience: string
  readonly now: number
  readonly lifetimeSeconds: number
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
  }
}

/** RFC 7662 §4: every check at every use; a revocation or a disabled account shows at once. */
export function counts(
  token: AccessToken,
  grant: Grant | undefined,
  account: Account | undefined,
  now: number,
): boolean {
  if (now >= token.expiresAt || !isLive(grant, account, now)) return false
  if (token.grantId !== grant.id) return false
  return !grant.revokedTokens.some(({ jti }) => jti === token.jti)
}
