// Turns findings into the tables that are printed and written to RESULTS.md. Data in, plain text out: here the rates,
// whose numbers come from rounds.ts; everything else in report-measures.ts.
import { median } from './measures.ts'
import { fullShare, goalShare, goals, type OperationName, operations } from './operations.ts'
import { measuresReport, type OtherFindings } from './report-measures.ts'
import { table } from './report-table.ts'
import type { Measurement } from './rounds.ts'
import type { Target } from './target.ts'

export type Findings = OtherFindings & {
  date: string
  machine: string[]
  targets: Target[]
  /** What a reader has to know about this run. */
  notes: string[]
  measurements: Measurement[]
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
    ...findings.notes.map((note) => `- NOTE: ${note}`),
    '',
    ...ratesReport(findings),
    ...measuresReport(findings),
    failures.length === 0 ? 'Every answer of every window was the expected one.' : '## Unexpected answers',
    '',
    ...failures,
  ].join('\n')
}

function ratesReport(findings: Findings): string[] {
  if (findings.measurements.length === 0) return []
  return [
    '## Ratio to the floor before and after the same window (median of the rounds)',
    '',
    ...ratioTable(findings),
    '',
    'Beside each ratio of ours: whether it reaches two thirds of the goal, which the present state has to, and whether it',
    'reaches the whole goal. A goal is written as two thirds / whole. SQLite FULL may stay a quarter below the goals for SQLite.',
    '',
    '## Requests per second (median), and how busy the server kept its core',
    '',
    ...rateTable(findings),
    '',
  ]
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
  const header = ['operation', ...contestants.map((target) => target.name), 'goal SQLite', 'goal PostgreSQL']
  const rows = operations.map((operation) => {
    const { sqlite, postgres } = goals[operation]
    const cells = contestants.map((target) => {
      const ratio = ratioOf(findings.measurements, target.name, operation)
      return ratio === null ? '-' : `${format(ratio)}${verdict(target.name, operation, ratio)}`
    })
    return [operation, ...cells, goalCell(sqlite), goalCell(postgres)]
  })
  return table(header, rows)
}

function goalCell(goal: number): string {
  return `${(goal * goalShare).toFixed(2)} / ${goal.toFixed(2)}`
}

function format(ratio: number): string {
  return ratio < 0.1 ? ratio.toFixed(3) : ratio.toFixed(2)
}

/** The goal of ours depends on the store; peers have none. */
function verdict(name: string, operation: OperationName, ratio: number): string {
  if (!name.startsWith('countersign')) return ''
  const { sqlite, postgres } = goals[operation]
  const goal = name.includes('PostgreSQL') ? postgres : sqlite * (name.includes('FULL') ? fullShare : 1)
  if (ratio >= goal) return ' reached, whole too'
  if (ratio >= goal * goalShare) return ' reached, whole missed'
  return ` **missed** (${(goal * goalShare).toFixed(2)})`
}

/** Each round's rate over the floor's around it, then the median: a slow minute cancels out. */
function ratioOf(measurements: Measurement[], target: string, operation: OperationName): number | null {
  const ratios = measurements
    .filter((one) => one.target === target && one.operation === operation && one.result.completed > 0)
    .flatMap(({ result, floorRate }) => (floorRate === 0 ? [] : [result.rate / floorRate]))
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
