// A whole program out of the table of commands, for those who bring no parser.
// Reading the words is arguments.ts; for parsers of others there are adapters/.
import { type Exit, exits } from '../terminal/terminal.ts'
import { parseCommandLine } from './arguments.ts'
import type { Command, Context } from './command.ts'
import { reporting, runCommand } from './run-command.ts'

export function runWordsOf(
  words: readonly string[],
  commands: readonly Command[],
  context: Context,
): Promise<Exit> {
  const { terminal, app } = context
  return reporting(context, words.includes('--json'), async () => {
    const parsed = parseCommandLine(words, commands)
    if (parsed.wants === 'run') return runCommand(parsed.command, parsed.call, context)
    if (parsed.wants === 'version') terminal.print(app.version)
    else {
      const { helpOn, helpOnCommand } = await import('./help.ts')
      const width = terminal.columns()
      terminal.print(
        parsed.command ? helpOnCommand(app, parsed.command, width) : helpOn(app, commands, width),
      )
    }
    return exits.ok
  })
}
