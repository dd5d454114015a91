// A connection: one account of a person at one provider, with the tokens for it, and the rules of renewing them. Pure.
// A refresh token that may be used once (RFC 9700 §4.14.2) is sent once, whatever dies in between: who wants to send it takes a
// lease first, marks it as sent, and writes the new tokens before anybody gets them.
// Not here: who does all that (tokens.ts), where it is kept (vault.ts, store.ts).

export interface Connection {
  readonly id: string
  /** Ours where we keep it; the vault's own where another program's file is the vault. */
  readonly version: string
  readonly person: string
  /** Where it is kept (vault.ts). */
  readonly place: string
  readonly provider: string
  /** Who this is at the provider, as the provider says; null where it does not say. */
  readonly account: { readonly id: string; readonly name: string } | null
  /** What the person calls it. */
  readonly label: string
  readonly tokens: Tokens
  /** The flow that made it: what was delivered once is not delivered again. */
  readonly flow: string
  /** Undefined while it works; else why it must be connected again. */
  readonly ended: EndedWhy | null
  /** Seconds since the epoch. */
  readonly createdAt: number
  /** When its tokens came. */
  readonly updatedAt: number
}

/** `refused`: the provider said so. `answer_lost`: its refresh token was spent and nobody has the answer. */
export type EndedWhy = 'refused' | 'answer_lost'

export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string | null
  /** Seconds since the epoch; null where the provider does not say. */
  readonly expiresAt: number | null
  readonly scopes: readonly string[]
}

/** Who renews a connection now. There is at most one per connection, in the broker's store. */
export interface Lease {
  /** That of the connection. */
  readonly id: string
  /** Counts up with every change, which makes it the fencing token too: who comes late meets another number. */
  readonly version: number
  /** Null: given back. */
  readonly holder: string | null
  /** Seconds since the epoch; after that, whoever holds it is taken to be dead. */
  readonly until: number
  /** SHA-256 of the refresh token that has been sent, or is just being sent, without an answer yet; null before. */
  readonly sent: string | null
  /** When it was sent for the first time; how long it may be sent again counts from there. */
  readonly sentAt: number | null
}

export interface Need {
  /** The access token must live for so many seconds more, or for half of its whole life where that is less. */
  readonly minValidity: number
  readonly scopes: readonly string[]
  /** SHA-256 of an access token that the provider's API has refused. */
  readonly rejected: string | null
}

export interface Seen {
  readonly connection: Connection
  readonly lease: Lease | undefined
  /** SHA-256 of the connection's tokens. */
  readonly accessDigest: string
  readonly refreshDigest: string | null
  /** For how long after its use the same refresh token may be sent again; infinite where it is never spent. */
  readonly refreshGraceSeconds: number
}

export type Step =
  /** Live: hand it out. */
  | { readonly do: 'use' }
  /** Somebody else is at it; look again soon, at the latest at `until`. */
  | { readonly do: 'wait'; readonly until: number }
  /** Take the lease, then send the refresh token. */
  | { readonly do: 'renew' }
  /** Only the person can help. `record`: the connection does not say so yet. */
  | { readonly do: 'connect_again'; readonly why: EndedWhy; readonly record: boolean }
  /** It works, but not for these scopes. */
  | { readonly do: 'more_scopes'; readonly missing: readonly string[] }

/** What whoever wants a token does next. */
export function nextStep(seen: Seen, need: Need, now: number): Step {
  const { connection, lease } = seen
  if (connection.ended !== null) return { do: 'connect_again', why: connection.ended, record: false }
  const missing = need.scopes.filter((scope) => !connection.tokens.scopes.includes(scope))
  if (missing.length > 0) return { do: 'more_scopes', missing }
  if (isGood(seen, need, now)) return { do: 'use' }
  if (connection.tokens.refreshToken === null)
    return isAlive(seen, need, now) ? { do: 'use' } : { do: 'connect_again', why: 'refused', record: true }
  if (lease !== undefined && lease.holder !== null) {
    if (isHeld(lease, now)) return { do: 'wait', until: lease.until }
    if (wasSpent(lease, seen, now)) return { do: 'connect_again', why: 'answer_lost', record: true }
  }
  return { do: 'renew' }
}

/** It works, if only for a moment: the best there is where it cannot be renewed, or not just now. */
export function isAlive(
  { connection, accessDigest }: Pick<Seen, 'connection' | 'accessDigest'>,
  need: Pick<Need, 'rejected'>,
  now: number,
): boolean {
  const { expiresAt } = connection.tokens
  return (
    connection.ended === null && need.rejected !== accessDigest && (expiresAt === null || expiresAt > now)
  )
}

function isGood({ connection, accessDigest }: Seen, need: Need, now: number): boolean {
  if (need.rejected === accessDigest) return false
  const { expiresAt } = connection.tokens
  if (expiresAt === null) return true
  // No provider's new token would ever be good for whoever asks for more than its whole life, and each would be renewed at once.
  const half = Math.max(0, (expiresAt - connection.updatedAt) / 2)
  return expiresAt - Math.min(need.minValidity, half) > now
}

/** The holder of the last lease is gone, had sent this very refresh token, and stored no answer. */
function wasSpent(lease: Lease, { refreshDigest, refreshGraceSeconds }: Seen, now: number): boolean {
  if (lease.sent === null || lease.sentAt === null || lease.sent !== refreshDigest) return false
  return isSpent(lease.sentAt, refreshGraceSeconds, now)
}

/** Sent then, and not to be sent again now. A clock that was set back has no say in what may be used once. */
export function isSpent(sentAt: number, graceSeconds: number, now: number): boolean {
  return graceSeconds === 0 || Math.abs(now - sentAt) > graceSeconds
}

/**
 * Somebody living has it, as far as the clock tells. One that ends later than any lease could was taken by a clock that has been
 * set back since: nobody waits for that one.
 */
export function isHeld(lease: Lease, now: number): boolean {
  return lease.holder !== null && lease.until > now && lease.until <= now + leaseSeconds + clocksDiffer
}

/** How far the clocks of those who share a store may be apart, in seconds. */
const clocksDiffer = 60
/**
 * How long a renewal may ask the provider, all of its requests together: two places of discovery and the token endpoint
 * (oauth-server.ts).
 */
export const longestRefreshSeconds = 20
/** Longer than that, with time to store the answer, and short enough that nobody gives up before. */
export const leaseSeconds = 25

/** There is time left in it for asking the provider: whoever asks later might not be the only one. */
export function hasTimeToAsk(lease: Lease, now: number): boolean {
  return now + longestRefreshSeconds <= lease.until && now >= lease.until - leaseSeconds
}

/** What was sent without an answer is still known: the next holder may die as well. */
export function takeLease(last: Lease | undefined, id: string, holder: string, now: number): Lease {
  const { sent = null, sentAt = null } = last ?? {}
  return { id, version: (last?.version ?? 0) + 1, holder, until: now + leaseSeconds, sent, sentAt }
}

/** The lease begins anew, since taking it may have used up some of its time. */
export function markSent(lease: Lease, refreshDigest: string, now: number): Lease {
  const before = lease.sent === refreshDigest ? lease.sentAt : null
  const until = now + leaseSeconds
  return { ...lease, version: lease.version + 1, until, sent: refreshDigest, sentAt: before ?? now }
}

/** Not ready yet: a second try, or an answer that cannot be stored just now. The others go on waiting. */
export function keepLease(lease: Lease, now: number): Lease {
  return { ...lease, version: lease.version + 1, until: now + leaseSeconds }
}

/** Given up without knowing what became of what was sent: whoever comes next decides (wasSpent). */
export function leaveLease(lease: Lease, now: number): Lease {
  return { ...lease, version: lease.version + 1, until: now }
}

/**
 * Given back: nothing was sent, or what was sent was answered and the answer is stored. Its end stays: until long after it the
 * store keeps the number (store.ts), for whoever held the lease before and slept.
 */
export function endLease(lease: Lease): Lease {
  return { ...lease, version: lease.version + 1, holder: null, sent: null, sentAt: null }
}
