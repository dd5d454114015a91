// A renewal while the store fails, before and after it did what it was asked, and while somebody else changes the connection: no
// token is lost, none is sent twice, none is handed out that is not stored.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Broker } from './broker.ts'
import { type Connection, leaseSeconds } from './connection.ts'
import { memoryStore } from './stores/memory.ts'
import { connectedWorld } from './testing/connected-world.ts'
import { type FaultyStore, faultyStore, type Operation } from './testing/faulty-store.ts'
import { sampleConnection } from './testing/samples.ts'
import type { Vault } from './vault.ts'

const unavailable = { code: 'store_unavailable' }

/** Two processes on one store, of which only the first one's connection to it fails. */
function faultyWorld(): ReturnType<typeof connectedWorld> & { faulty: FaultyStore; renewer: Broker } {
  const store = memoryStore()
  const faulty = faultyStore(store)
  const world = connectedWorld({ store })
  return { ...world, faulty, renewer: world.another({ store: faulty.store }) }
}

describe('RT-12 the new tokens cannot be stored', () => {
  test('those who wait are told, others wait, nobody sends anything, and at last they are stored', async () => {
    await using world = faultyWorld()
    const { tokens } = await world.connect()
    world.faulty.fail('put connection', 9)
    const first = assert.rejects(world.renewer.token('ada', 'scripted'), unavailable)
    await world.clock.settle()
    const other = world.broker.token('ada', 'scripted')
    await world.clock.pass(2)
    await first
    await assert.rejects(world.renewer.token('ada', 'scripted'), unavailable)
    // Longer than the lease that it took at first.
    await world.clock.pass(leaseSeconds - 1)
    assert.equal((await world.stored()).tokens.accessToken, tokens.accessToken)
    await world.clock.pass(1)
    const now = (await world.stored()).tokens
    assert.notEqual(now.refreshToken, tokens.refreshToken)
    assert.equal((await other).accessToken, now.accessToken)
    for (const broker of [world.renewer, world.broker])
      assert.equal((await broker.token('ada', 'scripted')).accessToken, now.accessToken)
    assert.deepEqual(world.provider.asked.refresh, [tokens])
    assert.equal(world.events.length, 1)
  })

  test('for a moment: nobody notices', async () => {
    await using world = faultyWorld()
    await world.connect()
    world.faulty.fail('put connection', 2)
    const token = world.renewer.token('ada', 'scripted')
    await world.clock.pass(2)
    assert.equal((await token).accessToken, (await world.stored()).tokens.accessToken)
  })

  test('although they were: found there, and told once', async () => {
    await using world = faultyWorld()
    await world.connect()
    world.faulty.fail('put connection', 1, { done: true })
    const token = world.renewer.token('ada', 'scripted')
    await world.clock.pass(2)
    assert.equal((await token).accessToken, (await world.stored()).tokens.accessToken)
    assert.equal(world.provider.asked.refresh.length, 1)
    assert.equal(world.provider.asked.revoke.length, 0)
    assert.deepEqual(
      world.events.map(({ type }) => type),
      ['refreshed'],
    )
    assert.equal((await world.lease())?.holder, null)
  })

  test('and nobody waits any more: it goes on all the same', async () => {
    await using world = faultyWorld()
    await world.connect()
    world.faulty.fail('put connection', 5)
    const stop = new AbortController()
    const failed = assert.rejects(world.renewer.token('ada', 'scripted', { signal: stop.signal }), /enough/)
    stop.abort(new Error('enough'))
    await failed
    await world.clock.pass(10)
    assert.equal((await world.stored()).tokens.accessToken, 'access-token-2')
  })

  test('and the program closes: it tries a few times more, and then says so', async () => {
    await using world = faultyWorld()
    await world.connect()
    world.faulty.fail('put connection', 1000)
    const failed = assert.rejects(world.renewer.token('ada', 'scripted'), unavailable)
    await world.clock.pass(2)
    await failed
    const closed = world.renewer.close()
    await world.clock.pass(10)
    await closed
    assert.ok(world.log.some(({ event }) => event === 'renewal.given_up'))
  })
})

describe('RT-12 the store fails before anything is sent', () => {
  const cases: readonly (readonly [string, Operation, Parameters<FaultyStore['fail']>[2]])[] = [
    ['the lease cannot be read', 'find lease', {}],
    ['the lease is not taken', 'put lease', {}],
    ['the lease is taken, and nobody said so', 'put lease', { done: true }],
    ['the connection cannot be read again', 'find connection', {}],
    ['it is not marked as sent', 'put lease', { skip: 1 }],
    ['it is marked as sent, and nobody said so', 'put lease', { done: true, skip: 1 }],
  ]
  for (const [what, operation, how] of cases) {
    test(`${what}: nothing is sent, and the other process renews as if nothing had been`, async () => {
      await using world = faultyWorld()
      const { tokens } = await world.connect()
      world.faulty.fail(operation, 1, how)
      await assert.rejects(world.renewer.token('ada', 'scripted'), unavailable)
      assert.equal(world.provider.asked.refresh.length, 0)
      await world.clock.pass(1)
      const token = await world.broker.token('ada', 'scripted')
      assert.notEqual(token.accessToken, tokens.accessToken)
      assert.equal((await world.renewer.token('ada', 'scripted')).accessToken, token.accessToken)
      assert.deepEqual(world.provider.asked.refresh, [tokens])
      assert.equal((await world.stored()).ended, null)
    })
    test(`${what}, and the old token lives a little: it is handed out`, async () => {
      await using world = faultyWorld()
      const { tokens } = await world.connect({ tokens: { expiresAt: world.clock.now() + 30 } })
      world.faulty.fail(operation, 1, how)
      assert.equal((await world.renewer.token('ada', 'scripted')).accessToken, tokens.accessToken)
    })
  }

  test('so long that another process has the lease: that one is left alone', async () => {
    await using world = faultyWorld()
    await world.connect()
    world.faulty.fail('put lease', 1, { done: true })
    world.faulty.fail('find lease', 11, { skip: 1 })
    await assert.rejects(world.renewer.token('ada', 'scripted'), unavailable)
    const { promise, resolve } = Promise.withResolvers<void>()
    const renewed = { type: 'tokens', tokens: world.provider.tokens() } as const
    world.provider.refreshes.push(() => promise.then(() => renewed))
    const token = world.broker.token('ada', 'scripted')
    await world.clock.pass(leaseSeconds + 1)
    const held = await world.lease()
    assert.notEqual(held?.sent, null)
    await world.clock.pass(leaseSeconds - 2)
    assert.deepEqual(await world.lease(), held)
    resolve()
    await world.clock.pass(1)
    assert.equal((await token).accessToken, renewed.tokens.accessToken)
  })

  test('after somebody sent it and died: that it was sent is not forgotten', async () => {
    const store = memoryStore()
    const faulty = faultyStore(store)
    await using world = connectedWorld({ store, provider: { refreshGraceSeconds: 60 } })
    const [dead, renewer] = [world.another(), world.another({ store: faulty.store })]
    await world.connect()
    const { promise, resolve: comeBack } = Promise.withResolvers<void>()
    world.provider.refreshes.push(() => promise.then(() => ({ type: 'trouble' })))
    void dead.token('ada', 'scripted').catch(() => {})
    await world.clock.pass(leaseSeconds + 1)
    faulty.fail('find connection', 1)
    await assert.rejects(renewer.token('ada', 'scripted'), unavailable)
    await world.clock.pass(leaseSeconds * 2)
    await assert.rejects(world.broker.token('ada', 'scripted'), { code: 'connect_again' })
    assert.equal(world.provider.asked.refresh.length, 1)
    comeBack()
  })

  test('for long: what it may have written is taken back as soon as it answers', async () => {
    await using world = faultyWorld()
    await world.connect()
    world.faulty.fail('put lease', 1, { done: true, skip: 1 })
    world.faulty.fail('find lease', 4, { skip: 1 })
    await assert.rejects(world.renewer.token('ada', 'scripted'), unavailable)
    assert.notEqual((await world.lease())?.sent, null)
    await world.clock.pass(10)
    assert.deepEqual([(await world.lease())?.holder, (await world.lease())?.sent], [null, null])
    assert.equal(world.provider.asked.refresh.length, 0)
  })
})

test('CL-10 the end of a connection cannot be stored: told when it can, and the token is not sent again', async () => {
  await using world = faultyWorld()
  await world.connect()
  world.provider.refreshes.push({ type: 'answer_lost' })
  world.faulty.fail('put connection', 1)
  await assert.rejects(world.renewer.token('ada', 'scripted'), unavailable)
  await world.clock.pass(1)
  await assert.rejects(world.broker.token('ada', 'scripted'), { code: 'connect_again' })
  assert.equal(world.provider.asked.refresh.length, 1)
  assert.equal(world.events[0]?.why, 'answer_lost')
})

describe('somebody changes the connection while it is renewed', () => {
  async function whileRenewing(change: (world: ReturnType<typeof connectedWorld>) => Promise<void>) {
    const world = connectedWorld()
    const before = await world.connect()
    const { promise, resolve } = Promise.withResolvers<void>()
    const renewed = { type: 'tokens', tokens: world.provider.tokens() } as const
    world.provider.refreshes.push(() => promise.then(() => renewed))
    const token = world.another().token('ada', 'scripted')
    token.catch(() => {})
    await world.clock.settle()
    await change(world)
    resolve()
    await world.clock.settle()
    return { world, before, renewed: renewed.tokens, token }
  }

  test('by another name: it has the name and the tokens', async () => {
    const { world, renewed, token } = await whileRenewing(async ({ broker }) => {
      await broker.rename('ada', 'connection-1', 'Home')
    })
    await using _ = world
    const { accessToken, connection } = await token
    assert.deepEqual([accessToken, connection.label], [renewed.accessToken, 'Home'])
    assert.equal((await world.stored()).label, 'Home')
  })

  test('by connecting it anew: the newer one wins, and is not revoked with the older', async () => {
    const { world, token } = await whileRenewing(async ({ vault, provider, stored, clock }) => {
      const there = await stored()
      const tokens = provider.tokens({ expiresAt: clock.now() + 3600 })
      const anew = { ...there, flow: 'flow-2', tokens }
      assert.equal(await vault.put(anew, there.version), 'stored')
    })
    await using _ = world
    assert.equal((await token).accessToken, 'access-token-3')
    assert.equal((await world.stored()).flow, 'flow-2')
    assert.deepEqual(world.provider.asked.revoke, [])
    assert.deepEqual(world.events, [])
  })

  test('by connecting it anew, and the provider says that the older one is over: the newer one is not', async () => {
    await using world = connectedWorld()
    const before = await world.connect()
    const { promise, resolve } = Promise.withResolvers<void>()
    world.provider.refreshes.push(() => promise.then(() => ({ type: 'ended' })))
    const token = world.another().token('ada', 'scripted')
    await world.clock.settle()
    const tokens = world.provider.tokens({ expiresAt: world.clock.now() + 3600 })
    await world.vault.put({ ...before, flow: 'flow-2', tokens }, (await world.stored()).version)
    resolve()
    assert.equal((await token).accessToken, tokens.accessToken)
    assert.equal((await world.stored()).ended, null)
    assert.deepEqual(world.events, [])
  })

  test('by removing it: what came is revoked, nothing is stored, and it is not connected', async () => {
    const { world, renewed, token } = await whileRenewing(async ({ vault, stored }) => {
      assert.equal(await vault.remove(await stored()), 'removed')
    })
    await using _ = world
    await assert.rejects(token, { code: 'not_connected' })
    assert.deepEqual(world.provider.asked.revoke, [renewed])
    assert.deepEqual(await world.vault.list('', 'ada'), [])
  })
})

test('CL-07 two places have a connection under one id: neither stands for the other', async () => {
  const kept = new Map<string, Connection>()
  const keyOf = ({ place, id }: Pick<Connection, 'place' | 'id'>) => `${place} ${id}`
  const vault: Vault = {
    placeOf: (person) => `/home/${person}`,
    list: async (place) => [...kept.values()].filter((one) => one.place === place),
    find: async (place, _person, id) => kept.get(keyOf({ place, id })),
    async put(connection, seen) {
      if ((kept.get(keyOf(connection))?.version ?? null) !== seen) return 'conflict'
      kept.set(keyOf(connection), { ...connection, version: String(Number(seen ?? 0) + 1) })
      return 'stored'
    },
    remove: async () => 'conflict',
  }
  await using world = connectedWorld({ vault })
  const { provider, clock } = world
  for (const person of ['ada', 'bob']) {
    const tokens = provider.tokens({ expiresAt: clock.now() - 1 })
    await vault.put(
      sampleConnection({ person, place: `/home/${person}`, provider: 'scripted', tokens }),
      null,
    )
  }
  const { promise, resolve: comeBack } = Promise.withResolvers<void>()
  provider.refreshes.push(() => promise.then(() => ({ type: 'trouble' })))
  void world
    .another()
    .token('ada', 'scripted')
    .catch(() => {})
  await clock.settle()
  // Not kept waiting by ada's, and without a trace of having been sent in it.
  assert.equal((await world.broker.token('bob', 'scripted')).accessToken, 'access-token-3')
  const failed = assert.rejects(world.broker.token('ada', 'scripted'), { code: 'connect_again' })
  await clock.pass(leaseSeconds + 1)
  await failed
  assert.equal(provider.asked.refresh.length, 2)
  comeBack()
})
