// What every store must do, as one suite: a store's own test file calls `storeContract` with a way to open it. Whoever writes
// a store of their own can do the same. Notices, finding and sweeping are in testing/contract-reading.ts. Races between
// processes are in testing/races.ts, because the memory store has no processes to race; random sequences of writes,
// compared with the memory store, are in testing/model.ts.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Kind, Records } from '@countersign/protocol'
import type { Store } from './store.ts'
import { kinds } from './tables.ts'
import { notices, queries, sweeping } from './testing/contract-reading.ts'
import { changes, sample, samples } from './testing/samples.ts'
import { applied, conflicted, type Subject, write } from './testing/subject.ts'

export interface OpenedStore {
  /** Empty. */
  readonly store: Store
  /** One more store on the same records, as another process would open it; left out where nothing outlives a store. */
  readonly reopen?: () => Promise<Store>
  /** Closes `store` and removes what was made for it. */
  readonly close: () => Promise<void>
}

export function storeContract(name: string, open: () => Promise<OpenedStore>): void {
  describe(`store contract: ${name}`, () => {
    let opened: OpenedStore
    let store: Store
    before(async () => {
      opened = await open()
      store = opened.store
    })
    after(() => opened.close())
    const subject: Subject = {
      get store() {
        return store
      },
      get reopen() {
        return opened.reopen
      },
    }
    roundTrips(subject)
    conflicts(subject)
    uniqueValues(subject)
    groups(subject)
    notices(subject)
    queries(subject)
    sweeping(subject)
  })
}

function roundTrips(subject: Subject): void {
  for (const kind of kinds) {
    test(`${kind}: what was written is read, field for field, until it is deleted`, async () => {
      const { store, reopen } = subject
      const first: Records[Kind] = samples[kind]
      await applied(store, write('insert', kind, first))
      assert.deepEqual(await store.read(kind, first.id), { ...first, version: 1 })
      const second = { ...first, ...changes[kind], version: 1 } as Records[Kind]
      await applied(store, write('update', kind, second))
      assert.deepEqual(await store.read(kind, first.id), { ...second, version: 2 })
      if (reopen !== undefined) {
        const other = await reopen()
        assert.deepEqual(await other.read(kind, first.id), { ...second, version: 2 })
        await other.close()
      }
      await applied(store, write('delete', kind, { ...second, version: 2 }))
      assert.equal(await store.read(kind, first.id), undefined)
    })
  }

  test('text that databases dislike comes back as it went in, in ids, indexed values and bodies', async () => {
    const { store } = subject
    for (const text of [
      '\0',
      'a\0b\x01c\x010',
      '\ud800 half a pair',
      "'; DROP TABLE grants; --",
      '{"\\u0000"}',
      '🗝',
    ]) {
      const account = sample('account', {
        id: `usr_${text.toWellFormed()}`,
        email: text.toWellFormed(),
        name: text,
      })
      await applied(store, write('insert', 'account', account))
      assert.deepEqual(await store.read('account', account.id), { ...account, version: 1 })
      assert.deepEqual(await store.find('account', 'email', account.email), [{ ...account, version: 1 }])
      await applied(store, write('update', 'account', { ...account, version: 1, admin: false }))
      await applied(store, write('delete', 'account', { ...account, version: 2 }))
    }
  })
}

function conflicts(subject: Subject): void {
  for (const kind of kinds) {
    test(`${kind}: a write that names another version than the stored one is a conflict and changes nothing`, async () => {
      const { store } = subject
      const id = `conflict ${kind}`
      const record: Records[Kind] = sample(kind, { id })
      await conflicted(store, write('update', kind, record))
      await conflicted(store, write('delete', kind, { ...record, version: 1 }))
      await applied(store, write('insert', kind, record))
      await conflicted(store, write('insert', kind, record))
      await conflicted(store, write('update', kind, { ...record, version: 2 }))
      await conflicted(store, write('update', kind, record))
      await conflicted(store, write('delete', kind, { ...record, version: 2 }))
      assert.deepEqual(await store.read(kind, id), { ...record, version: 1 })
      await applied(store, write('delete', kind, { ...record, version: 1 }))
      await applied(store, write('insert', kind, record))
      await applied(store, write('delete', kind, { ...record, version: 1 }))
    })
  }
}

function uniqueValues(subject: Subject): void {
  test('two accounts never have one email, neither by insert nor by update', async () => {
    const { store } = subject
    const one = sample('account', { id: 'usr_one' })
    const two = sample('account', { id: 'usr_two' })
    await applied(store, write('insert', 'account', one))
    await conflicted(store, write('insert', 'account', { ...two, email: one.email }))
    await applied(store, write('insert', 'account', two))
    await conflicted(store, write('update', 'account', { ...two, version: 1, email: one.email }))
    await applied(store, write('update', 'account', { ...one, version: 1, email: 'new@example.com' }))
    await applied(store, write('update', 'account', { ...two, version: 1, email: one.email }))
    assert.deepEqual(
      (await store.find('account', 'email', one.email)).map(({ id }) => id),
      ['usr_two'],
    )
  })

  test('DA-12 a user code is taken as long as its request is pending, and free afterwards', async () => {
    const { store } = subject
    const one = sample('deviceAuthorization', { id: 'code-one', userCodeHash: 'same code' })
    const two = sample('deviceAuthorization', { id: 'code-two', userCodeHash: 'same code' })
    await applied(store, write('insert', 'deviceAuthorization', one))
    await conflicted(store, write('insert', 'deviceAuthorization', two))
    await applied(store, write('update', 'deviceAuthorization', { ...one, version: 1, status: 'denied' }))
    assert.deepEqual(await store.find('deviceAuthorization', 'userCodeHash', 'same code'), [])
    await applied(store, write('insert', 'deviceAuthorization', two))
    const found = await store.find('deviceAuthorization', 'userCodeHash', 'same code')
    assert.deepEqual(found, [{ ...two, version: 1 }])
  })
}

function groups(subject: Subject): void {
  test('DT-15 writes are all made or none, whichever of them conflicts', async () => {
    const { store } = subject
    const moved = sample('deviceAuthorization', { id: 'group-moved' })
    await applied(store, write('insert', 'deviceAuthorization', moved))
    const stale = write('update', 'deviceAuthorization', { ...moved, version: 7, status: 'denied' })
    const grant = write('insert', 'grant', sample('grant', { id: 'group-grant' }))
    const attempts = write('insert', 'attempts', sample('attempts', { id: 'group-attempts' }))
    for (const order of [
      [stale, grant, attempts],
      [grant, stale, attempts],
      [grant, attempts, stale],
    ]) {
      await conflicted(store, ...order)
      assert.equal(await store.read('grant', 'group-grant'), undefined)
      assert.equal(await store.read('attempts', 'group-attempts'), undefined)
    }
    assert.deepEqual(await store.read('deviceAuthorization', moved.id), { ...moved, version: 1 })
  })

  test('writes of one call are made in their order: one record twice, a unique value handed on', async () => {
    const { store } = subject
    const one = sample('account', { id: 'usr_order_one' })
    const two = sample('account', { id: 'usr_order_two', email: one.email })
    await applied(
      store,
      write('insert', 'account', one),
      write('update', 'account', { ...one, version: 1, email: 'left@example.com' }),
      write('insert', 'account', two),
    )
    assert.equal((await store.read('account', one.id))?.version, 2)
    await applied(
      store,
      write('delete', 'account', { ...two, version: 1 }),
      write('update', 'account', { ...one, version: 2 }),
    )
    assert.equal((await store.read('account', one.id))?.email, one.email)
    await conflicted(
      store,
      write('update', 'account', { ...one, version: 3, name: 'first' }),
      write('update', 'account', { ...one, version: 3, name: 'second' }),
    )
    assert.equal((await store.read('account', one.id))?.name, one.name)
  })

  test('callers who write at the same moment are judged one by one', async () => {
    const { store } = subject
    const taken = sample('grant', { id: 'together-taken' })
    await applied(store, write('insert', 'grant', taken))
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) => {
        const id = `together-${i}`
        const second = write('insert', 'grant', i % 10 === 0 ? taken : sample('grant', { id: `${id}-too` }))
        return store.apply([write('insert', 'grant', sample('grant', { id })), second])
      }),
    )
    assert.deepEqual(
      results,
      results.map((_, i) => (i % 10 === 0 ? 'conflict' : 'applied')),
    )
    assert.equal(await store.read('grant', 'together-10'), undefined)
    assert.equal((await store.read('grant', 'together-11-too'))?.version, 1)
  })

  test('of many who write one version of a record at the same moment exactly one is applied', async () => {
    const { store } = subject
    const record = sample('grant', { id: 'contended' })
    await applied(store, write('insert', 'grant', record))
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        store.apply([write('update', 'grant', { ...record, version: 1, deviceName: `winner ${i}` })]),
      ),
    )
    assert.equal(results.filter((result) => result === 'applied').length, 1)
    const winner = results.indexOf('applied')
    assert.equal((await store.read('grant', record.id))?.deviceName, `winner ${winner}`)
  })

  test('no writes at all are applied', () => applied(subject.store))
}
