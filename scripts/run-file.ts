// One job of the test run: a process in its own process group, with a time limit, whose outcome is counted.
// Nothing that it started outlives it. Which jobs there are, and in what order, is run-tests.ts.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Job = {
  name: string
  command: string[]
  kind: 'check' | 'tests'
  /** Milliseconds after which the job counts as hung. */
  limit: number
  cwd: string
  env: Record<string, string>
}

export type Result = {
  name: string
  kind: Job['kind']
  passed: number
  failed: number
  skipped: number
  milliseconds: number
  /** Everything the job printed, for the reader of a failure. */
  output: string
}

type Ending = { code: number | null; signal: NodeJS.Signals | null; hung: boolean; stopped: boolean }
type Totals = { passed: number; failed: number; skipped: number }

export async function runJob(job: Job, stop: AbortSignal): Promise<Result> {
  const started = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'countersign-run-'))
  const tap = join(folder, 'totals.tap')
  try {
    const chunks: string[] = []
    const child = start(job, tap)
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
    const ending = await endOf(child, job.limit, stop)
    const verdict = judge(job, ending, job.kind === 'tests' ? readTotals(tap) : undefined)
    return {
      name: job.name,
      kind: job.kind,
      ...verdict.totals,
      milliseconds: performance.now() - started,
      output: [...chunks, ...verdict.remarks.map((remark) => `\n${job.name}: ${remark}`)].join(''),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function start(job: Job, tap: string): ChildProcess {
  const [program = '', ...args] = job.command
  // For people the spec form, for the count the TAP form: its totals are a fixed format, apart from what tests print.
  const reporters =
    job.kind === 'tests'
      ? ['spec', 'stdout', 'tap', tap].map(
          (value, at) => `--test-reporter${at % 2 ? '-destination' : ''}=${value}`,
        )
      : []
  const env: NodeJS.ProcessEnv = { ...process.env, ...job.env }
  // Set by an outer `node --test`; it would make the file report to a parent that is not there.
  delete env.NODE_TEST_CONTEXT
  // A group of its own, so that a hung file can be ended together with the servers it started.
  return spawn(program, [...reporters, ...args], {
    cwd: job.cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
}

function endOf(child: ChildProcess, limit: number, stop: AbortSignal): Promise<Ending> {
  return new Promise((resolve, reject) => {
    let hung = false
    let stopped = false
    const kill = () => killGroup(child)
    const timer = setTimeout(() => {
      hung = true
      kill()
    }, limit)
    const onStop = () => {
      stopped = true
      kill()
    }
    stop.addEventListener('abort', onStop)
    if (stop.aborted) onStop()
    child.once('error', reject)
    // Servers that a test forgot hold its pipes open; ending the group lets `close` come.
    child.once('exit', kill)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      stop.removeEventListener('abort', onStop)
      resolve({ code, signal, hung, stopped })
    })
  })
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // The group is empty already, or the system has no groups (Windows).
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  }
}

/** What the process's end adds to the totals it wrote: a file that died early must never look like one that passed. */
export function judge(
  job: Pick<Job, 'kind' | 'limit'>,
  ending: Ending,
  totals: Totals | undefined,
): { totals: Totals; remarks: string[] } {
  const remarks: string[] = []
  if (ending.hung) remarks.push(`hung: still running after ${job.limit / 60_000} minutes, so it was ended`)
  else if (ending.stopped) remarks.push('stopped')
  else if (ending.signal !== null) remarks.push(`ended by ${ending.signal}`)
  if (job.kind === 'check') {
    const ok = ending.code === 0 && remarks.length === 0
    return { totals: { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }, remarks }
  }
  if (totals === undefined) {
    if (remarks.length === 0)
      remarks.push(`holds no test, or ended with code ${ending.code} before counting them`)
    return { totals: { passed: 0, failed: 1, skipped: 0 }, remarks }
  }
  const ran = totals.passed + totals.failed + totals.skipped
  if (ran === 0) remarks.push('holds no test')
  else if (totals.failed === 0 && ending.code !== 0 && remarks.length === 0) {
    remarks.push(`ended with code ${ending.code} although no test failed`)
  }
  const extra = remarks.length > 0 && totals.failed === 0 ? 1 : 0
  return { totals: { ...totals, failed: totals.failed + extra }, remarks }
}

function readTotals(tap: string): Totals | undefined {
  let text: string
  try {
    text = readFileSync(tap, 'utf8')
  } catch {
    return undefined
  }
  return parseTotals(text)
}

/** The totals at the end of a TAP file; undefined when the run ended before writing them. */
export function parseTotals(tap: string): Totals | undefined {
  // Nested diagnostics are indented, and the totals are the last thing written: the last match wins.
  const total = (name: string) => {
    const last = [...tap.matchAll(new RegExp(`^# ${name} (\\d+)$`, 'gm'))].at(-1)
    return last === undefined ? Number.NaN : Number(last[1])
  }
  const sum = {
    passed: total('pass'),
    failed: total('fail') + total('cancelled'),
    skipped: total('skipped') + total('todo'),
  }
  return Object.values(sum).some(Number.isNaN) ? undefined : sum
}
