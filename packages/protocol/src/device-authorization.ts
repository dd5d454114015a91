// The device authorization grant (RFC 8628) as rules: start, approve, deny, cancel, poll, redeem.
// pending -> approved | denied | cancelled; approved -> redeemed; whatever is unfinished expires. Nothing leaves a final state.
// Pure: time and random values arrive as arguments, changes leave as writes. HTTP, waiting and storage are the server's.

import { begin, isUsable } from './grant.ts'
import type {
  Account,
  Client,
  Decision,
  DeviceAuthorization,
  Grant,
  RequestContext,
  Write,
} from './records.ts'
import type { Refusal } from './refusal.ts'

export interface StartEvent {
  readonly client: Client
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly context: RequestContext
  readonly now: number
  readonly expiresInSeconds: number
  readonly intervalSeconds: number
  readonly jkt: string | null
  readonly acrValues: readonly string[]
  readonly maxAge: number | null
}

/** Opens a request. A conflict on apply means that a code is taken: draw again. */
export function start(
  event: StartEvent,
  fresh: { readonly deviceCodeHash: string; readonly userCodeHash: string },
): { readonly record: DeviceAuthorization; readonly writes: readonly Write[] } {
  const record: DeviceAuthorization = {
    id: fresh.deviceCodeHash,
    version: 0,
    userCodeHash: fresh.userCodeHash,
    clientId: event.client.id,
    scopes: event.scopes,
    resources: event.resources,
    status: 'pending',
    interval: event.intervalSeconds,
    createdAt: event.now,
    expiresAt: event.now + event.expiresInSeconds,
    context: event.context,
    decision: null,
    accountId: null,
    grantId: null,
    jkt: event.jkt,
    acrValues: event.acrValues,
    maxAge: event.maxAge,
  }
  return { record, writes: [{ op: 'insert', kind: 'deviceAuthorization', record }] }
}

/** `expired` is computed, never stored: a clock needs no write. */
export function statusAt(
  record: DeviceAuthorization,
  now: number,
): DeviceAuthorization['status'] | 'expired' {
  const unfinished = record.status === 'pending' || record.status === 'approved'
  return unfinished && now >= record.expiresAt ? 'expired' : record.status
}

export type Decided =
  | { readonly outcome: 'decided'; readonly record: DeviceAuthorization; readonly writes: readonly Write[] }
  | { readonly outcome: 'not_pending'; readonly writes: readonly [] }

/** RFC 8628 §3.3. Only a pending request can be approved, and only by an account that may be used. */
export function approve(record: DeviceAuthorization, decision: Decision, account: Account): Decided {
  if (statusAt(record, decision.at) !== 'pending') return { outcome: 'not_pending', writes: [] }
  if (!isUsable(account, decision.accountId)) return { outcome: 'not_pending', writes: [] }
  return decided({ ...record, status: 'approved', decision, accountId: decision.accountId })
}

export function deny(record: DeviceAuthorization, decision: Decision): Decided {
  if (statusAt(record, decision.at) !== 'pending') return { outcome: 'not_pending', writes: [] }
  return decided({ ...record, status: 'denied', decision, accountId: decision.accountId })
}

/** The asking program gives up. An approval that was not fetched yet is withdrawn with it. */
export function cancel(
  record: DeviceAuthorization,
  event: { readonly clientId: string; readonly now: number },
): Decided {
  const status = statusAt(record, event.now)
  if (record.clientId !== event.clientId || (status !== 'pending' && status !== 'approved')) {
    return { outcome: 'not_pending', writes: [] }
  }
  return decided({ ...record, status: 'cancelled' })
}

function decided(record: DeviceAuthorization): Decided {
  return {
    outcome: 'decided',
    record,
    writes: [
      { op: 'update', kind: 'deviceAuthorization', record },
      { op: 'notify', topic: record.id },
    ],
  }
}

export interface PollEvent {
  readonly clientId: string
  /** The key that the caller proved to hold; null without a proof. */
  readonly jkt: string | null
  /** May have a fraction, and then `previousPollAt` needs one too: a whole second against a fraction looks early. */
  readonly now: number
  /** When the poll before this one arrived, where the server remembers one; on the same clock as `now`. */
  readonly previousPollAt: number | undefined
}

export type Polled =
  | { readonly outcome: 'refused'; readonly refusal: Refusal; readonly writes: readonly [] }
  | { readonly outcome: 'slow_down'; readonly record: DeviceAuthorization; readonly writes: readonly Write[] }
  | { readonly outcome: 'pending'; readonly record: DeviceAuthorization; readonly writes: readonly [] }
  | { readonly outcome: 'approved'; readonly record: DeviceAuthorization; readonly writes: readonly [] }

// With the cap a client that obeys is out of reach after a dozen answers, even one that lost some of them or measures
// from its sending: it goes on adding 5 s where we stop. It also bounds the writes that a client without manners causes.
const longestInterval = 60

/**
 * RFC 8628 §3.5. The interval is looked at last: `slow_down` is a kind of pending and must not hide an answer (DT-10).
 */
export function poll(record: DeviceAuthorization | undefined, event: PollEvent): Polled {
  if (record === undefined) return refused({ reason: 'device_code_unknown' })
  // A foreign client learns nothing about the state, and moves nothing.
  if (record.clientId !== event.clientId)
    return refused({ reason: 'device_code_foreign', clientId: event.clientId })
  // Neither does whoever has got hold of a code without the key that asked for it (standards.md DA-19).
  if (record.jkt !== null && record.jkt !== event.jkt) return refused({ reason: 'dpop_key_mismatch' })
  switch (statusAt(record, event.now)) {
    case 'redeemed':
      return refused({ reason: 'device_code_used' })
    case 'denied':
      return refused({
        reason: record.decision?.reportedAsAttack ? 'device_code_reported' : 'device_code_denied',
      })
    case 'cancelled':
      return refused({ reason: 'device_code_cancelled' })
    case 'expired':
      return refused({ reason: 'device_code_expired' })
    case 'approved':
      return { outcome: 'approved', record, writes: [] }
    case 'pending':
      return isEarly(record, event) ? slowedDown(record) : { outcome: 'pending', record, writes: [] }
  }
}

function refused(refusal: Refusal): Polled {
  return { outcome: 'refused', refusal, writes: [] }
}

// Arrival to arrival, the lenient reading of the interval (standards.md LP-07, X-18). An arrival in the future means
// that the clock was set back: nothing is known of the gap then, and a client is not blamed for our clock.
function isEarly(record: DeviceAuthorization, event: PollEvent): boolean {
  if (event.previousPollAt === undefined) return false
  const gap = event.now - event.previousPollAt
  return gap >= 0 && gap < record.interval
}

// RFC 8628 §3.5: "the interval MUST be increased by 5 seconds for this and all subsequent requests".
function slowedDown(record: DeviceAuthorization): Polled {
  if (record.interval >= longestInterval) return { outcome: 'slow_down', record, writes: [] }
  const slower = { ...record, interval: Math.min(record.interval + 5, longestInterval) }
  return {
    outcome: 'slow_down',
    record: slower,
    writes: [{ op: 'update', kind: 'deviceAuthorization', record: slower }],
  }
}

export interface RedeemEvent {
  readonly account: Account | undefined
  readonly now: number
  readonly refresh: { readonly idleSeconds: number } | null
  readonly absoluteSeconds: number
  /** The key that the refresh tokens will be bound to; null where they are not. */
  readonly jkt: string | null
}

export type Redeemed =
  | { readonly outcome: 'granted'; readonly grant: Grant; readonly writes: readonly Write[] }
  | { readonly outcome: 'refused'; readonly refusal: Refusal; readonly writes: readonly Write[] }

/**
 * Turns an approved request, as `poll` found it, into a grant. The grant and the end of the request are one set of writes,
 * so a failure before or in it leaves the request approved and the poll can be repeated (DT-15).
 */
export function redeem(
  record: DeviceAuthorization,
  event: RedeemEvent,
  fresh: { readonly grantId: string; readonly refreshHash: string },
): Redeemed {
  const { account, now } = event
  const { clientId, jkt, decision } = record
  const found = poll(record, { clientId, jkt, now, previousPollAt: undefined })
  if (found.outcome === 'refused') return found
  if (found.outcome !== 'approved' || decision === null) {
    return { outcome: 'refused', refusal: { reason: 'device_code_used' }, writes: [] }
  }
  // The tokens are for the account that approved, whatever account the caller looked up.
  if (!isUsable(account, decision.accountId)) {
    // Final, so that no later change of the account turns an answer of "denied" into a token.
    const denied: DeviceAuthorization = { ...record, status: 'denied' }
    return {
      outcome: 'refused',
      refusal: { reason: 'account_disabled', accountId: decision.accountId },
      writes: [{ op: 'update', kind: 'deviceAuthorization', record: denied }],
    }
  }
  const grant = begin(
    {
      accountId: account.id,
      clientId,
      scopes: record.scopes,
      resources: record.resources,
      via: 'device_code',
      context: record.context,
      authTime: decision.authTime,
      amr: decision.amr,
      nonce: null,
      jkt: event.jkt,
      now,
      refresh: event.refresh,
      absoluteSeconds: event.absoluteSeconds,
    },
    fresh,
  )
  const redeemed: DeviceAuthorization = { ...record, status: 'redeemed', grantId: grant.id }
  return {
    outcome: 'granted',
    grant,
    writes: [
      { op: 'update', kind: 'deviceAuthorization', record: redeemed },
      { op: 'insert', kind: 'grant', record: grant },
    ],
  }
}
