// Help for programs without a parser of their own: the list of commands, or one command with its flags. Pure.
// What the commands are is table.ts; who asks for help, arguments.ts.
import type { App } from '../app.ts'
import type { Command } from './command.ts'

export function helpOn(app: App, commands: readonly Command[], width: number): string {
  const rows = commands.map((command): Row => [wordsOf(command), command.summary])
  return [
    `Usage: ${app.command} <command> [options]`,
    '',
    ...columns(rows, width),
    '',
    `Run "${app.command} <command> --help" for its options.`,
    ...EXIT_CODES,
  ].join('\n')
}

export function helpOnCommand(app: App, command: Command, width: number): string {
  const flags = command.flags.map(
    ({ name, value, description }): Row => [
      `--${name}${value === undefined ? '' : ` <${value}>`}`,
      description,
    ],
  )
  const given = command.arguments?.map(({ name, description }): Row => [name, description]) ?? []
  return [
    `Usage: ${app.command} ${wordsOf(command)} [options]`,
    '',
    `  ${command.summary}`,
    ...(given.length > 0 ? ['', 'Arguments:', ...columns(given, width)] : []),
    '',
    'Options:',
    ...columns([...flags, ['--help', 'print this']], width),
  ].join('\n')
}

type Row = [string, string]

function wordsOf({ name, arguments: given = [] }: Command): string {
  const words = given.map(({ name: word, required, rest, many }) => {
    const shown = `${word}${rest || many ? '...' : ''}`
    return required ? `<${shown}>` : `[${shown}]`
  })
  return [name, ...words].join(' ')
}

function columns(rows: readonly Row[], width: number): string[] {
  const left = Math.max(...rows.map(([word]) => word.length)) + 4
  return rows.flatMap(([word, text]) =>
    wrap(text, Math.max(30, width - left)).map(
      (line, at) => `  ${(at === 0 ? word : '').padEnd(left - 2)}${line}`,
    ),
  )
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** A part of the contract with scripts, hence in every help. */
export const EXIT_CODES = [
  'Every command takes --json. Exit codes: 0 ok, 1 error, 2 wrong usage, 3 denied, 4 sign-in needed,',
  '5 expired, 6 network, 7 refused by policy, 8 waiting for a person, 130 cancelled.',
]
