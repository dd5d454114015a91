// `npm run bench`: starts the floor, our server on each store and the peers, measures them side by side in one
// run, prints the tables and writes them to RESULTS.md. Ends with 1 if any answer was not the expected one.
// The parts: options, rounds (rates), measures and our-measures (everything else), report, and one file per server.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { today } from './clock.ts'
import { flushMicroseconds } from './disk.ts'
import { floor } from './floor.ts'
import { startLoadGenerator } from './load-client.ts'
import { measureColdStart, measureIdle } from './measures.ts'
import { readOptions } from './options.ts'
import { crowdOf, signInsOnDatabase, signInsOnSqlite } from './our-measures.ts'
import { type OurTarget, ourTargets, packedTarget } from './ours.ts'
import { installPacked, type PackedProgram } from './packed.ts'
import { betterAuthPeer } from './peers/better-auth.ts'
import { oidcProvider } from './peers/oidc-provider.ts'
import { canPin, pinSelf } from './pin.ts'
import { measureProgram } from './program-measures.ts'
import { type Findings, failureLines, writeReport } from './report.ts'
import { type Contestant, runRounds } from './rounds.ts'
import type { Target } from './target.ts'
import { fewestWarmUps, mostWarmUps } from './warm-up.ts'

const options = readOptions(process.argv.slice(2))
// What is not a server under test shares the load's core: this process, PostgreSQL, the clients that sign in.
pinSelf('load')
const say = (line: string) => process.stderr.write(`${elapsed()} ${line}\n`)
const load = startLoadGenerator()
const bare = floor()
const wanted = (name: string) => options.only.length === 0 || options.only.some((part) => name.includes(part))
const ours = ourTargets().filter((target) => wanted(target.name))
const peers = [oidcProvider(), betterAuthPeer()].filter((target) => wanted(target.name))
const targets: Target[] = [bare, ...ours, ...peers]
const running: Contestant[] = []
const prepared: Target[] = []
const findings: Findings = {
  date: today(),
  machine: describeMachine(),
  targets,
  notes: [],
  measurements: [],
  coldStarts: [],
  idle: [],
  program: [],
  crowd: [],
  signIns: [],
}
let packed: PackedProgram | undefined
try {
  for (const target of targets) await prepare(target)
  if (options.measures)
    await startAndRest(ours.length > 0 ? [...targets, ...(await packedTargets())] : targets)
  if (options.measures && packed !== undefined) {
    say('the program')
    findings.program = await measureProgram(packed.main, options.programRuns)
  }
  if (options.rounds > 0) {
    await startAll(targets)
    findings.measurements = await runRounds(bare, running, load, { ...options, say })
    await stopAll()
  }
  if (options.measures) {
    const [sqlite] = ours.filter(({ name }) => name.includes('FULL'))
    const [database] = ours.filter(({ name }) => name.includes('PostgreSQL'))
    if (sqlite) findings.signIns.push(...(await signInsOnSqlite(sqlite, options.signIns, say)))
    if (database) findings.signIns.push(...(await signInsOnDatabase(database, options.databaseSignIns, say)))
    if (sqlite) findings.crowd = await crowdOf(options.crowdCounts, load, say)
  }
} finally {
  await stopAll()
  for (const target of prepared) await target.dispose?.()
  packed?.remove()
  load.stop()
}
say('done')
const report = writeReport(findings)
process.stdout.write(`${report}\n`)
writeFileSync(options.out, `${report.trimEnd()}\n`)
if (failureLines(findings.measurements).length > 0) process.exitCode = 1

async function startAndRest(all: Target[]): Promise<void> {
  for (const target of all) {
    say(`cold start: ${target.name}`)
    findings.coldStarts.push(await measureColdStart(target, options.coldStarts))
  }
  say(`${options.idleSeconds} s of rest`)
  await startAll(all)
  findings.idle = await measureIdle(running, options.idleSeconds)
  await stopAll()
}

async function packedTargets(): Promise<OurTarget[]> {
  say('building and installing the packages')
  try {
    packed = installPacked()
  } catch (error) {
    const [why] = String(error).split('\n')
    findings.notes.push(`the packages could not be installed, so nothing is said of them: ${why}`)
    return []
  }
  const target = packedTarget(packed.main)
  await prepare(target)
  return [target]
}

async function prepare(target: Target): Promise<void> {
  prepared.push(target)
  await target.prepare?.()
}

async function startAll(all: Target[]): Promise<void> {
  for (const target of all) running.push({ target, running: await target.start() })
}

async function stopAll(): Promise<void> {
  for (const one of running.splice(0)) await one.running.stop()
}

function elapsed(): string {
  const seconds = Math.round(performance.now() / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

function describeMachine(): string[] {
  const processors = cpus()
  const pinning = canPin
    ? 'each server alone on core 0; the load generator on core 1, and PostgreSQL there too'
    : 'NOT pinned to cores (no `taskset` or one core only): ratios are less certain'
  return [
    `Node ${process.versions.node}, ${processors.length} cores of ${processors[0]?.model ?? 'an unknown processor'}`,
    `${pinning}; 32 keep-alive connections, one request in flight on each`,
    `a flush of 4 KiB in the databases' folder (TMPDIR) takes ${Math.round(flushMicroseconds())} us`,
    `${options.rounds} alternating rounds of ${options.seconds} s windows, after ${fewestWarmUps} to ${mostWarmUps} warm-up rounds until no server got faster`,
  ]
}
