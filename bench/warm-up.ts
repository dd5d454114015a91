// When the servers under test are warm. What is measured is a server in use: an engine that compiles what runs often
// goes on doing so for some ten thousand requests of a kind, and a server that is measured earlier is measured while compiling.
// The same rounds are run on every server and on the floor, and all of them wait for the last. The rounds are in rounds.ts.

/** The first has no rates to make material by, and leaves what uses codes up as cold as it was. */
export const fewestWarmUps = 3
export const mostWarmUps = 6

/** What changes less from round to round is the machine's mood. */
const stillRising = 1.05

/** Rates of one round: server -> one rate for each operation, always in the same order. */
export type RoundRates = ReadonlyMap<string, readonly number[]>

/** Asked after each warm-up round, whether it was the last: no server got faster than it was at best. */
export function openWarmUp(): (rates: RoundRates) => boolean {
  const best = new Map<string, readonly number[]>()
  let rounds = 0
  return (rates) => {
    rounds += 1
    let rising = false
    for (const [server, now] of rates) {
      const before = best.get(server)
      if (before === undefined || meanGain(before, now) > stillRising) rising = true
      best.set(
        server,
        now.map((rate, index) => Math.max(rate, before?.[index] ?? 0)),
      )
    }
    return rounds >= mostWarmUps || (rounds >= fewestWarmUps && !rising)
  }
}

/** Of all operations together (geometric): a single one may have met a busy moment. */
function meanGain(before: readonly number[], now: readonly number[]): number {
  const logs = now.map((rate, index) => Math.log(rate / (before[index] ?? rate)))
  return Math.exp(logs.reduce((sum, one) => sum + one, 0) / logs.length)
}
