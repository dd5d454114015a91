// `exec -- CMD`: runs a program with a token of its own in its environment, smaller and shorter-lived than the sign-in, and ends
// that token when the program ends. The token is never an argument, where every user of the machine could read it.
// Not here: how it is got (token-for.ts).
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { variable } from '../app.ts'
import { clean, type Exit, exits, type ForeignExit, UsageError } from '../terminal/terminal.ts'
import { type Call, type Context, textFlag } from './command.ts'
import { type SmallerToken, smallerToken } from './token-for.ts'

export async function run({ flags, args }: Call, context: Context): Promise<Exit> {
  const [program, ...rest] = args
  if (program === undefined) throw new UsageError(`give a program to run: ${context.app.command} exec -- CMD`)
  const name = textFlag(flags, 'env') ?? variable(context.app, 'TOKEN')
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new UsageError(`${JSON.stringify(name)} is no name of a variable`)
  const got = await smallerToken(flags, context)
  // A larger token that we were given ourselves does not go along beside the smaller one.
  const env = { ...context.env, [variable(context.app, 'TOKEN')]: undefined, [name]: got.token.accessToken }
  try {
    return await runChild(program, rest, env, context)
  } finally {
    await end(got, context)
  }
}

/** What was given to us from outside is not ours to end. */
async function end(got: SmallerToken, { system }: Context): Promise<void> {
  const { issuer, clientId, source, token } = got
  if (issuer === undefined || (source === 'environment' && token.expiresAt === undefined)) return
  const { endChildToken } = await import('../exchange.ts')
  await endChildToken({ issuer, clientId, system }, token.accessToken)
}

function runChild(
  program: string,
  args: readonly string[],
  env: Context['env'],
  { terminal, cwd }: Context,
): Promise<Exit> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, cwd, stdio: 'inherit' })
    const stopPassing = passSignals(child, terminal.stdin.isTTY === true)
    child.once('error', (error) => {
      stopPassing()
      const missing = 'code' in error && error.code === 'ENOENT'
      terminal.fail(missing ? `${clean(program)} was not found.` : `${clean(error.message)}.`)
      resolve(foreign(missing ? NOT_FOUND : NOT_EXECUTABLE))
    })
    child.once('exit', (code, signal) => {
      stopPassing()
      resolve(
        signal === null ? foreign(code ?? exits.error) : foreign(128 + (constants.signals[signal] ?? 0)),
      )
    })
  })
}

/**
 * What we are told to do, the program is told too; only then do we end. Keys of the terminal (^C, ^\\) reach it by
 * themselves, and twice would be once too often.
 */
function passSignals(child: ChildProcess, onTerminal: boolean): () => void {
  const passing = SIGNALS.map((signal) => {
    const byKey = onTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT')
    const pass = (): void => {
      if (!byKey) child.kill(signal)
    }
    process.on(signal, pass)
    return () => process.off(signal, pass)
  })
  return () => {
    for (const stop of passing) stop()
  }
}

/** The exit code is the program's, whatever ours would mean. */
function foreign(code: number): ForeignExit {
  return code as ForeignExit
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const
// As shells have it.
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126
