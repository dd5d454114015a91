// What a command is about, with the one question that may come up: whether a server that only a project file names
// is to be trusted. Everything else is decided by ../resolve.ts, which asks nobody.
import { type CredentialStore, openStore } from '../credentials.ts'
import { type Asking, resolveTarget, type Target } from '../resolve.ts'
import { ask } from '../terminal/ask.ts'
import { clean } from '../terminal/terminal.ts'
import { trustServer } from '../trusted-servers.ts'
import { type Context, type Flags, isOn } from './command.ts'
import { wantedStore } from './store-words.ts'

export { normalIssuer } from '../server-address.ts'

export type StoredTarget = Target & { store: CredentialStore }

/** For `login`: flag, variable, project, default. */
export function loginTarget(flags: Flags, context: Context): Promise<StoredTarget> {
  return targetOf({ ...askingOf(flags, context), forSignIn: true }, context)
}

/** For commands that use a sign-in. */
export function storedTarget(flags: Flags, context: Context): Promise<StoredTarget> {
  return targetOf(askingOf(flags, context), context)
}

export function askingOf(
  flags: Flags,
  { app, env, cwd, system, memory }: Context,
): Asking & { flags: Flags } {
  return { flags, env, cwd, app, store: openStore({ env, app, system, memory, kind: wantedStore(flags) }) }
}

async function targetOf(asking: Asking & { flags: Flags }, context: Context): Promise<StoredTarget> {
  return { ...(await withTrust(asking, context, () => resolveTarget(asking))), store: asking.store }
}

/** The person is asked once, and never in a pipe: there the error says what to do. */
export async function withTrust<T>(
  { flags, store }: Asking & { flags: Flags },
  context: Context,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const server = untrustedServer(error)
    if (server === undefined || !context.terminal.interactive || isOn(flags, 'json')) throw error
    if (!(await askForTrust(server, error, context))) throw error
    trustServer(store.directory, server, context.system)
    return work()
  }
}

function untrustedServer(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'server_untrusted')) return undefined
  return 'server' in error && typeof error.server === 'string' ? error.server : undefined
}

async function askForTrust(server: string, error: unknown, { terminal }: Context): Promise<boolean> {
  const path = error instanceof Error && 'path' in error ? String(error.path) : 'The project'
  terminal.warn(`${clean(path)} names a server that was never used on this computer:`)
  terminal.say(`  ${terminal.paint('bold', clean(server))}`)
  return /^y(es)?$/i.test((await ask(terminal, 'Trust it from now on? [y/N] ')) ?? '')
}
