// What ends a grant, and what may be changed on it: revoke, rename, revoke one access token.
// How a grant begins is in device-authorization.ts; how its refresh tokens move is in refresh-token.ts.

import type { Account, Grant, Write } from './records.ts'

/** Ends the grant and with it all of its tokens. Ending it again changes nothing, and the first reason stays. */
export function revoke(grant: Grant, why: NonNullable<Grant['revokedFor']>, now: number): readonly Write[] {
  if (grant.revokedAt !== null) return []
  return [
    { op: 'update', kind: 'grant', record: { ...grant, refresh: null, revokedAt: now, revokedFor: why } },
  ]
}

/** The name under which a person finds the device again. */
export function rename(grant: Grant, deviceName: string): readonly Write[] {
  return [{ op: 'update', kind: 'grant', record: { ...grant, deviceName } }]
}

/**
 * RFC 7009 §2: one access token ends, the grant goes on (RV-08). The list forgets tokens that expired anyway; where more
 * than `most` would have to be remembered at once, the grant ends instead, so that no revocation is ever forgotten.
 */
export function revokeAccessToken(
  grant: Grant,
  token: { readonly jti: string; readonly expiresAt: number },
  now: number,
  most = 200,
): readonly Write[] {
  if (grant.revokedAt !== null || token.expiresAt <= now) return []
  if (grant.revokedTokens.some(({ jti }) => jti === token.jti)) return []
  const remembered = grant.revokedTokens.filter(({ expiresAt }) => expiresAt > now)
  if (remembered.length >= most) return revoke(grant, 'client', now)
  const revokedTokens = [...remembered, { jti: token.jti, expiresAt: token.expiresAt }]
  return [{ op: 'update', kind: 'grant', record: { ...grant, revokedTokens } }]
}

/** Whether tokens of the grant may be used now: it lives, and so does the account behind it. */
export function isLive(grant: Grant | undefined, account: Account | undefined, now: number): grant is Grant {
  if (grant === undefined || grant.revokedAt !== null || now >= grant.expiresAt) return false
  return account !== undefined && account.id === grant.accountId && account.disabledAt === null
}
