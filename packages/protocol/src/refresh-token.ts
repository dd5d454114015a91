// Refresh tokens (RFC 6749 §6, RFC 9700 §4.14.2): rotation on every use, the same successor again for a replay inside
// the grace window, and the end of the grant for a reuse after it.
// The family lives in the grant (`Grant.refresh`): one record per sign-in however often it is refreshed. A presented token
// arrives here already opened and authenticated by the server, as a digest and a generation, so that even a very old
// one is recognised as ours without being stored.

import { isUsable, revoke } from './grant.ts'
import type { Account, Grant, Write } from './records.ts'
import type { Refusal } from './refusal.ts'

export interface PresentedRefreshToken {
  readonly hash: string
  readonly generation: number
}

export interface RotateEvent {
  readonly presented: PresentedRefreshToken
  readonly clientId: string
  /** The key that the caller proved to hold; null without a proof. */
  readonly jkt: string | null
  readonly account: Account | undefined
  readonly now: number
  readonly graceSeconds: number
  readonly idleSeconds: number
  /** SHA-256 of the one token that can follow the presented one (server/tokens.ts). */
  readonly successorHash: string
}

export type Rotated =
  | { readonly outcome: 'rotated'; readonly grant: Grant; readonly writes: readonly Write[] }
  | { readonly outcome: 'replayed'; readonly grant: Grant; readonly writes: readonly [] }
  | { readonly outcome: 'refused'; readonly refusal: Refusal; readonly writes: readonly Write[] }

export function rotate(grant: Grant | undefined, event: RotateEvent): Rotated {
  const { presented, account, now } = event
  if (grant === undefined) return refused({ reason: 'refresh_token_unknown' })
  // A foreign client's mistake must not end somebody's session (RFC 6749 §6, RT-01).
  if (grant.clientId !== event.clientId)
    return refused({ reason: 'refresh_token_foreign', clientId: event.clientId })
  // RFC 9449 §5. A stolen token without its key ends nothing either: the thief could sign out whom they cannot impersonate.
  if (grant.jkt !== null && grant.jkt !== event.jkt) return refused({ reason: 'dpop_key_mismatch' })
  if (grant.revokedAt !== null || grant.refresh === null)
    return refused({ reason: 'grant_revoked', grantId: grant.id })
  if (!isUsable(account, grant.accountId)) {
    return refused({ reason: 'grant_revoked', grantId: grant.id })
  }
  const { refresh } = grant
  if (now >= grant.expiresAt || now >= refresh.idleExpiresAt) {
    return refused({ reason: 'refresh_token_expired', grantId: grant.id })
  }
  if (presented.hash === refresh.hash) return rotated(grant, event)
  const { previous } = refresh
  if (previous !== null && presented.hash === previous.hash && inGrace(previous.rotatedAt, event)) {
    return { outcome: 'replayed', grant, writes: [] }
  }
  // Newer than what is stored: the database was set back to a backup. That is no theft.
  if (presented.generation > refresh.generation) return refused({ reason: 'refresh_token_unknown' })
  // Two parties hold tokens of one family and nobody can tell which is honest (RFC 9700 §4.14.2).
  return {
    outcome: 'refused',
    refusal: { reason: 'refresh_token_reused', grantId: grant.id },
    writes: revoke(grant, 'reuse', now),
  }
}

// Instants are whole seconds, so zero needs saying: a replay within the same second is no grace (RT-04). The distance
// counts in both directions, so that a clock set back by an hour does not give a thief an hour.
function inGrace(rotatedAt: number, { now, graceSeconds }: RotateEvent): boolean {
  return graceSeconds > 0 && Math.abs(now - rotatedAt) <= graceSeconds
}

function refused(refusal: Refusal): Rotated {
  return { outcome: 'refused', refusal, writes: [] }
}

function rotated(grant: Grant, event: RotateEvent): Rotated {
  const { now, presented } = event
  const next: Grant = {
    ...grant,
    lastUsedAt: now,
    refresh: {
      hash: event.successorHash,
      generation: presented.generation + 1,
      // Sliding use never passes the absolute end (RT-07).
      idleExpiresAt: Math.min(now + event.idleSeconds, grant.expiresAt),
      previous: { hash: presented.hash, rotatedAt: now },
    },
  }
  return { outcome: 'rotated', grant: next, writes: [{ op: 'update', kind: 'grant', record: next }] }
}
