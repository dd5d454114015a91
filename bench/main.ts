// `npm run bench`: starts the floor, our server on each store and the peers, measures them side by side in one
// run, prints the tables and writes them to RESULTS.md. Ends with 1 if any answer was not the expected one.
// The parts: options, rounds (rates), measures (everything else), report, and one file per server.
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { today } from './clock.ts'
import { flushMicroseconds } from './disk.ts'
import { floor } from './floor.ts'
import { startLoadGenerator } from './load-client.ts'
import { measureColdStart, measureCrowd } from './measures.ts'
import { readOptions } from './options.ts'
import { ourTargets } from './ours.ts'
import { betterAuthPeer } from './peers/better-auth.ts'
import { oidcProvider } from './peers/oidc-provider.ts'
import { canPin } from './pin.ts'
import { type Findings, failureLines, writeReport } from './report.ts'
import { type Contestant, runRounds } from './rounds.ts'

const options = readOptions(process.argv.slice(2))
const say = (line: string) => process.stderr.write(`${line}\n`)
const load = startLoadGenerator()
const bare = floor()
const wanted = (name: string) => options.only.length === 0 || options.only.some((part) => name.includes(part))
const ours = ourTargets().filter((target) => wanted(target.name))
const peers = [oidcProvider(), betterAuthPeer()].filter((target) => wanted(target.name))
const targets = [bare, ...ours, ...peers]
const running: Contestant[] = []
const findings: Findings = {
  date: today(),
  machine: describeMachine(),
  targets,
  measurements: [],
  coldStarts: [],
  crowds: [],
  signIns: [],
}
try {
  for (const target of targets) await target.prepare?.()
  if (options.measures) {
    for (const target of targets) {
      say(`cold start: ${target.name}`)
      findings.coldStarts.push(await measureColdStart(target, options.coldStarts))
    }
  }
  for (const target of targets) running.push({ target, running: await target.start() })
  findings.measurements = await runRounds(bare, running, load, { ...options, say })
  await stopAll()
  if (options.measures) {
    for (const target of ours.slice(0, 1)) {
      say(`outstanding codes: ${target.name}`)
      const crowds = await measureCrowd(target, options.crowdCounts, load)
      findings.crowds.push({ target: target.name, crowds })
    }
  }
} finally {
  await stopAll()
  for (const target of targets) await target.dispose?.()
  load.stop()
}
const report = writeReport(findings)
process.stdout.write(`${report}\n`)
writeFileSync(options.out, `${report.trimEnd()}\n`)
if (failureLines(findings.measurements).length > 0) process.exitCode = 1

async function stopAll(): Promise<void> {
  for (const one of running.splice(0)) await one.running.stop()
}

function describeMachine(): string[] {
  const pinning = canPin
    ? 'each server alone on core 0; the load generator on core 1, and PostgreSQL there too'
    : 'NOT pinned to cores (no `taskset` or one core only): ratios are less certain'
  return [
    `Node ${process.versions.node}, ${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown processor'}`,
    `${pinning}; 32 keep-alive connections, one request in flight on each`,
    `a flush of 4 KiB in the databases' folder (TMPDIR) takes ${Math.round(flushMicroseconds())} us`,
    `${options.rounds} alternating rounds of ${options.seconds} s windows after a warm-up round`,
  ]
}
