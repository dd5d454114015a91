// The table of commands and how they are parsed (commander). Only the command that was asked for is loaded.
// Not here: what a command does (commands/<name>.ts).
import { readFileSync } from 'node:fs'
import { system } from '@countersign/client/system'
import { Command, CommanderError } from 'commander'
import type { Context } from './context.ts'
import { createTerminal, type Exit, exits, explain, type Streams } from './terminal.ts'

type CommandModule = { define: (program: Command, context: Context) => void }

const commands: { name: string; summary: string; load: () => Promise<CommandModule> }[] = [
  { name: 'login', summary: 'sign in', load: () => import('./commands/login.ts') },
  { name: 'logout', summary: 'sign out, here and on the server', load: () => import('./commands/logout.ts') },
  { name: 'status', summary: 'show who is signed in', load: () => import('./commands/status.ts') },
  {
    name: 'token',
    summary: 'print an access token, renewed if needed',
    load: () => import('./commands/token.ts'),
  },
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
    terminal,
    env: around.env,
    system,
    version: ownVersion(),
    run: async ({ json }, work) => {
      try {
        code = await work()
      } catch (error) {
        const failure = explain(error)
        code = failure.exit
        if (json) terminal.printJson({ status: 'error', code: failure.code, message: failure.message })
        else if (code === exits.cancelled) terminal.say(failure.message)
        else terminal.fail(failure.message)
        if (around.env.COUNTERSIGN_DEBUG && error instanceof Error) terminal.say(error.stack)
      }
    },
  }
  try {
    const program = await buildProgram(args, context, around)
    if (args.length === 0) program.outputHelp()
    else await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    // commander has printed its own sentence; every mistake in the call has one exit code.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exits.ok : exits.usage
    throw error
  }
}

async function buildProgram(args: string[], context: Context, around: Streams): Promise<Command> {
  const program = new Command('countersign')
  program
    .description('Sign-in for things without a browser.')
    .version(context.version)
    .showSuggestionAfterError(true)
    .showHelpAfterError('Run "countersign --help" to see what there is.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => around.stdout.write(text),
      writeErr: (text) => around.stderr.write(text),
    })
    .addHelpText('after', EXIT_CODES)
  const words = args.filter((word) => !word.startsWith('-'))
  const wanted = words[0] === 'help' ? words[1] : words[0]
  for (const { name, summary, load } of commands) {
    if (name === wanted) (await load()).define(program, context)
    else program.command(name).description(summary)
  }
  return program
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  if (typeof manifest !== 'object' || manifest === null || !('version' in manifest)) return '0.0.0'
  return String(manifest.version)
}

const EXIT_CODES = `
Every command takes --json. Exit codes: 0 ok, 1 error, 2 wrong usage, 3 denied, 4 sign-in needed,
5 expired, 6 network, 7 refused by policy, 130 cancelled.`
