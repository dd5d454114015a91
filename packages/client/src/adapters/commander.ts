// The commands of a program for commander: `addCommands(program, context)`. commander itself stays with the
// program that uses it; only the shape of its `Command` is relied on. Not here: what the commands are.
import { type Call, type Command, type Context, type Flags, flagKey } from '../commands/command.ts'
import { runCommand } from '../commands/run-command.ts'
import type { Exit } from '../terminal/terminal.ts'

/** What is used of commander's `Command`. */
export type CommanderLike = {
  command(name: string): CommanderLike
  description(text: string): CommanderLike
  option(flags: string, description: string): CommanderLike
  argument(name: string, description: string): CommanderLike
  passThroughOptions(on?: boolean): CommanderLike
  enablePositionalOptions(on?: boolean): CommanderLike
  action(work: (...values: unknown[]) => Promise<void>): CommanderLike
}

/** Adds one command; `finish` learns its exit code. */
export function addCommand(
  program: CommanderLike,
  command: Command,
  context: Context,
  finish: (exit: Exit) => void,
): void {
  const added = program.command(command.name).description(command.summary)
  const given = command.arguments ?? []
  for (const { name, description, required, rest } of given) {
    const word = `${name}${rest ? '...' : ''}`
    added.argument(required ? `<${word}>` : `[${word}]`, description)
  }
  if (given.some(({ rest }) => rest)) {
    program.enablePositionalOptions()
    added.passThroughOptions()
  }
  for (const { name, value, description } of command.flags)
    added.option(`--${name}${value === undefined ? '' : ` <${value}>`}`, description)
  added.action(async (...values) => {
    finish(await runCommand(command, asCall(command, values), context))
  })
}

/** commander passes the arguments one by one, then the options, then itself. */
function asCall(command: Command, values: readonly unknown[]): Call {
  const count = command.arguments?.length ?? 0
  const args = values
    .slice(0, count)
    .flat()
    .filter((value) => typeof value === 'string')
  const found = values[count]
  const options: Record<string, unknown> = typeof found === 'object' && found !== null ? { ...found } : {}
  const flags: Record<string, string | boolean> = {}
  for (const { name } of command.flags) {
    const value = options[flagKey(name)]
    if (typeof value === 'string' || typeof value === 'boolean') flags[flagKey(name)] = value
  }
  return { args, flags: flags satisfies Flags }
}
