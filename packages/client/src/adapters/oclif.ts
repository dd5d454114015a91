// The commands of a sign-in for oclif, whose `explicit` strategy takes them as an export: `export const COMMANDS =
// { ...auth.oclif() }`. Only the shape of its command classes is relied on; it describes, and the words are read as
// everywhere. Not here: what the commands are (commands/table.ts).
import type { Command, RunWords } from '../commands/command.ts'

type OclifFlag =
  | { type: 'boolean'; name: string; description: string; allowNo: false }
  | { type: 'option'; name: string; description: string; helpValue: string; multiple: false }

export type OclifCommand = {
  id: string
  summary: string
  aliases: string[]
  hiddenAliases: string[]
  hidden: false
  strict: boolean
  args: Record<string, { name: string; description: string; required: boolean }>
  flags: Record<string, OclifFlag>
  run: (words?: string[]) => Promise<void>
}

export function oclifCommands(commands: readonly Command[], run: RunWords): Record<string, OclifCommand> {
  return Object.fromEntries(commands.map((command) => [command.name, oclifCommand(command, run)]))
}

function oclifCommand(command: Command, run: RunWords): OclifCommand {
  const given = command.arguments ?? []
  return {
    id: command.name,
    summary: command.summary,
    aliases: [],
    hiddenAliases: [],
    hidden: false,
    strict: !given.some(({ rest, many }) => rest || many),
    args: Object.fromEntries(
      given.map(({ name, description, required }) => [
        name,
        { name, description, required: required === true },
      ]),
    ),
    flags: Object.fromEntries(
      command.flags.map(({ name, value, description }): [string, OclifFlag] => [
        name,
        value === undefined
          ? { type: 'boolean', name, description, allowNo: false }
          : { type: 'option', name, description, helpValue: `<${value}>`, multiple: false },
      ]),
    ),
    run: (words = []) => run(command, words),
  }
}
