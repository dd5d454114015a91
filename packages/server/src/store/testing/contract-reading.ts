// The store contract, second part: notices, finding and listing, and sweeping. The first part, which calls this one, is
// ../contract.ts. Not for production.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../store.ts'
import { tombstoneSeconds } from '../tables.ts'
import { now, sample } from './samples.ts'
import { applied, conflicted, type Subject, write } from './subject.ts'

export function notices(subject: Subject): void {
  const watched = (store: Store, topic: string) => {
    let stop = () => {}
    const woken = new Promise<void>((resolve) => {
      stop = store.watch(topic, resolve)
    })
    return { woken, stop: () => stop() }
  }

  test('LP-13 a notice wakes the watcher of its topic, who then reads what was written with it', async () => {
    const { store } = subject
    const { woken, stop } = watched(store, 'topic')
    const record = sample('grant', { id: 'noticed' })
    await applied(store, write('insert', 'grant', record), { op: 'notify', topic: 'topic' })
    await woken
    stop()
    assert.equal((await store.read('grant', record.id))?.version, 1)
  })

  test('LP-13 a notice wakes a watcher in another store on the same records', async (t) => {
    const { store, reopen } = subject
    if (reopen === undefined) return t.skip('nothing outlives this store')
    const other = await reopen()
    const topics = ['far', 'odd \x01 topic']
    const watchers = topics.map((topic) => watched(other, topic))
    for (const topic of topics) await applied(store, { op: 'notify', topic })
    for (const { woken, stop } of watchers) {
      await woken
      stop()
    }
    await other.close()
  })

  test('whoever stopped watching is not woken; everybody else still is', async () => {
    const { store } = subject
    let calls = 0
    store.watch('left', () => calls++)()
    const { woken, stop } = watched(store, 'left')
    await applied(store, { op: 'notify', topic: 'left' })
    await woken
    stop()
    assert.equal(calls, 0)
  })
}

export function queries(subject: Subject): void {
  const ids = (records: readonly { readonly id: string }[]) => records.map(({ id }) => id)

  test('find answers the records of an account, oldest first, at most as many as asked for', async () => {
    const { store } = subject
    for (const id of ['find-c', 'find-a', 'find-b'])
      await applied(store, write('insert', 'grant', sample('grant', { id, accountId: 'usr_find' })))
    const [first] = await store.find('grant', 'accountId', 'usr_find')
    assert.ok(first)
    await applied(store, write('update', 'grant', { ...first, deviceName: 'renamed' }))
    assert.deepEqual(ids(await store.find('grant', 'accountId', 'usr_find')), ['find-c', 'find-a', 'find-b'])
    assert.deepEqual(ids(await store.find('grant', 'accountId', 'usr_find', 2)), ['find-c', 'find-a'])
    assert.deepEqual(await store.find('grant', 'accountId', 'usr_nobody'), [])
  })

  test('RT-08 find answers what hangs on a client; a grant that has ended hangs on nothing', async () => {
    const { store } = subject
    const of = { clientId: 'client-find' }
    await applied(
      store,
      write('insert', 'grant', sample('grant', { id: 'of-client-a', ...of })),
      write('insert', 'grant', sample('grant', { id: 'of-client-b', ...of })),
      write('insert', 'consent', sample('consent', { id: 'of-client', ...of })),
    )
    const [first] = await store.find('grant', 'clientId', 'client-find')
    assert.equal(first?.id, 'of-client-a')
    await applied(store, write('update', 'grant', { ...first, revokedAt: now, revokedFor: 'admin' }))
    assert.deepEqual(ids(await store.find('grant', 'clientId', 'client-find')), ['of-client-b'])
    assert.deepEqual(ids(await store.find('consent', 'clientId', 'client-find')), ['of-client'])
  })

  test('list answers page after page in the order of the ids', async () => {
    const { store } = subject
    const all = Array.from({ length: 25 }, (_, i) => `list-${String(i).padStart(2, '0')}`)
    for (const id of all.toReversed())
      await applied(store, write('insert', 'client', sample('client', { id })))
    const seen: string[] = []
    for (;;) {
      const page = await store.list('client', seen.at(-1), 10)
      if (page.length === 0) break
      assert.ok(page.length <= 10)
      seen.push(...ids(page))
    }
    assert.deepEqual(
      seen.filter((id) => id.startsWith('list-')),
      all,
    )
  })

  test('readWithAccount answers the record with its account, without one, or nothing', async () => {
    const { store } = subject
    const account = sample('account', { id: 'usr_with' })
    const grant = sample('grant', { id: 'with-grant', accountId: account.id })
    const orphan = sample('grant', { id: 'with-orphan', accountId: 'usr_gone' })
    const pending = sample('deviceAuthorization', { id: 'with-pending' })
    await applied(
      store,
      write('insert', 'account', account),
      write('insert', 'grant', grant),
      write('insert', 'grant', orphan),
      write('insert', 'deviceAuthorization', pending),
    )
    assert.deepEqual(await store.readWithAccount('grant', grant.id), {
      record: { ...grant, version: 1 },
      account: { ...account, version: 1 },
    })
    const without = (record: object) => ({ record: { ...record, version: 1 }, account: undefined })
    assert.deepEqual(await store.readWithAccount('grant', orphan.id), without(orphan))
    assert.deepEqual(await store.readWithAccount('deviceAuthorization', pending.id), without(pending))
    assert.equal(await store.readWithAccount('grant', 'with-nothing'), undefined)
  })

  test('many reads at the same moment each get their own answer', async () => {
    const { store } = subject
    const wanted = Array.from({ length: 600 }, (_, i) => (i % 3 === 0 ? 'nobody' : `many-${i % 50}`))
    for (let i = 0; i < 50; i++)
      await applied(
        store,
        write('insert', 'setting', sample('setting', { id: `many-${i}`, value: `value ${i}` })),
      )
    const answers = await Promise.all(wanted.map((id) => store.read('setting', id)))
    for (const [i, answer] of answers.entries())
      assert.equal(answer?.value, i % 3 === 0 ? undefined : `value ${i % 50}`)
  })

  test('counts follow what is stored, and the store says that it is ready', async () => {
    const { store } = subject
    const { passkey } = await store.counts()
    await applied(store, write('insert', 'passkey', sample('passkey', { id: 'counted' })))
    assert.equal((await store.counts()).passkey, passkey + 1)
    await store.ready()
  })
}

export function sweeping(subject: Subject): void {
  test('a sweep deletes what is past its time, keeps what is not, and says how many', async () => {
    const { store } = subject
    const then = now + 100_000_000
    await store.sweep(then)
    const dead = Array.from({ length: 1100 }, (_, i) =>
      sample('attempts', { id: `dead-${i}`, expiresAt: then }),
    )
    const alive = sample('attempts', { id: 'alive', expiresAt: then + 1 })
    const client = sample('client', { id: 'for ever' })
    await Promise.all(dead.map((record) => store.apply([write('insert', 'attempts', record)])))
    await applied(store, write('insert', 'attempts', alive), write('insert', 'client', client))
    assert.equal(await store.sweep(then), dead.length)
    assert.equal(await store.read('attempts', 'dead-7'), undefined)
    assert.equal((await store.read('attempts', alive.id))?.version, 1)
    assert.equal((await store.read('client', client.id))?.version, 1)
    assert.equal(await store.sweep(then), 0)
  })

  test('X-24 an expired device authorization is remembered for its hour, while its user code is free at once', async () => {
    const { store } = subject
    const expiresAt = now + 200_000_000
    const record = sample('deviceAuthorization', { id: 'tombstone', userCodeHash: 'freed', expiresAt })
    const next = { ...record, id: 'next', expiresAt: expiresAt + tombstoneSeconds * 2 }
    await applied(store, write('insert', 'deviceAuthorization', record))
    await store.sweep(expiresAt - 1)
    await conflicted(store, write('insert', 'deviceAuthorization', next))
    await store.sweep(expiresAt)
    assert.equal((await store.read('deviceAuthorization', record.id))?.status, 'pending')
    assert.deepEqual(await store.find('deviceAuthorization', 'userCodeHash', 'freed'), [])
    await applied(store, write('insert', 'deviceAuthorization', next))
    await store.sweep(expiresAt + tombstoneSeconds)
    assert.equal(await store.read('deviceAuthorization', record.id), undefined)
    assert.equal((await store.read('deviceAuthorization', next.id))?.version, 1)
  })
}
