// The part of the report that is not about rates: start and rest, approval to token, outstanding codes.
// Each table says for each goal whether it was reached. The numbers come from measures.ts and our-measures.ts.
import type { Crowd } from './crowd.ts'
import { type ColdStart, type Idle, median, quantile } from './measures.ts'
import { otherGoals } from './operations.ts'
import type { SignIns } from './our-measures.ts'
import type { ProgramTimes } from './program-measures.ts'
import { table } from './report-table.ts'

export type OtherFindings = {
  coldStarts: ColdStart[]
  idle: Idle[]
  program: ProgramTimes[]
  signIns: SignIns[]
  crowd: Crowd[]
}

export function measuresReport(findings: OtherFindings): string[] {
  return [
    ...startAndRest(findings),
    ...(findings.program.length === 0 ? [] : theProgram(findings.program)),
    ...approvalToToken(findings.signIns),
    ...(findings.crowd.length === 0 ? [] : outstandingCodes(findings.crowd)),
  ]
}

function startAndRest({ coldStarts, idle }: OtherFindings): string[] {
  if (coldStarts.length === 0) return []
  const { coldStartMilliseconds, idleMegabytes } = otherGoals
  const rows = coldStarts.map(({ target, milliseconds }) => {
    const isOurs = target.startsWith('countersign')
    const start = median(milliseconds)
    const bytes = idle.find((one) => one.target === target)?.residentBytes ?? null
    const rest = bytes === null ? null : bytes / 1e6
    return [
      target,
      `${start.toFixed(0)} ms${isOurs ? verdict(start < coldStartMilliseconds) : ''}`,
      rest === null ? '-' : `${rest.toFixed(0)} MB${isOurs ? verdict(rest < idleMegabytes) : ''}`,
    ]
  })
  const goal = ['goal', `< ${coldStartMilliseconds} ms`, `< ${idleMegabytes} MB`]
  const header = ['server', `start to first answer (median of ${coldStarts[0]?.milliseconds.length})`]
  return [
    '## Start and rest',
    '',
    ...table([...header, 'resident when idle'], [...rows, goal]),
    '',
    'Ours run from a clone except the one as published, which was packed and installed from its tarballs.',
    '',
  ]
}

const whatTheProgramDid: Record<ProgramTimes['what'], string> = {
  node: '`node -e 0`',
  token: '`countersign token`, the stored token still good',
  'refusal in CI': '`countersign login` in CI without a terminal',
  '^C': '^C while `countersign login` waits, until it has ended and the server knows',
}

function theProgram(program: ProgramTimes[]): string[] {
  const node = median(program.find(({ what }) => what === 'node')?.milliseconds ?? [])
  const { programMilliseconds, interruptMilliseconds } = otherGoals
  const rows = program.map(({ what, milliseconds }) => {
    const time = median(milliseconds)
    const worst = `${Math.max(...milliseconds).toFixed(0)} ms`
    if (what === 'node') return [whatTheProgramDid[what], `${time.toFixed(0)} ms`, '-', worst]
    if (what === '^C') {
      const shown = `${time.toFixed(0)} ms${verdict(time < interruptMilliseconds)} (< ${interruptMilliseconds})`
      return [whatTheProgramDid[what], shown, '-', worst]
    }
    const beyond = time - node
    const goal = programMilliseconds[what]
    const shown = `${beyond.toFixed(0)} ms${verdict(beyond < goal)} (< ${goal})`
    return [whatTheProgramDid[what], `${time.toFixed(0)} ms`, shown, worst]
  })
  const times = program[0]?.milliseconds.length
  return [
    '## The program, as published',
    '',
    ...table([`median of ${times}`, 'whole', 'beyond Node', 'worst'], rows),
    '',
  ]
}

const whatWasMeasured: Record<SignIns['what'], string> = {
  held: 'SQLite FULL, our client, poll held',
  plain: 'SQLite FULL, a plain RFC 8628 client (openid-client), interval 5 s',
  'held, database': 'PostgreSQL, our client, poll held',
  'held, two nodes': 'PostgreSQL, our client, poll held by one node, decision on another',
}

function approvalToToken(signIns: SignIns[]): string[] {
  if (signIns.length === 0) return []
  const { signInMilliseconds: goal, secondNodeMilliseconds } = otherGoals
  const oneNode = signIns.find(({ what }) => what === 'held, database')
  const goals: Record<SignIns['what'], { median: number; worst: number } | undefined> = {
    held: goal,
    plain: undefined,
    'held, database': goal,
    'held, two nodes': oneNode && {
      median: median(oneNode.milliseconds) + secondNodeMilliseconds,
      worst: Number.NaN,
    },
  }
  const rows = signIns.map(({ what, milliseconds }) => {
    const wanted = goals[what]
    const cell = (value: number, below = Number.NaN) =>
      `${value.toFixed(1)}${Number.isNaN(below) ? '' : `${verdict(value < below)} (< ${below.toFixed(0)})`}`
    return [
      whatWasMeasured[what],
      String(milliseconds.length),
      cell(median(milliseconds), wanted?.median),
      cell(quantile(milliseconds, 0.99)),
      cell(Math.max(...milliseconds), wanted?.worst),
    ]
  })
  const header = ['from the sending of the decision to the token, ms', 'sign-ins', 'median', 'p99', 'worst']
  return [
    '## Approval to token',
    '',
    ...table(header, rows),
    '',
    `A second node may add ${secondNodeMilliseconds} ms to the median of one. The peers hold no poll: like the plain client, they wait`,
    'for the interval.',
    '',
  ]
}

function outstandingCodes(crowd: Crowd[]): string[] {
  const { bytesPerCode: mostBytes, crowdPollShare } = otherGoals
  // The goals are for the largest crowd; what the heap keeps after a load would drown the bytes of a smaller one.
  const last = crowd.at(-1)
  const first = crowd.find(({ ratio }) => ratio !== null)
  const rows = crowd.map((one) => {
    const bytes = bytesPerCode(first, one)
    const { residentBytes: resident, pollRate, ratio } = one
    return [
      String(one.codes),
      one.byRequests === one.codes ? 'all' : String(one.byRequests),
      resident === null ? '-' : `${Math.round(resident / 1e6)} MB`,
      bytes === null ? '-' : `${bytes}${one === last ? verdict(bytes < mostBytes) : ''}`,
      pollRate === null ? '-' : `${Math.round(pollRate)}`,
      ratio === null ? '-' : `${ratio.toFixed(2)}${one === last ? verdict(ratio >= crowdPollShare) : ''}`,
    ]
  })
  const header = ['codes', 'made by requests', 'resident', 'bytes per further code', 'polls per second']
  return [
    `## Outstanding codes, SQLite FULL (goals: < ${mostBytes} bytes of memory each, poll rate within 20 %)`,
    '',
    ...table([...header, `ratio to ${first?.codes} codes`], rows),
    '',
    'The ratio is to a second server with the first count of codes, polled in turn with this one. Codes that were not made by',
    'requests were written into the database beside the running server.',
    '',
  ]
}

function bytesPerCode(first: Crowd | undefined, one: Crowd): number | null {
  if (first === undefined || one.codes <= first.codes) return null
  if (first.residentBytes === null || one.residentBytes === null) return null
  return Math.round((one.residentBytes - first.residentBytes) / (one.codes - first.codes))
}

function verdict(reached: boolean): string {
  return reached ? ' reached' : ' **missed**'
}
