// Signals that ask the program to end: the first is answered in good order, a later one ends it at once.
// Not here: what good order is (commands/login.ts, commands/serve.ts).
import type { System } from '../system.ts'
import { exits } from './terminal.ts'

/** Returns how to stop listening. */
export function onFirstSignal(
  names: readonly NodeJS.Signals[],
  system: System,
  answer: () => void,
): () => void {
  let askedAt: number | undefined
  const onSignal = (): void => {
    if (askedAt === undefined) {
      askedAt = system.monotonic()
      answer()
      return
    }
    // Under `npm start` one ^C comes twice: to the whole process group, and once more passed on by npm.
    if (system.monotonic() - askedAt >= ECHO_SECONDS) process.exit(exits.cancelled)
  }
  for (const name of names) process.on(name, onSignal)
  return () => {
    for (const name of names) process.off(name, onSignal)
  }
}

const ECHO_SECONDS = 1
