// Tries every order in which a flow's answer, a cancel, the end of its time, a failing store, a restart and a second node can meet:
// depth first, each run from the beginning, following the choices so far and then the first that nobody tried. A place that was
// seen before (same records, same time, every program has heard the same) is not gone on from again.
// Not here: the flow and its gates (racing-flow.ts, gates.ts), what must hold (flows.interleavings.test.ts). For tests.

import { hash } from 'node:crypto'
import type { Gate } from './gates.ts'
import { type RacingFlow, startRacingFlow } from './racing-flow.ts'

/** How often each may happen in one run. */
export interface Scenario {
  readonly nodes: number
  /** Answers on the way to the tokens; by itself one. */
  readonly steps?: 1 | 2
  readonly cancels?: number
  /** The time of the flow ends. */
  readonly expiries?: number
  /** A claim ends although whoever has it lives. */
  readonly pauses?: number
  /** The store does not do what it is asked, or does it and nobody hears. */
  readonly faults?: number
  /** The first node dies and starts anew. */
  readonly restarts?: number
}

export interface Explored {
  readonly runs: number
  /** How often runs ended in each state. */
  readonly ends: ReadonlyMap<string, number>
}

/** `told`: the choices that led there. */
export type Check = (flow: RacingFlow, told: string) => void

/** Calls `check` at every place and `checkEnd` at the end of every run. */
export async function explore(scenario: Scenario, check: Check, checkEnd: Check): Promise<Explored> {
  const seen = new Set<string>()
  const ends = new Map<string, number>()
  const untried: number[][] = [[]]
  let runs = 0
  for (let prefix = untried.pop(); prefix !== undefined; prefix = untried.pop()) {
    runs += 1
    const run = await startRun(scenario)
    const taken: number[] = []
    for (let options = run.options(); options.length > 0; options = run.options()) {
      const chosen = prefix[taken.length]
      if (chosen === undefined) {
        check(run.flow, run.told())
        const place = run.fingerprint()
        if (seen.has(place)) break
        seen.add(place)
        for (let other = options.length - 1; other > 0; other--) untried.push([...taken, other])
      }
      taken.push(chosen ?? 0)
      await options[chosen ?? 0]?.take()
    }
    if (run.options().length === 0) await end(run, ends, checkEnd)
  }
  return { runs, ends }
}

/**
 * As many runs with every choice drawn, for scenarios that have too many orders, and more until each way to end was seen, since some
 * are rare; `random` gives a number below its argument.
 */
export async function sample(
  scenario: Scenario & { readonly runs: number; readonly ends: readonly string[] },
  random: (below: number) => number,
  check: Check,
  checkEnd: Check,
): Promise<Explored> {
  const ends = new Map<string, number>()
  const isSeen = () => scenario.ends.every((state) => ends.has(state))
  let count = 0
  for (; count < scenario.runs || (!isSeen() && count < mostDrawn); count++) {
    const run = await startRun(scenario)
    for (let options = run.options(); options.length > 0; options = run.options()) {
      check(run.flow, run.told())
      await drawn(options, random)?.take()
    }
    await end(run, ends, checkEnd)
  }
  return { runs: count, ends }
}

const mostDrawn = 20_000

/** One of three disturbances that are drawn happens: more, and nearly every run would be over before anything was answered. */
function drawn(options: readonly Option[], random: (below: number) => number): Option | undefined {
  const one = options[random(options.length)]
  const calm = options.filter(({ disturbs }) => !disturbs)
  return one?.disturbs && calm.length > 0 && random(3) > 0 ? calm[random(calm.length)] : one
}

type Run = Awaited<ReturnType<typeof startRun>>

async function end(run: Run, ends: Map<string, number>, checkEnd: Check): Promise<void> {
  await run.finish()
  checkEnd(run.flow, run.told())
  const { state } = run.flow.now.flow
  ends.set(state, (ends.get(state) ?? 0) + 1)
}

interface Option {
  readonly name: string
  /** A cancel, the end of a time, a fault or a restart. */
  readonly disturbs: boolean
  readonly take: () => Promise<void>
}

async function startRun(scenario: Scenario) {
  const flow = await startRacingFlow(scenario.nodes, scenario.steps ?? 1)
  const { clock, gates } = flow
  const { cancels = 0, expiries = 0, pauses = 0, faults = 0, restarts = 0 } = scenario
  const left = { cancels, expiries, pauses, faults, restarts }
  const choices: string[] = []
  let ticks = 0

  function option(name: string, counts: keyof typeof left | undefined, take: () => unknown): Option[] {
    if (counts !== undefined && left[counts] === 0) return []
    const all = async () => {
      choices.push(name)
      if (counts !== undefined) left[counts] -= 1
      await take()
      await flow.look()
    }
    return [{ name, disturbs: counts !== undefined, take: all }]
  }

  function options(): Option[] {
    const { state, delivery } = flow.now.flow
    const isOver = state !== 'pending' && delivery === null
    if (gates.waiting.length === 0) {
      if (isOver) return []
      const passes = option('time passes', undefined, tick)
      return ticks === 0 ? [...passes, ...disturbances()] : passes
    }
    return [...gates.waiting.flatMap(gateOptions), ...disturbances()]
  }

  function gateOptions(gate: Gate): Option[] {
    const name = `${gate.program}: ${gate.what}`
    const done = option(name, undefined, () => gates.open(gate, 'done'))
    if (!gate.mayFail) return done
    const failed = (how: 'failed' | 'lost') => option(`${name} ${how}`, 'faults', () => gates.open(gate, how))
    return [...done, ...failed('failed'), ...failed('lost')]
  }

  function tick(): void {
    ticks += 1
    if (ticks > 500) throw new Error(`it does not end: ${choices.join(', ')}`)
    clock.tick()
  }

  function disturbances(): Option[] {
    return [
      ...option('cancel', 'cancels', () => flow.cancel(`cancel-${left.cancels}`)),
      ...option('its time ends', 'expiries', () => clock.jump(flow.now.flow.expiresAt - clock.now())),
      ...option('a claim ends', 'pauses', () => clock.jump(31)),
      ...option('restart', 'restarts', () => flow.restart()),
    ]
  }

  return {
    flow,
    options,
    told: () => choices.join(', '),
    /** What still waits for its time, such as another attempt to write, ends as well. */
    async finish(): Promise<void> {
      for (const end = clock.now() + 100; clock.now() < end; clock.tick()) await flow.run()
      await flow.look()
    },
    fingerprint(): string {
      const waiting = gates.waiting.map(({ program, what, args }) => [program, what, args]).toSorted()
      const heard = [...gates.heard].toSorted()
      const { now, given, revoked, cancelled } = flow
      const counts = [given.length, revoked.length, cancelled.length, left]
      return hash('sha256', JSON.stringify([waiting, heard, now, counts, clock.now(), clock.sleeping()]))
    },
  }
}
