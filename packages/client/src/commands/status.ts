// `status`: who is signed in, from where it comes, what it shadows, and whether it can be used.
// Looks at this computer only; it asks no server.
import { homedir } from 'node:os'
import { variable } from '../app.ts'
import { type Credential, type CredentialStore, freshness, keyOf, openStore } from '../credentials.ts'
import { clean, type Exit, exits } from '../terminal/terminal.ts'
import { type Call, type Context, isOn } from './command.ts'
import { storedTarget } from './target.ts'

export async function run({ flags }: Call, context: Context): Promise<Exit> {
  const { env, system, terminal } = context
  const store = openStore({ env, app: context.app, system })
  const target = storedTarget(flags, context, store)
  const account = store.current(target.issuer, target.clientId)
  const credential = account === undefined ? undefined : store.read({ ...target, account })
  const state = stateOf(credential, system.now())
  const fromEnvironment = Boolean(env[variable(context.app, 'TOKEN')])
  const usable = fromEnvironment || state === 'usable'
  if (isOn(flags, 'json'))
    terminal.printJson(
      asJson(credential, state, {
        variable: variable(context.app, 'TOKEN'),
        store,
        fromEnvironment,
        usable,
        target,
      }),
    )
  else describe(credential, state, store, fromEnvironment, context)
  return usable ? exits.ok : exits.signInNeeded
}

type State = 'usable' | 'none' | 'ended_by_server' | 'expired'

function stateOf(credential: Credential | undefined, now: number): State {
  if (!credential) return 'none'
  if (credential.state === 'ended') return 'ended_by_server'
  return freshness(credential, now) === 'stale' && !credential.refreshToken ? 'expired' : 'usable'
}

function asJson(
  credential: Credential | undefined,
  state: State,
  facts: {
    variable: string
    store: CredentialStore
    fromEnvironment: boolean
    usable: boolean
    target: { issuer: string }
  },
): Record<string, unknown> {
  const live = credential?.state === 'live' ? credential : undefined
  const stored = credential && {
    account: credential.account.email ?? credential.account.id,
    subject: credential.account.id,
    server: credential.issuer,
    client_id: credential.clientId,
    device: credential.deviceName,
    state,
    scope: live?.scope,
    renews_itself: live ? live.refreshToken !== undefined : undefined,
    expires_at: live?.expiresAt === undefined ? undefined : Math.floor(live.expiresAt),
    clock_offset: live?.clockOffset,
    file: facts.store.pathOf(keyOf(credential)),
  }
  const source = facts.fromEnvironment ? 'environment' : state === 'none' ? 'none' : 'stored'
  return {
    usable: facts.usable,
    source,
    server: credential?.issuer ?? facts.target.issuer,
    ...(facts.fromEnvironment ? { variable: facts.variable, shadowed: stored } : stored),
  }
}

function describe(
  credential: Credential | undefined,
  state: State,
  store: CredentialStore,
  fromEnvironment: boolean,
  { terminal, system, app }: Context,
): void {
  const token = variable(app, 'TOKEN')
  if (!credential) {
    if (fromEnvironment) terminal.print(`  The token in ${token} is used; no account is signed in.`)
    else terminal.print(`  Not signed in. Run: ${app.command} login`)
    return
  }
  const name = clean(credential.account.email ?? credential.account.id)
  const device = credential.deviceName ? `   "${clean(credential.deviceName)}"` : ''
  terminal.print(`  ${name}   ${clean(URL.parse(credential.issuer)?.host ?? credential.issuer)}${device}`)
  if (state === 'ended_by_server') terminal.print(`    ended     by the server. Run: ${app.command} login`)
  if (state === 'expired')
    terminal.print(`    ended     expired, cannot renew itself. Run: ${app.command} login`)
  if (credential.state === 'live') {
    const life = lifeOf(credential, system.now())
    terminal.print(`    access    ${clean(credential.scope ?? 'as granted')}     ${life}`)
  }
  terminal.print(`    stored    file ${short(store.pathOf(keyOf(credential)))} (0600)`)
  if (credential.state === 'live' && credential.clockOffset !== 0)
    terminal.print(`    clock     ${clockLine(credential.clockOffset)}, corrected`)
  if (fromEnvironment)
    terminal.print(
      `  ${terminal.paint('yellow', '!')} ${token} is set in this shell and wins over the account above.`,
    )
}

function lifeOf(credential: Extract<Credential, { state: 'live' }>, now: number): string {
  if (credential.refreshToken) return 'renews itself'
  if (credential.expiresAt === undefined) return 'until the server ends it'
  const minutes = Math.max(0, Math.floor((credential.expiresAt - now - credential.clockOffset) / 60))
  return `for ${minutes} more minutes`
}

function clockLine(offset: number): string {
  const seconds = Math.abs(offset)
  const amount =
    seconds < 120
      ? `${seconds} s`
      : seconds < 7200
        ? `${Math.round(seconds / 60)} min`
        : `${Math.round(seconds / 3600)} h`
  return offset > 0 ? `${amount} behind the server` : `${amount} ahead of the server`
}

function short(path: string): string {
  const home = homedir()
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path
}
