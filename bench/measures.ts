// Measures that every server has beside its rates: the time to its first answer, and its memory when nobody asks
// anything. What only ours is asked is in our-measures.ts; the rates are in rounds.ts.
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { residentBytes } from './process-memory.ts'
import type { Contestant } from './rounds.ts'
import type { Target } from './target.ts'

export type ColdStart = { target: string; milliseconds: number[] }

/** Starts a server again and again, each time until its first answer. */
export async function measureColdStart(target: Target, times: number): Promise<ColdStart> {
  const milliseconds: number[] = []
  // The first start of all makes keys and schema; it is not what is measured.
  for (let index = 0; index <= times; index += 1) {
    const started = performance.now()
    const running = await target.start()
    await firstAnswer(running.port, target.probe)
    if (index > 0) milliseconds.push(performance.now() - started)
    await running.stop()
  }
  return { target: target.name, milliseconds }
}

export type Idle = { target: string; residentBytes: number | null }

/** What is resident when each server has given one answer and has then been left alone. */
export async function measureIdle(contestants: Contestant[], seconds: number): Promise<Idle[]> {
  for (const { target, running } of contestants) await firstAnswer(running.port, target.probe)
  await sleep(seconds * 1000)
  return contestants.map(({ target, running }) => ({
    target: target.name,
    residentBytes: residentBytes(running.pid),
  }))
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

export function median(values: number[]): number {
  return quantile(values, 0.5)
}

/** Linear between the two nearest values. */
export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}
