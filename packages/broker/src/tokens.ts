// A live access token for the application: the connection that is meant, a renewal where it needs one, and how long anybody waits
// for it. Not here: the rules (connection.ts), the renewal itself (renewal.ts), what else is done to connections (connections.ts).

import type { ConnectedToken, TokenOptions } from './broker.ts'
import {
  type Connection,
  endLease,
  isAlive,
  leaseSeconds,
  type Need,
  nextStep,
  type Seen,
  type Step,
} from './connection.ts'
import { createConnections } from './connections.ts'
import { RequestError, TokenError } from './errors.ts'
import { giveBack, leaseIdOf } from './leases.ts'
import type { FlowsOfPerson, Parts, TokensOfBroker } from './parts.ts'
import type { Provider } from './provider.ts'
import { providerNamed } from './provider-named.ts'
import { createRenewals, type Renewal, type Renewals } from './renewal.ts'
import { recordEnd } from './renewed-tokens.ts'
import { digest } from './seal.ts'
import { seeConnection, viewOf } from './see-connection.ts'
import { requestSentences, tokenSentences } from './sentences.ts'

export function createTokens(parts: Parts, flows: FlowsOfPerson): TokensOfBroker {
  const renewals = createRenewals(parts)
  const rests: Rests = new Map()
  return {
    ...createConnections(parts, flows),
    async token(person, providerName, options = {}) {
      options.signal?.throwIfAborted()
      const provider = providerNamed(parts, providerName)
      const { connection, signal } = options
      return find({ parts, provider, person, connection, need: needOf(options), signal, renewals, rests })
    },
  }
}

interface Asked {
  readonly parts: Parts
  readonly provider: Provider
  readonly person: string
  readonly connection: string | undefined
  readonly need: Need
  readonly signal: AbortSignal | undefined
  readonly renewals: Renewals
  readonly rests: Rests
}

/** Until when, on the clock that never jumps, a provider in trouble is left alone, by lease; however many ask. */
type Rests = Map<string, number>

async function find(asked: Asked): Promise<ConnectedToken> {
  const { parts, provider, need, signal } = asked
  const { system } = parts
  const end = system.monotonic() + patienceSeconds
  let renewed: string | undefined
  for (let pause = shortestPause; ; pause = Math.min(pause * 2, longestPause)) {
    const seen = await look(asked)
    const { step, lease } = await stepFor(asked, seen)
    if (step.do === 'more_scopes') throw failure('more_scopes', provider, { missingScopes: step.missing })
    if (step.do === 'connect_again' && !step.record) throw failure('connect_again', provider)
    // What was just renewed is the best there is, however short it lives.
    const isNew = seen.accessDigest === renewed
    if (step.do === 'use' || (isNew && need.rejected !== renewed)) return tokenOf(seen.connection, provider)
    try {
      if (isNew || system.monotonic() >= end || parts.closing.aborted) throw failure('try_later', provider)
      const renewal = await advance(asked, { ...seen, lease }, step, pause)
      if (renewal?.type === 'renewed') renewed = renewal.accessDigest
    } catch (error) {
      signal?.throwIfAborted()
      // Not for as long as was asked for, but it lives, and what is in the way may be over before it does not.
      if (isAlive(seen, need, system.now())) return tokenOf(seen.connection, provider)
      throw error
    }
  }
}

/** The connection that is named; else the newest that works and has the scopes, or says best what is missing. */
async function look({ parts, provider, person, connection, need }: Asked): Promise<Seen> {
  const { vault } = parts
  const place = vault.placeOf(person)
  const all =
    connection === undefined
      ? await vault.list(place, person)
      : [(await vault.find(place, person, connection)) ?? []].flat()
  const own = all.filter((one) => one.provider === provider.id).sort((a, b) => b.createdAt - a.createdAt)
  const working = own.filter((one) => one.ended === null)
  const hasScopes = ({ tokens }: Connection) => need.scopes.every((scope) => tokens.scopes.includes(scope))
  const found = working.find(hasScopes) ?? working[0] ?? own[0]
  if (found === undefined) throw failure('not_connected', provider)
  return seeConnection(found, provider)
}

/** The lease is read only where it matters: most tokens are good as they are. */
async function stepFor({ parts, need }: Asked, seen: Seen): Promise<{ step: Step; lease?: Seen['lease'] }> {
  const { now } = parts.system
  const step = nextStep(seen, need, now())
  if (step.do !== 'renew') return { step }
  try {
    const lease = await parts.store.leases.find(leaseIdOf(seen.connection))
    return { step: nextStep({ ...seen, lease }, need, now()), lease }
  } catch (error) {
    if (isAlive(seen, need, now())) return { step: { do: 'use' } }
    throw error
  }
}

async function advance(asked: Asked, seen: Seen, step: Step, pause: number): Promise<Renewal | undefined> {
  const { parts, provider, need, signal, renewals, rests } = asked
  const { system } = parts
  const id = leaseIdOf(seen.connection)
  if (step.do === 'connect_again') {
    await recordEnd(parts, seen.connection, step.why)
    // The connection says it now; the lease need not be kept for it.
    if (seen.lease !== undefined) await giveBack(parts, endLease(seen.lease))
    return undefined
  }
  const going = renewals.running(seen.connection)
  if (going === undefined && step.do === 'wait') {
    const seconds = Math.max(0, Math.min(pause, step.until - system.now()))
    await system.sleep(
      seconds,
      signal === undefined ? parts.closing : AbortSignal.any([signal, parts.closing]),
    )
    signal?.throwIfAborted()
    return undefined
  }
  const rest = (rests.get(id) ?? 0) - system.monotonic()
  if (going === undefined && rest > 0)
    throw failure('try_later', provider, { retryAfterSeconds: Math.ceil(rest) })
  const renewal = await unlessAborted(going ?? renewals.renew(seen, need, provider), signal)
  // An API that refuses every token must not make us ask the provider for one at every request.
  if (renewal.type === 'renewed' && need.rejected !== null)
    rests.set(id, system.monotonic() + restAfterRejection)
  if (renewal.type !== 'trouble') return renewal
  const retryAfterSeconds = Math.min(renewal.retryAfterSeconds ?? restSeconds, longestRestSeconds)
  for (const [other, until] of rests) if (until <= system.monotonic()) rests.delete(other)
  rests.set(id, system.monotonic() + retryAfterSeconds)
  throw failure('try_later', provider, { retryAfterSeconds })
}

/** Whoever stops waiting stops nothing else. */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return work
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function needOf({ scopes = [], minValidity = usualValidity, rejected }: TokenOptions): Need {
  if (!Number.isFinite(minValidity) || minValidity < 0)
    throw new RequestError('invalid_request', requestSentences.minValidity)
  return { scopes, minValidity, rejected: rejected === undefined ? null : digest(rejected) }
}

function tokenOf(connection: Connection, provider: Provider): ConnectedToken {
  const { accessToken, expiresAt, scopes } = connection.tokens
  return { accessToken, expiresAt, scopes, connection: viewOf(connection, provider) }
}

function failure(
  code: TokenError['code'],
  { id, name }: Provider,
  evidence?: ConstructorParameters<typeof TokenError>[3],
): TokenError {
  return new TokenError(code, id, tokenSentences[code](name), evidence)
}

const usualValidity = 60
/** Longer than two holders in a row can keep others waiting by dying. */
const patienceSeconds = 2 * leaseSeconds + 5
const shortestPause = 0.05
const longestPause = 0.5
const restSeconds = 2
const restAfterRejection = 10
/** Whatever the provider says: it may be over sooner, and its clock may be wrong. */
const longestRestSeconds = 3600
