// What must come out of several processes that write to one store at once, and of processes that are killed while they write.
// The processes are store-racer.ts; what one process can see is ../stores/contract.ts. Not for production.

import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { slotOf } from '../flow.ts'
import type { BrokerStore } from '../store.ts'
import type { Job } from './store-racer.ts'

export interface RaceGround {
  readonly choice: Job['choice']
  readonly open: () => Promise<BrokerStore>
  readonly close: () => Promise<void>
}

/** More than there are cores, few enough to start quickly. */
const processes = 4

export function storeRaces(name: string, prepare: () => Promise<RaceGround>): void {
  describe(`races between processes: ${name}`, () => {
    let ground: RaceGround
    let store: BrokerStore
    before(async () => {
      ground = await prepare()
      // The racers open the store at once, too: nobody has made its tables before.
      await race(ground.choice, { do: 'write once', name: 'first', times: 1 })
      store = await ground.open()
    })
    after(async () => {
      // Those of a race that failed before its start would wait for it for ever.
      for (const child of running) child.kill('SIGKILL')
      if (store !== undefined) await store.close()
      await ground.close()
    })

    test('of all who write the same record at once one succeeds, and its record is the one that is there', async () => {
      const said = await race(ground.choice, { do: 'write once', name: 'raced', times: 20 })
      const winners = said.flatMap(({ pid, lines }) => lines.map((id) => ({ id, pid })))
      assert.equal(new Set(winners.map(({ id }) => id)).size, 20)
      assert.equal(winners.length, 20)
      for (const { id, pid } of winners) assert.equal((await store.connections.find(id))?.sealed, `${pid}`)
    })

    test('S3-7 of all who start a flow of one person at one provider at once one does', async () => {
      const said = await race(ground.choice, { do: 'start', name: 'ada', times: 20 })
      const winners = said.flatMap(({ lines }) => lines)
      assert.equal(winners.length, 1)
      const flows = await store.flows.ofPerson('ada')
      assert.deepEqual(
        flows.map(({ id }) => id),
        winners,
      )
      const [flow] = flows
      assert.ok(flow)
      assert.deepEqual(await store.flows.inSlot(slotOf(flow) as string), flow)
    })

    test('no change is lost: a record that all count up has been counted up by all', async () => {
      await race(ground.choice, { do: 'count', name: 'counter', times: 25 })
      const { version, until } = (await store.leases.find('counter')) ?? {}
      assert.deepEqual([version, until], [processes * 25, processes * 25])
    })

    test('kill -9 in the middle of writing: what was acknowledged is there, and every record is whole', async () => {
      const acknowledged = await killedWriters(ground.choice)
      assert.ok(acknowledged.length >= 4 * processes)
      for (const id of acknowledged) assert.ok(await store.connections.find(id), id)
      const written = await store.connections.ofPerson('killed')
      for (const { id, sealed } of written) assert.equal(sealed, `${id};`.repeat(2000))
      assert.equal(await store.connections.put({ ...(written[0] as (typeof written)[0]), version: 2 }), true)
    })
  })
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

interface Racer {
  readonly pid: number | undefined
  /** What it said so far, after it was ready; grows. */
  readonly lines: string[]
  readonly ready: Promise<void>
  readonly ended: Promise<number | null>
  go(): void
  kill(): void
}

function startRacer(job: Job, onLine: () => void = () => {}): Racer {
  const child = fork(join(import.meta.dirname, 'store-racer.ts'), [JSON.stringify(job)])
  running.add(child)
  const lines: string[] = []
  const ready = new Promise<void>((resolve) => {
    child.on('message', (line: string) => {
      if (line === 'ready') return resolve()
      lines.push(line)
      onLine()
    })
  })
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  return {
    pid: child.pid,
    lines,
    ready: Promise.race([ready, ended.then((code) => assert.fail(`a racer ended with ${code}`))]),
    ended,
    go: () => void child.send('go'),
    kill: () => void child.kill('SIGKILL'),
  }
}

async function race(choice: Job['choice'], job: Omit<Job, 'choice'>): Promise<readonly Racer[]> {
  const racers = Array.from({ length: processes }, () => startRacer({ ...job, choice }))
  await Promise.all(racers.map(({ ready }) => ready))
  for (const { go } of racers) go()
  for (const { ended } of racers) assert.equal(await ended, 0)
  return racers
}

/** Kills each writer when it has written a few records, in the middle of whatever it does then; what they had acknowledged. */
async function killedWriters(choice: Job['choice']): Promise<readonly string[]> {
  const job: Job = { choice, do: 'write for ever', name: 'killed', times: 0 }
  const writers = Array.from({ length: processes }, (_, i) => {
    const writer: Racer = startRacer(job, () => {
      if (writer.lines.length > 4 + 3 * i) writer.kill()
    })
    return writer
  })
  await Promise.all(writers.map(({ ready }) => ready))
  for (const { go } of writers) go()
  await Promise.all(writers.map(({ ended }) => ended))
  return writers.flatMap(({ lines }) => lines)
}
