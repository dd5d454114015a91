// Runs one command and turns whatever it throws into a sentence and an exit code, the same behind every
// parser. Not here: the sentences (terminal/terminal.ts), what commands do.
import { variable } from '../app.ts'
import { type Exit, exits, explain } from '../terminal/terminal.ts'
import { type Call, type Command, type Context, isOn } from './command.ts'

export async function runCommand(command: Command, call: Call, context: Context): Promise<Exit> {
  return reporting(context, isOn(call.flags, 'json'), async () => (await command.load()).run(call, context))
}

/** With `json` the failure is data on stdout, for the program that asked. */
export async function reporting(context: Context, json: boolean, work: () => Promise<Exit>): Promise<Exit> {
  const { terminal, app, env } = context
  try {
    return await work()
  } catch (error) {
    const failure = explain(error, app.command)
    if (json) terminal.printJson({ status: 'error', code: failure.code, message: failure.message })
    else if (failure.exit === exits.cancelled) terminal.say(failure.message)
    else terminal.fail(failure.message)
    if (env[variable(app, 'DEBUG')] && error instanceof Error) terminal.say(error.stack)
    return failure.exit
  }
}
