// The commands of a sign-in for citty: `subCommands: { ...auth.citty() }`. Only the shape of its command definitions
// is relied on; it describes, and the words are read as everywhere. Not here: what the commands are (commands/table.ts).
import type { Command, RunWords } from '../commands/command.ts'

type CittyArgument =
  | { type: 'boolean'; description: string }
  | { type: 'string'; description: string; valueHint: string }
  | { type: 'positional'; description: string; required: false }

export type CittyCommand = {
  meta: { name: string; description: string }
  args: Record<string, CittyArgument>
  run: (context: { rawArgs: string[] }) => Promise<void>
}

export function cittyCommands(commands: readonly Command[], run: RunWords): Record<string, CittyCommand> {
  return Object.fromEntries(commands.map((command) => [command.name, cittyCommand(command, run)]))
}

function cittyCommand(command: Command, run: RunWords): CittyCommand {
  const args: Record<string, CittyArgument> = {}
  // Never required here: what is missing is said by the command, with its exit code.
  for (const { name, description } of command.arguments ?? [])
    args[name] = { type: 'positional', description, required: false }
  for (const { name, value, description } of command.flags)
    args[name] =
      value === undefined
        ? { type: 'boolean', description }
        : { type: 'string', description, valueHint: value }
  return {
    meta: { name: command.name, description: command.summary },
    args,
    run: ({ rawArgs }) => run(command, rawArgs),
  }
}
