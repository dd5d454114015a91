// `completion`: a script that makes a shell complete commands, flags and fixed words, made from the table of commands; asking for
// a completion starts no process. What the scripts look like: ../completion/<shell>.ts.
import type { Words } from '../completion/words.ts'
import { type Exit, exits, UsageError } from '../terminal/terminal.ts'
import type { Call, Command, Context } from './command.ts'

/** The table is given, because this is a row of it. */
export function completionOf(commands: readonly Command[]): (call: Call, context: Context) => Promise<Exit> {
  return (call, context) => run(commands, call, context)
}

async function run(commands: readonly Command[], { args: [shell] }: Call, context: Context): Promise<Exit> {
  const { app, terminal } = context
  const words = [...commands.map(wordsOf), ...((await context.moreCommands?.()) ?? [])]
  switch (shell) {
    case 'bash':
      terminal.print((await import('../completion/bash.ts')).bashCompletion(app.command, words))
      return exits.ok
    case 'zsh':
      terminal.print((await import('../completion/zsh.ts')).zshCompletion(app.command, words))
      return exits.ok
    case 'fish':
      terminal.print((await import('../completion/fish.ts')).fishCompletion(app.command, words))
      return exits.ok
    default:
      throw new UsageError('name the shell: bash, zsh or fish')
  }
}

function wordsOf({ name, summary, flags, arguments: given = [] }: Command): Words {
  return { name, summary, flags, choices: given.map(({ choices = [] }) => choices), below: [] }
}
