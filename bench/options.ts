// The benchmark's command line, and how much each measure takes of the run's time.
// What the numbers mean is in README.md.
import { parseArgs } from 'node:util'

export type Options = {
  rounds: number
  seconds: number
  only: string[]
  measures: boolean
  coldStarts: number
  programRuns: number
  idleSeconds: number
  signIns: number
  databaseSignIns: number
  crowdCounts: number[]
  out: string
}

export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      'skip-measures': { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  })
  const { quick } = values
  return {
    rounds: Number(values.rounds ?? (quick ? 2 : 5)),
    seconds: Number(values.seconds ?? (quick ? 0.5 : 1)),
    only: values.only,
    measures: !values['skip-measures'],
    coldStarts: quick ? 3 : 10,
    programRuns: quick ? 4 : 20,
    idleSeconds: 15,
    signIns: quick ? 20 : 100,
    databaseSignIns: 20,
    crowdCounts: quick ? [10_000, 20_000, 50_000] : [10_000, 100_000, 1_000_000],
    out: values.out ?? new URL('RESULTS.md', import.meta.url).pathname,
  }
}
