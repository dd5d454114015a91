// `countersign clients`: the programs that may ask for a sign-in.
// What a registration means is @countersign/server.

import { UsageError } from '@countersign/client/terminal'
import type { Command } from 'commander'
import {
  type AdminFlags,
  adminCommand,
  defineGroup,
  readSecret,
  withAdmin,
  withAdminAfter,
} from '../admin.ts'
import type { Context } from '../context.ts'
import { minuteOf, table } from '../table.ts'
import { type ClientFlags, clientFlags, membersOf, number } from './client-flags.ts'
import { defineRegistrationTokens } from './registration-tokens.ts'

type AddFlags = AdminFlags & ClientFlags & { name: string; public?: boolean; secretStdin?: boolean }
type UpdateFlags = AdminFlags & ClientFlags & { name?: string }
type RotateFlags = AdminFlags & { overlap?: string; secretStdin?: boolean }

export function define(program: Command, context: Context): void {
  const clients = defineGroup(program, 'clients', 'manage the programs that may ask for a sign-in')
  clientFlags(
    adminCommand(clients, 'add <id>', 'register a program')
      .requiredOption('--name <name>', 'the name that people see when they are asked')
      .option('--public', 'it cannot keep a secret: a program on somebody’s machine')
      .option('--secret-stdin', 'read its secret from stdin (32 characters or more)'),
  ).action((id: string, flags: AddFlags) => add(id, flags, context))
  clientFlags(
    adminCommand(clients, 'update <id>', 'change a program; what is not mentioned stays').option(
      '--name <name>',
      'the name that people see when they are asked',
    ),
  )
    .option('--no-publisher', 'nobody has verified who publishes it')
    .option('--no-first-party', 'it is not yours')
    .option('--no-skip-consent', 'people are asked')
    .option('--no-par-only', 'authorization requests need not be pushed')
    .option('--no-dpop-only', 'tokens need not be bound to a key')
    .option('--no-introspects-all', 'it may ask about its own tokens only')
    .action((id: string, flags: UpdateFlags) => update(id, flags, context))
  adminCommand(clients, 'rotate-secret <id>', 'give a program a new secret; the old one is good for a while')
    .option('--overlap <seconds>', 'how long the old one is good, up to 30 days (1 day; 0 ends it now)')
    .option('--secret-stdin', 'read the new secret from stdin (32 characters or more)')
    .action((id: string, flags: RotateFlags) => rotate(id, flags, context))
  defineRegistrationTokens(clients, context)
  adminCommand(clients, 'list', 'list all programs').action((flags: AdminFlags) => list(flags, context))
  adminCommand(clients, 'show <id>', 'show one program').action((id: string, flags: AdminFlags) =>
    show(id, flags, context),
  )
  adminCommand(clients, 'remove <id>', 'remove a program; ends its sign-ins').action(
    (id: string, flags: AdminFlags) =>
      withAdmin(flags, context, async (admin) => {
        await admin.removeClient(id)
        if (flags.json) context.terminal.printJson({ removed: id })
        else context.terminal.succeed(`Removed ${id}.`)
      }),
  )
}

function add(id: string, flags: AddFlags, context: Context): Promise<void> {
  const said = async () => {
    if (flags.public && flags.secretStdin)
      throw new UsageError('--public and --secret-stdin exclude each other')
    const members = membersOf(flags)
    return { members, secret: flags.secretStdin ? await readSecret(context, '--secret-stdin') : undefined }
  }
  return withAdminAfter(said, flags, context, async (admin, { members, secret }) => {
    const client = await admin.addClient({
      ...members,
      id,
      name: flags.name,
      public: flags.public === true,
      ...(secret === undefined ? {} : { secret }),
    })
    if (flags.json) return context.terminal.printJson(client)
    context.terminal.succeed(`Added ${id}.`)
    tellSecret(client, context)
  })
}

function update(id: string, flags: UpdateFlags, context: Context): Promise<void> {
  const said = async () => {
    const members = { ...membersOf(flags), ...(flags.name === undefined ? {} : { name: flags.name }) }
    if (Object.keys(members).length === 0) throw new UsageError('Say what is to be changed.')
    return members
  }
  return withAdminAfter(said, flags, context, async (admin, members) => {
    const client = await admin.changeClient(id, members)
    if (flags.json) context.terminal.printJson(client)
    else context.terminal.succeed(`Changed ${id}.`)
  })
}

function rotate(id: string, flags: RotateFlags, context: Context): Promise<void> {
  const said = async () => ({
    overlapSeconds: number(flags.overlap, '--overlap'),
    secret: flags.secretStdin ? await readSecret(context, '--secret-stdin') : undefined,
  })
  return withAdminAfter(said, flags, context, async (admin, how) => {
    const client = await admin.rotateClientSecret(id, how)
    if (flags.json) return context.terminal.printJson(client)
    const until = client.credentials.find(({ ends_at }) => ends_at !== null)?.ends_at ?? null
    const before =
      until === null ? 'the one before is gone' : `the one before is good until ${minuteOf(until)}`
    context.terminal.succeed(`${id} has a new secret; ${before}.`)
    tellSecret(client, context)
  })
}

function tellSecret({ secret }: { readonly secret?: string }, { terminal }: Context): void {
  if (secret === undefined) return
  terminal.say('Its secret, shown this once:')
  terminal.print(secret)
}

function list(flags: AdminFlags, context: Context): Promise<void> {
  return withAdmin(flags, context, async (admin) => {
    const clients = await admin.listClients()
    if (flags.json) return context.terminal.printJson(clients)
    type Row = (typeof clients)[number]
    const columns = [
      { title: 'id', of: (client: Row) => client.id },
      { title: 'name', of: (client: Row) => client.name },
      { title: 'public', of: (client: Row) => client.public },
      { title: 'first party', of: (client: Row) => client.first_party },
      { title: 'grants', of: (client: Row) => client.grant_types.map(shortGrant).join(' ') },
      { title: 'scopes', of: (client: Row) => client.scopes.join(' ') },
    ]
    context.terminal.print(table(clients, columns, 'No programs yet.'))
  })
}

/** The URN of RFC 8628 would fill the line; `clients add --grant` takes the short name as well. */
function shortGrant(grant: string): string {
  return grant.slice(grant.lastIndexOf(':') + 1)
}

function show(id: string, flags: AdminFlags, context: Context): Promise<void> {
  return withAdmin(flags, context, async (admin) => {
    const client = await admin.showClient(id)
    if (flags.json) return context.terminal.printJson(client)
    const rows = Object.entries(client).map(([member, value]) => ({
      member,
      value: inWords(value),
    }))
    const columns = [
      { title: 'what', of: (row: (typeof rows)[number]) => row.member },
      { title: 'value', of: (row: (typeof rows)[number]) => row.value },
    ]
    context.terminal.print(table(rows, columns, ''))
  })
}

function inWords(value: unknown): string {
  if (value === null) return '-'
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(' ') || '-'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
