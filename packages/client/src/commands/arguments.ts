// The words of a command line, for programs without a parser of their own: `node:util` reads them, here they meet the
// table of commands. Not here: what help prints (help.ts), running the command (run-command.ts).
import { parseArgs } from 'node:util'
import { clean, UsageError } from '../terminal/terminal.ts'
import { type Call, type Command, callOf } from './command.ts'
import { suggestion } from './suggest.ts'

export type Parsed =
  | { wants: 'help'; command: Command | undefined }
  | { wants: 'version' }
  | { wants: 'run'; command: Command; call: Call }

/** @throws UsageError with a sentence that says what would be right. */
export function parseCommandLine(words: readonly string[], commands: readonly Command[]): Parsed {
  const [first, ...rest] = words
  if (first === undefined || first === '--help' || first === '-h')
    return { wants: 'help', command: undefined }
  if (first === '--version' || first === '-V') return { wants: 'version' }
  if (first === 'help')
    return { wants: 'help', command: rest[0] === undefined ? undefined : named(rest[0], commands) }
  const command = named(first, commands)
  const { own } = split(rest, command)
  if (own.some((word) => word === '--help' || word === '-h')) return { wants: 'help', command }
  return { wants: 'run', command, call: parseCall(command, rest) }
}

/** The words after a command's name. */
export function parseCall(command: Command, words: readonly string[]): Call {
  const { own, passed } = split(words, command)
  const { values, positionals } = read(command, own)
  const args = [...positionals, ...passed]
  const taken = command.arguments ?? []
  const missing = taken.find(({ required }, at) => required && args[at] === undefined)
  if (missing) throw new UsageError(`missing required argument '${missing.name}'`)
  if (args.length > taken.length && !taken.some(({ rest, many }) => rest || many))
    throw new UsageError(
      `too many arguments for '${command.name}': ${clean(args.slice(taken.length).join(' '))}`,
    )
  return callOf(command, (name) => values[name], args)
}

function named(name: string, commands: readonly Command[]): Command {
  const found = commands.find((command) => command.name === name)
  if (found) return found
  const names = commands.map((command) => command.name)
  throw new UsageError(`unknown command '${clean(name)}'.${suggestion(name, names)}`)
}

/** What a command passes on to another program begins at its first argument, flags of that one included. */
function split(
  words: readonly string[],
  command: Command,
): { own: readonly string[]; passed: readonly string[] } {
  if (!command.arguments?.some(({ rest }) => rest)) return { own: words, passed: [] }
  const { tokens } = parseArgs({
    args: [...words],
    options: optionsOf(command),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const start = tokens.find(({ kind }) => kind !== 'option')
  if (!start) return { own: words, passed: [] }
  const from = start.kind === 'option-terminator' ? start.index + 1 : start.index
  return { own: words.slice(0, start.index), passed: words.slice(from) }
}

function read(command: Command, words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: optionsOf(command), strict: true, allowPositionals: true })
  } catch (error) {
    if (!(error instanceof TypeError && 'code' in error)) throw error
    const [, option = ''] = /'(-[^' =]*)/.exec(error.message) ?? []
    if (error.code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw new UsageError(sentence(error.message))
    const names = command.flags.map(({ name }) => `--${name}`)
    throw new UsageError(`unknown option '${clean(option)}'.${suggestion(option, names)}`)
  }
}

/** The first sentence; what Node adds is about how parseArgs was called. */
function sentence(message: string): string {
  return clean(message.split('\n')[0] ?? message)
}

function optionsOf(command: Command): Record<string, { type: 'string' | 'boolean' }> {
  return Object.fromEntries(
    command.flags.map(({ name, value }) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  )
}
