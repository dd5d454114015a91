// Whose credential goes where when a person changes to another profile in the middle of a flow: the programs that system S3 belongs to
// looked their profile up late, or through an environment that all of a process share (systems.md 3.6 #1768 and #3970, 3.7).
// Not here: a real auth.json (test/broker/auth-json-flow.test.ts).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Answer } from './provider.ts'
import { createSeal } from './seal.ts'
import { createStoreVault } from './store-vault.ts'
import { memoryStore } from './stores/memory.ts'
import { ada, type BrokerWorld, brokerWorld, testKey } from './testing/broker-world.ts'
import { virtualClock } from './testing/virtual-clock.ts'
import type { Vault } from './vault.ts'

const request = { provider: 'scripted' }

/** A vault whose places are profiles, and the one that each person is in now. */
function profiles() {
  const store = memoryStore()
  const now: { profile: string } = { profile: 'first' }
  const stored: string[] = []
  const inner = createStoreVault(store, createSeal(testKey, virtualClock()))
  const vault: Vault = {
    ...inner,
    placeOf: (person) => `${now.profile} of ${person}`,
    put(connection, seen) {
      stored.push(`${connection.person}: ${connection.tokens.accessToken} into ${connection.place}`)
      return inner.put(connection, seen)
    },
  }
  return { store, vault, now, stored }
}

async function approve({ provider, clock }: BrokerWorld): Promise<void> {
  provider.polls.push(provider.approved())
  await clock.pass(5)
}

describe('S3-8 the profile is the one that the flow was started in', () => {
  test('also where another node, or one that was started again, brings the credential home', async () => {
    const { store, vault, now, stored } = profiles()
    await using world = brokerWorld({ store, vault })
    await world.broker.start(ada, request)
    await world.broker.close()
    now.profile = 'second'
    world.another()
    await approve(world)
    await world.clock.pass(5)
    assert.deepEqual(stored, ['ada: access-token-1 into first of ada'])
  })

  test('and in no profile at all where its record was swept before the answer came', async () => {
    const { store, vault, now, stored } = profiles()
    await using world = brokerWorld({ store, vault })
    const { id } = await world.broker.start(ada, request)
    const slow = Promise.withResolvers<Answer>()
    world.provider.polls.push(slow.promise)
    await world.clock.pass(900)
    const other = world.another()
    assert.equal((await other.status(ada, id)).state, 'expired')
    await world.clock.pass(400)
    assert.equal(await world.flow(id), undefined)
    now.profile = 'second'
    slow.resolve(world.provider.approved())
    await world.clock.pass(5)
    assert.deepEqual(stored, [])
    assert.equal(world.provider.asked.revoke.length, 1)
  })

  test('S3 3.6 #3970 a start in another profile is another flow, and the one before it is cancelled', async () => {
    const { store, vault, now, stored } = profiles()
    await using world = brokerWorld({ store, vault })
    const first = await world.broker.start(ada, request)
    now.profile = 'second'
    const second = await world.broker.start(ada, request)
    assert.notEqual(second.id, first.id)
    assert.equal((await world.broker.status(ada, first.id)).state, 'cancelled')
    assert.equal((await world.broker.start(ada, request)).id, second.id)
    await approve(world)
    assert.equal((await world.broker.status(ada, second.id)).state, 'success')
    assert.deepEqual(stored, ['ada: access-token-1 into second of ada'])
  })

  test('S3 3.6 #3970 starts at once in two profiles share no answer', async () => {
    const { store, vault, now } = profiles()
    await using world = brokerWorld({ store, vault })
    const starting = world.broker.start(ada, request)
    now.profile = 'second'
    const [first, second] = await Promise.all([starting, world.broker.start(ada, request)])
    const places = await Promise.all([first, second].map(async ({ id }) => (await world.flow(id))?.place))
    assert.deepEqual(places, ['first of ada', 'second of ada'])
  })
})

test('S3 3.6 #1768 flows of many persons at once each end in their own place, and the environment is nobody’s', async () => {
  const { store, vault, stored } = profiles()
  const environment = { ...process.env }
  const directory = process.cwd()
  await using world = brokerWorld({ store, vault })
  const persons = Array.from({ length: 30 }, (_, index) => `person-${index}`)
  await Promise.all(persons.map((person) => world.broker.start({ person, session: 's' }, request)))
  for (const _ of persons) world.provider.polls.push(world.provider.approved())
  await world.clock.pass(6)
  const places = stored.map((line) => line.replace(/: access-token-\d+ into /, ' '))
  assert.deepEqual(places.toSorted(), persons.map((person) => `${person} first of ${person}`).toSorted())
  assert.deepEqual({ ...process.env }, environment)
  assert.equal(process.cwd(), directory)
})
