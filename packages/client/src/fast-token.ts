// `token` when the stored token is still good, which is nearly always: no option parsing, no
// OAuth library, no network. Everything else is commands/token.ts: it reads again and says what is wrong.
import type { App } from './app.ts'
import { freshness, openStore } from './credentials.ts'
import { ProjectError } from './errors.ts'
import { type Asking, chooseServer, environmentToken, resolveTarget } from './resolve.ts'
import { system } from './system.ts'

export function fastToken(app: App, env: Asking['env'], cwd: string): string | undefined {
  const store = openStore({ env, app, system })
  const asking = { app, env, cwd, store }
  try {
    const given = environmentToken(asking, chooseServer(asking)?.server)
    if (given) return given
    const { issuer, clientId, account } = resolveTarget(asking)
    const glance = account === undefined ? undefined : store.glance({ issuer, clientId, account })
    return glance && freshness(glance, system.now()) !== 'stale' ? glance.accessToken : undefined
  } catch (error) {
    // There is a question to ask first, for which the full program has room.
    if (error instanceof ProjectError && error.code === 'server_untrusted') return undefined
    throw error
  }
}
