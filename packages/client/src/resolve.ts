// Which server, client and account is meant, and who said so: flag, then variable, then project, then what was
// chosen for the whole computer, then the default. Also whether a token from the environment is for it. Loads
// nothing heavy and asks nobody. Not here: reading project files (project.ts), the question (commands/target.ts).
import { type App, variable } from './app.ts'
import { type Flags, textFlag } from './commands/command.ts'
import type { CredentialStore, Entry } from './credentials.ts'
import { ProjectError } from './errors.ts'
import { findProject, type Project } from './project.ts'
import { hostOf, normalIssuer } from './server-address.ts'
import { UsageError } from './terminal/terminal.ts'
import { trustedServers } from './trusted-servers.ts'

export type Source = 'flag' | 'environment' | 'project' | 'global' | 'default'

/** A value, who said so, and where in particular: the flag, the variable, the file. */
export type Choice = { value: string; source: Source; detail: string }

export type Asking = {
  flags?: Flags
  env: Record<string, string | undefined>
  cwd: string
  app: App
  store: CredentialStore
  /** Signing in never follows the global choice: nobody should sign in again to a server of long ago by accident. */
  forSignIn?: boolean
}

export type ServerChoice = {
  server: string
  source: Source
  detail: string
  /** What would have been chosen otherwise, in order. */
  shadowed: Choice[]
}

export type Target = {
  issuer: string
  clientId: string
  /** The id of the account that is meant, or undefined when nobody is signed in as it. */
  account: string | undefined
  /** The account that was named, signed in or not; undefined when none was. */
  named: Choice | undefined
  chosen: ServerChoice
  shadowedAccounts: Choice[]
}

/** @throws ProjectError `server_untrusted` when only a project file speaks for a server that was never used here. */
export function resolveServer(asking: Asking): ServerChoice {
  const choice = chooseServer(asking)
  if (choice) return choice
  const { app } = asking
  const ways = `give --server, set ${variable(app, 'SERVER')}, or run: ${app.command} link --server <url>`
  throw new UsageError(`No server is known: ${ways}`)
}

export function chooseServer(asking: Asking): ServerChoice | undefined {
  const project = findProject(asking.cwd, asking.app, asking.env)
  const [won, ...shadowed] = serverChoices(asking, project)
  if (!won) return undefined
  if (won.source === 'project') assertKnown(won, asking)
  return { server: won.value, source: won.source, detail: won.detail, shadowed }
}

export function resolveTarget(asking: Asking): Target {
  const { store, env, app } = asking
  const clientId =
    textFlag(asking.flags ?? {}, 'clientId') ?? (env[variable(app, 'CLIENT_ID')] || app.clientId)
  const project = findProject(asking.cwd, app, env)
  const chosen = serverOfNamed(resolveServer(asking), accountChoices(asking, project), store, clientId)
  const issuer = chosen.server
  // The account in a project file belongs to the server in it, and to no other.
  const accounts = accountChoices(asking, project).filter(
    ({ source }) => source !== 'project' || project?.server === undefined || project.server === issuer,
  )
  const global = store.current(issuer, clientId)
  const [named, ...rest] = accounts
  const others =
    global === undefined ? rest : [...rest, { value: global, source: 'global' as const, detail: GLOBAL }]
  if (!named) return { issuer, clientId, account: global, named, chosen, shadowedAccounts: [] }
  const account = findAccount(store.list(issuer, clientId), named.value)?.account.id
  const shadowedAccounts = others.filter(
    ({ value }) => value !== named.value && (account === undefined || value !== account),
  )
  return { issuer, clientId, account, named, chosen, shadowedAccounts }
}

/** By id, else by address. Two accounts with one address need their ids. */
export function findAccount(entries: readonly Entry[], wanted: string): Entry | undefined {
  const byId = entries.find(({ account }) => account.id === wanted)
  if (byId) return byId
  const found = entries.filter(({ account }) => account.email?.toLowerCase() === wanted.toLowerCase())
  if (found.length > 1) {
    const ids = found.map(({ issuer, account }) => `${account.id} (${hostOf(issuer)})`)
    throw new UsageError(`Several accounts are ${wanted}; name one by its id: ${ids.join(', ')}`)
  }
  return found[0]
}

/**
 * The token in `<PREFIX>_TOKEN`, when it is for this server. It outranks everything but an account that is named by
 * a flag. Where `<PREFIX>_SERVER` is set too, the two belong together: `--server` with another server asks for
 * the stored sign-in there, and must not get a token that was made elsewhere.
 */
export function environmentToken(
  { flags = {}, env, app }: Pick<Asking, 'flags' | 'env' | 'app'>,
  server: string | undefined,
): string | undefined {
  const token = env[variable(app, 'TOKEN')]
  if (!token || textFlag(flags, 'account') !== undefined) return undefined
  const pairedWith = env[variable(app, 'SERVER')]
  return pairedWith && server !== undefined && normalIssuer(pairedWith) !== server ? undefined : token
}

function serverChoices({ flags = {}, env, app, store, forSignIn }: Asking, project: Project | undefined) {
  const choices: Choice[] = []
  const add = (value: string | undefined, source: Source, detail: string): void => {
    if (value) choices.push({ value: normalIssuer(value), source, detail })
  }
  add(textFlag(flags, 'server'), 'flag', '--server')
  add(textFlag(flags, 'issuer'), 'flag', '--issuer')
  add(env[variable(app, 'SERVER')], 'environment', variable(app, 'SERVER'))
  add(project?.server, 'project', project?.path ?? '')
  if (!forSignIn) add(store.latestIssuer(), 'global', GLOBAL)
  add(app.issuer, 'default', `the default of ${app.name}`)
  return choices
}

function accountChoices({ flags = {}, env, app }: Asking, project: Project | undefined): Choice[] {
  const choices: Choice[] = []
  const add = (value: string | undefined, source: Source, detail: string): void => {
    if (value) choices.push({ value, source, detail })
  }
  add(textFlag(flags, 'account'), 'flag', '--account')
  add(env[variable(app, 'ACCOUNT')], 'environment', variable(app, 'ACCOUNT'))
  add(project?.account, 'project', project?.path ?? '')
  return choices
}

/** Where nobody named a server, an account that is named chooses it, if it is signed in at one server only. */
function serverOfNamed(
  chosen: ServerChoice,
  [named]: Choice[],
  store: CredentialStore,
  clientId: string,
): ServerChoice {
  if (!named || (chosen.source !== 'global' && chosen.source !== 'default')) return chosen
  if (findAccount(store.list(chosen.server, clientId), named.value)) return chosen
  const elsewhere = findAccount(store.list(undefined, clientId), named.value)
  if (!elsewhere) return chosen
  const { server: value, source, detail, shadowed } = chosen
  return {
    server: elsewhere.issuer,
    source: named.source,
    detail: named.detail,
    shadowed: [{ value, source, detail }, ...shadowed],
  }
}

/**
 * A checkout may choose among the servers that a person has chosen before. A host of its own would be sent to
 * sign in at, or given a token, by a person who only changed into a directory.
 */
function assertKnown({ value: server, detail: path }: Choice, { app, store }: Asking): void {
  if (app.issuer !== undefined && normalIssuer(app.issuer) === server) return
  if (store.list(server).length > 0 || trustedServers(store.directory).includes(server)) return
  const ways = `If you trust it, run: ${app.command} link --server ${server} — or set ${variable(app, 'SERVER')}`
  throw new ProjectError(
    'server_untrusted',
    path,
    `${path} names ${server}, which was never used on this computer. ${ways}`,
    undefined,
    server,
  )
}

const GLOBAL = 'the latest choice'
