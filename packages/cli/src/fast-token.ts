// `countersign token` when the stored token is still good, which is nearly always: no option parsing, no
// OAuth library, no network. Everything else is commands/token.ts: it reads again and says what is wrong.
import { freshness, openStore } from '@countersign/client/credentials'
import { system } from '@countersign/client/system'
import { storedTarget } from './settings.ts'

export function fastToken(env: Record<string, string | undefined>): string | undefined {
  if (env.COUNTERSIGN_TOKEN) return env.COUNTERSIGN_TOKEN
  const store = openStore({ env, system })
  const { issuer, clientId } = storedTarget({}, env, store)
  const account = store.current(issuer, clientId)
  const credential = account === undefined ? undefined : store.read({ issuer, clientId, account })
  if (credential?.state !== 'live') return undefined
  return freshness(credential, system.now()) === 'stale' ? undefined : credential.accessToken
}
