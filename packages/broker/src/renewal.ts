// Renewing one connection: at most once at a time, in this process by one promise and among all of them by a lease, and the new
// tokens are in the vault before anybody gets them. Whoever stops waiting does not stop it.
// Not here: whether it is needed (connection.ts), who asks for it and how long they wait (tokens.ts).

import {
  type Connection,
  type EndedWhy,
  endLease,
  hasTimeToAsk,
  isSpent,
  keepLease,
  type Lease,
  leaveLease,
  longestRefreshSeconds,
  markSent,
  type Need,
  nextStep,
  type Seen,
  takeLease,
} from './connection.ts'
import { giveBack, leaseIdOf, takeBack, unsentLease } from './leases.ts'
import type { Parts } from './parts.ts'
import type { Provider, Renewed } from './provider.ts'
import { type Arrived, keepTokens, recordEnd } from './renewed-tokens.ts'
import { refreshDigestOf, seeConnection } from './see-connection.ts'

export type Renewal =
  | { readonly type: 'renewed'; readonly accessDigest: string }
  /** Somebody was faster, or the connection is another by now: look again. */
  | { readonly type: 'look_again' }
  | { readonly type: 'trouble'; readonly retryAfterSeconds: number | undefined }

export interface Renewals {
  /** Begins one, where none is running. Rejects as long as the new tokens cannot be stored. */
  renew(seen: Seen, need: Need, provider: Provider): Promise<Renewal>
  /** The one that goes on in this process. */
  running(connection: Connection): Promise<Renewal> | undefined
}

export function createRenewals(parts: Parts): Renewals {
  const running = new Map<string, Promise<Renewal>>()
  return {
    running: (connection) => running.get(leaseIdOf(connection)),
    renew(seen, need, provider) {
      const id = leaseIdOf(seen.connection)
      const { promise, resolve, reject } = Promise.withResolvers<Renewal>()
      // Everybody may have stopped waiting by the time it fails.
      promise.catch(() => {})
      running.set(id, promise)
      parts.background('renewal.failed', async () => {
        try {
          const { vault } = parts
          const work = () => renew({ parts, provider, need, refuse: reject }, seen)
          resolve(await (vault.during?.(seen.connection.place, work) ?? work()))
        } catch (error) {
          reject(error)
        } finally {
          running.delete(id)
        }
      })
      return promise
    },
  }
}

interface Work {
  readonly parts: Parts
  readonly provider: Provider
  readonly need: Need
  /** Ends the waiting of those who wait, while the work goes on. */
  readonly refuse: (error: unknown) => void
}

/** What is sent: the refresh token of this connection. */
interface Sending {
  readonly connection: Connection
  readonly refreshDigest: string
  /** It may have been spent by an earlier try whose answer nobody has. */
  readonly again: boolean
}

async function renew(work: Work, seen: Seen): Promise<Renewal> {
  const { parts } = work
  const lease = takeLease(seen.lease, leaseIdOf(seen.connection), parts.holder, parts.system.now())
  if (!(await write(work, lease, { before: lease, still: seen.refreshDigest }))) return lookAgain
  const connection = await stillNeeded(work, seen.connection, lease)
  const refreshDigest = connection === undefined ? null : refreshDigestOf(connection)
  if (connection === undefined || refreshDigest === null) return lookAgain
  const marked = markSent(lease, refreshDigest, parts.system.now())
  if (!(await write(work, marked, { before: lease, still: refreshDigest }))) return lookAgain
  return send(work, { connection, refreshDigest, again: lease.sent === refreshDigest }, marked)
}

/** Before anything is sent: where the store fails, what it may have written all the same is taken back. */
async function write(
  { parts, refuse }: Work,
  lease: Lease,
  back: { readonly before: Lease; readonly still: string | null },
): Promise<boolean> {
  try {
    return await parts.store.leases.put(lease)
  } catch (error) {
    refuse(error)
    await takeBack(parts, back.before, back.still)
    throw error
  }
}

/** Read again: between the reading and the lease somebody may have renewed, ended or removed it. */
async function stillNeeded(
  { parts, provider, need }: Work,
  { place, person, id }: Connection,
  lease: Lease,
): Promise<Connection | undefined> {
  const { vault, system } = parts
  const connection = await vault.find(place, person, id).catch(async (error: unknown) => {
    await giveBack(parts, unsentLease(lease, lease.sent, system.now()))
    throw error
  })
  if (connection !== undefined) {
    // What the holder before sent without an answer counts for the tokens that are there now.
    const seen = { ...seeConnection(connection, provider), lease: { ...lease, until: 0 } }
    if (nextStep(seen, need, system.now()).do === 'renew') return connection
  }
  const still = connection === undefined ? null : refreshDigestOf(connection)
  await giveBack(parts, unsentLease(lease, still, system.now()))
  return undefined
}

/**
 * The lease with time left for asking. Writing it may have taken long, or this process was stopped after it: by now another one may
 * have taken over, and what is sent late could be sent a second time. Undefined: look again.
 */
async function inTime(work: Work, sending: Sending, marked: Lease): Promise<Lease | undefined> {
  const { parts, provider } = work
  const { now } = parts.system
  const { again, refreshDigest } = sending
  const unsent = (lease: Lease) => (again ? lease : { ...lease, sent: null, sentAt: null })
  let lease = marked
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    if (again && isSpent(lease.sentAt ?? 0, provider.refreshGraceSeconds, now())) break
    if (hasTimeToAsk(lease, now())) return lease
    const next = keepLease(lease, now())
    if (!(await write(work, next, { before: unsent(lease), still: refreshDigest }))) break
    lease = next
  }
  const back = unsentLease(unsent(lease), refreshDigest, now())
  try {
    if (await isNobodyElse(work, sending, lease)) return lease
  } catch (error) {
    await giveBack(parts, back)
    throw error
  }
  await giveBack(parts, back)
  return undefined
}

/**
 * Late, but nobody has sent it and nobody else will: where it may be used once, whoever takes over sends nothing; and once it was
 * given up as lost, by somebody who took this process for dead, nobody does.
 */
async function isNobodyElse({ parts, provider }: Work, sending: Sending, lease: Lease): Promise<boolean> {
  const { connection, refreshDigest, again } = sending
  const last = await parts.vault.find(connection.place, connection.person, connection.id)
  if (again || last === undefined || refreshDigestOf(last) !== refreshDigest) return false
  if (provider.refreshGraceSeconds === 0) return true
  if (last.ended !== 'answer_lost') return false
  const there = await parts.store.leases.find(lease.id)
  return there?.version === lease.version || (there?.version === lease.version + 1 && there.holder === null)
}

async function send(work: Work, sending: Sending, marked: Lease): Promise<Renewal> {
  const { parts, provider } = work
  const { now } = parts.system
  const grace = provider.refreshGraceSeconds
  const lease = await inTime(work, sending, marked)
  if (lease === undefined) return lookAgain
  const renewed = await ask(work, sending.connection)
  switch (renewed.type) {
    case 'tokens': {
      const { connection, refreshDigest } = sending
      const arrived: Arrived = { provider, connection, refreshDigest, tokens: renewed.tokens }
      const accessDigest = await keepTokens(parts, arrived, lease, work.refuse)
      return accessDigest === undefined ? lookAgain : { type: 'renewed', accessDigest }
    }
    case 'ended':
      return end(work, sending, lease, 'refused')
    case 'answer_lost': {
      if (grace === 0) return end(work, sending, lease, 'answer_lost')
      if (!sending.again && !isSpent(lease.sentAt ?? 0, grace, now())) {
        const next = keepLease(lease, now())
        if (await parts.store.leases.put(next)) return send(work, { ...sending, again: true }, next)
      }
      await giveBack(parts, grace === Number.POSITIVE_INFINITY ? endLease(lease) : leaveLease(lease, now()))
      return { type: 'trouble', retryAfterSeconds: undefined }
    }
    case 'trouble': {
      // This try spent nothing; an earlier one may have.
      const isOpen = sending.again && grace !== Number.POSITIVE_INFINITY
      await giveBack(parts, isOpen ? leaveLease(lease, now()) : endLease(lease))
      return { type: 'trouble', retryAfterSeconds: renewed.retryAfterSeconds }
    }
  }
}

async function ask({ parts, provider }: Work, { tokens, account }: Connection): Promise<Renewed> {
  try {
    return await parts.ask(
      provider,
      (context) => provider.refresh(context, tokens, account),
      longestRefreshSeconds,
    )
  } catch {
    // A fault of the provider's file, logged by `ask`: how far it came is unknown.
    return { type: 'answer_lost' }
  }
}

/** Only the person can help now. */
async function end(work: Work, sending: Sending, lease: Lease, why: EndedWhy): Promise<Renewal> {
  const { parts } = work
  try {
    await recordEnd(parts, sending.connection, why)
  } catch (error) {
    // Left marked as sent: nobody sends it again, whoever comes next records it.
    await giveBack(parts, leaveLease(lease, parts.system.now()))
    throw error
  }
  await giveBack(parts, endLease(lease))
  return lookAgain
}

const lookAgain: Renewal = { type: 'look_again' }
/** A store that takes seconds for every write is none to renew with. */
const mostAttempts = 3
