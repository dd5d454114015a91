// `countersign resources`: the APIs and MCP servers that tokens are for, and what can be done there.
// What a registration means is @countersign/server.

import { UsageError } from '@countersign/client/terminal'
import type { NewResource } from '@countersign/server'
import type { Command } from 'commander'
import { type AdminFlags, adminCommand, collect, defineGroup, withAdmin, withAdminAfter } from '../admin.ts'
import type { Context } from '../context.ts'
import { table } from '../table.ts'
import { number } from './client-flags.ts'

type AddFlags = AdminFlags & {
  name: string
  scope?: string[]
  optional?: string[]
  risk?: string[]
  open?: boolean
  tokenFormat?: string
  tokenSeconds?: string
}

export function define(program: Command, context: Context): void {
  const resources = defineGroup(program, 'resources', 'manage the APIs and MCP servers that tokens are for')
  adminCommand(resources, 'add <uri>', 'register an API or MCP server by the URI that names it in requests')
    .requiredOption('--name <name>', 'the name that people see when they are asked')
    .option(
      '--scope <scope=words>',
      'what can be done there: "files:read=read your files" (repeatable)',
      collect,
    )
    .option('--optional <scope>', 'a scope that people may leave out (repeatable)', collect)
    .option(
      '--risk <scope=why>',
      'why to be careful: "files:write=it can delete files" (repeatable)',
      collect,
    )
    .option('--open', 'any program may ask for it, also one that registered itself')
    .option('--token-format <format>', 'jwt or opaque, instead of what the program has')
    .option('--token-seconds <seconds>', 'life of access tokens for it, 60 to 3600')
    .action((uri: string, flags: AddFlags) => add(uri, flags, context))
  adminCommand(resources, 'list', 'list all resources').action((flags: AdminFlags) => list(flags, context))
  adminCommand(resources, 'remove <uri>', 'remove a resource; nobody can ask for it any more').action(
    (uri: string, flags: AdminFlags) =>
      withAdmin(flags, context, async (admin) => {
        await admin.removeResource(uri)
        if (flags.json) context.terminal.printJson({ removed: uri })
        else context.terminal.succeed(`Removed ${uri}.`)
      }),
  )
}

function add(uri: string, flags: AddFlags, context: Context): Promise<void> {
  const said = async () => ({
    scopes: scopesOf(flags),
    seconds: number(flags.tokenSeconds, '--token-seconds'),
  })
  return withAdminAfter(said, flags, context, async (admin, { scopes, seconds }) => {
    const resource = await admin.addResource({
      id: uri,
      name: flags.name,
      scopes,
      openToAll: flags.open === true,
      ...(flags.tokenFormat === undefined ? {} : { accessTokenFormat: flags.tokenFormat }),
      ...(seconds === undefined ? {} : { accessTokenSeconds: seconds }),
      // Words from the command line; the server looks at each of them.
    } as NewResource)
    if (flags.json) context.terminal.printJson(resource)
    else context.terminal.succeed(`Added ${uri}.`)
  })
}

function scopesOf({ scope = [], optional = [], risk = [] }: AddFlags) {
  const said = new Map(scope.map((text) => pair(text, '--scope')))
  const risks = new Map(risk.map((text) => pair(text, '--risk')))
  const unknown = [...optional, ...risks.keys()].find((name) => !said.has(name))
  if (unknown !== undefined) throw new UsageError(`--scope ${unknown}=… is missing: what is it for?`)
  return [...said].map(([name, words]) => ({
    scope: name,
    words,
    risk: risks.get(name) ?? null,
    optional: optional.includes(name),
  }))
}

function pair(text: string, flag: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) throw new UsageError(`${flag} takes SCOPE=WORDS, not ${text}`)
  return [text.slice(0, at), text.slice(at + 1)]
}

function list(flags: AdminFlags, context: Context): Promise<void> {
  return withAdmin(flags, context, async (admin) => {
    const found = await admin.listResources()
    if (flags.json) return context.terminal.printJson(found)
    type Row = (typeof found)[number]
    const columns = [
      { title: 'uri', of: (resource: Row) => resource.id },
      { title: 'name', of: (resource: Row) => resource.name },
      { title: 'open', of: (resource: Row) => resource.open_to_all },
      { title: 'scopes', of: (resource: Row) => resource.scopes.map(({ scope }) => scope).join(' ') },
    ]
    context.terminal.print(table(found, columns, 'No resources yet.'))
  })
}
