// What can be completed, apart from any shell: a command, what it can be followed by, and its flags.
// The scripts made of it: bash.ts, zsh.ts, fish.ts.

export type Words = {
  name: string
  summary: string
  flags: readonly { name: string; value?: string | undefined; description: string }[]
  /** The fixed words that stand at the first, second, … place behind it; the last place also for all that follow. */
  choices: readonly (readonly string[])[]
  /** Commands of its own, such as `users add`. */
  below: readonly Words[]
}

/** Every command by its whole name, the program's own first words not among them. */
export function flattened(
  words: readonly Words[],
  path: readonly string[] = [],
): { path: string[]; words: Words }[] {
  return words.flatMap((one) => {
    const own = [...path, one.name]
    return [{ path: own, words: one }, ...flattened(one.below, own)]
  })
}

/** For single quotes of any of the shells. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

export function functionName(command: string): string {
  return `_${command.replace(/[^A-Za-z0-9]/g, '_')}`
}

/** Commands whose words are looked up by their place. */
export const placesOf = ({ choices, below }: Words): readonly (readonly string[])[] =>
  below.length > 0 ? [below.map(({ name }) => name)] : choices
