// What somebody probably meant who mistyped a word. Pure.
// The sentence around it is arguments.ts.

/** ` Did you mean login?` or nothing, to be put behind a sentence. */
export function suggestion(word: string, known: readonly string[]): string {
  const [best] = known
    .map((name) => ({ name, distance: distance(word.slice(0, 40), name) }))
    .sort((a, b) => a.distance - b.distance)
  return best && best.distance <= Math.max(1, Math.floor(best.name.length * 0.4))
    ? ` Did you mean ${best.name}?`
    : ''
}

/** Damerau-Levenshtein: letters to add, drop, change, or swap with their neighbour. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, at) => [at])
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Math.max(i, j)
  for (let j = 1; j <= b.length; j += 1) rows[0]?.push(j)
  for (let i = 1; i <= a.length; i += 1)
    for (let j = 1; j <= b.length; j += 1) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] && i > 1 && j > 1
      const swap = swapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY
      rows[i]?.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, change, swap))
    }
  return at(a.length, b.length)
}
