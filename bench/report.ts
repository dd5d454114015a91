// Turns measurements into the one table that is printed and written to RESULTS.md. Plain text in, plain text out;
// the numbers come from rounds.ts and measures.ts.
import type { ColdStart, Crowd } from './measures.ts'
import { median } from './measures.ts'
import { fullShare, goalShare, goals, type OperationName, operations } from './operations.ts'
import type { Measurement } from './rounds.ts'
import type { Target } from './target.ts'

export type Findings = {
  date: string
  machine: string[]
  targets: Target[]
  measurements: Measurement[]
  coldStarts: ColdStart[]
  crowds: { target: string; crowds: Crowd[] }[]
  signIns: { target: string; milliseconds: number[] }[]
}

export function writeReport(findings: Findings): string {
  const failures = failureLines(findings.measurements)
  return [
    '# Benchmark results',
    '',
    `Measured on ${findings.date} by \`npm run bench\`. How to read this: [README.md](README.md).`,
    '',
    ...findings.machine.map((line) => `- ${line}`),
    ...findings.targets.map((target) => `- **${target.name}**: ${target.version}; ${target.durability}`),
    '',
    '## Ratio to the floor of the same round (median of the rounds)',
    '',
    ...ratioTable(findings),
    '',
    '## Requests per second (median), and how busy the server kept its core',
    '',
    ...rateTable(findings),
    '',
    ...otherMeasures(findings),
    failures.length === 0 ? 'Every answer of every window was the expected one.' : '## Unexpected answers',
    '',
    ...failures,
  ].join('\n')
}

/** Answers that were not what the operation should answer; they make the run fail. */
export function failureLines(measurements: Measurement[]): string[] {
  return measurements.flatMap(({ round, target, operation, result }) => {
    if (result.failures === 0 && result.completed > 0) return []
    const example = JSON.stringify(result.failureExamples[0] ?? 'no answer at all')
    return [`- round ${round}, ${target}, ${operation}: ${result.failures} unexpected, such as ${example}`]
  })
}

function ratioTable(findings: Findings): string[] {
  const contestants = findings.targets.filter((target) => target.name !== 'floor')
  const header = ['operation', ...contestants.map((target) => target.name), 'goal now (SQLite / PostgreSQL)']
  const rows = operations.map((operation) => {
    const { sqlite, postgres } = goals[operation]
    const cells = contestants.map((target) => {
      const ratio = ratioOf(findings.measurements, target.name, operation)
      return ratio === null ? '-' : `${format(ratio)}${verdict(target.name, operation, ratio)}`
    })
    return [operation, ...cells, `${(sqlite * goalShare).toFixed(2)} / ${(postgres * goalShare).toFixed(2)}`]
  })
  return table(header, rows)
}

function format(ratio: number): string {
  return ratio < 0.1 ? ratio.toFixed(3) : ratio.toFixed(2)
}

/** The goal of ours depends on the store; peers and the memory store have none. */
function verdict(name: string, operation: OperationName, ratio: number): string {
  if (!name.startsWith('countersign') || name.includes('memory')) return ''
  const goal = name.includes('PostgreSQL') ? goals[operation].postgres : goals[operation].sqlite
  const wanted = goal * goalShare * (name.includes('FULL') ? fullShare : 1)
  return ratio >= wanted ? ' reached' : ` **missed** (${wanted.toFixed(2)})`
}

/** Each round's rate over the floor's of the same round, then the median: a slow minute cancels out. */
function ratioOf(measurements: Measurement[], target: string, operation: OperationName): number | null {
  const ratios = measurements
    .filter((one) => one.target === target && one.operation === operation && one.result.completed > 0)
    .flatMap(({ round, result }) => {
      const floor = measurements.find(
        (one) => one.target === 'floor' && one.operation === operation && one.round === round,
      )
      return floor === undefined || floor.result.rate === 0 ? [] : [result.rate / floor.result.rate]
    })
  return ratios.length === 0 ? null : median(ratios)
}

function rateTable(findings: Findings): string[] {
  const rows = operations.map((operation) => {
    const cells = findings.targets.map((target) => {
      const results = findings.measurements
        .filter((one) => one.target === target.name && one.operation === operation)
        .map((one) => one.result)
      if (results.length === 0) return '-'
      const busy = results.flatMap((result) => result.serverBusy ?? [])
      const share = busy.length === 0 ? '' : ` (${Math.round(median(busy) * 100)} %)`
      return `${Math.round(median(results.map((result) => result.rate)))}${share}`
    })
    const load = findings.measurements.filter((one) => one.operation === operation)
    const busiest = Math.max(0, ...load.map((one) => one.result.loadBusy))
    return [operation, ...cells, `${Math.round(busiest * 100)} %`]
  })
  return table(
    ['operation', ...findings.targets.map((target) => target.name), 'load generator at most'],
    rows,
  )
}

function otherMeasures(findings: Findings): string[] {
  const lines: string[] = []
  if (findings.coldStarts.length > 0) {
    const rows = findings.coldStarts.map((one) => [
      one.target,
      `${Math.round(median(one.milliseconds))} ms`,
      one.idleBytes === null ? '-' : `${Math.round(one.idleBytes / 1e6)} MB`,
    ])
    const goal = ['goal', '< 400 ms', '< 90 MB']
    lines.push('## Start and rest', '')
    lines.push(...table(['server', 'cold start to first answer', 'resident when idle'], [...rows, goal]), '')
  }
  for (const { target, milliseconds } of findings.signIns) {
    const worst = Math.max(...milliseconds)
    lines.push(`## Approval to token, ${target}`, '')
    lines.push(
      `${milliseconds.length} sign-ins with a held poll, from the sending of the decision to the token`,
    )
    lines.push(`in the client: median ${median(milliseconds).toFixed(1)} ms (goal < 50), `)
    lines.push(
      `worst ${worst.toFixed(1)} ms (goal < 250). The peers hold no poll: on average half of 5 s.`,
      '',
    )
  }
  for (const { target, crowds } of findings.crowds) {
    const first = crowds[0]
    const rows = crowds.map((crowd) => [
      String(crowd.codes),
      crowd.residentBytes === null ? '-' : `${Math.round(crowd.residentBytes / 1e6)} MB`,
      bytesPerCode(first, crowd),
      `${Math.round(crowd.pollRate)}`,
      first === undefined ? '-' : (crowd.pollRate / first.pollRate).toFixed(2),
    ])
    lines.push(`## Outstanding codes, ${target} (goals: < 700 bytes each, poll rate within 20 %)`, '')
    const header = ['codes', 'resident', 'bytes per further code', 'polls per second', 'ratio to the first']
    lines.push(...table(header, rows), '')
  }
  return lines
}

function bytesPerCode(first: Crowd | undefined, crowd: Crowd): string {
  if (first === undefined || first === crowd) return '-'
  if (first.residentBytes === null || crowd.residentBytes === null) return '-'
  return String(Math.round((crowd.residentBytes - first.residentBytes) / (crowd.codes - first.codes)))
}

function table(header: string[], rows: string[][]): string[] {
  const widths = header.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(header), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)]
}
