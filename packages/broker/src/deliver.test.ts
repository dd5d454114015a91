// The last step: how a credential becomes a connection, once, whatever fails on the way.
// Not here: what comes before it (worker.test.ts), all interleavings (flows.interleavings.test.ts).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StartRequest } from './broker.ts'
import { VaultError } from './errors.ts'
import { createSeal } from './seal.ts'
import { createStoreVault } from './store-vault.ts'
import { memoryStore } from './stores/memory.ts'
import { ada, type BrokerWorld, brokerWorld, testKey } from './testing/broker-world.ts'
import { virtualClock } from './testing/virtual-clock.ts'
import type { Vault } from './vault.ts'

async function connect(world: BrokerWorld, request: Partial<StartRequest> = {}, account?: string | null) {
  const { id } = await world.broker.start(ada, { provider: 'scripted', ...request })
  const who =
    account === null ? null : { id: account ?? 'account-1', name: `name of ${account ?? 'account-1'}` }
  world.provider.polls.push(world.provider.approved(who))
  await world.clock.pass(5)
  return world.broker.status(ada, id)
}

/** A vault in memory that throws while it is `broken`. */
function breakable() {
  const store = memoryStore()
  const vault = createStoreVault(store, createSeal(testKey, virtualClock()))
  const state = { broken: false, placesAsked: 0 }
  const guarded: Vault = {
    ...vault,
    placeOf(person) {
      state.placesAsked += 1
      return `home of ${person}, no. ${state.placesAsked}`
    },
    async list(...args) {
      if (state.broken) throw new VaultError('vault_locked', 'locked')
      return vault.list(...args)
    },
    async put(connection, seen) {
      if (state.broken) throw new VaultError('vault_unwritable', 'full')
      places.push(connection.place)
      return vault.put(connection, seen)
    },
  }
  const places: string[] = []
  return { store, vault: guarded, state, places }
}

test('its label is what the person said, else the account, else the provider', async () => {
  await using world = brokerWorld()
  await connect(world, { label: '  My\n work ' }, 'a')
  await connect(world, {}, 'b')
  await connect(world, {}, null)
  const labels = (await world.broker.connections('ada')).map(({ label }) => label)
  assert.deepEqual(labels.toSorted(), ['My work', 'Scripted', 'name of b'])
})

test('several accounts are several connections; the same account again is the same connection, with new tokens', async () => {
  await using world = brokerWorld()
  await connect(world, { label: 'First' }, 'a')
  await connect(world, {}, 'b')
  await connect(world, {}, 'a')
  const connections = await world.broker.connections('ada')
  assert.deepEqual(connections.map(({ account, label }) => [account?.id, label]).toSorted(), [
    ['a', 'First'],
    ['b', 'name of b'],
  ])
  const first = connections.find(({ account }) => account?.id === 'a')
  const { accessToken } = await world.broker.token('ada', 'scripted', { connection: first?.id })
  assert.equal(accessToken, 'access-token-3')
  assert.deepEqual(world.provider.asked.revoke, [], 'ending the old tokens could end the new ones')
})

describe('connecting again', () => {
  test('renews the connection in its place, with its scopes and those asked for', async () => {
    await using world = brokerWorld()
    await connect(world, { label: 'Work', scopes: ['repo'] })
    const [before] = await world.broker.connections('ada')
    await connect(world, { connection: before?.id, scopes: ['gist'] })
    assert.deepEqual(world.provider.asked.begin.at(-1)?.scopes, ['repo', 'gist'])
    const [after, ...more] = await world.broker.connections('ada')
    assert.deepEqual([after?.id, after?.label, more.length], [before?.id, 'Work', 0])
    assert.equal((await world.broker.token('ada', 'scripted')).accessToken, 'access-token-2')
  })

  test('with another account changes nothing, and what came is revoked', async () => {
    await using world = brokerWorld()
    await connect(world)
    const [before] = await world.broker.connections('ada')
    const view = await connect(world, { connection: before?.id }, 'another')
    assert.equal(view.state, 'error')
    assert.match(view.error ?? '', /another account/)
    assert.equal((await world.broker.token('ada', 'scripted')).accessToken, 'access-token-1')
    assert.deepEqual(
      world.provider.asked.revoke.map(({ accessToken }) => accessToken),
      ['access-token-2'],
    )
  })

  test('without being told whose account it is changes nothing where that was known', async () => {
    await using world = brokerWorld()
    await connect(world)
    const [before] = await world.broker.connections('ada')
    const view = await connect(world, { connection: before?.id }, null)
    assert.equal(view.state, 'error')
    assert.equal((await world.broker.token('ada', 'scripted')).accessToken, 'access-token-1')
    assert.equal(world.provider.asked.revoke.length, 1)
  })

  test('a connection of somebody else, or that is none, is not found', async () => {
    await using world = brokerWorld()
    await connect(world)
    const [{ id } = { id: '' }] = await world.broker.connections('ada')
    const again = (person: string, connection: string) =>
      world.broker.start({ person, session: 's' }, { provider: 'scripted', connection })
    await assert.rejects(again('eve', id), { code: 'connection_not_found' })
    await assert.rejects(again('ada', 'none'), { code: 'connection_not_found' })
  })
})

describe('a vault that fails', () => {
  test('is tried again until the credential is in it; so long the flow is pending, even past its time', async () => {
    const { store, vault, state } = breakable()
    await using world = brokerWorld({ store, vault })
    state.broken = true
    const { id } = await connect(world)
    await world.clock.pass(2000)
    const view = await world.broker.status(ada, id)
    assert.deepEqual([view.state, view.secondsLeft], ['pending', 0])
    const cancelled = world.broker.cancel(ada, id)
    await world.clock.pass(6)
    assert.equal((await cancelled)?.state, 'pending')
    state.broken = false
    await world.clock.pass(10)
    assert.equal((await world.broker.status(ada, id)).state, 'success')
    assert.equal(world.events.length, 1)
    assert.doesNotMatch(JSON.stringify(world.log), /access-token/)
  })

  test('S3-8 the place is asked for when the flow starts, and never again', async () => {
    const { store, vault, state, places } = breakable()
    await using world = brokerWorld({ store, vault })
    await connect(world)
    assert.deepEqual([state.placesAsked, places], [1, ['home of ada, no. 1']])
  })
})

test('what was delivered by a process that died is not delivered again, not even over a renewed token', async () => {
  await using world = brokerWorld()
  const { id } = await connect(world)
  const [connection] = await world.broker.connections('ada')
  const flow = await world.flow(id)
  const stored = await world.store.connections.find(connection?.id ?? '')
  assert.ok(flow && stored)
  // As if it had died between the two writes, and the connection was renewed or renamed since.
  const seal = createSeal(testKey, world.clock)
  const tokens = { accessToken: 'old', refreshToken: null, expiresAt: null, scopes: [] }
  const delivery = seal.seal('delivery', id, JSON.stringify({ tokens, account: null }))
  await world.store.flows.put({ ...flow, version: flow.version + 1, delivery, dueAt: world.clock.now() })
  await world.clock.pass(6)
  assert.equal((await world.flow(id))?.delivery, null)
  assert.deepEqual(await world.store.connections.find(stored.id), stored)
  assert.equal((await world.broker.connections('ada')).length, 1)
})
