// The device authorization grant (RFC 8628) as rules: start, approve, deny, cancel, poll, redeem.
// pending -> approved | denied | cancelled; approved -> redeemed, or denied where its return code was typed wrong too often;
// whatever is unfinished expires. Nothing leaves a final state.
// Pure: time and random values arrive as arguments, changes leave as writes. HTTP, waiting and storage are the server's.

import { begin, isUsable } from './grant.ts'
import type {
  Account,
  Client,
  Decision,
  DeviceAuthorization,
  Grant,
  NetworkMemory,
  RequestContext,
  Write,
} from './records.ts'
import type { Refusal } from './refusal.ts'
import { type AwaitsReturnCode, awaitsReturnCode, guess } from './return-code.ts'

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
  readonly networkUnknown?: boolean
  readonly takesReturnCode: boolean
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
    ...(event.networkUnknown ? { networkUnknown: true } : {}),
    takesReturnCode: event.takesReturnCode,
    returnCode: null,
    deniedFor: null,
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

/**
 * RFC 8628 §3.3. Only a pending request can be approved, and only by an account that may be used. With the hash of a return code
 * it cannot be redeemed before that code came back.
 */
export function approve(
  record: DeviceAuthorization,
  decision: Decision,
  account: Account,
  returnCodeHash: string | null = null,
): Decided {
  if (statusAt(record, decision.at) !== 'pending') return { outcome: 'not_pending', writes: [] }
  if (!isUsable(account, decision.accountId)) return { outcome: 'not_pending', writes: [] }
  const returnCode = returnCodeHash === null ? null : { hash: returnCodeHash, wrong: [] }
  return decided({ ...record, status: 'approved', decision, accountId: decision.accountId, returnCode })
}

/** By the person, or, for `network`, by the policy that refuses what the person would allow. */
export function deny(
  record: DeviceAuthorization,
  decision: Decision,
  deniedFor: 'network' | null = null,
): Decided {
  if (statusAt(record, decision.at) !== 'pending') return { outcome: 'not_pending', writes: [] }
  return decided({ ...record, status: 'denied', decision, accountId: decision.accountId, deniedFor })
}

/** Denied by somebody who never was an account here: they said no where they were sent to sign in. */
export function turnAway(record: DeviceAuthorization, now: number): Decided {
  if (statusAt(record, now) !== 'pending') return { outcome: 'not_pending', writes: [] }
  return decided({ ...record, status: 'denied' })
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
  /** Keyed hash of the return code that was sent along, or that what was sent cannot be one. */
  readonly returnCode?: string | 'unreadable' | undefined
}

export type Polled =
  | { readonly outcome: 'refused'; readonly refusal: Refusal; readonly writes: readonly Write[] }
  /** Allowed, and waiting for the return code: pending on the wire, with what is asked for. */
  | {
      readonly outcome: 'return_code'
      readonly record: DeviceAuthorization
      readonly wrong: boolean
      readonly writes: readonly Write[]
    }
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
      return refused(denialOf(record))
    case 'cancelled':
      return refused({ reason: 'device_code_cancelled' })
    case 'expired':
      return refused({ reason: 'device_code_expired' })
    case 'approved':
      return awaitsReturnCode(record)
        ? answerGuess(record, event)
        : { outcome: 'approved', record, writes: [] }
    case 'pending':
      return isEarly(record, event) ? slowedDown(record) : { outcome: 'pending', record, writes: [] }
  }
}

function refused(refusal: Refusal, writes: readonly Write[] = []): Polled {
  return { outcome: 'refused', refusal, writes }
}

function denialOf({ deniedFor, decision }: DeviceAuthorization): Refusal {
  if (deniedFor === 'network') return { reason: 'device_network_refused' }
  if (deniedFor === 'return_code') return { reason: 'return_code_wrong' }
  return { reason: decision?.reportedAsAttack ? 'device_code_reported' : 'device_code_denied' }
}

// Each wrong code is stored in the step that answers it: however many guesses come at once, there are three in all (DV-18).
function answerGuess(record: AwaitsReturnCode, event: PollEvent): Polled {
  const guessed = guess(record.returnCode, event.returnCode)
  switch (guessed.verdict) {
    case 'right':
      return { outcome: 'approved', record, writes: [] }
    case 'still':
      // Whoever types is not paced: the tries are. Whoever only asks is.
      if (!guessed.wrong && isEarly(record, event)) return slowedDown(record)
      return { outcome: 'return_code', record, wrong: guessed.wrong, writes: [] }
    case 'wrong': {
      const next = { ...record, returnCode: guessed.returnCode }
      const writes: Write[] = [{ op: 'update', kind: 'deviceAuthorization', record: next }]
      return { outcome: 'return_code', record: next, wrong: true, writes }
    }
    case 'spent': {
      const denied: DeviceAuthorization = {
        ...record,
        status: 'denied',
        returnCode: guessed.returnCode,
        deniedFor: 'return_code',
      }
      return refused({ reason: 'return_code_wrong' }, [
        { op: 'update', kind: 'deviceAuthorization', record: denied },
        { op: 'notify', topic: record.id },
      ])
    }
  }
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
  /** The return code that came with the poll, as `poll` took it. */
  readonly returnCode?: string | undefined
  /** The network from which it was proved, to be remembered: new, or the record that is there with its new end. */
  readonly memory?: NetworkMemory | undefined
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
  const { returnCode } = event
  const found = poll(record, { clientId, jkt, now, previousPollAt: undefined, returnCode })
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
      ...remember(event.memory),
    ],
  }
}

function remember(memory: NetworkMemory | undefined): readonly Write[] {
  if (memory === undefined) return []
  return [{ op: memory.version === 0 ? 'insert' : 'update', kind: 'networkMemory', record: memory }]
}
