// What a program does with its sign-in: a `fetch` with the token, the token itself, and asking the person on a terminal
// when there is none, or when it does not reach far enough. Not here: the commands (login.ts), renewing (session.ts).
import type { SessionRequest } from './authorized-fetch.ts'
import type { Context, Flags } from './commands/command.ts'
import { reporting, runCommand } from './commands/run-command.ts'
import { commandsOf } from './commands/table.ts'
import { askingOf, storedTarget, withTrust } from './commands/target.ts'
import { SignInRequiredError } from './errors.ts'
import type { McpAuth } from './mcp.ts'
import { chooseServer, environmentToken, resolveServer, type ServerChoice } from './resolve.ts'
import { resolveToken, type TokenAnswer } from './resolve-token.ts'
import type { Session, SessionOptions } from './session.ts'
import { ask } from './terminal/ask.ts'
import { type Exit, exits } from './terminal/terminal.ts'

export type Access = {
  /** With the access token, renewed where needed. On a terminal it offers to sign in, and to allow more. */
  fetch: (url: string | URL, request?: SessionRequest) => Promise<Response>
  /** The access token; throws SignInRequiredError where there is none and nobody to ask. */
  token: () => Promise<string>
  /** The stored sign-in that is meant now, whatever the token variable says. */
  session: () => Promise<Session>
  /** An `authProvider` for the official MCP SDK, of the stored sign-in that is meant now. */
  mcp: (options: { resource: string }) => Promise<McpAuth>
  resolveServer: () => ServerChoice
  resolveToken: () => Promise<TokenAnswer>
  /** Says an error as the commands do, and gives their exit code for it. */
  report: (error: unknown) => Promise<Exit>
}

export function createAccess(context: () => Context): Access {
  const sessions = new Map<string, Session>()
  const session = async (): Promise<Session> => {
    const options = await sessionOptions(context())
    const name = JSON.stringify([options.issuer, options.clientId, options.account])
    // Kept, so that what was learnt about a server is not asked for again with each request.
    const found = sessions.get(name) ?? (await import('./session.ts')).createSession(options)
    sessions.set(name, found)
    return found
  }
  return {
    fetch: (url, request = {}) =>
      withSignIn(context(), async () => {
        const given = await givenToken(context())
        if (given === undefined) return (await session()).fetch(url, request)
        const { follow } = await import('./authorized-fetch.ts')
        return (await follow(new URL(url), request, given, context().system)).response
      }),
    token: () =>
      withSignIn(context(), async () => (await givenToken(context())) ?? (await session()).accessToken()),
    session: () => withSignIn(context(), session),
    mcp: ({ resource }) =>
      withSignIn(context(), async () => {
        const { mcpAuth } = await import('./mcp.ts')
        return mcpAuth({ ...(await sessionOptions(context())), resource })
      }),
    resolveServer: () => resolveServer(askingOf({}, context())),
    resolveToken: () => resolveToken({ ...askingOf({}, context()), system: context().system }),
    report: (error) => reporting(context(), false, () => Promise.reject(error)),
  }
}

async function givenToken(context: Context): Promise<string | undefined> {
  const asking = askingOf({}, context)
  const server = await withTrust(asking, context, () => chooseServer(asking))
  return environmentToken(asking, server?.server)
}

async function sessionOptions(context: Context): Promise<SessionOptions & { account: string }> {
  const { store, issuer, clientId, account, named } = await storedTarget({}, context)
  if (account === undefined) throw new SignInRequiredError('not_signed_in', named?.value)
  return {
    issuer,
    clientId,
    account,
    store,
    system: context.system,
    // Not narrowed to the app's resource: the sign-in was made for it, and to narrow costs a request each time.
    onStepUp: async (needs, key) => {
      const { stepUpOnTerminal } = await import('./commands/step-up.ts')
      return stepUpOnTerminal(context, store)(needs, key)
    },
  }
}

/** Asks once, and only a person who can answer; to others the error says what to run. */
async function withSignIn<T>(context: Context, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { terminal } = context
    const wanted = error instanceof SignInRequiredError && error.reason !== 'more_access'
    if (!wanted || !terminal.interactive) throw error
    const answer = await ask(terminal, `${error.message} Sign in now? [Y/n] `)
    if (answer === undefined || /^n/i.test(answer)) throw error
    const { issuer, clientId } = await storedTarget({}, context)
    if ((await signIn({ server: issuer, clientId }, context)) !== exits.ok) throw error
    return work()
  }
}

async function signIn(flags: Flags, context: Context): Promise<Exit> {
  const command = commandsOf(context.app).find(({ name }) => name === 'login')
  return command ? runCommand(command, { flags, args: [] }, context) : exits.error
}
