// `link`: binds this directory to a server and an account, shows what binds it, or lets it go. To link is to trust:
// here a person names the server. Only this computer is looked at. The file itself is ../project.ts.
import { isSecure } from '../http.ts'
import { findProject, type Project, readProject, removeProject, writeProject } from '../project.ts'
import { findAccount } from '../resolve.ts'
import { hostOf, isServerAddress, normalIssuer } from '../server-address.ts'
import { clean, type Exit, exits, UsageError } from '../terminal/terminal.ts'
import { trustServer } from '../trusted-servers.ts'
import { type Call, type Context, isOn, textFlag } from './command.ts'
import { askingOf, storedTarget } from './target.ts'

export async function run(call: Call, context: Context): Promise<Exit> {
  const { flags } = call
  if (isOn(flags, 'show')) return show(flags, context)
  if (isOn(flags, 'remove')) return remove(flags, context)
  return link(flags, context)
}

async function link(flags: Call['flags'], context: Context): Promise<Exit> {
  const { terminal, app, cwd, system } = context
  const { store } = askingOf(flags, context)
  const { server, account } = await wanted(flags, context)
  const path = writeProject(cwd, { server, account }, app, system)
  trustServer(store.directory, server, system)
  if (isOn(flags, 'json')) {
    terminal.printJson({ linked: true, file: path, server, account })
    return exits.ok
  }
  const whom = account === undefined ? '' : ` as ${clean(account)}`
  terminal.succeed(`This directory uses ${clean(hostOf(server))}${whom} (.${app.directory}/config.json)`)
  const entries = store.list(server)
  if (account === undefined ? entries.length === 0 : !findAccount(entries, account))
    terminal.say(`  Nobody is signed in there${whom} yet. Run: ${app.command} login`)
  return exits.ok
}

/** What the flags name; without any, what is in force now is written down. */
async function wanted(
  flags: Call['flags'],
  context: Context,
): Promise<{ server: string; account: string | undefined }> {
  const named = textFlag(flags, 'server') ?? textFlag(flags, 'issuer')
  if (named === undefined) {
    const { issuer, clientId, account, named: choice, store } = await storedTarget(flags, context)
    const entry = account === undefined ? undefined : store.entry({ issuer, clientId, account })
    return { server: issuer, account: choice?.value ?? entry?.account.email ?? account }
  }
  const url = isServerAddress(named) ? new URL(named) : undefined
  if (!url) throw new UsageError(`${clean(named)} is not the address of a server`)
  if (!isSecure(url)) throw new UsageError(`${clean(named)} is not https`)
  return { server: normalIssuer(named), account: textFlag(flags, 'account') }
}

function show(flags: Call['flags'], { terminal, app, cwd, env }: Context): Exit {
  const project = findProject(cwd, app, env)
  if (isOn(flags, 'json')) terminal.printJson(asJson(project))
  else if (!project) terminal.say('No directory from here upwards is linked.')
  else {
    terminal.print(`  ${clean(project.path)}`)
    if (project.server !== undefined) terminal.print(`    server    ${clean(project.server)}`)
    if (project.account !== undefined) terminal.print(`    account   ${clean(project.account)}`)
  }
  return project ? exits.ok : exits.error
}

function asJson(project: Project | undefined): Record<string, unknown> {
  if (!project) return { linked: false }
  return { linked: true, file: project.path, server: project.server, account: project.account }
}

function remove(flags: Call['flags'], { terminal, app, cwd, env, system }: Context): Exit {
  const here = readProject(cwd, app)
  const removed = removeProject(cwd, app, system)
  const above = findProject(cwd, app, env)
  if (isOn(flags, 'json')) terminal.printJson({ removed, still: above?.path })
  else {
    if (removed)
      terminal.succeed(`This directory is no longer linked to ${clean(here?.server ?? 'anything')}.`)
    else terminal.say('This directory is not linked.')
    if (above) terminal.warn(`${clean(above.path)} applies here.`)
  }
  return exits.ok
}
