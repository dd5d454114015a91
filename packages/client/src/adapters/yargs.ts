// The commands of a sign-in for yargs: `yargs(…).command(auth.yargs())`. Only the shape of its command modules is
// relied on. Not here: what the commands are (commands/table.ts).
import { type Command, callOf, type RunCall } from '../commands/command.ts'

/** What is used of yargs while a command is described. */
export type YargsLike = {
  option(
    name: string,
    about: { type: 'string' | 'boolean'; describe: string; requiresArg?: boolean },
  ): YargsLike
  positional(name: string, about: { type: 'string'; describe: string }): YargsLike
  parserConfiguration(configuration: Record<string, boolean>): YargsLike
}

export type YargsModule = {
  command: string
  describe: string
  builder: (yargs: YargsLike) => YargsLike
  handler: (found: Record<string, unknown>) => Promise<void>
}

export function yargsModules(commands: readonly Command[], run: RunCall): YargsModule[] {
  return commands.map((command) => {
    const given = command.arguments ?? []
    const words = given.map(({ name, required, rest, many }) => {
      const word = `${name}${rest || many ? '..' : ''}`
      // What is passed on may stand behind `--`, where yargs does not look for what it requires.
      return required && !rest ? `<${word}>` : `[${word}]`
    })
    return {
      command: [command.name, ...words].join(' '),
      describe: command.summary,
      builder: (yargs) => describe(yargs, command),
      handler: (found) =>
        run(
          command,
          callOf(command, (name) => found[name], [
            ...given.map(({ name }) => found[name]),
            ...listOf(found['--']),
          ]),
        ),
    }
  })
}

function describe(yargs: YargsLike, command: Command): YargsLike {
  for (const { name, value, description } of command.flags)
    yargs.option(name, {
      describe: description,
      ...(value === undefined ? { type: 'boolean' } : { type: 'string', requiresArg: true }),
    })
  for (const { name, description } of command.arguments ?? [])
    yargs.positional(name, { type: 'string', describe: description })
  // yargs reads flags wherever they stand: what another program is given has to stand behind `--`.
  if (command.arguments?.some(({ rest }) => rest)) yargs.parserConfiguration({ 'populate--': true })
  return yargs
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
