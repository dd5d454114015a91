// A process dies at each point of a renewal: before each thing that it asks of the store or the provider, and after each. Whoever
// comes then must never send a refresh token that may have been sent, and must never lose one that was stored.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Broker } from './broker.ts'
import { leaseSeconds } from './connection.ts'
import { createBroker } from './create-broker.ts'
import type { BrokerStore } from './store.ts'
import { testKey } from './testing/broker-world.ts'
import { type ConnectedWorld, connectedWorld } from './testing/connected-world.ts'

interface Death {
  /** How many things it asks and gets before. */
  readonly after: number
  /** Whether the last thing that it asks is done, only that it never learns. */
  readonly done: boolean
}

/** The process as a broker, and whether it got as far as its death. */
function dying(
  world: ConnectedWorld,
  death: Death,
): { readonly broker: Broker; readonly asked: () => number } {
  const { store, provider, clock } = world
  let asked = 0
  async function step<Result>(work: () => Promise<Result>): Promise<Result> {
    asked += 1
    if (asked <= death.after) return work()
    if (asked === death.after + 1 && death.done) await work()
    return new Promise(() => {})
  }
  const { leases, connections } = store
  const mortal: BrokerStore = {
    ...store,
    leases: { find: (id) => step(() => leases.find(id)), put: (lease) => step(() => leases.put(lease)) },
    connections: {
      ...connections,
      find: (id) => step(() => connections.find(id)),
      put: (connection) => step(() => connections.put(connection)),
      ofPerson: (person) => step(() => connections.ofPerson(person)),
    },
  }
  const asking = {
    ...provider,
    refresh: (...all: Parameters<typeof provider.refresh>) => step(() => provider.refresh(...all)),
  }
  // What it waits for besides is waited for by nobody: dead processes have no timers, and no worker.
  const flows = { ...store.flows, due: async () => [], nextDue: async () => undefined }
  const broker = createBroker({
    providers: [asking],
    store: { ...mortal, flows },
    key: testKey,
    system: clock,
  })
  return { broker, asked: () => asked }
}

async function outcome(death: Death, graceSeconds: number) {
  const world = connectedWorld({ provider: { refreshGraceSeconds: graceSeconds } })
  await using _ = world
  const before = await world.connect()
  const { broker, asked } = dying(world, death)
  const first = broker.token('ada', 'scripted').then(({ accessToken }) => accessToken)
  first.catch(() => {})
  await world.clock.settle()
  const isDead = asked() > death.after
  const sent = world.provider.asked.refresh.length
  const stored = (await world.stored()).tokens
  const next = world.broker.token('ada', 'scripted').then(
    ({ accessToken }) => accessToken,
    (error: { code: string }) => error.code,
  )
  await world.clock.pass(leaseSeconds + 2)
  const got = await next
  const sentInAll = world.provider.asked.refresh
  // It ends only where it did not die: a promise that never settles cannot be closed.
  if (!isDead) await Promise.all([broker.close(), world.clock.pass(5)])
  return {
    isDead,
    asked: asked(),
    before,
    sent,
    stored,
    got,
    sentInAll,
    now: await world.stored(),
    marked: await world.lease(),
  }
}

describe('RT-12 a process dies in the middle of a renewal', () => {
  for (const graceSeconds of [0, 60, Number.POSITIVE_INFINITY])
    test(`at each point, where a refresh token may be sent again for ${graceSeconds} seconds`, async () => {
      const ends = new Set<string>()
      for (let after = 0; ; after++) {
        const both = await Promise.all([false, true].map((done) => outcome({ after, done }, graceSeconds)))
        for (const { isDead, before, sent, stored, got, sentInAll, now } of both) {
          if (!isDead) continue
          const isStored = stored.refreshToken !== before.tokens.refreshToken
          const isNew = got === now.tokens.accessToken && got !== before.tokens.accessToken
          // What was stored is handed out, and nothing is asked for it.
          if (isStored) assert.ok(isNew && sentInAll.length === sent, `${after}: stored`)
          else if (graceSeconds > 0) assert.ok(isNew && sentInAll.length === sent + 1, `${after}: sent again`)
          else if (sent > 0) assert.equal(got, 'connect_again', `${after}: the answer is lost`)
          else assert.ok(isNew || got === 'connect_again', `${after}: ${got}`)
          if (graceSeconds === 0)
            assert.equal(new Set(sentInAll.map((each) => each.refreshToken)).size, sentInAll.length)
          assert.equal(now.ended, got === 'connect_again' ? 'answer_lost' : null)
          ends.add(isStored ? 'stored' : sent > 0 ? 'sent' : got === 'connect_again' ? 'marked' : 'before')
        }
        if (both.every(({ isDead }) => !isDead)) break
      }
      const all = graceSeconds === 0 ? ['before', 'marked', 'sent', 'stored'] : ['before', 'sent', 'stored']
      assert.deepEqual([...ends].sort(), all)
    })
})
