// The browser is back from a provider (RFC 6749 §4.1): whose it must be, what it must bring, and that its code is sent once.
// Not here: what each provider reads out of it (oauth-code.ts).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Answer, Provider, Remembered } from './provider.ts'
import { ada, type BrokerWorld, brokerWorld } from './testing/broker-world.ts'

const redirecting = {
  kind: 'redirect',
  returned(remembered: Remembered, query: URLSearchParams): Answer {
    if (query.has('error')) return { type: 'denied' }
    return { type: 'further', remembered: { ...remembered, code: query.get('code') ?? '' } }
  },
} satisfies Partial<Provider>

async function started(world: BrokerWorld) {
  const view = await world.broker.start(ada, { provider: 'scripted', returnTo: '/after' })
  const state = world.provider.asked.begin.at(-1)?.state ?? ''
  const query = (more: Record<string, string> = { code: 'the-code' }) =>
    new URLSearchParams({ state, ...more })
  return { view, state, query }
}

test('a code is exchanged at once, and nothing is asked before the browser is back', async () => {
  await using world = brokerWorld({ provider: redirecting })
  const { broker, provider, clock } = world
  const { view, query } = await started(world)
  await clock.pass(120)
  assert.equal(provider.asked.poll.length, 0)
  provider.polls.push(provider.approved())
  const back = await broker.returned(ada, 'scripted', query())
  assert.deepEqual([back.id, back.state, back.returnTo], [view.id, 'pending', '/after'])
  await clock.settle()
  assert.equal((await broker.status(ada, view.id)).state, 'success')
  assert.equal(provider.asked.poll[0]?.code, 'the-code')
})

test('an exchange that meets trouble is done again with the same code', async () => {
  await using world = brokerWorld({ provider: redirecting })
  const { view, query } = await started(world)
  world.provider.polls.push({ type: 'trouble' }, { type: 'trouble' }, world.provider.approved())
  await world.broker.returned(ada, 'scripted', query())
  await world.clock.pass(60)
  assert.equal((await world.broker.status(ada, view.id)).state, 'success')
  assert.equal(world.provider.asked.poll.length, 3)
})

test('a reload of the page, or two at once, sends the code once', async () => {
  await using world = brokerWorld({ provider: redirecting })
  const { broker, provider, clock } = world
  const { query } = await started(world)
  const slow = Promise.withResolvers<Answer>()
  provider.polls.push(slow.promise)
  await Promise.all([broker.returned(ada, 'scripted', query()), broker.returned(ada, 'scripted', query())])
  await clock.settle()
  assert.equal((await broker.returned(ada, 'scripted', query())).state, 'pending')
  assert.equal((await broker.returned(ada, 'scripted', query({ error: 'access_denied' }))).state, 'pending')
  slow.resolve(provider.approved())
  await clock.settle()
  assert.equal((await broker.returned(ada, 'scripted', query())).state, 'success')
  assert.equal(provider.asked.poll.length, 1)
})

test('a no at the provider ends it, and a cancel or the end of its time before the browser is back does', async () => {
  await using world = brokerWorld({ provider: redirecting })
  const { broker, clock } = world
  const first = await started(world)
  assert.equal(
    (await broker.returned(ada, 'scripted', first.query({ error: 'access_denied' }))).state,
    'denied',
  )
  const second = await started(world)
  await broker.cancel(ada, second.view.id)
  assert.equal((await broker.returned(ada, 'scripted', second.query())).state, 'cancelled')
  const third = await started(world)
  await clock.pass(900)
  assert.equal((await broker.returned(ada, 'scripted', third.query())).state, 'expired')
  assert.equal(world.provider.asked.poll.length, 0)
})

describe('CL-02 CL-20 what did not come back from where it was sent', () => {
  test('the link of somebody else does nothing in my session', async () => {
    await using world = brokerWorld({ provider: redirecting })
    const { query, view } = await started(world)
    for (const owner of [
      { ...ada, session: 'another' },
      { person: 'eve', session: 'of eve' },
    ])
      await assert.rejects(world.broker.returned(owner, 'scripted', query()), { code: 'flow_not_found' })
    assert.equal((await world.broker.status(ada, view.id)).state, 'pending')
    assert.equal(world.provider.asked.poll.length, 0)
  })

  test('neither does another state, two of them, or none', async () => {
    await using world = brokerWorld({ provider: redirecting })
    const { view, state } = await started(world)
    const guess = `${view.id}.${'A'.repeat(43)}`
    const queries: [string, string][] = [
      [`state=${guess}&code=c`, 'wrong_state'],
      [`state=${view.id}&code=c`, 'wrong_state'],
      [`state=${state}&state=${state}&code=c`, 'wrong_state'],
      [`state=${state}.more&code=c`, 'wrong_state'],
      ['code=c', 'flow_not_found'],
      ['', 'flow_not_found'],
      ['state=.', 'flow_not_found'],
    ]
    for (const [query, code] of queries)
      await assert.rejects(
        world.broker.returned(ada, 'scripted', new URLSearchParams(query)),
        { code },
        query,
      )
    assert.equal((await world.broker.status(ada, view.id)).state, 'pending')
  })

  test('CL-03 what arrives at the place of another provider is not taken, so no provider is told another one’s code', async () => {
    await using world = brokerWorld({ provider: redirecting })
    const { view, query } = await started(world)
    assert.equal(
      world.provider.asked.begin.at(-1)?.redirectUri,
      'https://app.example/connections/callback/scripted',
    )
    for (const place of ['other', '', 'scripted/more'])
      await assert.rejects(world.broker.returned(ada, place, query()), { code: 'wrong_state' }, place)
    assert.equal((await world.broker.status(ada, view.id)).state, 'pending')
    assert.equal(world.provider.asked.poll.length, 0)
    world.provider.polls.push(world.provider.approved())
    await world.broker.returned(ada, 'scripted', query())
    await world.clock.settle()
    assert.equal((await world.broker.status(ada, view.id)).state, 'success')
  })

  test('S3-5 why a provider sent somebody back is in the log, in words of the RFC and no others', async () => {
    const returned = (): Answer => ({ type: 'problem', problem: 'provider_refused' })
    await using world = brokerWorld({ provider: { ...redirecting, returned } })
    for (const [error, noted] of [
      ['invalid_scope', 'invalid_scope'],
      ['the code is SECRET', 'other'],
    ] as const) {
      const { view, query } = await started(world)
      await world.broker.returned(ada, 'scripted', query({ error, error_description: 'SECRET' }))
      assert.deepEqual(world.log.at(-1), {
        event: 'flow.returned_refused',
        detail: { flow: view.id, provider: 'scripted', error: noted },
      })
    }
    assert.doesNotMatch(JSON.stringify(world.log), /SECRET/)
  })

  test('a provider that never sends a browser has no way back', async () => {
    await using world = brokerWorld()
    const { query } = await started(world)
    await assert.rejects(world.broker.returned(ada, 'scripted', query()), { code: 'flow_not_found' })
  })

  test('a query that the provider cannot read ends the flow with a sentence, not with what was thrown', async () => {
    const returned = (): Answer => {
      throw new TypeError('evidence')
    }
    await using world = brokerWorld({ provider: { ...redirecting, returned } })
    const { query } = await started(world)
    const view = await world.broker.returned(ada, 'scripted', query())
    assert.equal(view.state, 'error')
    assert.doesNotMatch(JSON.stringify(view), /evidence/)
  })
})
