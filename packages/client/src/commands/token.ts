// `token`: an access token on stdout, renewed when needed. The usual case, a token that is still
// good, never comes here (fast-token.ts).
import { SignInRequiredError } from '../errors.ts'
import { resolveToken, type TokenAnswer } from '../resolve-token.ts'
import { type Exit, exits } from '../terminal/terminal.ts'
import { type Call, type Context, type Flags, isOn, textFlag } from './command.ts'
import { askingOf, withTrust } from './target.ts'

export async function run({ flags }: Call, context: Context): Promise<Exit> {
  const { terminal, system } = context
  // An empty variable of a script must not make it the token of the server, which is not meant for whoever is called there.
  const { connection } = flags
  if (typeof connection === 'string') return printConnected(connection, flags, context)
  if (textFlag(flags, 'for') || textFlag(flags, 'scope')) return printSmaller(flags, context)
  const asking = { ...askingOf(flags, context), system }
  const answer = await withTrust(asking, context, () => resolveToken(asking))
  if ('reason' in answer) throw new SignInRequiredError(answer.reason, answer.account)
  if (isOn(flags, 'json')) terminal.printJson(asJson(answer))
  else terminal.print(shown(answer.token, flags))
  return exits.ok
}

async function printSmaller(flags: Flags, context: Context): Promise<Exit> {
  const { smallerToken } = await import('./token-for.ts')
  const { token, source, issuer, account } = await smallerToken(flags, context)
  const { accessToken, scope, expiresAt } = token
  const expires_at = expiresAt === undefined ? undefined : Math.floor(expiresAt)
  if (isOn(flags, 'json'))
    context.terminal.printJson({
      access_token: accessToken,
      source,
      account,
      server: issuer,
      scope,
      expires_at,
    })
  else context.terminal.print(shown(accessToken, flags))
  return exits.ok
}

async function printConnected(provider: string, flags: Flags, context: Context): Promise<Exit> {
  const { connectedToken } = await import('./token-connection.ts')
  const { accessToken, scope, expiresAt } = await connectedToken(provider, flags, context)
  if (isOn(flags, 'json'))
    context.terminal.printJson({
      access_token: accessToken,
      connection: provider,
      scope,
      expires_at: expiresAt === undefined ? undefined : Math.floor(expiresAt),
    })
  else context.terminal.print(shown(accessToken, flags))
  return exits.ok
}

/** As a header it goes through a pipe into `curl -H @-`, and not into the list of processes. */
function shown(token: string, flags: Flags): string {
  return isOn(flags, 'header') ? `Authorization: Bearer ${token}` : token
}

function asJson(answer: Extract<TokenAnswer, { token: string }>): Record<string, unknown> {
  const { token, source } = answer
  if (source === 'environment') return { access_token: token, source, server: answer.server?.server }
  return {
    access_token: token,
    source,
    account: answer.account.email ?? answer.account.id,
    server: answer.server.server,
    expires_at: answer.expiresAt === undefined ? undefined : Math.floor(answer.expiresAt),
  }
}
