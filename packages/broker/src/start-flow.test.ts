// Starting: one unfinished flow per person and provider, whoever asks, however often, in however many processes.
// Not here: the same against databases and real processes (test/broker of the workspace).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StartRequest } from './broker.ts'
import type { Begun } from './provider.ts'
import { ada, brokerWorld } from './testing/broker-world.ts'

const request: StartRequest = { provider: 'scripted' }
const hundred = Array.from({ length: 100 })

describe('S3 3.6 #3970 single flight', () => {
  test('a hundred starts at once ask the provider once and get one flow', async () => {
    await using world = brokerWorld()
    const views = await Promise.all(hundred.map(() => world.broker.start(ada, request)))
    assert.equal(new Set(views.map(({ id }) => id)).size, 1)
    assert.equal(world.provider.asked.begin.length, 1)
  })

  test('also when they reach two nodes and the provider is slow', async () => {
    await using world = brokerWorld()
    const other = world.another()
    const slow = Promise.withResolvers<void>()
    world.provider.begins.push(async () => {
      await slow.promise
      return begun
    })
    const starts = hundred.map((_, index) => (index % 2 ? other : world.broker).start(ada, request))
    await world.clock.pass(2)
    slow.resolve()
    await world.clock.pass(1)
    const views = await Promise.all(starts)
    assert.equal(new Set(views.map(({ id }) => id)).size, 1)
    assert.equal(world.provider.asked.begin.length, 1)
    assert.ok(views.every(({ shown }) => shown.kind === 'code' && shown.userCode === 'SLOW'))
  })

  test('also when the provider refuses: one question, a hundred refusals', async () => {
    await using world = brokerWorld()
    const other = world.another()
    const slow = Promise.withResolvers<Begun>()
    world.provider.begins.push(slow.promise)
    const starts = hundred.map((_, index) => (index % 2 ? other : world.broker).start(ada, request))
    const results = Promise.allSettled(starts)
    await world.clock.pass(1)
    slow.resolve({ type: 'problem', problem: 'provider_refused' })
    await world.clock.pass(1)
    for (const result of await results)
      assert.equal(result.status === 'rejected' && result.reason.code, 'provider_refused')
    assert.equal(world.provider.asked.begin.length, 1)
  })

  test('a page that is loaded again gets its flow back', async () => {
    await using world = brokerWorld()
    const first = await world.broker.start(ada, { ...request, scopes: ['a', 'b'] })
    await world.clock.pass(60)
    const again = await world.another().start(ada, { ...request, scopes: ['b', 'a', 'a'] })
    assert.equal(again.id, first.id)
    assert.equal(again.secondsLeft, 840)
  })

  test('another session, label or scopes: the one that was there is cancelled, at the provider too', async () => {
    await using world = brokerWorld()
    const { broker, provider } = world
    const wishes = [
      [ada, request],
      [{ ...ada, session: 'another browser' }, request],
      [ada, { ...request, label: 'Work' }],
      [ada, { ...request, label: 'Work', scopes: ['repo'] }],
    ] as const
    const ids: string[] = []
    for (const [owner, wish] of wishes) ids.push((await broker.start(owner, wish)).id)
    assert.equal(new Set(ids).size, 4)
    const states = await Promise.all(ids.map(async (id) => (await world.flow(id))?.state))
    assert.deepEqual(states, ['cancelled', 'cancelled', 'cancelled', 'pending'])
    await world.clock.settle()
    assert.equal(provider.asked.abandon.length, 3)
  })

  test('two sessions at once: both are begun one after the other, and one flow is left', async () => {
    await using world = brokerWorld()
    const other = world.another()
    const starts = [world.broker.start(ada, request), other.start({ ...ada, session: 'b' }, request)]
    await world.clock.pass(2)
    const ids = (await Promise.all(starts)).map(({ id }) => id)
    const states = await Promise.all(ids.map(async (id) => (await world.flow(id))?.state))
    assert.deepEqual(states.toSorted(), ['cancelled', 'pending'])
  })

  test('persons do not wait for one another, nor do providers', async () => {
    await using world = brokerWorld()
    const slow = Promise.withResolvers<Begun>()
    world.provider.begins.push(slow.promise)
    const mine = world.broker.start(ada, request)
    await world.clock.settle()
    const theirs = await world.broker.start({ person: 'bob', session: 's' }, request)
    assert.equal(theirs.state, 'pending')
    slow.resolve(begun)
    assert.notEqual((await mine).id, theirs.id)
  })

  test('a starter that died leaves the place after half a minute', async () => {
    await using world = brokerWorld()
    world.provider.begins.push(() => new Promise(() => {}))
    void world.broker.start(ada, request).catch(() => {})
    await world.clock.settle()
    const again = world.another().start(ada, request)
    await world.clock.pass(29)
    assert.equal(world.provider.asked.begin.length, 1)
    await world.clock.pass(2)
    assert.equal((await again).state, 'pending')
    assert.equal(world.provider.asked.begin.length, 2)
  })

  test('the flood of one person ends with a refusal, and others go on', async () => {
    await using world = brokerWorld()
    const flood = async () => {
      for (let count = 0; count < 1000; count++) {
        const { id } = await world.broker.start(ada, { ...request, label: String(count) })
        await world.broker.cancel(ada, id)
      }
    }
    await assert.rejects(flood(), { code: 'provider_unavailable', retryAfterSeconds: 60 })
    assert.ok(world.provider.asked.begin.length <= 60)
    await world.broker.start({ person: 'bob', session: 's' }, request)
    await world.clock.pass(400)
    await world.broker.start(ada, request)
  })
})

describe('a start that comes to nothing', () => {
  const answers: readonly [Begun, object][] = [
    [
      { type: 'trouble', retryAfterSeconds: 17 },
      { code: 'provider_unavailable', retryAfterSeconds: 17 },
    ],
    [{ type: 'problem', problem: 'provider_refused' }, { code: 'provider_refused' }],
    [{ type: 'problem', problem: 'provider_answer' }, { code: 'provider_refused' }],
    [{ type: 'problem', problem: 'missing_fields' }, { code: 'missing_fields' }],
  ]
  for (const [answer, error] of answers)
    test(`${JSON.stringify(answer)} is said, and the next start asks anew`, async () => {
      await using world = brokerWorld()
      world.provider.begins.push(answer)
      await assert.rejects(world.broker.start(ada, request), { name: 'StartError', ...error })
      assert.equal((await world.broker.start(ada, request)).state, 'pending')
    })

  test('S3-5 what a provider throws is logged as its kind and shown as a sentence', async () => {
    await using world = brokerWorld()
    world.provider.begins.push(() => Promise.reject(new TypeError("int() can't read '5s', secret")))
    await assert.rejects(world.broker.start(ada, request), (error: Error) => {
      assert.doesNotMatch(error.message, /int|secret/)
      return 'code' in error && error.code === 'provider_unavailable'
    })
    assert.doesNotMatch(JSON.stringify(world.log), /secret/)
  })

  for (const link of ['javascript:alert(1)', 'http://provider.example/device', 'no link', 'data:text/html,x'])
    test(`a provider that sends people to ${link} has not answered`, async () => {
      await using world = brokerWorld()
      const shown = {
        kind: 'code',
        userCode: 'A',
        verificationUri: link,
        verificationUriComplete: null,
      } as const
      world.provider.begins.push({ ...begun, shown })
      await assert.rejects(world.broker.start(ada, request), { code: 'provider_refused' })
    })

  test('a provider that is not on is refused, and those that are on are named', async () => {
    await using world = brokerWorld({ provider: { aliases: ['also-scripted'] } })
    await assert.rejects(world.broker.start(ada, { provider: 'myspace' }), {
      code: 'unknown_provider',
      message: 'This provider is not on. These are: scripted.',
    })
    for (const name of [' Scripted ', 'also-scripted'])
      assert.equal((await world.broker.start(ada, { provider: name })).provider, 'scripted')
    for (const name of ['__proto__', 'constructor', ''])
      await assert.rejects(world.broker.start(ada, { provider: name }), { code: 'unknown_provider' })
  })

  test('scopes and ways back that are none are refused before anybody is asked', async () => {
    await using world = brokerWorld()
    const wishes = [
      { scopes: ['two words'] },
      { scopes: ['"quoted"'] },
      { scopes: [''] },
      { scopes: hundred.map((_, index) => `s${index}`) },
      ...[
        'https://evil.example',
        '//evil.example',
        '/\\evil.example',
        '/.//evil.example',
        '/a/..//evil.example',
        'settings',
        '/a\nb',
        '',
        'javascript:x',
      ].map((returnTo) => ({ returnTo })),
    ]
    for (const wish of wishes)
      await assert.rejects(world.broker.start(ada, { ...request, ...wish }), { code: 'invalid_request' })
    assert.equal(world.provider.asked.begin.length, 0)
  })

  test('a flow that is cancelled while the provider is asked is not begun, and the provider hears of it', async () => {
    await using world = brokerWorld()
    const slow = Promise.withResolvers<Begun>()
    world.provider.begins.push(slow.promise)
    const start = world.broker.start(ada, request)
    await world.clock.settle()
    await world.broker.forget('ada')
    slow.resolve(begun)
    await assert.rejects(start, { code: 'wrong_state' })
    await world.clock.settle()
    assert.equal(world.provider.asked.abandon.length, 1)
  })
})

describe('S3-5 odd intervals and lifetimes', () => {
  const odd: readonly [unknown, number][] = [
    ['5', 5],
    ['7s', 7],
    [undefined, 5],
    [null, 5],
    [Number.NaN, 5],
    [-4, 5],
    [0, 5],
    [1, 3],
    [1e9, 60],
    [{}, 5],
  ]
  for (const [sent, seconds] of odd)
    test(`an interval of ${JSON.stringify(sent)} is ${seconds} s`, async () => {
      await using world = brokerWorld()
      world.provider.begins.push({ ...begun, interval: sent })
      assert.equal((await world.broker.start(ada, request)).intervalSeconds, seconds)
      await world.clock.pass(seconds - 0.5)
      assert.equal(world.provider.asked.poll.length, 0)
      await world.clock.pass(0.5)
      assert.equal(world.provider.asked.poll.length, 1)
    })
  for (const [sent, seconds] of [
    [1, 60],
    ['120', 120],
    [1e9, 900],
    [undefined, 900],
    ['soon', 900],
  ] as const)
    test(`a lifetime of ${JSON.stringify(sent)} is ${seconds} s`, async () => {
      await using world = brokerWorld()
      world.provider.begins.push({ ...begun, lifetime: sent })
      assert.equal((await world.broker.start(ada, request)).secondsLeft, seconds)
    })
})

const begun = {
  type: 'begun',
  shown: {
    kind: 'code',
    userCode: 'SLOW',
    verificationUri: 'https://provider.example/device',
    verificationUriComplete: null,
  },
  remembered: { deviceCode: 'slow' },
} as const satisfies Begun
