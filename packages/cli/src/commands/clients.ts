// `countersign clients`: the programs that may ask for a sign-in.
// What a registration means is @countersign/server.
import type { Command } from 'commander'
import {
  type AdminFlags,
  adminCommand,
  collect,
  defineGroup,
  readSecret,
  withAdmin,
  withAdminAfter,
} from '../admin.ts'
import type { Context } from '../context.ts'
import { table } from '../table.ts'
import { UsageError } from '../terminal.ts'

type AddFlags = AdminFlags & {
  name: string
  redirectUri?: string[]
  grant?: string[]
  scope?: string[]
  public?: boolean
  secretStdin?: boolean
  firstParty?: boolean
}

export function define(program: Command, context: Context): void {
  const clients = defineGroup(program, 'clients', 'manage the programs that may ask for a sign-in')
  adminCommand(clients, 'add <id>', 'register a program')
    .requiredOption('--name <name>', 'the name that people see when they are asked')
    .option('--redirect-uri <uri>', 'where a browser may be sent back to (repeatable)', collect)
    .option('--grant <grant>', 'device_code, authorization_code, refresh_token, … (repeatable)', collect)
    .option('--scope <scope>', 'what it may ask for (repeatable)', collect)
    .option('--public', 'it cannot keep a secret: a program on somebody’s machine')
    .option('--secret-stdin', 'read its secret from stdin (32 characters or more)')
    .option('--first-party', 'it is yours')
    .action((id: string, flags: AddFlags) => add(id, flags, context))
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
  const readOwnSecret = async (): Promise<string | undefined> => {
    if (flags.public && flags.secretStdin)
      throw new UsageError('--public and --secret-stdin exclude each other')
    return flags.secretStdin ? readSecret(context, '--secret-stdin') : undefined
  }
  return withAdminAfter(readOwnSecret, flags, context, async (admin, secret) => {
    const client = await admin.addClient({
      id,
      name: flags.name,
      redirectUris: flags.redirectUri ?? [],
      grants: flags.grant ?? ['device_code', 'refresh_token'],
      scopes: flags.scope ?? ['openid', 'profile', 'email', 'offline_access'],
      public: flags.public === true,
      firstParty: flags.firstParty === true,
      ...(secret === undefined ? {} : { secret }),
    })
    if (flags.json) return context.terminal.printJson(client)
    context.terminal.succeed(`Added ${id}.`)
    if ('secret' in client && typeof client.secret === 'string') {
      context.terminal.say('Its secret, shown this once:')
      context.terminal.print(client.secret)
    }
  })
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
      value: Array.isArray(value) ? value.join(' ') : String(value),
    }))
    const columns = [
      { title: 'what', of: (row: (typeof rows)[number]) => row.member },
      { title: 'value', of: (row: (typeof rows)[number]) => row.value },
    ]
    context.terminal.print(table(rows, columns, ''))
  })
}
