// Flows as their owner sees them, on a clock that stands still. Not here: starting (start-flow.test.ts), the browser's way back
// (flows.returned.test.ts), trouble at the provider (worker.test.ts), all interleavings (flows.interleavings.test.ts).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Owner } from './broker.ts'
import type { Answer } from './provider.ts'
import { ada, brokerWorld } from './testing/broker-world.ts'

const request = { provider: 'scripted' }
const notFound = { name: 'RequestError', code: 'flow_not_found' }

test('S3 3.2 a flow goes from pending to success, and its connection is in the vault', async () => {
  await using world = brokerWorld()
  const { broker, provider, clock, events } = world
  const view = await broker.start(ada, { provider: 'scripted', label: 'Work' })
  assert.equal(view.state, 'pending')
  provider.polls.push({ type: 'pending' }, provider.approved())
  await clock.pass(10)
  assert.equal((await broker.status(ada, view.id)).state, 'success')
  const [connection] = await broker.connections('ada')
  assert.equal(connection?.label, 'Work')
  assert.deepEqual(events, [
    { type: 'connected', person: 'ada', provider: 'scripted', connection: connection?.id },
  ])
})

test('what a page sees of a flow is the code, the links and the time, and nothing that the provider gave us', async () => {
  await using world = brokerWorld()
  const view = await world.broker.start(ada, { ...request, returnTo: '/settings?tab=1' })
  assert.match(view.id, /^[0-9a-f]{32}$/)
  assert.deepEqual(view, {
    id: view.id,
    provider: 'scripted',
    state: 'pending',
    shown: {
      kind: 'code',
      userCode: 'CODE-1',
      verificationUri: 'https://provider.example/device',
      verificationUriComplete: null,
    },
    expiresAt: 1_700_000_900,
    secondsLeft: 900,
    intervalSeconds: 5,
    error: undefined,
    returnTo: '/settings?tab=1',
  })
  const stored = JSON.stringify(await world.flow(view.id))
  assert.doesNotMatch(stored, /device-code|the browser of ada/, 'sealed, and only the digest of the session')
})

describe('S3-7 CL-20 a flow belongs to the session that started it', () => {
  const others: readonly Owner[] = [
    { person: 'ada', session: 'another browser' },
    { person: 'eve', session: ada.session },
  ]
  for (const other of others)
    test(`${other.person} in ${other.session} meets nothing under its number`, async () => {
      await using world = brokerWorld()
      const { id } = await world.broker.start(ada, request)
      await assert.rejects(world.broker.status(other, id), notFound)
      await assert.rejects(world.broker.changed(other, id, 'pending', { seconds: 10 }), notFound)
      assert.equal(await world.broker.cancel(other, id), undefined)
      assert.equal((await world.broker.status(ada, id)).state, 'pending')
    })
  test('a number that never was, and anything that is no number, is answered the same', async () => {
    await using world = brokerWorld()
    for (const id of ['0'.repeat(32), '', '../../etc/passwd', 'x'.repeat(100_000), '__proto__'])
      await assert.rejects(world.broker.status(ada, id), notFound)
  })
})

describe('the end of a flow', () => {
  test('S3-2 an expired flow is told for five minutes from when that was found, then it is gone', async () => {
    await using world = brokerWorld()
    const { broker, clock } = world
    const { id } = await broker.start(ada, request)
    await clock.pass(900)
    for (let seconds = 0; seconds < 299; seconds += 13) {
      assert.equal((await broker.status(ada, id)).state, 'expired')
      await clock.pass(13)
    }
    await clock.pass(1)
    await assert.rejects(broker.status(ada, id), notFound)
    await clock.pass(60)
    assert.equal(await world.flow(id), undefined, 'and nothing is kept of it')
  })

  test('S3-9 a cancel reaches the provider, and so does the end of the time', async () => {
    await using world = brokerWorld()
    const { broker, provider, clock } = world
    const first = await broker.start(ada, request)
    assert.equal((await broker.cancel(ada, first.id))?.state, 'cancelled')
    await broker.start(ada, request)
    await clock.pass(900)
    assert.deepEqual(provider.asked.abandon, [
      { deviceCode: 'device-code-1' },
      { deviceCode: 'device-code-2' },
    ])
  })

  test('a provider that fails to abandon is logged, and the flow is cancelled', async () => {
    await using world = brokerWorld({
      provider: { abandon: async () => Promise.reject(new TypeError('secret')) },
    })
    const { id } = await world.broker.start(ada, request)
    assert.equal((await world.broker.cancel(ada, id))?.state, 'cancelled')
    await world.clock.settle()
    assert.ok(world.log.some(({ event }) => event === 'flow.not_abandoned'))
    assert.doesNotMatch(JSON.stringify(world.log), /secret/)
  })

  const ends: readonly [Answer, string, RegExp | undefined][] = [
    [{ type: 'denied' }, 'denied', undefined],
    [{ type: 'expired' }, 'expired', undefined],
    [{ type: 'problem', problem: 'provider_refused' }, 'error', /refused this application/],
    [{ type: 'problem', problem: 'provider_answer' }, 'error', /something unexpected/],
    [{ type: 'problem', problem: 'answer_lost' }, 'error', /Start again/],
  ]
  for (const [answer, state, sentence] of ends)
    test(`${JSON.stringify(answer)} of the provider ends it as ${state}`, async () => {
      await using world = brokerWorld()
      const { id } = await world.broker.start(ada, request)
      world.provider.polls.push(answer)
      await world.clock.pass(5)
      const view = await world.broker.status(ada, id)
      assert.equal(view.state, state)
      if (sentence === undefined) assert.equal(view.error, undefined)
      else assert.match(view.error ?? '', sentence)
      await world.clock.pass(120)
      assert.equal(world.provider.asked.poll.length, 1, 'nobody is asked any more')
      assert.equal((await world.broker.cancel(ada, id))?.state, state, 'a cancel tells how it ended')
      assert.equal((await world.flow(id))?.secrets, null)
    })
})

describe('an answer in flight', () => {
  test('S3-1 a cancel wins over it: nothing is stored, and what comes is revoked', async () => {
    await using world = brokerWorld()
    const { broker, provider, clock } = world
    const { id } = await broker.start(ada, request)
    const slow = Promise.withResolvers<Answer>()
    provider.polls.push(slow.promise)
    await clock.pass(5)
    assert.equal((await broker.cancel(ada, id))?.state, 'cancelled')
    slow.resolve(provider.approved())
    await clock.settle()
    assert.equal((await broker.status(ada, id)).state, 'cancelled')
    assert.deepEqual(await broker.connections('ada'), [])
    assert.deepEqual(
      provider.asked.revoke.map(({ accessToken }) => accessToken),
      ['access-token-1'],
    )
  })

  test('S3-3 the end of the time wins over it too, although nobody looked', async () => {
    await using world = brokerWorld()
    const { broker, provider, clock } = world
    const { id } = await broker.start(ada, request)
    await clock.pass(894)
    const slow = Promise.withResolvers<Answer>()
    provider.polls.push(slow.promise)
    await clock.pass(1)
    clock.jump(5)
    slow.resolve(provider.approved())
    await clock.settle()
    assert.equal((await broker.status(ada, id)).state, 'expired')
    assert.deepEqual(await broker.connections('ada'), [])
    assert.equal(provider.asked.revoke.length, 1)
  })

  test('a cancel that comes after the answer was taken waits for the credential and says success', async () => {
    const gate = Promise.withResolvers<void>()
    await using world = brokerWorld()
    const { store, provider, clock } = world
    const slow = {
      ...store.connections,
      put: async (...one: Parameters<typeof store.connections.put>) => {
        await gate.promise
        return store.connections.put(...one)
      },
    }
    const broker = world.another({ store: { ...store, connections: slow } })
    await world.broker.close()
    const { id } = await broker.start(ada, request)
    provider.polls.push(provider.approved())
    await clock.pass(5)
    assert.equal((await broker.status(ada, id)).state, 'pending', 'not before the credential is in the vault')
    const cancelled = broker.cancel(ada, id)
    await clock.settle()
    gate.resolve()
    assert.equal((await cancelled)?.state, 'success')
    assert.equal((await broker.connections('ada')).length, 1)
    assert.deepEqual(provider.asked.revoke, [])
  })
})

describe('waiting for a change', () => {
  test('ends with the change itself', async () => {
    await using world = brokerWorld()
    const { broker, provider, clock } = world
    const { id } = await broker.start(ada, request)
    provider.polls.push(provider.approved())
    await clock.pass(4.5)
    const changed = broker.changed(ada, id, 'pending', { seconds: 25 })
    // Less than the second after which it would have looked by itself.
    await clock.pass(0.5)
    assert.equal((await changed).state, 'success')
  })

  test('ends within a second when another node changed it', async () => {
    await using world = brokerWorld()
    const other = world.another()
    const { id } = await world.broker.start(ada, request)
    const changed = other.changed(ada, id, 'pending', { seconds: 25 })
    await world.clock.settle()
    await world.broker.cancel(ada, id)
    await world.clock.pass(1)
    assert.equal((await changed).state, 'cancelled')
  })

  test('ends with what is known when the time is up, whoever waits goes away, or the broker closes', async () => {
    await using world = brokerWorld()
    const { broker, clock } = world
    const { id } = await broker.start(ada, request)
    const long = broker.changed(ada, id, 'pending', { seconds: 3 })
    await clock.pass(3)
    assert.equal((await long).state, 'pending')
    const left = new AbortController()
    const gone = broker.changed(ada, id, 'pending', { seconds: 1000, signal: left.signal })
    left.abort()
    assert.equal((await gone).state, 'pending')
    const closed = broker.changed(ada, id, 'pending', { seconds: 1000 })
    await clock.settle()
    await broker.close()
    assert.equal((await closed).state, 'pending')
  })

  test('does not begin where the state is another already', async () => {
    await using world = brokerWorld()
    const { id } = await world.broker.start(ada, request)
    await world.broker.cancel(ada, id)
    assert.equal((await world.broker.changed(ada, id, 'pending', { seconds: 1000 })).state, 'cancelled')
  })
})
