// Brakes. Two kinds, for two needs:
// rates, in this node's memory, for what is merely too much (codes made per minute, answers of "no" per minute): they cost no write;
// budgets, in the store, for guesses at secrets: exact, shared by all nodes, and alive after a restart (standards.md DV-03).

import { type Attempts, attempts, type Budget, userCodeAlphabet, userCodeLength } from '@countersign/protocol'
// The one limiter that is used: the package's index loads those for every database there is.
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js'
import type { Config } from './config.ts'
import { networkOf } from './networks.ts'
import { decideAndApply, type Store } from './store/store.ts'
import type { System } from './system.ts'

export type Braked = { readonly retryAfterSeconds: number } | undefined

export interface Throttle {
  /**
   * What is opened per network and per client (RFC 10027 §6.1.11). No network, however many addresses it has, gets more than a tenth
   * of what a client may open, so that nobody alone shuts it for all others.
   */
  create(address: string, clientId: string): Promise<Braked>
  /** A sign-in that this network opened was finished, and counts no more: a house full of people is no flood. */
  completed(address: string): Promise<void>
  /** The same for a client that authenticated: all of its people come from one address. */
  createByClient(clientId: string): Promise<Braked>
  /** The same for a person who is signed in, wherever they are: as many as for one network. */
  createByAccount(accountId: string): Promise<Braked>
  /**
   * Counts an answer that says a secret was wrong (RFC 8628 §5.2, RFC 7662 §4). It brakes wrong answers only: a good code or token
   * from a network that guesses is served all the same, so that no poll of a neighbour is ever refused.
   */
  invalid: {
    /** Counts one wrong answer; braked when there were too many. */
    note(address: string): Promise<Braked>
    /** Whether there were too many, without counting. */
    check(address: string): Promise<Braked>
  }
  /** Spends one try from each named budget before the guess is looked at; all of them or none. */
  spend(guesses: readonly Guess[]): Promise<Braked>
  /** The guess was right: the tries come back. */
  giveBack(guesses: readonly Guess[]): Promise<void>
}

export interface Guess {
  readonly id: string
  readonly budget: Budget
}

const hour = 3600

/** standards.md section 27: wrong user codes per browser, account and network; and by everybody, tied to the live codes. */
export function userCodeGuesses(who: {
  readonly browser: string
  readonly accountId: string | undefined
  readonly address: string
  readonly liveCodes: number
}): readonly Guess[] {
  const space = userCodeAlphabet.length ** userCodeLength
  return [
    { id: `user-code browser ${who.browser}`, budget: { limit: 5, windowSeconds: hour } },
    ...addressGuesses('user-code', who.address, { limit: 20, windowSeconds: hour }),
    ...(who.accountId === undefined
      ? []
      : [{ id: `user-code account ${who.accountId}`, budget: { limit: 10, windowSeconds: hour } }]),
    {
      id: 'user-code everybody',
      budget: {
        limit: attempts.globalGuessLimit(who.liveCodes, space, acceptedGuessProbability),
        windowSeconds: hour,
      },
    },
  ]
}

/** The chance per hour, over all attackers together, that some guess hits some live code. */
const acceptedGuessProbability = 1e-3

/** Wrong passwords per account and per network. */
export function signInGuesses(email: string, address: string): readonly Guess[] {
  return [
    { id: `sign-in account ${email}`, budget: { limit: 10, windowSeconds: 900 } },
    ...addressGuesses('sign-in', address, { limit: 50, windowSeconds: 900 }),
  ]
}

/**
 * What one address may try of something, and ten times that what a whole /48 may: it has 65 536 networks of one customer, who would
 * spend what is meant for everybody. Neighbours in IPv4 are strangers to each other, and few.
 */
export function addressGuesses(what: string, address: string, budget: Budget): readonly Guess[] {
  const whole = networkOf(address)
  return [
    { id: `${what} address ${network(address)}`, budget },
    ...(whole?.endsWith('/48')
      ? [{ id: `${what} network ${whole}`, budget: { ...budget, limit: 10 * budget.limit } }]
      : []),
  ]
}

/** An IPv6 customer has at least a /64: counting single addresses would count nothing. */
export function network(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = ''] = address.split('%')
  const [left = '', right = ''] = head.split('::')
  const start = left.split(':').filter(Boolean)
  const end = right.split(':').filter(Boolean)
  const full = [...start, ...Array<string>(Math.max(0, 8 - start.length - end.length)).fill('0'), ...end]
  return `${full.slice(0, 4).join(':')}::/64`
}

export function createThrottle(config: Config, store: Store, system: System): Throttle {
  const rate = (points: number) => new RateLimiterMemory({ points, duration: 60 })
  const createdPerAddress = rate(config.rateCreatePerAddress)
  const createdPerAccount = rate(config.rateCreatePerAddress)
  const createdPerClient = rate(config.rateCreatePerClient)
  const createdPerClientAndNetwork = rate(Math.ceil(config.rateCreatePerClient / 10))
  const invalidPerAddress = rate(config.rateInvalidPerAddress)

  return {
    create: (address, clientId) =>
      consume(
        [createdPerAddress, network(address)],
        [createdPerClientAndNetwork, `${networkOf(address) ?? address} ${clientId}`],
        [createdPerClient, clientId],
      ),
    async completed(address) {
      const state = await createdPerAddress.get(network(address))
      // Nothing is saved up for later by it.
      if ((state?.consumedPoints ?? 0) > 0) await createdPerAddress.reward(network(address))
    },
    createByClient: (clientId) => consume([createdPerClient, clientId]),
    createByAccount: (accountId) => consume([createdPerAccount, accountId]),
    invalid: {
      note: (address) => consume([invalidPerAddress, network(address)]),
      async check(address) {
        const state = await invalidPerAddress.get(network(address))
        if (state === null || state.remainingPoints > 0) return undefined
        return { retryAfterSeconds: Math.max(1, Math.ceil(state.msBeforeNext / 1000)) }
      },
    },
    async spend(guesses) {
      const now = system.now()
      const done = await decideAndApply(store, () => spendAll(store, guesses, now), sharedTries)
      // Somebody else spends the same budget at the same instant, again and again: that is a reason to brake, too.
      return done.applied ? done.decision.braked : { retryAfterSeconds: 1 }
    },
    async giveBack(guesses) {
      await decideAndApply(
        store,
        async () => {
          const records = await readAll(store, guesses)
          return { writes: records.flatMap((record) => attempts.giveBack(record)) }
        },
        sharedTries,
      )
    },
  }
}

// Everybody who enters a code at this moment moves the one record of the ceiling for all; honest people must not feel that.
const sharedTries = 30

async function spendAll(store: Store, guesses: readonly Guess[], now: number) {
  const records = await readAll(store, guesses)
  const spent = guesses.map(({ id, budget }, i) => attempts.spend(records[i], id, budget, now))
  const refusals = spent.flatMap((one) => (one.allowed ? [] : [one.retryAfterSeconds]))
  if (refusals.length > 0) return { braked: { retryAfterSeconds: Math.max(...refusals) }, writes: [] }
  return { braked: undefined, writes: spent.flatMap(({ writes }) => writes) }
}

function readAll(store: Store, guesses: readonly Guess[]): Promise<(Attempts | undefined)[]> {
  return Promise.all(guesses.map(({ id }) => store.read('attempts', id)))
}

/** A point of each limiter in turn, up to the first that has none: that one brakes. */
export async function consume(
  ...points: readonly (readonly [limiter: RateLimiterMemory, key: string])[]
): Promise<Braked> {
  try {
    for (const [limiter, key] of points) await limiter.consume(key)
    return undefined
  } catch (refused) {
    if (refused instanceof Error) throw refused
    return {
      retryAfterSeconds: Math.max(1, Math.ceil((refused as { msBeforeNext: number }).msBeforeNext / 1000)),
    }
  }
}
