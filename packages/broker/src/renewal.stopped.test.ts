// A process that holds the lease is stopped in the middle of a renewal, for longer than the lease (SIGSTOP, a laptop that sleeps, a
// store that answers late), and goes on: what it does then is neither a second use of a refresh token nor the end of newer tokens.
// Processes that die are renewal.deaths.test.ts; real ones that are stopped, test/broker/renewal-stopped.test.ts.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Lease, leaseSeconds } from './connection.ts'
import type { BrokerStore } from './store.ts'
import { type ConnectedWorld, connectedWorld } from './testing/connected-world.ts'

/** One process of them, which stands still once it has written its first lease of which `stopsAt` is true. */
function stopping(world: ConnectedWorld, stopsAt: (lease: Lease) => boolean) {
  const { leases } = world.store
  const going = Promise.withResolvers<void>()
  let stops = 0
  const store: BrokerStore = {
    ...world.store,
    leases: {
      ...leases,
      async put(lease) {
        const done = await leases.put(lease)
        if (stopsAt(lease) && stops++ === 0) await going.promise
        return done
      },
    },
  }
  return { broker: world.another({ store }), goOn: going.resolve }
}

const isMarked = ({ sent }: Lease) => sent !== null

/** What the stopped one gets when it goes on after all that happened meanwhile. */
async function stoppedAfterMarking(
  world: ConnectedWorld,
  seconds: number,
  meanwhile: () => Promise<unknown>,
): Promise<string> {
  const { broker, goOn } = stopping(world, isMarked)
  const got = broker.token('ada', 'scripted').then(
    ({ accessToken }) => accessToken,
    (error: { code: string }) => error.code,
  )
  await world.clock.settle()
  const begun = world.clock.now()
  const others = meanwhile()
  await world.clock.pass(begun + seconds - world.clock.now())
  await others
  goOn()
  await world.clock.pass(1)
  return got
}

describe('RT-12 the holder is stopped when it has marked what it will send', () => {
  test('another one sent it instead: the one that was stopped sends nothing, and gets what is stored', async () => {
    await using world = connectedWorld({ provider: { refreshGraceSeconds: 60 } })
    const { tokens } = await world.connect()
    const got = await stoppedAfterMarking(world, 100, () => world.broker.token('ada', 'scripted'))
    assert.deepEqual(world.provider.asked.refresh, [tokens])
    assert.equal(got, (await world.stored()).tokens.accessToken)
    assert.notEqual(got, tokens.accessToken)
  })

  test('another one sent it and died, long ago: it is not sent again', async () => {
    await using world = connectedWorld({ provider: { refreshGraceSeconds: 30 } })
    await world.connect()
    const lost = Promise.withResolvers<never>()
    world.provider.refreshes.push(() => lost.promise)
    const dead = world.another()
    void dead.token('ada', 'scripted').catch(() => {})
    await world.clock.pass(leaseSeconds + 1)
    assert.equal(world.provider.asked.refresh.length, 1)
    const got = await stoppedAfterMarking(world, 20, async () => {})
    assert.equal(got, 'connect_again')
    assert.equal(world.provider.asked.refresh.length, 1)
    lost.reject(new Error('dead'))
  })

  test('nobody took over: its lease begins anew before it sends, so that nobody does meanwhile', async () => {
    await using world = connectedWorld({ provider: { refreshGraceSeconds: 60 } })
    const { tokens } = await world.connect()
    let until = 0
    world.provider.refreshes.push(async () => {
      until = (await world.lease())?.until ?? 0
      return { type: 'tokens', tokens: world.provider.tokens() }
    })
    const got = await stoppedAfterMarking(world, leaseSeconds + 30, async () => {})
    assert.equal(got, 'access-token-2')
    assert.ok(until > world.clock.now())
    assert.deepEqual(world.provider.asked.refresh, [tokens])
  })

  test('where it may be used once the others gave it up unsent: it is sent, once, and the connection works again', async () => {
    await using world = connectedWorld()
    const { tokens } = await world.connect()
    const got = await stoppedAfterMarking(world, 100, () =>
      assert.rejects(world.broker.token('ada', 'scripted'), { code: 'connect_again' }),
    )
    assert.equal(got, 'access-token-2')
    assert.equal((await world.stored()).ended, null)
    assert.deepEqual(world.provider.asked.refresh, [tokens])
  })

  test('where it may be sent again for a while the others gave it up unsent: just so', async () => {
    await using world = connectedWorld({ provider: { refreshGraceSeconds: 10 } })
    const { tokens } = await world.connect()
    const got = await stoppedAfterMarking(world, 100, () =>
      assert.rejects(world.broker.token('ada', 'scripted'), { code: 'connect_again' }),
    )
    assert.equal(got, 'access-token-2')
    assert.equal((await world.stored()).ended, null)
    assert.deepEqual(world.provider.asked.refresh, [tokens])
  })

  test('it was connected anew meanwhile: nothing is sent, and the newer tokens stay', async () => {
    await using world = connectedWorld()
    await world.connect()
    const newer = world.provider.tokens({ expiresAt: world.clock.now() + 3600 })
    const got = await stoppedAfterMarking(world, 100, async () => {
      await world.clock.pass(leaseSeconds + 1)
      await assert.rejects(world.broker.token('ada', 'scripted'), { code: 'connect_again' })
      const there = await world.stored()
      await world.vault.put({ ...there, tokens: newer, ended: null, flow: 'flow-2' }, there.version)
    })
    assert.equal(got, newer.accessToken)
    assert.deepEqual((await world.stored()).tokens, newer)
    assert.deepEqual(world.provider.asked.refresh, [])
  })

  test('it was disconnected meanwhile: nothing is sent', async () => {
    await using world = connectedWorld()
    await world.connect()
    const got = await stoppedAfterMarking(world, 100, () => world.broker.disconnect('ada', 'connection-1'))
    assert.equal(got, 'not_connected')
    assert.deepEqual(world.provider.asked.refresh, [])
  })
})

test('RT-12 every write of the store takes seconds: nothing is sent that others might send, and nothing counts as sent', async () => {
  await using world = connectedWorld({ provider: { refreshGraceSeconds: 60 } })
  await world.connect()
  const { leases } = world.store
  const slow = {
    ...world.store,
    leases: {
      ...leases,
      async put(lease: Lease) {
        await world.clock.sleep(8)
        return leases.put(lease)
      },
    },
  }
  const failed = assert.rejects(world.another({ store: slow }).token('ada', 'scripted'), {
    code: 'try_later',
  })
  await world.clock.pass(120)
  await failed
  assert.deepEqual(world.provider.asked.refresh, [])
  const { accessToken } = await world.broker.token('ada', 'scripted')
  assert.equal(accessToken, 'access-token-2')
})

test('RT-12 an answer that was long on its way does not replace the tokens that another renewal brought since', async () => {
  await using world = connectedWorld({ provider: { refreshGraceSeconds: Number.POSITIVE_INFINITY } })
  const { tokens } = await world.connect()
  const { refreshToken } = tokens
  const [answer, later] = [world.provider.tokens({ refreshToken }), world.provider.tokens({ refreshToken })]
  const arrival = Promise.withResolvers<void>()
  world.provider.refreshes.push(() => arrival.promise.then(() => ({ type: 'tokens', tokens: answer })), {
    type: 'tokens',
    tokens: later,
  })
  const first = world.another().token('ada', 'scripted')
  await world.clock.pass(leaseSeconds + 1)
  assert.equal((await world.broker.token('ada', 'scripted')).accessToken, later.accessToken)
  arrival.resolve()
  await world.clock.pass(1)
  assert.equal((await first).accessToken, later.accessToken)
  assert.deepEqual((await world.stored()).tokens, later)
  assert.deepEqual(world.provider.asked.revoke, [])
})
