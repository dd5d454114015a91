// Several who want a token of one connection, each of whom may die or be slow at any point, against a provider whose refresh tokens
// may be used once. What each of them decides is a table in connection.test.ts; real processes are in test/broker/.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type Connection,
  endLease,
  type Lease,
  leaseSeconds,
  leaveLease,
  markSent,
  type Need,
  nextStep,
  type Seen,
  takeLease,
} from './connection.ts'
import { memoryStore } from './stores/memory.ts'
import { sampleConnection } from './testing/samples.ts'

const need: Need = { minValidity: 10, scopes: [], rejected: null }

/** A provider, a vault and a store for leases, and what was ever sent. Tokens are numbers that count up. */
interface World {
  now: number
  connection: Connection
  /** The refresh token that the provider takes next. */
  newest: number
  readonly grace: number
  readonly sentAt: Map<number, number[]>
  readonly leases: ReturnType<typeof memoryStore>['leases']
  readonly sweep: (now: number) => Promise<number>
  /** Holders between the last look at the clock and the sending; no time passes there. */
  sending: number
  /** Those who have marked the lease and not stored an answer yet, dead or alive. */
  readonly inDoubt: Set<string>
}

const tokensOf = (number: number, now: number) => ({
  accessToken: `access ${number}`,
  refreshToken: `refresh ${number}`,
  expiresAt: now + 100,
  scopes: [],
})
const numberOf = ({ tokens: { refreshToken } }: Connection) => Number(refreshToken?.split(' ')[1])

function createWorld(grace: number): World {
  const store = memoryStore()
  return {
    now: 1000,
    connection: sampleConnection({ tokens: tokensOf(1, 850), updatedAt: 850 }),
    newest: 1,
    grace,
    sentAt: new Map(),
    leases: store.leases,
    sweep: store.sweep,
    sending: 0,
    inDoubt: new Set(),
  }
}

function look(world: World, lease: Lease | undefined): Seen {
  const { connection, grace } = world
  const { accessToken, refreshToken } = connection.tokens
  return {
    connection,
    lease,
    accessDigest: accessToken,
    refreshDigest: refreshToken,
    refreshGraceSeconds: grace,
  }
}

/** The provider: a refresh token is good once, and again for as long as it is lenient. */
function refresh(world: World, number: number): 'new' | 'refused' {
  const times = world.sentAt.get(number) ?? []
  world.sentAt.set(number, [...times, world.now])
  const isAgain = number === world.newest - 1 && world.now <= (times[0] ?? 0) + world.grace
  if (number !== world.newest && !isAgain) return 'refused'
  world.newest = number + 1
  return 'new'
}

function write(world: World, seenVersion: string, changes: Partial<Connection>): boolean {
  if (world.connection.version !== seenVersion) return false
  world.connection = { ...world.connection, ...changes, version: `${Number(seenVersion) + 1}` }
  return true
}

type End = 'token' | 'connect_again'

/** Who wants a token. Stands still at every `yield`, where any time may pass, or which it may not outlive. */
async function* wantToken(world: World, name: string): AsyncGenerator<undefined, End> {
  for (;;) {
    const lease = await world.leases.find('connection-1')
    yield
    const { connection } = world
    const step = nextStep({ ...look(world, lease), connection }, need, world.now)
    if (step.do === 'use') return 'token'
    if (step.do === 'connect_again') {
      if (step.record) write(world, connection.version, { ended: step.why })
      if (!step.record) return 'connect_again'
    }
    if (step.do === 'wait') yield
    if (step.do === 'renew') yield* renew(world, takeLease(lease, 'connection-1', name, world.now))
  }
}

async function* renew(world: World, lease: Lease): AsyncGenerator<undefined, void> {
  yield
  if (!(await world.leases.put(lease))) return
  yield
  const { connection } = world
  const looked = look(world, { ...lease, until: 0 })
  if (nextStep(looked, need, world.now).do !== 'renew') {
    const isOpen = lease.sent !== null && lease.sent === looked.refreshDigest
    await world.leases.put(isOpen ? leaveLease(lease, world.now) : endLease(lease))
    return
  }
  const marked = markSent(lease, looked.refreshDigest ?? '', world.now)
  world.sending++
  try {
    yield
    if (!(await world.leases.put(marked))) return
    world.inDoubt.add(`${lease.holder}`)
    yield
  } finally {
    world.sending--
  }
  const answer = refresh(world, numberOf(connection))
  const fresh = tokensOf(world.newest, world.now)
  yield
  for (;;) {
    const last = world.connection
    yield
    if (last.tokens.refreshToken !== looked.refreshDigest) break
    const changes: Partial<Connection> =
      answer === 'new' ? { tokens: fresh, ended: null, updatedAt: world.now } : { ended: 'refused' }
    if (write(world, last.version, changes)) break
  }
  world.inDoubt.delete(`${lease.holder}`)
  yield
  await world.leases.put(endLease(marked))
}

interface Plan {
  readonly grace: number
  readonly steps: readonly {
    readonly who: number
    readonly what: 'step' | 'die' | 'time'
    readonly seconds: number
  }[]
}

const plans = (seconds: readonly number[], dying: boolean): fc.Arbitrary<Plan> =>
  fc.record({
    grace: fc.constantFrom(0, 0, 25, 60, Number.POSITIVE_INFINITY),
    steps: fc.array(
      fc.record({
        who: fc.nat(3),
        what: dying
          ? fc.constantFrom(
              'step' as const,
              'step' as const,
              'step' as const,
              'step' as const,
              'die' as const,
              'time' as const,
            )
          : fc.constantFrom('step' as const, 'step' as const, 'step' as const, 'time' as const),
        seconds: fc.constantFrom(...seconds),
      }),
      { maxLength: 80 },
    ),
  })

interface Played {
  readonly world: World
  /** How each of those who did not die came out; the last one comes when all the others are done. */
  readonly ends: readonly End[]
}

/** Plays a plan, lets everybody who lives come to an end, and asks once more. */
async function play({ grace, steps }: Plan): Promise<Played> {
  const world = createWorld(grace)
  const crowd = Array.from({ length: 4 }, (_, i) => wantToken(world, `holder ${i}`))
  const ends: (End | undefined)[] = crowd.map(() => undefined)
  const gone = new Set<number>()
  const advance = async (who: number) => {
    const at = await (crowd[who] as (typeof crowd)[0]).next()
    if (at.done !== true) return
    gone.add(who)
    ends[who] = at.value
  }
  for (const { who, what, seconds } of steps) {
    if (what === 'time' && world.sending === 0) {
      world.now += seconds
      await world.sweep(world.now)
    } else if (what === 'die' && !gone.has(who)) {
      // Dead in the middle: nothing of it runs any more, but it no longer counts as about to send.
      gone.add(who)
      await crowd[who]?.return('connect_again')
    } else if (what === 'step' && !gone.has(who)) await advance(who)
  }
  const finish = async () => {
    for (let round = 0; gone.size < crowd.length; round++) {
      assert.ok(round < 1000, 'somebody waits for ever')
      for (const who of crowd.keys()) if (!gone.has(who)) await advance(who)
      if (world.sending === 0) world.now += 0.5
    }
  }
  await finish()
  crowd.push(wantToken(world, 'the last'))
  await finish()
  return { world, ends: ends.filter((one) => one !== undefined) }
}

const short = [0, 0.5, 1, 2]
const any = [0, 1, 5, leaseSeconds - 1, leaseSeconds, leaseSeconds + 1, 40, 90, 4000]

describe('CL-09 several who want a token, each of whom may die or be slow at any point', () => {
  const each = (plan: fc.Arbitrary<Plan>, check: (played: Played) => void) =>
    fc.assert(
      fc.asyncProperty(plan, async (one) => check(await play(one))),
      { numRuns: 1500 },
    )

  test('RFC 9700 §4.14.2 no refresh token is sent twice, or only for as long as the provider is lenient', () =>
    each(plans(any, true), ({ world }) => {
      for (const [number, [first = 0, ...again]] of world.sentAt)
        for (const at of again) assert.ok(at <= first + world.grace, `${number} at ${first}, again at ${at}`)
    }))

  test('whoever lives comes to an end, and who comes last gets the newest tokens or is told that they are lost', () =>
    each(plans(any, true), ({ world: { connection, newest, inDoubt }, ends }) => {
      if (ends.at(-1) === 'token') {
        assert.equal(connection.ended, null)
        assert.equal(numberOf(connection), newest)
      } else {
        assert.equal(connection.ended, 'answer_lost')
        assert.ok(inDoubt.size > 0, 'nobody died with an answer')
      }
    }))

  test('a provider that never spends a refresh token is never given up', () =>
    each(
      plans(any, true).map((plan) => ({ ...plan, grace: Number.POSITIVE_INFINITY })),
      ({ world, ends }) => {
        assert.equal(world.connection.ended, null)
        assert.ok(ends.every((one) => one === 'token'))
      },
    ))

  test('where nobody dies and nobody is slow, all get a token, by one renewal', () =>
    each(plans(short, false), ({ world, ends }) => {
      assert.deepEqual(ends, Array(5).fill('token'))
      assert.deepEqual(
        [...world.sentAt.values()].map(({ length }) => length),
        [1],
      )
      assert.equal(numberOf(world.connection), 2)
      assert.equal(world.connection.ended, null)
    }))

  test('where nobody dies, however slow, no answer is lost: the connection has the newest tokens', () =>
    each(plans(any, false), ({ world }) => {
      assert.equal(numberOf(world.connection), world.newest)
      assert.equal(world.connection.ended, null)
    }))
})
