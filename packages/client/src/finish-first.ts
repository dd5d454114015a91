// Lets a short piece of work end before a signal ends the process: a refresh token that was sent and whose
// answer nobody reads is a sign-in lost. A second signal does not wait. Not here: signals of commands that
// have something to cancel (terminal/signals.ts).
import type { System } from './system.ts'

export async function finishFirst<T>(work: () => Promise<T>, system: System): Promise<T> {
  let asked: NodeJS.Signals | undefined
  const patience = new AbortController()
  const onSignal = (signal: NodeJS.Signals): void => {
    const again = asked !== undefined
    asked = signal
    if (again) leave(signal)
    else void system.sleep(LONGEST_SECONDS, patience.signal).then(() => leave(signal))
  }
  // Whoever listens already has plans of their own.
  const names = SIGNALS.filter((name) => process.listenerCount(name) === 0)
  const stop = (): void => {
    for (const name of names) process.off(name, onSignal)
  }
  const leave = (signal: NodeJS.Signals): void => {
    stop()
    process.kill(process.pid, signal)
  }
  for (const name of names) process.on(name, onSignal)
  try {
    return await work()
  } finally {
    stop()
    if (asked !== undefined) patience.abort()
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const LONGEST_SECONDS = 5
