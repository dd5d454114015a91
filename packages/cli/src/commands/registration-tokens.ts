// `countersign clients registration-token`: who is given such a token may register programs at the server (RFC 7591).
// What a registration means is @countersign/server.
import type { Command } from 'commander'
import { type AdminFlags, adminCommand, defineGroup, withAdminAfter } from '../admin.ts'
import type { Context } from '../context.ts'
import { minuteOf, table } from '../table.ts'
import { number } from './client-flags.ts'

type CreateFlags = AdminFlags & { name: string; uses?: string; expiresIn?: string }

const nothing = async () => {}

export function defineRegistrationTokens(clients: Command, context: Context): void {
  const tokens = defineGroup(
    clients,
    'registration-token',
    'let somebody register programs; needs the setting registration (COUNTERSIGN_REGISTRATION) token or open',
  )
  adminCommand(tokens, 'create', 'make a token, shown this once')
    .requiredOption('--name <name>', 'whom it is for')
    .option('--uses <number>', 'how many programs it may register (1)')
    .option('--expires-in <seconds>', 'how long it may be used (7 days)')
    .action((flags: CreateFlags) => create(flags, context))
  adminCommand(tokens, 'list', 'list the tokens that may still be used').action((flags: AdminFlags) =>
    list(flags, context),
  )
  adminCommand(tokens, 'revoke <id>', 'end a token; programs that were registered with it stay').action(
    (id: string, flags: AdminFlags) =>
      withAdminAfter(nothing, flags, context, async (admin) => {
        await admin.removeInitialAccessToken(id)
        if (flags.json) context.terminal.printJson({ revoked: id })
        else context.terminal.succeed(`The token ${id} is of no use any more.`)
      }),
  )
}

function create(flags: CreateFlags, context: Context): Promise<void> {
  const said = async () => ({
    uses: number(flags.uses, '--uses'),
    expiresInSeconds: number(flags.expiresIn, '--expires-in'),
  })
  return withAdminAfter(said, flags, context, async (admin, { uses, expiresInSeconds }) => {
    const made = await admin.addInitialAccessToken({
      name: flags.name,
      ...(uses === undefined ? {} : { uses }),
      ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
    })
    if (flags.json) return context.terminal.printJson(made)
    const programs = made.uses_left === 1 ? '1 program' : `${made.uses_left} programs`
    context.terminal.succeed(`Made ${made.id} for ${programs}, until ${minuteOf(made.expires_at)}.`)
    context.terminal.say('The token, shown this once:')
    context.terminal.print(made.token)
  })
}

function list(flags: AdminFlags, context: Context): Promise<void> {
  return withAdminAfter(nothing, flags, context, async (admin) => {
    const found = await admin.listInitialAccessTokens()
    if (flags.json) return context.terminal.printJson(found)
    type Row = (typeof found)[number]
    const columns = [
      { title: 'id', of: (token: Row) => token.id },
      { title: 'name', of: (token: Row) => token.name },
      { title: 'uses left', of: (token: Row) => token.uses_left },
      { title: 'until', of: (token: Row) => minuteOf(token.expires_at) },
    ]
    context.terminal.print(table(found, columns, 'No registration tokens.'))
  })
}
