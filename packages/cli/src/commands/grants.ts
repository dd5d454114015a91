// `countersign grants`: sign-ins as the server knows them, each a device or program of one account.
// What ends with a grant is @countersign/server.
import type { Command } from 'commander'
import { type AdminFlags, adminCommand, defineGroup, withAdmin } from '../admin.ts'
import type { Context } from '../context.ts'
import { minuteOf, table } from '../table.ts'

type ListFlags = AdminFlags & { account?: string }

export function define(program: Command, context: Context): void {
  const grants = defineGroup(program, 'grants', 'list and revoke sign-ins')
  adminCommand(grants, 'list', 'list the sign-ins')
    .option('--account <who>', 'of one account, by id or address')
    .action((flags: ListFlags) =>
      withAdmin(flags, context, async (admin) => {
        const found = await admin.listGrants(flags.account === undefined ? {} : { account: flags.account })
        if (flags.json) return context.terminal.printJson(found)
        type Row = (typeof found)[number]
        const columns = [
          { title: 'id', of: (grant: Row) => grant.id },
          { title: 'account', of: (grant: Row) => grant.account },
          { title: 'program', of: (grant: Row) => grant.client },
          { title: 'device', of: (grant: Row) => grant.deviceName },
          { title: 'scopes', of: (grant: Row) => grant.scopes.join(' ') },
          { title: 'since', of: (grant: Row) => minuteOf(grant.createdAt) },
          { title: 'last used', of: (grant: Row) => minuteOf(grant.lastUsedAt) },
        ]
        context.terminal.print(table(found, columns, 'No sign-ins.'))
      }),
    )
  adminCommand(grants, 'revoke <id>', 'end one sign-in and all its tokens').action(
    (id: string, flags: AdminFlags) =>
      withAdmin(flags, context, async (admin) => {
        await admin.revokeGrant(id)
        if (flags.json) context.terminal.printJson({ revoked: id })
        else context.terminal.succeed(`Ended ${id}.`)
      }),
  )
}
