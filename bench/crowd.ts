// What many outstanding codes cost our server: memory, and the rate at which single ones are polled. Two servers stand
// side by side, one filled more and more, the other left at the first count, and are polled in turn: so the ratio holds
// although the machine's mood changes in the minutes that the filling takes.
import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadGenerator } from './load-client.ts'
import type { Row } from './load-job.ts'
import { median } from './measures.ts'
import { residentBytes } from './process-memory.ts'
import { codeMembers, why, zipCodes } from './rounds.ts'
import { jobDefaults, type Running, type Spelling } from './target.ts'

export type Crowd = {
  codes: number
  /** How many of them were made by requests; the others were written into the store beside the running server. */
  byRequests: number
  residentBytes: number | null
  /** Null where there is nothing to poll yet, as `ratio`. */
  pollRate: number | null
  /** Of this server to the one that stays small, median of pairs of windows. */
  ratio: number | null
}

export type CrowdPlan = {
  grown: Running
  small: Running
  /** Adds codes to `grown` through its store, and returns one of every `keptOf`. */
  write: (count: number, keptOf: number) => Promise<Row[]>
  authorize: Spelling
  poll: Spelling
  counts: number[]
  load: LoadGenerator
  say: (line: string) => void
}

const requestBatch = 50_000
const pollsPerWindow = 10_000
const pairsOfWindows = 5
/** Of the last, large count about this many codes are kept to be polled. */
const kept = 20_000
/** Longer than the interval after which a code may be polled again (RFC 8628 §3.5). */
const restSeconds = 6

/** All counts but the last are reached by requests; the last, in a tenth of the time, by writing the same records. */
export async function measureCrowd(plan: CrowdPlan): Promise<Crowd[]> {
  const { grown, counts } = plan
  const empty = { codes: 0, byRequests: 0, pollRate: null, ratio: null }
  const crowds: Crowd[] = [{ ...empty, residentBytes: residentBytes(grown.pid) }]
  const smallPool = await makeByRequests(plan, plan.small, counts[0] ?? 0)
  let pool: Row[] = []
  let byRequests = 0
  for (const [index, codes] of counts.entries()) {
    const more = codes - (counts[index - 1] ?? 0)
    if (index > 0 && index === counts.length - 1) {
      const keptOf = Math.max(1, Math.floor(codes / kept))
      // As thinned as what is added, so that old and new codes are polled alike.
      pool = pool.filter((_, at) => at % keptOf === 0).concat(await plan.write(more, keptOf))
    } else {
      pool = pool.concat(await makeByRequests(plan, grown, more))
      byRequests = codes
    }
    await sleep(restSeconds * 1000)
    const resident = residentBytes(grown.pid)
    const rates = await pollInTurn(plan, pool, smallPool)
    crowds.push({ codes, byRequests, residentBytes: resident, ...rates })
    plan.say(`${codes} codes: ${Math.round(rates.pollRate)} polls a second, ratio ${rates.ratio.toFixed(2)}`)
  }
  return crowds
}

async function makeByRequests(plan: CrowdPlan, server: Running, count: number): Promise<Row[]> {
  const rows: Row[] = []
  while (rows.length < count) {
    const limit = Math.min(requestBatch, count - rows.length)
    const job = { ...jobDefaults(server), ...plan.authorize, limit, collect: codeMembers }
    const result = await plan.load.run(job)
    const made = zipCodes(result)
    if (made.length < limit) throw new Error(`made ${made.length} of ${limit} codes: ${why(result)}`)
    rows.push(...made)
  }
  return rows
}

/**
 * One window on each server after the other, always of the same codes: a client polls again after every interval, so
 * what its code needs of the database was read a moment ago. The first pair does that reading and is not counted; on a
 * machine that gives the memory of idle files back, it would measure the disk.
 */
async function pollInTurn(
  plan: CrowdPlan,
  pool: Row[],
  smallPool: Row[],
): Promise<{ pollRate: number; ratio: number }> {
  const rates: number[] = []
  const ratios: number[] = []
  const count = Math.min(pollsPerWindow, pool.length, smallPool.length)
  for (let pair = 0; pair <= pairsOfWindows; pair += 1) {
    await sleep(restSeconds * 1000)
    const grown = await pollWindow(plan, plan.grown, spread(pool, count))
    const small = await pollWindow(plan, plan.small, spread(smallPool, count))
    if (pair === 0) continue
    rates.push(grown)
    ratios.push(grown / small)
  }
  return { pollRate: median(rates), ratio: median(ratios) }
}

/** `count` rows from all over the pool. */
function spread(pool: Row[], count: number): Row[] {
  const stride = pool.length / count
  return Array.from({ length: count }, (_, index) => pool[Math.floor(index * stride)] ?? [])
}

async function pollWindow(plan: CrowdPlan, server: Running, rows: Row[]): Promise<number> {
  const result = await plan.load.run({ ...jobDefaults(server), ...plan.poll, rows, use: 'once' })
  if (result.failures > 0) throw new Error(`poll among many codes: ${why(result)}`)
  return result.rate
}
