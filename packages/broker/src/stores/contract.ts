// What every store of the broker must do, as one suite: a store's own test file calls `storeContract` with a way to open it, and
// whoever writes a store of their own can do the same. Races between processes, and kills, are in testing/store-races.ts,
// because the memory store has no processes; random sequences, compared with the memory store, in testing/store-model.ts.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Flow, keptSeconds, slotOf } from '../flow.ts'
import { type BrokerStore, forgottenLeaseSeconds } from '../store.ts'
import { sampleFlow, sampleLease, sampleStored, sampleTime } from '../testing/samples.ts'

export interface OpenedStore {
  /** Empty. */
  readonly store: BrokerStore
  /** One more store on the same records, as another process would open it; left out where nothing outlives a store. */
  readonly reopen?: () => Promise<BrokerStore>
  /** Closes `store` and removes what was made for it. */
  readonly close: () => Promise<void>
}

type Open = () => Promise<OpenedStore>

export function storeContract(name: string, open: Open): void {
  describe(`store contract: ${name}`, () => {
    records(open)
    races(open)
    slots(open)
    dueFlows(open)
    sweeping(open)
  })
}

/** A store for a few tests. */
function opened(open: Open): { readonly it: () => OpenedStore; readonly store: () => BrokerStore } {
  let here: OpenedStore
  before(async () => {
    here = await open()
  })
  after(() => here.close())
  return { it: () => here, store: () => here.store }
}

/** The three sorts of records alike: how one is written, and what another version of it looks like. */
const sorts = [
  {
    name: 'flow',
    of: (store: BrokerStore) => store.flows,
    first: (id: string) => sampleFlow({ id, person: id }),
    second: (id: string) =>
      sampleFlow({
        id,
        person: id,
        version: 2,
        state: 'success',
        delivery: 'sealed',
        secrets: null,
        label: null,
      }),
  },
  {
    name: 'lease',
    of: (store: BrokerStore) => store.leases,
    first: (id: string) => sampleLease({ id }),
    second: (id: string) => sampleLease({ id, version: 2, holder: null, sent: 'digest', sentAt: 7.5 }),
  },
  {
    name: 'connection',
    of: (store: BrokerStore) => store.connections,
    first: (id: string) => sampleStored({ id }),
    second: (id: string) => sampleStored({ id, version: 2, facts: '{}', sealed: 'other' }),
  },
] as const

interface AnyRecord {
  readonly id: string
  readonly version: number
}

/** As `Records` of store.ts, of whatever sort. */
interface AnyRecords {
  find(id: string): Promise<AnyRecord | undefined>
  put(record: AnyRecord): Promise<boolean>
}

function eachSort(
  with_: (sort: {
    readonly name: string
    readonly of: (store: BrokerStore) => AnyRecords
    readonly first: (id: string) => AnyRecord
    readonly second: (id: string) => AnyRecord
  }) => void,
): void {
  for (const sort of sorts) with_(sort as unknown as Parameters<typeof with_>[0])
}

/** Text that databases dislike, in ids, in what is looked for, and in bodies. */
const oddTexts = [
  '',
  '\0',
  'a\0b\x01c\x010000',
  '\ud800',
  '\ud801',
  '\udc00 a half',
  "'; DROP TABLE flows; --",
  '🗝',
  '?',
  '\\',
]

function records(open: Open): void {
  const { it, store } = opened(open)
  eachSort(({ name, of, first, second }) => {
    test(`a ${name} is read as it was written, field for field, also by another process`, async () => {
      const kept = of(store())
      assert.equal(await kept.find('whole'), undefined)
      assert.equal(await kept.put(first('whole')), true)
      assert.deepEqual(await kept.find('whole'), first('whole'))
      assert.equal(await kept.put(second('whole')), true)
      assert.deepEqual(await kept.find('whole'), second('whole'))
      const other = await it().reopen?.()
      if (other !== undefined) assert.deepEqual(await of(other).find('whole'), second('whole'))
      await other?.close()
    })

    test(`a ${name} is written only over the version that was seen`, async () => {
      const kept = of(store())
      assert.equal(await kept.put(second('versions')), false, 'version 2 where there is none')
      assert.equal(await kept.find('versions'), undefined)
      assert.equal(await kept.put(first('versions')), true)
      assert.equal(await kept.put(first('versions')), false, 'version 1 where there is one')
      assert.equal(await kept.put({ ...second('versions'), version: 3 }), false, 'one left out')
      assert.deepEqual(await kept.find('versions'), first('versions'))
      assert.equal(await kept.put(second('versions')), true)
      assert.equal(await kept.put(second('versions')), false, 'the same again')
      assert.equal(await kept.put({ ...second('versions'), version: 0 }), false)
    })

    test(`a ${name} may have any text for its id, and no two ids are one`, async () => {
      const kept = of(store())
      for (const id of oddTexts) assert.equal(await kept.put(first(id)), true, JSON.stringify(id))
      for (const id of oddTexts) assert.deepEqual(await kept.find(id), first(id))
    })
  })

  test('flows and connections are found by person, whatever the name, and only by that', async () => {
    const { flows, connections } = store()
    for (const person of oddTexts) {
      await flows.put(sampleFlow({ id: `of ${person}`, person, provider: 'p1' }))
      await flows.put(sampleFlow({ id: `of ${person} too`, person, provider: 'p2' }))
      await connections.put(sampleStored({ id: `of ${person}`, person }))
    }
    for (const person of oddTexts) {
      const ids = (await flows.ofPerson(person)).map(({ id }) => id).filter((id) => id.startsWith('of '))
      assert.deepEqual(ids.sort(), [`of ${person}`, `of ${person} too`])
      assert.deepEqual(await connections.ofPerson(person), [sampleStored({ id: `of ${person}`, person })])
    }
    assert.deepEqual(await connections.ofPerson('nobody'), [])
    assert.deepEqual(await flows.ofPerson('nobody'), [])
  })

  test('a connection is removed only as the version that was seen, and may be made again', async () => {
    const { connections } = store()
    const one = sampleStored({ id: 'removed' })
    await connections.put(one)
    assert.equal(await connections.remove('removed', 2), false)
    assert.equal(await connections.remove('removed', 1), true)
    assert.equal(await connections.remove('removed', 1), false)
    assert.equal(await connections.find('removed'), undefined)
    assert.equal(await connections.put(one), true)
  })
}

function races(open: Open): void {
  const { store } = opened(open)
  eachSort(({ name, of, first, second }) => {
    test(`of 20 who write one ${name} at once one succeeds, the first time and every time`, async () => {
      const kept = of(store())
      for (const next of [first('raced'), second('raced')]) {
        const won = await Promise.all(Array.from({ length: 20 }, () => kept.put(next)))
        assert.equal(won.filter(Boolean).length, 1)
      }
    })
  })

  test('of a put and a remove of one connection one succeeds', async () => {
    const { connections } = store()
    for (let round = 0; round < 10; round++) {
      const id = `put or removed ${round}`
      await connections.put(sampleStored({ id }))
      const next = sampleStored({ id, version: 2 })
      const [put, removed] = await Promise.all([connections.put(next), connections.remove(id, 1)])
      assert.notEqual(put, removed)
      assert.deepEqual(await connections.find(id), put ? next : undefined)
    }
  })
}

function slots(open: Open): void {
  const { store } = opened(open)
  const slot = slotOf(sampleFlow({ person: 'sam' })) as string
  const of = (id: string, changes: Partial<Flow> = {}) => sampleFlow({ id, person: 'sam', ...changes })

  test('S3-7 a person has one unfinished flow per provider, and of 20 who start at once one does', async () => {
    const { flows } = store()
    const made = await Promise.all(Array.from({ length: 20 }, (_, i) => flows.put(of(`flow ${i}`))))
    assert.equal(made.filter(Boolean).length, 1)
    const winner = `flow ${made.indexOf(true)}`
    assert.equal((await flows.inSlot(slot))?.id, winner)
    assert.equal(
      await flows.put(of(winner, { version: 2, intervalSeconds: 9 })),
      true,
      'it goes on in its slot',
    )
    assert.equal((await flows.inSlot(slot))?.intervalSeconds, 9)
    assert.equal(await flows.put(of('elsewhere', { provider: 'gitlab' })), true)
    assert.equal(await flows.put(of('other', { person: 'sue' })), true)
    assert.equal(await flows.put(of(winner, { version: 3, state: 'cancelled' })), true)
    assert.equal(await flows.inSlot(slot), undefined)
    assert.equal(await flows.put(of('next')), true)
    assert.equal((await flows.inSlot(slot))?.id, 'next')
  })

  test('no change brings a flow into a slot that another one is in', async () => {
    const { flows } = store()
    const rob = (id: string, changes: Partial<Flow> = {}) => sampleFlow({ id, person: 'rob', ...changes })
    assert.equal(await flows.put(rob('over', { state: 'denied' })), true)
    assert.equal(await flows.put(rob('now')), true)
    assert.equal(await flows.put(rob('over', { version: 2 })), false)
    assert.deepEqual(await flows.find('over'), rob('over', { state: 'denied' }))
  })

  test('names that look alike are slots of their own', async () => {
    const { flows } = store()
    const pairs = [
      ['a","b', 'c'],
      ['a', 'b","c'],
      ['\ud800', 'p'],
      ['\ud801', 'p'],
      ['\ufffd', 'p'],
    ] as const
    for (const [i, [person, provider]] of pairs.entries())
      assert.equal(await flows.put(sampleFlow({ id: `pair ${i}`, person, provider })), true)
    for (const [i, [person, provider]] of pairs.entries()) {
      const found = await flows.inSlot(slotOf({ state: 'pending', person, provider }) as string)
      assert.equal(found?.id, `pair ${i}`)
    }
  })
}

function dueFlows(open: Open): void {
  const { store } = opened(open)

  test('flows are due at their time, the longest due first, no more than asked for', async () => {
    const { flows } = store()
    assert.equal(await flows.nextDue(), undefined)
    const times = { later: 30.75, first: 10.5, never: null, second: 20 }
    for (const [person, dueAt] of Object.entries(times))
      await flows.put(sampleFlow({ id: person, person, dueAt }))
    const due = async (now: number, limit = 10) => (await flows.due(now, limit)).map(({ id }) => id)
    assert.equal(await flows.nextDue(), 10.5)
    assert.deepEqual(await due(10.25), [])
    assert.deepEqual(await due(10.5), ['first'])
    assert.deepEqual(await due(40), ['first', 'second', 'later'])
    assert.deepEqual(await due(40, 2), ['first', 'second'])
    assert.deepEqual(await due(40, 0), [])
    await flows.put(sampleFlow({ id: 'first', person: 'first', version: 2, dueAt: 50 }))
    assert.deepEqual(await due(40), ['second', 'later'])
    assert.equal(await flows.nextDue(), 20)
  })

  test('what is due is also told without some providers, however many of theirs are before it', async () => {
    const { flows } = store()
    for (let i = 0; i < 20; i++) {
      const provider = i % 2 === 0 ? 'slow' : "O'Slow?"
      await flows.put(sampleFlow({ id: `slow ${i}`, person: `person ${i}`, provider, dueAt: i / 10 }))
    }
    await flows.put(sampleFlow({ id: 'quick', provider: 'quick', dueAt: 3 }))
    const [some, without] = [['slow'], ['slow', "O'Slow?", 'unknown']]
    assert.equal((await flows.due(4, 100, [])).length, 21)
    assert.equal((await flows.due(4, 3, some)).length, 3)
    assert.deepEqual(
      (await flows.due(4, 3, without)).map(({ id }) => id),
      ['quick'],
    )
    assert.deepEqual(await flows.due(2.9, 3, without), [])
    assert.deepEqual(
      [await flows.nextDue(some), await flows.nextDue(without), await flows.nextDue(['quick'])],
      [0.1, 3, 0],
    )
  })
}

function sweeping(open: Open): void {
  const { store } = opened(open)

  test('S3-2 a finished flow keeps its answer for five minutes, an unfinished one until it is over', async () => {
    const { flows, sweep } = store()
    const end = sampleTime + keptSeconds
    const over = { state: 'expired', updatedAt: sampleTime, dueAt: null } as const
    await flows.put(sampleFlow({ id: 'over', person: 'p1', ...over }))
    await flows.put(sampleFlow({ id: 'pending', person: 'p2' }))
    await flows.put(
      sampleFlow({ id: 'on its way', person: 'p3', ...over, state: 'success', delivery: 'sealed' }),
    )
    assert.equal(await sweep(end - 0.5), 0)
    assert.equal((await flows.find('over'))?.state, 'expired')
    assert.equal(await sweep(end), 1)
    assert.equal(await flows.find('over'), undefined)
    assert.equal(await sweep(end + 1e6), 0)
    assert.equal((await flows.find('pending'))?.state, 'pending')
    assert.equal((await flows.find('on its way'))?.delivery, 'sealed')
  })

  test('a lease that says nothing any more is forgotten an hour later, one that has sent a token never', async () => {
    const { leases, sweep } = store()
    const until = sampleTime + 20
    await leases.put(sampleLease({ id: 'held' }))
    await leases.put(sampleLease({ id: 'given back', holder: null }))
    await leases.put(sampleLease({ id: 'sent', sent: 'digest', sentAt: sampleTime }))
    assert.equal(await sweep(until + forgottenLeaseSeconds - 1), 0)
    assert.equal(await sweep(until + forgottenLeaseSeconds), 2)
    assert.equal(await leases.find('held'), undefined)
    assert.equal(await leases.find('given back'), undefined)
    assert.equal(await sweep(until + 1e9), 0)
    assert.equal((await leases.find('sent'))?.sent, 'digest')
  })

  test('a sweep of many takes them all, and keeps the rest', async () => {
    const { flows, sweep } = store()
    const write = (id: string, changes: Partial<Flow>) =>
      flows.put(sampleFlow({ id, person: id, ...changes }))
    const many = Array.from({ length: 503 }, (_, i) => `old ${i}`)
    await Promise.all(many.map((id) => write(id, { state: 'denied', updatedAt: 1, dueAt: null })))
    await write('new', { state: 'denied', updatedAt: sampleTime, dueAt: null })
    assert.equal(await sweep(sampleTime), many.length)
    assert.equal((await flows.find('new'))?.state, 'denied')
  })
}
