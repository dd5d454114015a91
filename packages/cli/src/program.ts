// The table of commands and how they are parsed (commander). Only the command that was asked for is loaded.
// Not here: what a command does (commands/<name>.ts).
import { addCommand } from '@countersign/client/commander'
import {
  commandsOf,
  EXIT_CODES,
  type RunCall,
  reporting,
  runCommand,
  type Words,
} from '@countersign/client/commands'
import { systemOf } from '@countersign/client/network'
import { system } from '@countersign/client/system'
import {
  createTerminal,
  type Exit,
  exits,
  explain,
  type Streams,
  UsageError,
} from '@countersign/client/terminal'
import { Command, CommanderError } from 'commander'
import { app } from './app.ts'
import type { Context } from './context.ts'

type CommandModule = { define: (program: Command, context: Context) => void }

const commands: { name: string; summary: string; load: () => Promise<CommandModule> }[] = [
  { name: 'serve', summary: 'run the server', load: () => import('./commands/serve.ts') },
  { name: 'users', summary: 'manage accounts', load: () => import('./commands/users.ts') },
  {
    name: 'clients',
    summary: 'manage the programs that may ask',
    load: () => import('./commands/clients.ts'),
  },
  {
    name: 'resources',
    summary: 'manage the APIs that tokens are for',
    load: () => import('./commands/resources.ts'),
  },
  { name: 'keys', summary: 'list and rotate signing keys', load: () => import('./commands/keys.ts') },
  { name: 'grants', summary: 'list and revoke sign-ins', load: () => import('./commands/grants.ts') },
  {
    name: 'consents',
    summary: 'list and withdraw what people agreed to',
    load: () => import('./commands/consents.ts'),
  },
  { name: 'audit', summary: 'read and check the audit log', load: () => import('./commands/audit.ts') },
]

export type Surroundings = Streams & { env: Record<string, string | undefined> }

export async function runProgram(args: string[], around: Surroundings): Promise<number> {
  let code: Exit = exits.ok
  const terminal = createTerminal(around, around.env)
  const context: Context = {
    app,
    terminal,
    env: around.env,
    cwd: process.cwd(),
    system: systemOf(app, around.env, system),
    moreCommands: () => wordsOf(context),
    run: async ({ json }, work) => {
      code = await reporting(context, json === true, work)
    },
  }
  try {
    const program = await buildProgram(args, context, around, async (command, call) => {
      code = await runCommand(command, call, context)
    })
    if (args.length === 0) program.outputHelp()
    else await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    // commander has printed its own sentence; every mistake in the call has one exit code.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exits.ok : exits.usage
    throw error
  }
}

async function buildProgram(
  args: string[],
  context: Context,
  around: Streams,
  run: RunCall,
): Promise<Command> {
  const program = new Command('countersign')
  program
    .description('Sign-in for things without a browser.')
    .version(app.version)
    .showSuggestionAfterError(true)
    .showHelpAfterError('  Run "countersign --help" to see what there is.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => around.stdout.write(text),
      writeErr: (text) => around.stderr.write(text),
      outputError: (text) => reportMistake(text, args, context),
    })
    .addHelpText('after', ['', ...EXIT_CODES].join('\n'))
  const words = args.filter((word) => !word.startsWith('-'))
  const wanted = words[0] === 'help' ? words[1] : words[0]
  // commander puts a command under the heading that is in force when it is added.
  program.commandsGroup('Signing in:')
  for (const command of commandsOf(app)) addCommand(program, command, run)
  program.commandsGroup('The server and its administration:')
  for (const { name, summary, load } of commands) {
    if (name === wanted) (await load()).define(program, context)
    else program.command(name).description(summary)
  }
  return program
}

/** In the voice of all other errors, and as JSON where that was asked for. */
function reportMistake(text: string, args: readonly string[], { terminal }: Context): void {
  const words = text
    .replace(/^error: /, '')
    .replace(/\n\((Did you mean .*\?)\)/, '. $1')
    .trim()
  const { code, message } = explain(new UsageError(words), app.command)
  if (args.includes('--json')) terminal.printJson({ status: 'error', code, message })
  else terminal.fail(message)
}

/** The commands that are not of a sign-in, as commander knows them once they are loaded. */
async function wordsOf(context: Context): Promise<Words[]> {
  const all = new Command()
  for (const { load } of commands) (await load()).define(all, context)
  return all.commands.map(asWords)
}

function asWords(command: Command): Words {
  return {
    name: command.name(),
    summary: command.description(),
    flags: command.options
      .filter(({ long }) => long?.startsWith('--'))
      .map(({ long, description, required }) => ({
        name: long?.slice(2) ?? '',
        description,
        ...(required ? { value: 'value' } : {}),
      })),
    choices: [],
    below: command.commands.map(asWords),
  }
}
