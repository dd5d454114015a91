// `token` when the stored token is still good, which is nearly always: no option parsing, no
// OAuth library, no network. Everything else is commands/token.ts: it reads again and says what is wrong.
import { type App, variable } from './app.ts'
import { storedTarget } from './commands/target.ts'
import { freshness, openStore } from './credentials.ts'
import { system } from './system.ts'

export function fastToken(app: App, env: Record<string, string | undefined>): string | undefined {
  const given = env[variable(app, 'TOKEN')]
  if (given) return given
  const store = openStore({ env, app, system })
  const { issuer, clientId } = storedTarget({}, { app, env }, store)
  const account = store.current(issuer, clientId)
  const credential = account === undefined ? undefined : store.read({ issuer, clientId, account })
  if (credential?.state !== 'live') return undefined
  return freshness(credential, system.now()) === 'stale' ? undefined : credential.accessToken
}
