// Runs everything that can fail: biome, tsc and each test file in a process of its own, two at a time.
// A file's name says what it needs: packages/**/name.test.ts is quick and needs nothing; name.postgres.test.ts needs
// PostgreSQL and name.slow.test.ts takes seconds; test/ holds what crosses packages. `--quick` runs only the quick ones.
// Running one file and reading its totals is run-file.ts; finding or fetching browsers is install-browsers.ts.

import { globSync } from 'node:fs'
import { join } from 'node:path'
import { type Postgres, startPostgres } from '../test/support/postgres.ts'
import { installChromium, installOtherEngines } from './install-browsers.ts'
import { installKeyring } from './install-keyring.ts'
import { type Job, type Result, runJob } from './run-file.ts'

const root = join(import.meta.dirname, '..')
const minute = 60_000
// Two files at a time: the slow ones start servers and browsers of their own, and CI machines have two cores.
const workers = 2
// The whole run has to end by itself within half an hour, so what has not started by then is reported, not waited for.
const wholeRunLimit = 25 * minute

const args = process.argv.slice(2)
const quick = args.includes('--quick')
const wanted = args.filter((argument) => !argument.startsWith('--'))
const started = performance.now()
const stop = new AbortController()
// Not `once`: a signal to the process group comes twice, and the second one must not cut the clearing up short.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal))

process.exitCode = await runEverything()

async function runEverything(): Promise<number> {
  const files = testFiles()
  const env: Record<string, string> = {}
  const results: Result[] = []
  const postgres = await prepare(files, env, results)
  try {
    const checks = wanted.length === 0 ? checkJobs() : []
    await runAll([...checks, ...files.map((file) => testJob(file, env))], results)
  } finally {
    await postgres?.stop()
  }
  return conclude(results)
}

function testFiles(): string[] {
  const crossing = globSync('test/**/*.test.ts', { cwd: root })
  const inPackages = globSync('packages/*/src/**/*.test.ts', { cwd: root })
  const others = globSync('{bench,examples,scripts}/**/*.test.ts', { cwd: root })
  const all = quick
    ? [...crossing.filter((file) => file === join('test', 'tree.test.ts')), ...inPackages.filter(isQuick)]
    : // The crossing ones first: they are the longest, and a long one that starts last leaves a core idle.
      [...crossing, ...others, ...inPackages]
  return all.filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
}

function isQuick(file: string): boolean {
  return !file.endsWith('.postgres.test.ts') && !file.endsWith('.slow.test.ts')
}

function checkJobs(): Job[] {
  const bin = (name: string) => join(root, 'node_modules', '.bin', name)
  return [
    {
      name: 'biome',
      command: [bin('biome'), 'check', '--error-on-warnings', '.'],
      kind: 'check',
      limit: minute,
    },
    { name: 'tsc', command: [bin('tsc'), '--noEmit', '-p', '.'], kind: 'check', limit: 2 * minute },
  ].map((job) => ({ ...job, kind: 'check' as const, cwd: root, env: {} }))
}

function testJob(file: string, env: Record<string, string>): Job {
  // Six minutes: the longest file kills a server a hundred times; one that takes longer than this hangs.
  return { name: file, command: [process.execPath, file], kind: 'tests', limit: 6 * minute, cwd: root, env }
}

/** Finds or installs the browser and starts the one PostgreSQL that the files share; a failure here is a failure. */
async function prepare(
  files: string[],
  env: Record<string, string>,
  results: Result[],
): Promise<Postgres | undefined> {
  if (quick) return undefined
  if (files.some((file) => file.startsWith('test'))) {
    try {
      const say = (line: string) => process.stdout.write(`${line}\n`)
      env.CHROMIUM_PATH = await installChromium(say)
      installOtherEngines(say)
      installKeyring(say)
    } catch (error) {
      report(results, failed('Chromium', error))
    }
  }
  if (!files.some((file) => file.startsWith('test') || file.endsWith('.postgres.test.ts'))) return undefined
  try {
    const postgres = await startPostgres({ own: true })
    env.COUNTERSIGN_TEST_POSTGRES = postgres.url
    return postgres
  } catch (error) {
    report(results, failed('PostgreSQL', error))
    return undefined
  }
}

async function runAll(jobs: Job[], results: Result[]): Promise<void> {
  const waiting = [...jobs]
  const work = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      if (stop.signal.aborted) return
      if (performance.now() - started > wholeRunLimit) {
        const late = `not run: everything before it took more than ${wholeRunLimit / minute} minutes`
        report(results, failed(job.name, new Error(late)))
        continue
      }
      report(results, await runJob(job, stop.signal))
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
}

function report(results: Result[], result: Result): void {
  results.push(result)
  const took = `${(result.milliseconds / 1000).toFixed(1)} s`.padStart(8)
  const count = result.kind === 'check' ? '' : `${result.passed + result.failed} tests`
  const skipped = result.skipped > 0 ? `, ${result.skipped} skipped` : ''
  console.log(
    `${result.failed === 0 ? 'ok  ' : 'FAIL'} ${took}  ${result.name}  ${count}${skipped}`.trimEnd(),
  )
  if (result.failed > 0) console.log(`\n${result.output.trimEnd()}\n`)
}

function failed(name: string, error: unknown): Result {
  const output = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { name, kind: 'check', passed: 0, failed: 1, skipped: 0, milliseconds: 0, output }
}

function conclude(results: Result[]): number {
  const total = (key: 'passed' | 'failed' | 'skipped') =>
    results.reduce((sum, result) => sum + result[key], 0)
  const failures = results.filter((result) => result.failed > 0)
  console.log(
    `\n${results.length} checks and files in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  )
  for (const failure of failures) console.log(`failed: ${failure.name}`)
  if (stop.signal.aborted) {
    console.log(`stopped by ${String(stop.signal.reason)}; what had not run is not counted`)
  }
  const noTests = !results.some((result) => result.kind === 'tests')
  if (noTests)
    console.log(wanted.length > 0 ? `no test file is named like ${wanted.join(' or ')}` : 'no test ran')
  const skipped = total('skipped')
  console.log(
    `${total('passed')} passed, ${total('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
  )
  if (stop.signal.aborted) return 130
  return failures.length > 0 || noTests ? 1 : 0
}
