// `status`: who is signed in, who decided that, what it shadows, and whether it can be used. Looks at this computer
// only; it asks no server. The words for it are status-view.ts.
import { variable } from '../app.ts'
import { type CredentialStore, type Entry, freshness, keyOf } from '../credentials.ts'
import { StoreError } from '../errors.ts'
import { moveIfAsked } from '../move.ts'
import { environmentToken } from '../resolve.ts'
import { type Exit, exits } from '../terminal/terminal.ts'
import { type Call, type Context, isOn } from './command.ts'
import { type Report, reportAsJson, type State, sayAll, sayReport } from './status-view.ts'
import { type StoredTarget, storedTarget } from './target.ts'

export async function run({ flags }: Call, context: Context): Promise<Exit> {
  const target = await storedTarget(flags, context)
  const { issuer, clientId, account, store } = target
  if (account !== undefined) await moveIfAsked(store, { issuer, clientId, account }, context.system)
  const report = reportOn(target, flags, context)
  if (isOn(flags, 'all')) {
    const all = target.store.list().map((entry) => reportOnEntry(entry, report, target, context))
    if (isOn(flags, 'json'))
      context.terminal.printJson({ usable: report.usable, accounts: all.map(reportAsJson) })
    else sayAll(report, all, context)
  } else if (isOn(flags, 'json')) context.terminal.printJson(reportAsJson(report))
  else sayReport(report, context)
  return report.usable ? exits.ok : exits.signInNeeded
}

function reportOn(target: StoredTarget, flags: Call['flags'], context: Context): Report {
  const { app, env, system } = context
  const { store, issuer, clientId, account } = target
  const entry = account === undefined ? undefined : store.entry({ issuer, clientId, account })
  const trouble = troubleOf(entry, store)
  const state = trouble === undefined ? stateOf(entry, system.now()) : 'locked'
  const fromEnvironment = environmentToken({ flags, env, app }, issuer) !== undefined
  return {
    server: issuer,
    entry,
    state,
    now: system.now(),
    usable: fromEnvironment || state === 'usable',
    variable: fromEnvironment ? variable(app, 'TOKEN') : undefined,
    place: entry && store.pathOf(keyOf(entry)),
    store: store.remembered(),
    trouble,
    target,
  }
}

/** An entry of --all: what is true of it alone. */
function reportOnEntry(entry: Entry, main: Report, { store }: StoredTarget, { system }: Context): Report {
  const isMain = main.entry !== undefined && same(entry, main.entry)
  const state = isMain && main.trouble !== undefined ? main.state : stateOf(entry, system.now())
  return {
    server: entry.issuer,
    entry,
    state,
    now: main.now,
    usable: state === 'usable',
    variable: undefined,
    place: store.pathOf(keyOf(entry)),
    store: store.remembered(),
    trouble: isMain ? main.trouble : undefined,
    target: isMain ? main.target : undefined,
  }
}

/** The keychain is asked: a sign-in that cannot be opened is not usable, whatever the file says. */
function troubleOf(entry: Entry | undefined, store: CredentialStore): string | undefined {
  if (entry?.keptIn !== 'keychain') return undefined
  try {
    store.glance(keyOf(entry))
    return undefined
  } catch (error) {
    if (error instanceof StoreError) return error.message
    throw error
  }
}

type LiveEntry = Extract<Entry, { state: 'live' }>

function same(one: Entry, other: Entry): boolean {
  const [a, b] = [keyOf(one), keyOf(other)]
  return a.issuer === b.issuer && a.clientId === b.clientId && a.account === b.account
}

function stateOf(entry: Entry | undefined, now: number): State {
  if (!entry) return 'none'
  if (entry.state === 'ended') return 'ended_by_server'
  return freshness(entry, now) === 'stale' && !mayRenew(entry, now) ? 'expired' : 'usable'
}

function mayRenew({ renews, authorizationExpiresAt, clockOffset }: LiveEntry, now: number): boolean {
  return renews && (authorizationExpiresAt === undefined || now + clockOffset < authorizationExpiresAt)
}
