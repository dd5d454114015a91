// The commands of a sign-in for commander. commander itself stays with the program that uses it; only the shape of
// its `Command` is relied on. Not here: what the commands are (commands/table.ts).
import { type Command, callOf, type RunCall } from '../commands/command.ts'

/** What is used of commander's `Command`. */
export type CommanderLike = {
  command(name: string): CommanderLike
  description(text: string): CommanderLike
  option(flags: string, description: string): CommanderLike
  argument(name: string, description: string): CommanderLike
  passThroughOptions(on?: boolean): CommanderLike
  enablePositionalOptions(on?: boolean): CommanderLike
  on(event: string, listener: (value: unknown) => void): CommanderLike
  action(work: (...values: unknown[]) => Promise<void>): CommanderLike
}

/** Adds one command, and returns it. */
export function addCommand(program: CommanderLike, command: Command, run: RunCall): CommanderLike {
  const added = program.command(command.name).description(command.summary)
  const given = command.arguments ?? []
  for (const { name, description, required, rest, many } of given) {
    const word = `${name}${rest || many ? '...' : ''}`
    added.argument(required ? `<${word}>` : `[${word}]`, description)
  }
  if (given.some(({ rest }) => rest)) {
    program.enablePositionalOptions()
    added.passThroughOptions()
  }
  for (const { name, value, description } of command.flags)
    added.option(`--${name}${value === undefined ? '' : ` <${value}>`}`, description)
  // Among its options `--no-wait` and `--wait` are one, and the later takes the place of the other; its events tell them apart.
  const found = new Map<string, unknown>()
  for (const { name } of command.flags)
    added.on(`option:${name}`, (value) => void found.set(name, value ?? true))
  // commander passes the arguments one by one, then the options, then itself.
  return added.action(async (...values) => {
    const call = callOf(command, (name) => found.get(name), values.slice(0, given.length))
    found.clear()
    await run(command, call)
  })
}
