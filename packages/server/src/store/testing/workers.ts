// Starts processes of race-worker.ts, lets them go at the same moment, and collects what they say.
// What must come out of it is in races.ts. Not for production.

import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { StoreChoice } from '../open-store.ts'

export interface Job {
  readonly choice: StoreChoice
  readonly do: 'redeem' | 'refresh' | 'approve' | 'deny' | 'poll' | 'insert' | 'update' | 'sign in for ever'
  /** What it is done to. */
  readonly id: string
  readonly times: number
}

export type Line = Readonly<Record<string, unknown>>

export interface Worker {
  readonly process: ChildProcess
  /** What it said so far; grows. */
  readonly lines: readonly Line[]
  readonly ready: Promise<void>
  readonly ended: Promise<void>
  go(): void
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export function startWorker(job: Job, onLine: (line: Line) => void = () => {}): Worker {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'race-worker.ts'), JSON.stringify(job)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  running.add(child)
  const lines: Line[] = []
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaints += chunk
  })
  let becameReady = () => {}
  const ready = new Promise<void>((resolve) => {
    becameReady = resolve
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', (code) => {
      running.delete(child)
      if (code === 0 || child.killed) resolve()
      else reject(new Error(`a worker that had to ${job.do} ended with ${code}: ${complaints}`))
    })
  })
  createInterface(child.stdout).on('line', (text) => {
    const line = parseWhole(text)
    if (line === undefined) return
    if (line.ready === true) return becameReady()
    lines.push(line)
    onLine(line)
  })
  return {
    process: child,
    lines,
    ready: Promise.race([ready, ended]),
    ended,
    go: () => void child.stdin.write('go\n'),
  }
}

/** All jobs at once, each in a process of its own; answers everything that was said. */
export async function race(jobs: readonly Job[]): Promise<Line[]> {
  const workers = jobs.map((job) => startWorker(job))
  await Promise.all(workers.map(({ ready }) => ready))
  for (const worker of workers) worker.go()
  await Promise.all(workers.map(({ ended }) => ended))
  return workers.flatMap(({ lines }) => lines)
}

// The last line of a process that was killed may be cut; then it has not said it.
function parseWhole(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line
  } catch {
    return undefined
  }
}
