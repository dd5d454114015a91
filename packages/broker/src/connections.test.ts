// What a person does with connections: the list, another name, the end of one and of all; also while one is being renewed.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { leaseSeconds } from './connection.ts'
import { ada } from './testing/broker-world.ts'
import { connectedWorld } from './testing/connected-world.ts'

const notFound = { code: 'connection_not_found' }

test('the list: the newest first, without tokens; nobody else sees it', async () => {
  await using world = connectedWorld()
  const now = world.clock.now()
  await world.connect({ id: 'older', createdAt: now - 2, updatedAt: now - 1 })
  await world.connect({ id: 'newer', createdAt: now - 1, ended: 'refused', provider: 'gone', account: null })
  const account = { id: 'account-1', name: 'ada-l' }
  const shared = { label: 'Work', scopes: ['repo'] }
  assert.deepEqual(await world.broker.connections('ada'), [
    {
      ...shared,
      id: 'newer',
      provider: 'gone',
      providerName: 'gone',
      account: null,
      ended: 'refused',
      createdAt: now - 1,
      updatedAt: now - 3601,
    },
    {
      ...shared,
      id: 'older',
      provider: 'scripted',
      providerName: 'Scripted',
      account,
      ended: null,
      createdAt: now - 2,
      updatedAt: now - 1,
    },
  ])
  assert.deepEqual(await world.broker.connections('bob'), [])
})

describe('another name', () => {
  test('is one line of text; without any it is refused; the tokens stay', async () => {
    await using world = connectedWorld()
    const { tokens } = await world.connect()
    assert.equal((await world.broker.rename('ada', 'connection-1', ' At\n home ')).label, 'At home')
    assert.equal((await world.broker.connections('ada'))[0]?.label, 'At home')
    assert.deepEqual((await world.stored()).tokens, tokens)
    const blank = world.broker.rename('ada', 'connection-1', ' \u200b ')
    await assert.rejects(blank, { code: 'invalid_request' })
  })

  test('two at once: both are written, one after the other', async () => {
    await using world = connectedWorld()
    await world.connect()
    const both = ['one', 'two'].map((label) => world.broker.rename('ada', 'connection-1', label))
    assert.deepEqual(
      (await Promise.all(both)).map(({ label }) => label),
      ['one', 'two'],
    )
    assert.match((await world.stored()).label, /^(one|two)$/)
  })

  test("is not for somebody else's, nor for one that is not there", async () => {
    await using world = connectedWorld()
    await world.connect()
    await assert.rejects(world.broker.rename('bob', 'connection-1', 'Mine'), notFound)
    await assert.rejects(world.broker.rename('ada', 'connection-2', 'Mine'), notFound)
    assert.equal((await world.stored()).label, 'Work')
  })
})

describe('disconnecting', () => {
  test('revokes at the provider, forgets, and tells the application', async () => {
    await using world = connectedWorld()
    const { tokens } = await world.connect()
    assert.deepEqual(await world.broker.disconnect('ada', 'connection-1'), { revoked: true })
    assert.deepEqual(world.provider.asked.revoke, [tokens])
    assert.deepEqual(await world.broker.connections('ada'), [])
    assert.deepEqual(world.events, [
      { type: 'disconnected', person: 'ada', provider: 'scripted', connection: 'connection-1' },
    ])
    await assert.rejects(world.broker.token('ada', 'scripted'), { code: 'not_connected' })
    await assert.rejects(world.broker.disconnect('ada', 'connection-1'), notFound)
    assert.equal((await world.lease())?.holder, null)
  })

  const silent = [
    ['says no', { revoke: async () => false }],
    ['fails', { revoke: async () => Promise.reject(new Error('network')) }],
  ] as const
  for (const [how, provider] of silent)
    test(`the provider ${how}: forgotten here all the same, and said so`, async () => {
      await using world = connectedWorld({ provider })
      await world.connect()
      assert.deepEqual(await world.broker.disconnect('ada', 'connection-1'), { revoked: false })
      assert.deepEqual(await world.broker.connections('ada'), [])
    })

  test('the provider is not on any more: forgotten here', async () => {
    await using world = connectedWorld()
    await world.connect({ provider: 'gone' })
    assert.deepEqual(await world.broker.disconnect('ada', 'connection-1'), { revoked: false })
    assert.deepEqual(await world.broker.connections('ada'), [])
  })

  test("is not for somebody else's", async () => {
    await using world = connectedWorld()
    await world.connect()
    await assert.rejects(world.broker.disconnect('bob', 'connection-1'), notFound)
    await world.stored()
    assert.deepEqual(world.provider.asked.revoke, [])
  })

  test('while another process renews it: waits for that, then revokes the new tokens', async () => {
    await using world = connectedWorld()
    await world.connect()
    const { promise, resolve } = Promise.withResolvers<void>()
    const renewed = { type: 'tokens', tokens: world.provider.tokens() } as const
    world.provider.refreshes.push(() => promise.then(() => renewed))
    const token = world.another().token('ada', 'scripted')
    await world.clock.settle()
    const disconnected = world.broker.disconnect('ada', 'connection-1')
    await world.clock.pass(3)
    assert.deepEqual(world.provider.asked.revoke, [])
    resolve()
    await world.clock.pass(1)
    assert.deepEqual(await disconnected, { revoked: true })
    await token
    assert.deepEqual(world.provider.asked.revoke, [renewed.tokens])
    assert.deepEqual(await world.broker.connections('ada'), [])
  })

  test('while a process that seems dead renews it: what that one brings later is revoked, not stored', async () => {
    await using world = connectedWorld()
    const { tokens } = await world.connect()
    const { promise, resolve } = Promise.withResolvers<void>()
    const renewed = { type: 'tokens', tokens: world.provider.tokens() } as const
    world.provider.refreshes.push(() => promise.then(() => renewed))
    const late = assert.rejects(world.another().token('ada', 'scripted'), { code: 'not_connected' })
    await world.clock.settle()
    const disconnected = world.broker.disconnect('ada', 'connection-1')
    await world.clock.pass(leaseSeconds + 1)
    assert.deepEqual(await disconnected, { revoked: true })
    resolve()
    await late
    assert.deepEqual(world.provider.asked.revoke, [tokens, renewed.tokens])
    assert.deepEqual(await world.broker.connections('ada'), [])
  })

  test('twice at once: once at the provider, and once for the application', async () => {
    await using world = connectedWorld()
    await world.connect()
    const twice = Promise.all([1, 2].map(() => world.broker.disconnect('ada', 'connection-1')))
    await world.clock.pass(2)
    assert.deepEqual(await twice, [{ revoked: true }, { revoked: false }])
    assert.equal(world.provider.asked.revoke.length, 1)
    assert.equal(world.events.length, 1)
  })
})

test('a person who is gone: the flow is cancelled, every connection ended, and nobody else is touched', async () => {
  await using world = connectedWorld()
  await world.connect()
  await world.connect({ id: 'connection-2', provider: 'gone' })
  await world.connect({ id: 'connection-3', person: 'bob' })
  const flow = await world.broker.start(ada, { provider: 'scripted' })
  await world.broker.forget('ada')
  assert.deepEqual(await world.broker.connections('ada'), [])
  assert.equal((await world.broker.status(ada, flow.id)).state, 'cancelled')
  assert.equal(world.provider.asked.revoke.length, 1)
  assert.equal((await world.broker.connections('bob')).length, 1)
})
