// Runs one command and turns whatever it throws into a sentence and an exit code, the same behind every
// parser. Not here: the sentences (terminal/terminal.ts), what commands do.
import { variable } from '../app.ts'
import { type Exit, exits, explain } from '../terminal/terminal.ts'
import { type Call, type Command, type Context, type Flags, isOn } from './command.ts'

export async function runCommand(command: Command, call: Call, context: Context): Promise<Exit> {
  const { flags } = call
  const work = async (): Promise<Exit> => (await command.load()).run(call, context)
  return reporting(context, isOn(flags, 'json'), work, flags)
}

/** With `json` the failure is data on stdout, for the program that asked. */
export async function reporting(
  context: Context,
  json: boolean,
  work: () => Promise<Exit>,
  flags: Flags = {},
): Promise<Exit> {
  const { terminal, app, env } = context
  try {
    return await work()
  } catch (error) {
    const refused = isNotSignedIn(error) ? await refuseInJob(context, json) : undefined
    if (refused !== undefined) return refused
    const failure = explain(error, app.command, await loginFlags(error, flags, context))
    if (json) terminal.printJson({ status: 'error', code: failure.code, message: failure.message })
    else if (failure.exit === exits.cancelled) terminal.say(failure.message)
    else terminal.fail(failure.message)
    if (env[variable(app, 'DEBUG')] && error instanceof Error) terminal.say(error.stack)
    return failure.exit
  }
}

/** Signing in does not follow the latest choice (resolve.ts): where that chose the server, or a flag did, the next login has to name it. */
async function loginFlags(error: unknown, flags: Flags, context: Context): Promise<string> {
  if (!(error instanceof Error && 'code' in error && SIGN_IN_AGAIN.has(error.code))) return ''
  const [{ resolveTarget }, { askingOf }] = await Promise.all([
    import('../resolve.ts'),
    import('./target.ts'),
  ])
  try {
    const asking = askingOf(flags, context)
    const { issuer } = resolveTarget(asking)
    const usual = resolveTarget({ ...asking, flags: {}, forSignIn: true })
    return usual.issuer === issuer ? '' : ` --server ${issuer}`
  } catch {
    // Whatever is in the way of knowing that is no news: the command has failed already.
    return ''
  }
}

function isNotSignedIn(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && error.reason === 'not_signed_in'
}

/** In a job there is nobody to sign in: what every command says there is how to give it a token. */
async function refuseInJob(context: Context, json: boolean): Promise<Exit | undefined> {
  const [{ factsFor }, { decide }, { refuse }] = await Promise.all([
    import('./login.ts'),
    import('../transport.ts'),
    import('./login-explain.ts'),
  ])
  const decision = decide(factsFor({}, context), {})
  return decision.transport === 'refuse' && decision.rule === 'ci'
    ? refuse(decision, json, context)
    : undefined
}

const SIGN_IN_AGAIN = new Set<unknown>(['sign_in_required', 'credential_corrupt', 'keychain_lacks_key'])
