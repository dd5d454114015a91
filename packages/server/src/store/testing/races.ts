// Races between real processes on one store, and processes that are killed: what no store may lose or do twice, whoever
// comes at the same moment. For every store that outlives a process. What one process can see is in ../contract.ts.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openStore, type StoreChoice } from '../open-store.ts'
import type { Store } from '../store.ts'
import { changes, now, sample } from './samples.ts'
import { type Job, type Line, race, startWorker } from './workers.ts'

export interface RaceGround {
  readonly choice: StoreChoice
  readonly close: () => Promise<void>
}

/** How many processes race: more than there are cores, few enough to start quickly. */
const processes = 5

export function storeRaces(name: string, prepare: () => Promise<RaceGround>): void {
  describe(`races between processes: ${name}`, () => {
    let ground: RaceGround
    let store: Store
    before(async () => {
      ground = await prepare()
      store = await openStore(ground.choice)
      await store.apply([{ op: 'insert', kind: 'account', record: sample('account') }])
    })
    after(async () => {
      await store.close()
      await ground.close()
    })
    const everybody = (job: Omit<Job, 'choice'>) =>
      race(Array.from({ length: processes }, () => ({ ...job, choice: ground.choice })))
    const start = async (id: string, change = {}) => {
      const record = sample('deviceAuthorization', { id, ...change })
      assert.equal(await store.apply([{ op: 'insert', kind: 'deviceAuthorization', record }]), 'applied')
    }

    test('DT-08 of 50 who redeem one approved request one wins, and there is exactly one grant', async () => {
      await start('redeemed once', changes.deviceAuthorization)
      const said = await everybody({ do: 'redeem', id: 'redeemed once', times: 10 })
      const winners = said.flatMap(({ redeemed }) => (redeemed === undefined ? [] : [redeemed]))
      assert.equal(said.length, 50)
      assert.equal(winners.length, 1)
      assert.equal((await store.counts()).grant, 1)
      const record = await store.read('deviceAuthorization', 'redeemed once')
      assert.deepEqual([record?.status, record?.grantId], ['redeemed', winners[0]])
    })

    test('DV-10 approve against deny: one decision counts, and it is the one that is stored', async () => {
      for (const id of ['decided 1', 'decided 2', 'decided 3']) {
        await start(id)
        const jobs = (['approve', 'deny', 'approve', 'deny'] as const).map((verb) => ({
          choice: ground.choice,
          do: verb,
          id,
          times: 5,
        }))
        const decided = (await race(jobs)).flatMap((line) =>
          line.decided === undefined ? [] : [line.decided],
        )
        assert.equal(decided.length, 1)
        const stored = (await store.read('deviceAuthorization', id))?.status
        assert.equal(stored, decided[0] === 'approve' ? 'approved' : 'denied')
      }
    })

    test('DT-05 approve against early polls: the approval survives and no interval shrinks', async () => {
      for (const id of ['polled 1', 'polled 2', 'polled 3']) {
        await start(id)
        const poller = { choice: ground.choice, do: 'poll', id, times: 20 } as const
        const said = await race([poller, poller, poller, { ...poller, do: 'approve', times: 1 }])
        assert.deepEqual(
          said.flatMap(({ decided }) => (decided === undefined ? [] : [decided])),
          ['approve'],
        )
        const record = await store.read('deviceAuthorization', id)
        assert.equal(record?.status, 'approved')
        const told = said.flatMap(({ interval }) => (typeof interval === 'number' ? [interval] : []))
        // Each interval below the cap was told to one poller only, and none of them was forgotten.
        const grown = told.filter((interval) => interval < 60)
        assert.equal(new Set(grown).size, grown.length)
        assert.equal(record?.interval, Math.max(5, ...told))
      }
    })

    test('RT-09 20 who refresh with one token inside the grace window all get the same successor', async () => {
      const grant = sample('grant', { id: 'refreshed', refresh })
      assert.equal(await store.apply([{ op: 'insert', kind: 'grant', record: grant }]), 'applied')
      const said = await everybody({ do: 'refresh', id: grant.id, times: 4 })
      assert.equal(said.length, 20)
      assert.equal(new Set(said.map(({ successor }) => successor)).size, 1)
      const stored = await store.read('grant', grant.id)
      assert.equal(stored?.refresh?.hash, said[0]?.successor)
      assert.deepEqual([stored?.version, stored?.revokedAt], [2, null])
    })

    test('of many processes that insert one unique value one succeeds', async () => {
      const said = await everybody({ do: 'insert', id: 'contended@example.com', times: 10 })
      assert.equal(said.filter(({ inserted }) => inserted === true).length, 1)
      assert.equal((await store.find('account', 'email', 'contended@example.com')).length, 1)
    })

    test('processes that hammer one record lose no update, and none of them fails', async () => {
      const record = sample('attempts', { id: 'hammered', count: 0 })
      await store.apply([{ op: 'insert', kind: 'attempts', record }])
      await everybody({ do: 'update', id: record.id, times: 100 })
      assert.equal((await store.read('attempts', record.id))?.count, processes * 100)
    })

    test('DT-15 kill -9 at any moment loses nothing acknowledged and leaves no half', async () => {
      await killRepeatedly(ground.choice, store, 25)
    })
  })
}

const refresh = { hash: 'refresh-token-1', generation: 1, idleExpiresAt: now + 1000, previous: null }

async function killRepeatedly(choice: StoreChoice, store: Store, kills: number): Promise<void> {
  const earlier = (await store.list('grant')).length
  const acknowledged: Line[] = []
  for (let kill = 0; kill < kills; kill++) {
    // Now after a start, now after an approval, now after a redemption, and a little later each time.
    const after = 1 + (kill % 7)
    const job: Job = { choice, do: 'sign in for ever', id: `kill ${kill}`, times: 1 }
    const worker = startWorker(job, () => {
      if (worker.lines.length !== after) return
      setTimeout(() => worker.process.kill('SIGKILL'), (kill * 3) % 8)
    })
    await worker.ready
    worker.go()
    await worker.ended
    acknowledged.push(...worker.lines)
  }
  const rank = { pending: 0, approved: 1, redeemed: 2, denied: 9, cancelled: 9 }
  for (const { id, status, grantId } of acknowledged) {
    const stored = await store.read('deviceAuthorization', String(id))
    assert.ok(stored !== undefined, `acknowledged ${status} of ${id} is lost`)
    assert.ok(rank[stored.status] >= rank[status as keyof typeof rank], `${id} went back from ${status}`)
    if (typeof grantId === 'string') assert.equal(stored.grantId, grantId)
  }
  await everyGrantIsWhole(store, earlier)
}

// A request is redeemed exactly when its grant exists, for all of the killed processes' requests.
async function everyGrantIsWhole(store: Store, earlier: number): Promise<void> {
  const requests = []
  for (let page = await store.list('deviceAuthorization'); page.length > 0; ) {
    requests.push(...page)
    page = await store.list('deviceAuthorization', page.at(-1)?.id)
  }
  const redeemed = requests.filter(({ status }) => status === 'redeemed')
  for (const { grantId } of redeemed) assert.ok(await store.read('grant', String(grantId)))
  // One of those redeemed, and the one that was refreshed, are from the tests before.
  assert.equal((await store.counts()).grant, redeemed.length - 1 + earlier)
}
