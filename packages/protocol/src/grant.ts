// A grant from its beginning to its end: begin, rename, revoke, revoke one access token of it.
// What leads to one is device-authorization.ts and authorization-code.ts; how its refresh tokens move is refresh-token.ts.

import type { Account, Grant, Write } from './records.ts'

export interface BeginEvent
  extends Pick<
    Grant,
    | 'accountId'
    | 'clientId'
    | 'scopes'
    | 'resources'
    | 'via'
    | 'context'
    | 'authTime'
    | 'amr'
    | 'nonce'
    | 'jkt'
  > {
  /** What it is called until the person names it, where the machine said no name of its own. */
  readonly plainName?: string
  readonly now: number
  /** Null where the client gets no refresh token. */
  readonly refresh: { readonly idleSeconds: number } | null
  readonly absoluteSeconds: number
}

/** The record of a sign-in that has just succeeded; storing it is up to who decided it. */
export function begin(
  event: BeginEvent,
  fresh: { readonly grantId: string; readonly refreshHash: string },
): Grant {
  const { now, refresh, absoluteSeconds, plainName = '', ...said } = event
  const expiresAt = now + absoluteSeconds
  return {
    ...said,
    id: fresh.grantId,
    version: 0,
    deviceName: event.context.reported.deviceName ?? plainName,
    createdAt: now,
    lastUsedAt: now,
    expiresAt,
    refresh:
      refresh === null
        ? null
        : {
            hash: fresh.refreshHash,
            generation: 1,
            idleExpiresAt: Math.min(now + refresh.idleSeconds, expiresAt),
            previous: null,
          },
    tokensRevokedUntil: 0,
    revokedAt: null,
    revokedFor: null,
  }
}

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

/** Under this id it is remembered that one access token was revoked, until it would have expired. */
export function revokedTokenId(jti: string): string {
  return `revoked token ${jti}`
}

/**
 * RFC 7009 §2: one access token ends, the grant goes on (RV-08). Each has a record of its own, so that there may be any number:
 * whoever holds small tokens of a grant and revokes them all ends nothing else. The grant knows only for how long to look.
 */
export function revokeAccessToken(
  grant: Grant,
  token: { readonly jti: string; readonly expiresAt: number },
  now: number,
): readonly Write[] {
  if (grant.revokedAt !== null || token.expiresAt <= now) return []
  const { jti, expiresAt } = token
  const revoked = { id: revokedTokenId(jti), version: 0, expiresAt }
  const write: Write = { op: 'insert', kind: 'spent', record: revoked }
  if (expiresAt <= grant.tokensRevokedUntil) return [write]
  return [write, { op: 'update', kind: 'grant', record: { ...grant, tokensRevokedUntil: expiresAt } }]
}

/** Whether tokens of the grant may be used now: it lives, and so does the account behind it. */
export function isLive(grant: Grant | undefined, account: Account | undefined, now: number): grant is Grant {
  if (grant === undefined || grant.revokedAt !== null || now >= grant.expiresAt) return false
  return isUsable(account, grant.accountId)
}

/** Whether an account that was looked up is the one that is meant, and may be used. */
export function isUsable(account: Account | undefined, accountId: string): account is Account {
  return account !== undefined && account.id === accountId && account.disabledAt === null
}
