// The sign-in of a program in three lines: `login({ issuer, clientId, appName })` gives its commands, for any parser or
// for none, and a `fetch` that carries the token. Loads nothing heavy; what is asked for is loaded then. Not here:
// the commands (commands/), which server and account is meant (resolve.ts).

import { type CittyCommand, cittyCommands } from './adapters/citty.ts'
import { addCommand, type CommanderLike } from './adapters/commander.ts'
import { type OclifCommand, oclifCommands } from './adapters/oclif.ts'
import { type YargsModule, yargsModules } from './adapters/yargs.ts'
import { type App, type AppOptions, createApp } from './app.ts'
import type { Command, Context, RunCall, RunWords } from './commands/command.ts'
import { reporting, runCommand } from './commands/run-command.ts'
import { commandsOf } from './commands/table.ts'
import { openStore } from './credentials.ts'
import { type Access, createAccess } from './login-access.ts'
import { systemOf } from './network.ts'
import { system as realSystem, type System } from './system.ts'
import { createTerminal, type Exit, type Streams } from './terminal/terminal.ts'

/** Where it runs; by default the process itself. */
export type Surroundings = Streams & {
  env: Record<string, string | undefined>
  cwd: () => string
  exitCode?: number | string | null | undefined
}

export type Login = Access & {
  app: App
  /** Runs one of the commands from its words (without node and script), and resolves to the exit code. */
  commands: (words?: readonly string[]) => Promise<Exit>
  /** Adds the commands to a program of commander's, and returns it. */
  addTo: <Program extends CommanderLike>(program: Program) => Program
  yargs: () => YargsModule[]
  citty: () => Record<string, CittyCommand>
  oclif: () => Record<string, OclifCommand>
}

export function login(
  options: AppOptions,
  around: Surroundings = process,
  system: System = realSystem,
): Login {
  const app = createApp(options)
  const { env } = around
  const terminal = createTerminal(around, env)
  const ours = systemOf(app, env, system)
  const memory = openStore({ env, app, system: ours, kind: 'memory' })
  // The directory is asked for each time: programs change it.
  const context = (): Context => ({ app, terminal, env, cwd: around.cwd(), system: ours, memory })
  const commands = commandsOf(app)
  const finish = (exit: Exit): void => {
    if (exit !== 0) around.exitCode = exit
  }
  const runCall: RunCall = async (command, call) => finish(await runCommand(command, call, context()))
  const runWords: RunWords = async (command, words) => finish(await runFromWords(command, words, context()))
  return {
    app,
    commands: async (words = process.argv.slice(2)) =>
      (await import('./commands/program.ts')).runWordsOf(words, commands, context()),
    addTo: (program) => {
      for (const command of commands) addCommand(program, command, runCall)
      return program
    },
    yargs: () => yargsModules(commands, runCall),
    citty: () => cittyCommands(commands, runWords),
    oclif: () => oclifCommands(commands, runWords),
    ...createAccess(() => ({ ...context(), goesOn: true })),
  }
}

async function runFromWords(command: Command, words: readonly string[], context: Context): Promise<Exit> {
  const { parseCall } = await import('./commands/arguments.ts')
  return reporting(context, words.includes('--json'), async () => {
    return runCommand(command, parseCall(command, words), context)
  })
}
