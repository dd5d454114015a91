// A `System` whose sleeping takes no time: it only moves its own clocks and writes down how long was asked
// for. Network and randomness stay real. For tests.
import { type System, system } from '../system.ts'

export type VirtualSystem = System & {
  /** Every sleep, in seconds, in order. */
  slept: number[]
  /** Time that goes by while something else is awaited, such as an answer. */
  pass: (seconds: number) => void
  /** Moves the wall clock alone, as a person or NTP does. */
  setClock: (seconds: number) => void
}

export function virtualSystem(): VirtualSystem {
  const slept: number[] = []
  let passed = 0
  let adjusted = 0
  return {
    ...system,
    slept,
    pass: (seconds) => {
      passed += seconds
    },
    setClock: (seconds) => {
      adjusted = seconds - system.now() - passed
    },
    now: () => system.now() + passed + adjusted,
    monotonic: () => system.monotonic() + passed,
    sleep: async (seconds) => {
      slept.push(seconds)
      passed += seconds
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

/** The same, sleeping really, but never for long: cancelling is bounded by real time. */
export function patient(virtual: VirtualSystem): System {
  const sleep = (seconds: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, Math.min(seconds, 0.25) * 1000))
  return { ...virtual, sleep }
}
