// Writes to PostgreSQL. Those of callers that arrive while a statement is on its way are made by one statement
// (postgres-statements.ts), which succeeds or fails as a whole; when it fails, each caller is tried alone to find out who
// conflicts. So the usual request costs one round trip and a part of one commit.

import type { Write } from '@countersign/protocol'
import pg from 'pg'
import type { Lane } from './postgres-lane.ts'
import { shapeOf, statementFor } from './postgres-statements.ts'
import { type Applied, type Store, StoreUnavailable } from './store.ts'
import { tableOf } from './tables.ts'

interface Waiting {
  readonly writes: readonly Write[]
  readonly shape: string
  /** Its writes build on each other and cannot be one statement. */
  readonly ordered: boolean
  /** The records it writes, each with the version it names: what others that are under way must not touch. */
  readonly records: ReadonlyMap<string, number>
  readonly resolve: (applied: Applied) => void
  readonly reject: (error: unknown) => void
}

/** Enough to share the cost of a commit, few enough to keep the statement short. */
const mostCallers = 128

/** A statement that takes longer, behind a lock or on a slow disk, is waited for no more where another lane is free. */
const slowMilliseconds = 5

export function createWrites(lanes: readonly Lane[], wake: (topic: string) => void): Pick<Store, 'apply'> {
  let queue: Waiting[] = []
  let scheduled = false
  const idle = [...lanes]
  /** The records that are being written now. */
  const busy = new Set<string>()
  let slow = 0

  // One at a time, as long as that is quick: what arrives meanwhile makes the next statement, and the database does more with one
  // large one than with two small ones.
  const mayStart = () => idle.length > 0 && lanes.length - idle.length <= slow

  function schedule(): void {
    if (scheduled || !mayStart()) return
    scheduled = true
    // After the input of this turn of the event loop was read, every request in it has queued its writes.
    setImmediate(() => {
      scheduled = false
      while (mayStart()) {
        const callers = takeCallers()
        if (callers.length === 0) return
        const lane = idle.pop() as Lane
        const isSlow = watchTime()
        void applyTogether(lane, callers).then((results) => {
          idle.push(lane)
          if (isSlow()) slow -= 1
          const overwritten = new Map<string, number>()
          for (const [i, caller] of callers.entries()) {
            const result = results[i] as Settled
            for (const [key, version] of caller.records) {
              busy.delete(key)
              if (result === 'applied') overwritten.set(key, version)
            }
            settle(caller, result)
          }
          refuseStale(overwritten)
          if (queue.length > 0) schedule()
        })
      }
    })
  }

  /** Counts a statement among the slow ones when its time has come; call what it returns when the statement has ended. */
  function watchTime(): () => boolean {
    let isSlow = false
    const timer = setTimeout(() => {
      isSlow = true
      slow += 1
      schedule()
    }, slowMilliseconds)
    return () => {
      clearTimeout(timer)
      return isSlow
    }
  }

  /** Callers of one shape, none of whom writes what another of them, or somebody under way, writes. */
  function takeCallers(): Waiting[] {
    const taken: Waiting[] = []
    const left: Waiting[] = []
    for (const caller of queue) {
      const [first] = taken
      const fits =
        (first === undefined ||
          (first.shape === caller.shape &&
            !first.ordered &&
            !caller.ordered &&
            taken.length < mostCallers)) &&
        !isBusy(caller)
      if (!fits) {
        left.push(caller)
        continue
      }
      taken.push(caller)
      for (const key of caller.records.keys()) busy.add(key)
    }
    queue = left
    return taken
  }

  function isBusy({ records }: Waiting): boolean {
    for (const key of records.keys()) if (busy.has(key)) return true
    return false
  }

  function settle(caller: Waiting, result: Settled): void {
    if (result instanceof Failure) caller.reject(result.error)
    else caller.resolve(result)
    if (result !== 'applied') return
    for (const write of caller.writes) if (write.op === 'notify') wake(write.topic)
  }

  // Whoever waits with a version that was just overwritten has lost already, and need not ask the database.
  function refuseStale(overwritten: ReadonlyMap<string, number>): void {
    queue = queue.filter(({ records, resolve }) => {
      for (const [key, version] of records) {
        if (overwritten.get(key) !== version) continue
        resolve('conflict')
        return false
      }
      return true
    })
  }

  return {
    apply: (writes) =>
      new Promise((resolve, reject) => {
        const [shape, records, ordered] = [shapeOf(writes), recordsOf(writes), needsOrder(writes)]
        queue.push({ writes, shape, records, ordered, resolve, reject })
        schedule()
      }),
  }
}

function recordsOf(writes: readonly Write[]): Map<string, number> {
  const records = new Map<string, number>()
  for (const write of writes) {
    if (write.op === 'notify') continue
    // An insert names no version, and 0 is the version of nothing that is stored.
    records.set(`${write.kind} ${write.record.id}`, write.op === 'insert' ? 0 : write.record.version)
  }
  return records
}

class Failure {
  readonly error: unknown
  constructor(error: unknown) {
    this.error = error
  }
}

type Settled = Applied | Failure

async function applyTogether(lane: Lane, callers: readonly Waiting[]): Promise<readonly Settled[]> {
  const [first] = callers as readonly [Waiting]
  if (callers.length === 1) return [await applyAlone(lane, first)]
  try {
    await lane.query(
      statementFor(
        first.shape,
        callers.flatMap(({ writes }) => writes),
      ),
    )
    return callers.map(() => 'applied')
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) return callers.map(() => new Failure(error))
  }
  const results: Settled[] = []
  for (const caller of callers) results.push(await applyAlone(lane, caller))
  return results
}

async function applyAlone(lane: Lane, { writes, shape, ordered }: Waiting): Promise<Settled> {
  for (let attempt = 1; ; attempt++) {
    try {
      if (ordered) await applyInOrder(lane, writes)
      else if (writes.length > 0) await lane.query(statementFor(shape, writes))
      return 'applied'
    } catch (error) {
      const code = error instanceof pg.DatabaseError ? error.code : undefined
      // CS409 is ours (postgres-schema.ts), 23505 a unique value that is taken.
      if (code === 'CS409' || code === '23505') return 'conflict'
      // The database chose this one to give way (deadlock, serialization); three times in a row is trouble.
      const gaveWay = code === '40P01' || code === '40001'
      if (!gaveWay) return new Failure(error)
      if (attempt === 3) return new Failure(new StoreUnavailable(error))
    }
  }
}

/**
 * The parts of one statement see the database as it was before it, in no order. Writes that build on each other (one record
 * twice, or a unique value that goes from one record to another) are made one after the other instead. No rule
 * writes so on a path where speed matters.
 */
function needsOrder(writes: readonly Write[]): boolean {
  for (let i = 1; i < writes.length; i++) {
    const one = writes[i] as Write
    for (let j = 0; j < i; j++) {
      const other = writes[j] as Write
      if (one.op === 'notify' || other.op === 'notify' || one.kind !== other.kind) continue
      if (one.record.id === other.record.id) return true
      if (Object.values(tableOf(one.kind).columns).some(({ unique }) => unique)) return true
    }
  }
  return false
}

// All are sent before the first is answered, so nothing else of this lane comes between them. After a failure the rest fails
// too, and COMMIT ends the transaction without keeping anything.
async function applyInOrder(lane: Lane, writes: readonly Write[]): Promise<void> {
  const results = await Promise.allSettled([
    lane.query({ text: 'BEGIN' }),
    ...writes.map((write) => lane.query(statementFor(shapeOf([write]), [write]))),
    lane.query({ text: 'COMMIT' }),
  ])
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
