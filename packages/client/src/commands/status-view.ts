// What `status` says, in words and as JSON.
// Finding it out is status.ts; where a sign-in is kept is said by store-words.ts.
import { homedir } from 'node:os'
import { dirname, relative } from 'node:path'
import type { Entry, StoreChoice } from '../credentials.ts'
import type { Choice, Target } from '../resolve.ts'
import { hostOf } from '../server-address.ts'
import { clean } from '../terminal/terminal.ts'
import type { Context } from './command.ts'
import { clockInWords, spanInWords } from './span-words.ts'
import { storedWhere } from './store-words.ts'

export type State = 'usable' | 'none' | 'ended_by_server' | 'expired' | 'locked'

export type Report = {
  server: string
  entry: Entry | undefined
  state: State
  now: number
  usable: boolean
  /** The variable whose token is used instead. */
  variable: string | undefined
  /** Where the credential is kept. */
  place: string | undefined
  /** What a new sign-in would be kept in, and why. */
  store: StoreChoice
  /** Why it cannot be opened just now. */
  trouble: string | undefined
  /** How it was chosen; undefined for the entries of --all that are not in use. */
  target: Target | undefined
}

export function sayReport(report: Report, context: Context): void {
  const { terminal, app } = context
  const mark = terminal.paint('yellow', '!')
  const { entry, target, variable } = report
  if (entry) sayCredential(report, context)
  else if (variable) terminal.print(`  The token in ${variable} is used; no account is signed in.`)
  else terminal.print(`  ${missing(report)} Run: ${app.command} login${loginFlags(report)}`)
  for (const { value, source, detail } of target ? shadowedBy(target) : []) {
    const what = /^https?:/.test(value) ? hostOf(value) : value
    terminal.print(`    instead of ${clean(what)}   ${placeOf({ source, detail }, context.cwd)}`)
  }
  if (entry && variable)
    terminal.print(`  ${mark} ${variable} is set in this shell and wins over the account above.`)
}

export function sayAll(main: Report, all: readonly Report[], context: Context): void {
  if (main.entry === undefined || main.variable) sayReport({ ...main, entry: undefined }, context)
  for (const report of all) sayCredential(report, context)
}

function missing({ target, server }: Report): string {
  if (!target?.named) return 'Not signed in.'
  const { value, source, detail } = target.named
  const who = source === 'project' ? clean(short(detail)) : detail
  return `Not signed in as ${clean(value)} at ${clean(hostOf(server))} (${who}).`
}

/** What the suggested command must say so that it leads to the server that is meant here. */
function loginFlags({ target, server }: Report): string {
  const { source } = target?.chosen ?? { source: 'flag' }
  return source === 'flag' || source === 'global' ? ` --server ${clean(server)}` : ''
}

function sayCredential(report: Report, { terminal, app, cwd }: Context): void {
  const { entry, state, target, place, now } = report
  if (!entry) return
  const name = clean(entry.account.email ?? entry.account.id)
  const who = target ? `   ${placeOf(decisive(target), cwd)}` : ''
  terminal.print(`  ${name}   ${clean(hostOf(entry.issuer))}${who}`)
  const again = `Run: ${app.command} login${loginFlags(report)}`
  if (state === 'ended_by_server') terminal.print(`    ended     by the server. ${again}`)
  if (state === 'expired') terminal.print(`    ended     expired, cannot renew itself. ${again}`)
  if (entry.state === 'live')
    terminal.print(`    access    ${clean(entry.scope ?? 'as granted')}     ${lifeOf(entry, now)}`)
  if (place) terminal.print(`    stored    ${storedWhere(entry, short(place), report.store)}`)
  if (report.trouble) terminal.print(`  ${terminal.paint('yellow', '!')} ${clean(report.trouble)}`)
  if (entry.state === 'live' && entry.clockOffset !== 0)
    terminal.print(`    clock     ${clockInWords(entry.clockOffset)}, corrected`)
}

/** A server and an account may be named in different places; the one that outranks the other is told. */
function decisive({ chosen, named }: Target): Pick<Choice, 'source' | 'detail'> {
  return named && RANK.indexOf(named.source) < RANK.indexOf(chosen.source) ? named : chosen
}

/** The default is what everybody gets who says nothing: no news. */
function shadowedBy({ chosen, shadowedAccounts }: Target): Choice[] {
  const servers = chosen.shadowed.filter(
    ({ value, source }) => value !== chosen.server && source !== 'default',
  )
  return [...servers, ...shadowedAccounts]
}

function placeOf({ source, detail }: Pick<Choice, 'source' | 'detail'>, cwd: string): string {
  if (source !== 'project') return detail
  const directory = dirname(dirname(detail))
  const file = clean(relative(directory, detail))
  return relative(directory, cwd) === ''
    ? `this directory (${file})`
    : `directory ${clean(short(directory))} (${file})`
}

export function reportAsJson(report: Report): Record<string, unknown> {
  const { entry, state, usable, variable, target, server } = report
  const stored = entry && { state, ...storedAsJson(entry, report) }
  return {
    usable,
    source: variable ? 'environment' : state === 'none' ? 'none' : 'stored',
    server: entry?.issuer ?? server,
    ...(variable ? { variable, shadowed: stored } : stored),
    ...(target && choicesAsJson(target)),
  }
}

function choicesAsJson({ chosen, named, shadowedAccounts }: Target): Record<string, unknown> {
  const of = ({ source, detail, value }: Choice) => ({ value, source, detail })
  return {
    server_source: chosen.source,
    server_detail: chosen.detail,
    account_source: named?.source ?? 'global',
    account_detail: named?.detail,
    account_named: named?.value,
    shadowed_servers: chosen.shadowed.map(of),
    shadowed_accounts: shadowedAccounts.map(of),
  }
}

function storedAsJson(entry: Entry, { place, store, trouble }: Report): Record<string, unknown> {
  const live = entry.state === 'live' ? entry : undefined
  return {
    account: entry.account.email ?? entry.account.id,
    subject: entry.account.id,
    server: entry.issuer,
    client_id: entry.clientId,
    device: entry.deviceName,
    scope: live?.scope,
    renews_itself: live?.renews,
    expires_at: whole(live?.expiresAt),
    authorization_expires_at: whole(live?.authorizationExpiresAt),
    clock_offset: live?.clockOffset,
    kept_in: entry.keptIn,
    file: place,
    keychain: store.why === 'asked' ? undefined : store.why,
    trouble,
  }
}

function lifeOf(entry: Extract<Entry, { state: 'live' }>, now: number): string {
  const { renews, expiresAt, authorizationExpiresAt, clockOffset } = entry
  const end = renews ? authorizationExpiresAt : expiresAt
  if (end === undefined) return renews ? 'renews itself' : 'until the server ends it'
  return `${renews ? 'renews itself ' : ''}${spanInWords(end - clockOffset, now)}`
}

function whole(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.floor(seconds)
}

function short(path: string): string {
  const home = homedir()
  return path === home || path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path
}

const RANK: readonly Choice['source'][] = ['flag', 'environment', 'project', 'global', 'default']
