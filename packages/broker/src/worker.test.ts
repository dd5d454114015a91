// What happens to flows by itself: when a provider is asked, what trouble does to that, and what is never lost.
// Not here: the vault (deliver.test.ts), all interleavings (flows.interleavings.test.ts).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StoreUnavailable } from './errors.ts'
import type { Answer, Provider } from './provider.ts'
import type { BrokerStore } from './store.ts'
import { memoryStore } from './stores/memory.ts'
import { ada, type BrokerWorld, brokerWorld } from './testing/broker-world.ts'
import { scriptedProvider } from './testing/scripted-provider.ts'

const request = { provider: 'scripted' }

/** The seconds between the polls, as they come while so much time passes. */
async function pauses(world: BrokerWorld, seconds: number): Promise<number[]> {
  const { clock, provider } = world
  const times = [clock.now()]
  for (let passed = 0; passed < seconds; passed += 0.5) {
    const before = provider.asked.poll.length
    await clock.pass(0.5)
    if (provider.asked.poll.length > before) times.push(clock.now())
  }
  return times.slice(1).map((time, index) => time - (times[index] ?? 0))
}

describe('when a provider is asked', () => {
  test('RFC 8628 §3.5 once per interval, five seconds slower after each slow_down', async () => {
    await using world = brokerWorld()
    await world.broker.start(ada, request)
    const slower = { type: 'slow_down' } as const
    world.provider.polls.push({ type: 'pending' }, slower, { type: 'pending' }, slower)
    assert.deepEqual(await pauses(world, 50), [5, 5, 10, 10, 15])
  })

  test('S3-5 an interval in an answer counts, whatever it is', async () => {
    await using world = brokerWorld()
    await world.broker.start(ada, request)
    world.provider.polls.push(
      { type: 'pending', interval: '8s' },
      { type: 'pending', interval: 'soon' },
      { type: 'slow_down', interval: 30 },
    )
    assert.deepEqual(await pauses(world, 60), [5, 8, 8, 30])
  })

  test('S3-4 trouble makes it slower each time, an answer makes it as it was, and the flow goes on', async () => {
    await using world = brokerWorld()
    const { id } = await world.broker.start(ada, request)
    const trouble = { type: 'trouble' } as const
    world.provider.polls.push(trouble, trouble, trouble, { type: 'pending' }, world.provider.approved())
    assert.deepEqual(await pauses(world, 100), [5, 10, 20, 40, 5])
    assert.equal((await world.broker.status(ada, id)).state, 'success')
  })

  test('S3-4 trouble with Retry-After is waited out, and never asked again sooner than the interval', async () => {
    await using world = brokerWorld()
    await world.broker.start(ada, request)
    world.provider.polls.push(
      { type: 'trouble', retryAfterSeconds: 33 },
      { type: 'trouble', retryAfterSeconds: 0 },
      { type: 'trouble', retryAfterSeconds: Number.NaN },
    )
    assert.deepEqual(await pauses(world, 84), [5, 33, 5, 40])
  })

  test('S3-4 trouble to the end ends as expired, not as an error', async () => {
    await using world = brokerWorld()
    const { id } = await world.broker.start(ada, request)
    const { polls } = world.provider
    for (let count = 0; count < 50; count++) polls.push({ type: 'trouble', retryAfterSeconds: 1e9 })
    await world.clock.pass(900)
    assert.equal((await world.broker.status(ada, id)).state, 'expired')
  })

  test('S3-5 what a provider throws is trouble, logged as its kind', async () => {
    await using world = brokerWorld()
    const { id } = await world.broker.start(ada, request)
    world.provider.polls.push(() => Promise.reject(new TypeError('secret')), world.provider.approved())
    await world.clock.pass(20)
    assert.equal((await world.broker.status(ada, id)).state, 'success')
    const failed = world.log.find(({ event }) => event === 'provider.failed')
    assert.deepEqual(failed?.detail, { provider: 'scripted', reason: 'TypeError' })
  })

  test('a question without an answer is given up after 25 seconds, while its claim still holds', async () => {
    await using world = brokerWorld({
      provider: {
        poll: ({ signal }) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              ended.push(world.clock.now())
              resolve({ type: 'trouble' })
            })
          }),
      },
    })
    const ended: number[] = []
    await world.broker.start(ada, request)
    const from = world.clock.now()
    await world.clock.pass(30)
    assert.deepEqual(ended, [from + 30])
  })

  test('the code that a step brought is used at once, and again after trouble', async () => {
    await using world = brokerWorld()
    const { provider, clock, broker } = world
    const { id } = await broker.start(ada, request)
    provider.polls.push(
      { type: 'further', remembered: { code: 'c' } },
      { type: 'trouble' },
      provider.approved(),
    )
    assert.deepEqual(await pauses(world, 30), [5, 10])
    assert.deepEqual(provider.asked.poll.slice(1), [{ code: 'c' }, { code: 'c' }])
    await clock.settle()
    assert.equal((await broker.status(ada, id)).state, 'success')
  })

  test('thirty-two flows are asked about at once, and the others right after', async () => {
    await using world = brokerWorld()
    const gate = Promise.withResolvers<Answer>()
    for (let count = 0; count < 100; count++) {
      await world.broker.start({ person: `person-${count}`, session: 's' }, request)
      world.provider.polls.push(gate.promise)
    }
    await world.clock.pass(5)
    assert.equal(world.provider.asked.poll.length, 32)
    gate.resolve({ type: 'pending' })
    await world.clock.pass(1)
    assert.equal(world.provider.asked.poll.length, 100)
  })

  test('S3-4 a provider that does not answer keeps nobody waiting who connects another one', async () => {
    const quick = scriptedProvider({ id: 'quick' })
    const poll: Provider['poll'] = ({ signal }) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve({ type: 'trouble' })))
    await using world = brokerWorld({ providers: [scriptedProvider({ poll }), quick] })
    for (let count = 0; count < 200; count++)
      await world.broker.start({ person: `person-${count}`, session: 's' }, request)
    const { id } = await world.broker.start(ada, { provider: 'quick' })
    quick.polls.push({ type: 'pending' }, quick.approved())
    await world.clock.pass(11)
    assert.equal((await world.broker.status(ada, id)).state, 'success')
  })

  test('two nodes ask once, not twice', async () => {
    await using world = brokerWorld()
    world.another()
    await world.broker.start(ada, request)
    assert.deepEqual(await pauses(world, 60), Array(12).fill(5))
    assert.equal(world.provider.asked.poll.length, 12)
  })

  test('another node goes on where one is gone', async () => {
    await using world = brokerWorld()
    const { id } = await world.broker.start(ada, request)
    await world.broker.close()
    world.another()
    world.provider.polls.push(world.provider.approved())
    await world.clock.pass(10)
    assert.equal((await world.another().status(ada, id)).state, 'success')
  })

  test('a flow whose provider is off by now, or which another key sealed, ends with a sentence', async () => {
    for (const changes of [{ providers: [] }, { key: new Uint8Array(32).fill(8) }]) {
      await using world = brokerWorld()
      const { id } = await world.broker.start(ada, request)
      await world.broker.close()
      const other = world.another(changes)
      await world.clock.pass(10)
      const view = await other.status(ada, id)
      assert.equal(view.state, 'error')
      assert.match(view.error ?? '', /^[A-Z][^{}]+\.$/)
    }
  })
})

describe('a store that fails', () => {
  /** A store in memory that is unreachable while `down` says so; `lost`: what was written is, but nobody hears. */
  function failing() {
    const store = memoryStore()
    const now: { down: boolean; lost: boolean } = { down: false, lost: false }
    const guard = <Room extends object>(room: Room): Room =>
      new Proxy(room, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name)
          if (typeof value !== 'function') return value
          return async (...args: unknown[]) => {
            if (now.down) throw new StoreUnavailable('down')
            const result: unknown = await value.apply(target, args)
            if (now.lost && name === 'put') throw new StoreUnavailable('lost')
            return result
          }
        },
      })
    const guarded: BrokerStore = {
      ...store,
      flows: guard(store.flows),
      connections: guard(store.connections),
      sweep: guard(store).sweep,
    }
    return { store: guarded, now }
  }

  for (const how of ['down', 'lost'] as const)
    test(`loses no tokens (${how}): they are stored when it is back`, async () => {
      const { store, now } = failing()
      await using world = brokerWorld({ store })
      const { id } = await world.broker.start(ada, request)
      world.provider.polls.push(() => {
        now[how] = true
        return world.provider.approved()
      })
      await world.clock.pass(100)
      now[how] = false
      await world.clock.pass(60)
      assert.equal((await world.broker.status(ada, id)).state, 'success')
      assert.equal((await world.broker.connections('ada')).length, 1)
      assert.deepEqual(world.provider.asked.revoke, [])
      assert.equal(world.provider.asked.poll.length, 1)
    })

  test('whose answer is lost when a code was stored: the code is still used once, by whoever took it up', async () => {
    const { store, now } = failing()
    await using world = brokerWorld({ store })
    const { id } = await world.broker.start(ada, request)
    const slow = Promise.withResolvers<Answer>()
    world.provider.polls.push(() => {
      now.lost = true
      return { type: 'further', remembered: { code: 'c' } }
    }, slow.promise)
    await world.clock.pass(5)
    now.lost = false
    const other = world.another()
    await world.clock.pass(20)
    // Answered before anything is asserted: closing waits for it.
    slow.resolve(world.provider.approved())
    await world.clock.settle()
    assert.deepEqual(world.provider.asked.poll.slice(1), [{ code: 'c' }])
    assert.equal((await other.status(ada, id)).state, 'success')
  })

  test('that is back after the end of the flow: nothing is stored, and the tokens are revoked', async () => {
    const { store, now } = failing()
    await using world = brokerWorld({ store })
    const { id } = await world.broker.start(ada, request)
    world.provider.polls.push(() => {
      now.down = true
      return world.provider.approved()
    })
    await world.clock.pass(1000)
    now.down = false
    await world.clock.pass(60)
    assert.equal((await world.broker.status(ada, id)).state, 'expired')
    assert.deepEqual(await world.broker.connections('ada'), [])
    assert.equal(world.provider.asked.revoke.length, 1)
  })

  test('does not end the loop, whatever it fails at', async () => {
    const { store, now } = failing()
    await using world = brokerWorld({ store })
    now.down = true
    await assert.rejects(world.broker.start(ada, request), { code: 'store_unavailable' })
    await world.clock.pass(60)
    now.down = false
    await world.clock.pass(35)
    const { id } = await world.broker.start(ada, request)
    world.provider.polls.push(world.provider.approved())
    await world.clock.pass(10)
    assert.equal((await world.broker.status(ada, id)).state, 'success')
  })
})

describe('closing', () => {
  test('waits for the answer in flight, which is stored', async () => {
    await using world = brokerWorld()
    const { broker, provider, clock, store } = world
    const { id } = await broker.start(ada, request)
    const slow = Promise.withResolvers<Answer>()
    provider.polls.push(slow.promise)
    await clock.pass(5)
    let closed = false
    const closing = broker.close().then(() => {
      closed = true
    })
    await clock.settle()
    assert.equal(closed, false)
    slow.resolve(provider.approved())
    await closing
    assert.equal((await store.flows.find(id))?.state, 'success')
    assert.equal((await store.connections.ofPerson('ada')).length, 1)
  })

  test('does not wait longer than eight seconds for a provider', async () => {
    await using world = brokerWorld({
      provider: {
        poll: ({ signal }) =>
          new Promise((resolve) => signal.addEventListener('abort', () => resolve({ type: 'trouble' }))),
      },
    })
    const { id } = await world.broker.start(ada, request)
    await world.clock.pass(5)
    let closed = false
    const closing = world.broker.close().then(() => {
      closed = true
    })
    await world.clock.pass(7.5)
    assert.equal(closed, false)
    await world.clock.pass(0.5)
    await closing
    assert.equal((await world.flow(id))?.state, 'pending', 'another process goes on with it')
  })

  test('takes up nothing more', async () => {
    await using world = brokerWorld()
    await world.broker.start(ada, request)
    await world.broker.close()
    await world.clock.pass(100)
    assert.equal(world.provider.asked.poll.length, 0)
  })
})
