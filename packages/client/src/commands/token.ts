// `token`: an access token on stdout, renewed when needed. The usual case, a token that is still
// good, never comes here (fast-token.ts).
import { variable } from '../app.ts'
import { type Exit, exits } from '../terminal/terminal.ts'
import { type Call, type Context, isOn, textFlag } from './command.ts'
import { storedTarget } from './target.ts'

export async function run({ flags }: Call, context: Context): Promise<Exit> {
  const { terminal, env, system, app } = context
  const token = env[variable(app, 'TOKEN')]
  if (token) {
    if (isOn(flags, 'json')) terminal.printJson({ access_token: token, source: 'environment' })
    else terminal.print(token)
    return exits.ok
  }
  const { createSession, openStore } = await import('../index.ts')
  const store = openStore({ env, app, system })
  const target = storedTarget(flags, context, store)
  const wanted = textFlag(flags, 'account')
  const found = store
    .list(target.issuer, target.clientId)
    .find(({ account }) => account.id === wanted || account.email === wanted)
  const account = wanted === undefined ? {} : { account: found?.account.id ?? wanted }
  const credential = await createSession({ ...target, ...account, store, system }).credential()
  if (isOn(flags, 'json'))
    terminal.printJson({
      access_token: credential.accessToken,
      source: 'stored',
      account: credential.account.email ?? credential.account.id,
      server: credential.issuer,
      expires_at: credential.expiresAt === undefined ? undefined : Math.floor(credential.expiresAt),
    })
  else terminal.print(credential.accessToken)
  return exits.ok
}
