// The measures that are not rates of an operation: cold start and idle memory of every server, memory and poll
// rate of ours with many outstanding codes, and the time from approval to token. The rates are in rounds.ts.
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadGenerator } from './load-client.ts'
import type { Row } from './load-job.ts'
import { residentBytes } from './process-memory.ts'
import { codeMembers, why, zipCodes } from './rounds.ts'
import { jobDefaults, type Running, type Spelling, type Target } from './target.ts'

export type ColdStart = { target: string; milliseconds: number[]; idleBytes: number | null }

/** Starts a server again and again, each time until its first answer; then lets the last one rest. */
export async function measureColdStart(target: Target, times: number): Promise<ColdStart> {
  const milliseconds: number[] = []
  let idleBytes: number | null = null
  for (let index = 0; index < times; index += 1) {
    const started = performance.now()
    const running = await target.start()
    await firstAnswer(running.port, target.probe)
    milliseconds.push(performance.now() - started)
    if (index === times - 1) {
      await sleep(3000)
      idleBytes = residentBytes(running.pid)
    }
    await running.stop()
  }
  return { target: target.name, milliseconds, idleBytes }
}

function firstAnswer(port: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(
      { host: '127.0.0.1', port, path, headers: { Host: `localhost:${port}` } },
      (response) => {
        response.resume()
        if (response.statusCode === 200) response.on('end', resolve)
        else reject(new Error(`first answer was ${response.statusCode}`))
      },
    )
    request.on('error', reject)
  })
}

export type Crowd = { codes: number; residentBytes: number | null; pollRate: number }

const fillBatch = 50_000
const pollsPerWindow = 2400
const pollWindows = 4
/** Of the codes beyond this many only every fourth is kept to be polled. */
const keptWhole = 100_000

/** Fills a fresh server with outstanding codes; at each count notes memory and how fast codes are polled. */
export async function measureCrowd(target: Target, counts: number[], load: LoadGenerator): Promise<Crowd[]> {
  const authorize = target.spell['device authorization']
  const poll = target.spell['poll of a pending code']
  if (authorize === undefined || poll === undefined) return []
  const running = await target.start()
  const crowds: Crowd[] = []
  const kept: Row[] = []
  let codes = 0
  try {
    for (const count of counts) {
      while (codes < count) {
        const limit = Math.min(fillBatch, count - codes)
        const result = await load.run({ ...jobDefaults(running), ...authorize, limit, collect: codeMembers })
        const rows = zipCodes(result)
        if (rows.length < limit) throw new Error(`made ${rows.length} of ${limit} codes: ${why(result)}`)
        const keepEvery = codes < keptWhole ? 1 : 4
        for (let index = 0; index < rows.length; index += keepEvery) kept.push(rows[index] ?? [])
        codes += rows.length
      }
      await sleep(2000)
      const bytes = residentBytes(running.pid)
      crowds.push({ codes, residentBytes: bytes, pollRate: await crowdPollRate(poll, kept, running, load) })
    }
  } finally {
    await running.stop()
  }
  return crowds
}

/** The median of several windows after a first one for warming up; no code is polled twice. */
async function crowdPollRate(
  poll: Spelling,
  kept: Row[],
  running: Running,
  load: LoadGenerator,
): Promise<number> {
  const rates: number[] = []
  for (let window = 0; window < pollWindows; window += 1) {
    const stride = Math.max(1, Math.floor(kept.length / pollsPerWindow))
    const isTaken = (index: number) => index % stride === 0 && index / stride < pollsPerWindow
    const rows = kept.filter((_, index) => isTaken(index))
    const rest = kept.filter((_, index) => !isTaken(index))
    kept.length = 0
    for (const row of rest) kept.push(row)
    const result = await load.run({ ...jobDefaults(running), ...poll, rows, use: 'once' })
    if (result.failures > 0) throw new Error(`poll among many codes: ${why(result)}`)
    if (window > 0) rates.push(result.rate)
  }
  return median(rates)
}

export type SignIn = (pauseMilliseconds: number) => Promise<number>

/** Milliseconds from the sending of each decision to the token in the client, one sign-in after the other. */
export async function measureSignIns(signIn: SignIn, times: number): Promise<number[]> {
  const milliseconds: number[] = []
  // The pauses differ so that the approvals do not fall into step with any timer of the server.
  for (let index = 0; index < times; index += 1) milliseconds.push(await signIn(30 + ((index * 37) % 170)))
  return milliseconds
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
