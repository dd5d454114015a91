// `token --for` and `token --scope`: a smaller token, for one API or for less than the sign-in may do. Also for `exec`.
// Not here: how it is got (../exchange.ts).
import { variable } from '../app.ts'
import { SignInRequiredError } from '../errors.ts'
import { type ChildToken, childToken, exchangeToken, type Narrowing } from '../exchange.ts'
import { chooseServer, environmentToken } from '../resolve.ts'
import { type Context, type Flags, textFlag } from './command.ts'
import { askingOf, storedTarget, withTrust } from './target.ts'

export type SmallerToken = {
  token: Pick<ChildToken, 'accessToken' | 'scope' | 'expiresAt'>
  source: 'environment' | 'stored'
  issuer: string | undefined
  clientId: string
  account?: string
}

export function narrowingOf(flags: Flags): Narrowing {
  return { resource: textFlag(flags, 'for'), scope: textFlag(flags, 'scope') }
}

export async function smallerToken(flags: Flags, context: Context): Promise<SmallerToken> {
  const { system, app } = context
  const narrowing = narrowingOf(flags)
  const asking = askingOf(flags, context)
  const server = (await withTrust(asking, context, () => chooseServer(asking)))?.server
  const given = environmentToken(asking, server)
  if (given !== undefined) return fromEnvironment(given, server, narrowing, flags, context)
  const { store, issuer, clientId, account, named } = await storedTarget(flags, context)
  if (account === undefined) throw new SignInRequiredError('not_signed_in', named?.value)
  const key = { issuer, clientId, account }
  const stored = store.read(key)
  const token = await childToken({
    ...narrowing,
    resource: narrowing.resource ?? app.resource,
    store,
    key,
    system,
  })
  return { token, source: 'stored', issuer, clientId, account: stored?.account.email ?? account }
}

/** A token that was given to us has no refresh token beside it: only an exchange makes it smaller (RFC 8693). */
async function fromEnvironment(
  given: string,
  server: string | undefined,
  narrowing: Narrowing,
  flags: Flags,
  { app, env, system }: Context,
): Promise<SmallerToken> {
  const clientId = textFlag(flags, 'clientId') ?? (env[variable(app, 'CLIENT_ID')] || app.clientId)
  const rest = { source: 'environment' as const, issuer: server, clientId }
  if (narrowing.resource === undefined && narrowing.scope === undefined)
    return { ...rest, token: { accessToken: given } }
  if (server === undefined) throw new SignInRequiredError('not_signed_in')
  const subjectToken = given
  return {
    ...rest,
    token: await exchangeToken({ ...narrowing, issuer: server, clientId, subjectToken, system }),
  }
}
