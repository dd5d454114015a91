// A `System` whose sleeping takes no time: it only moves its own clocks and writes down how long was asked
// for. Network and randomness stay real. For tests.
import { type System, system } from '../system.ts'
import { paths } from './scripted-server.ts'

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

/** The same, but cancelling, which may take 250 ms of real time, may take a minute: a busy machine spends those elsewhere. */
export function patient(virtual: VirtualSystem): System {
  return {
    ...virtual,
    // Nothing else sleeps for less than a second.
    sleep: (seconds) =>
      seconds < 1
        ? new Promise((resolve) => void setTimeout(resolve, 60_000).unref())
        : virtual.sleep(seconds),
    // What it sends has a limit of its own.
    fetch: (url, init) => virtual.fetch(url, url.endsWith(paths.revoke) ? { ...init, signal: null } : init),
  }
}
