// What a success, and a cancel right beside it, mean for everybody who asks: credentials of the host that appear while somebody
// cancels (systems.md 3.6 #1727), and tokens that nobody has an old copy of once a new one is there (cache invalidation).
// Not here: flows with a code (flows.test.ts), renewing (tokens.test.ts).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type HostCredentials, hostCredentials } from './host-credentials.ts'
import { ada, brokerWorld } from './testing/broker-world.ts'

const request = { provider: 'scripted' }

describe('S3 3.6 #1727 cancel and the linking of credentials of the host', () => {
  function linking() {
    const asked: PromiseWithResolvers<HostCredentials | undefined>[] = []
    const provider = hostCredentials({
      id: 'anthropic',
      aliases: ['claude', 'claude-code'],
      name: 'Claude',
      docs: 'https://docs.example/claude',
      actionRequired: 'Sign in on this machine.',
      read() {
        const one = Promise.withResolvers<HostCredentials | undefined>()
        asked.push(one)
        return one.promise
      },
    })
    return { asked, world: brokerWorld({ providers: [provider] }) }
  }
  const found = { accessToken: 'of the host', account: { id: '1', name: 'mia' } }

  test('a cancel while they are read leaves nothing behind', async () => {
    const { asked, world } = linking()
    await using _ = world
    const { id } = await world.broker.start(ada, { provider: 'claude' })
    await world.clock.pass(5)
    assert.equal(asked.length, 1)
    assert.equal((await world.broker.cancel(ada, id))?.state, 'cancelled')
    asked[0]?.resolve(found)
    await world.clock.pass(30)
    assert.equal((await world.broker.status(ada, id)).state, 'cancelled')
    assert.deepEqual(await world.broker.connections('ada'), [])
    assert.deepEqual(world.events, [])
    await assert.rejects(world.broker.token('ada', 'anthropic'), { code: 'not_connected' })
  })

  test('a cancel that comes after them says that they are linked, and unlinks nothing', async () => {
    const { asked, world } = linking()
    await using _ = world
    const { id } = await world.broker.start(ada, { provider: 'claude-code' })
    await world.clock.pass(5)
    asked[0]?.resolve(found)
    await world.clock.settle()
    assert.equal((await world.broker.cancel(ada, id))?.state, 'success')
    assert.equal((await world.broker.token('ada', 'anthropic')).accessToken, 'of the host')
  })

  test('a cancel of connecting again leaves what was linked before as it was', async () => {
    const { asked, world } = linking()
    await using _ = world
    await world.broker.start(ada, { provider: 'anthropic' })
    await world.clock.pass(5)
    asked[0]?.resolve(found)
    await world.clock.settle()
    const [connection] = await world.broker.connections('ada')
    const again = await world.broker.start(ada, { provider: 'anthropic', connection: connection?.id })
    await world.clock.pass(5)
    await world.broker.cancel(ada, again.id)
    asked[1]?.resolve({ ...found, accessToken: 'another' })
    await world.clock.pass(5)
    assert.deepEqual(await world.broker.connections('ada'), [connection])
    assert.equal((await world.broker.token('ada', 'anthropic')).accessToken, 'of the host')
  })
})

describe('S3 3.6 cache invalidation: nobody has an old copy', () => {
  test('once a success is told, every node hands out the new token, and nothing that it knew before', async () => {
    await using world = brokerWorld()
    const { broker, provider, clock } = world
    const nodes = [broker, world.another()]
    const tokens = () =>
      Promise.all(
        nodes.map(async (node) =>
          node.token('ada', 'scripted').then(
            ({ accessToken }) => accessToken,
            ({ code }: { code: string }) => code,
          ),
        ),
      )
    assert.deepEqual(await tokens(), ['not_connected', 'not_connected'])
    for (const token of ['access-token-1', 'access-token-2']) {
      const { id } = await broker.start(ada, request)
      provider.polls.push(provider.approved())
      await clock.pass(5)
      assert.equal((await nodes[1]?.status(ada, id))?.state, 'success')
      assert.deepEqual(await tokens(), [token, token])
    }
    const [connection] = await broker.connections('ada')
    await broker.disconnect('ada', connection?.id ?? '')
    assert.deepEqual(await tokens(), ['not_connected', 'not_connected'])
  })

  test('the application hears of it when the token is there to be had, not before', async () => {
    await using world = brokerWorld()
    const { broker, provider, clock } = world
    const had: Promise<{ readonly accessToken: string }>[] = []
    broker.on(({ type }) => {
      if (type === 'connected') had.push(broker.token('ada', 'scripted'))
    })
    await broker.start(ada, request)
    provider.polls.push(provider.approved())
    await clock.pass(5)
    assert.deepEqual(
      (await Promise.all(had)).map(({ accessToken }) => accessToken),
      ['access-token-1'],
    )
  })
})
