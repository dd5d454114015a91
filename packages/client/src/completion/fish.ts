// Completion for fish, one line for each thing that is offered.
// Not here: what can be completed (words.ts).
import { flattened, placesOf, quoted, type Words } from './words.ts'

export function fishCompletion(command: string, words: readonly Words[]): string {
  const first = words.map(({ name, summary }) =>
    line(command, '__fish_use_subcommand', `-a ${name}`, summary),
  )
  const rest = flattened(words).flatMap(({ path, words: one }) => linesFor(command, path, one))
  return [
    `# fish completion of ${command}; put into ~/.config/fish/completions/${command}.fish:  ${command} completion fish`,
    `complete -c ${command} -f`,
    ...first,
    ...rest,
  ].join('\n')
}

function linesFor(command: string, path: readonly string[], one: Words): string[] {
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')
  const flags = one.flags.map(({ name, value, description }) =>
    line(command, seen, `-l ${name}${value === undefined ? '' : ' -r -F'}`, description),
  )
  const choices = [...new Set(placesOf(one).flat())].map((choice) => line(command, seen, `-a ${choice}`))
  return [...choices, ...flags]
}

function line(command: string, condition: string, what: string, description?: string): string {
  // In fish, a backslash escapes inside single quotes.
  const told =
    description === undefined
      ? ''
      : ` -d ${quoted(description.replaceAll('\\', '\\\\')).replaceAll("'\\''", "\\'")}`
  return `complete -c ${command} -n ${quoted(condition)} ${what}${told}`
}
