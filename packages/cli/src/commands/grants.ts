// `countersign grants`: sign-ins as the server knows them, each a device or program of one account.
// What ends with a grant is @countersign/server.
import type { Admin, GrantSummary } from '@countersign/server'
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
        if (flags.json) context.terminal.printJson(found)
        else context.terminal.print(await tableOf(found, admin))
      }),
    )
  adminCommand(grants, 'revoke <id>', 'end one sign-in and all its tokens').action(
    (id: string, flags: AdminFlags) =>
      withAdmin(flags, context, async (admin) => {
        const ended = await admin.revokeGrant(id)
        if (flags.json) context.terminal.printJson(ended)
        else context.terminal.succeed(`Ended ${id}.`)
      }),
  )
}

/** People know their address and the program's name; an account or program that is gone has only its id. */
async function tableOf(grants: readonly GrantSummary[], admin: Admin): Promise<string> {
  const emails = new Map((await admin.listAccounts()).map(({ id, email }) => [id, email]))
  const names = new Map((await admin.listClients()).map(({ id, name }) => [id, name]))
  const columns = [
    { title: 'id', of: (grant: GrantSummary) => grant.id },
    { title: 'account', of: (grant: GrantSummary) => emails.get(grant.account_id) ?? grant.account_id },
    { title: 'program', of: (grant: GrantSummary) => names.get(grant.client_id) ?? grant.client_id },
    { title: 'device', of: (grant: GrantSummary) => grant.device_name },
    { title: 'scopes', of: (grant: GrantSummary) => grant.scopes.join(' ') },
    { title: 'since', of: (grant: GrantSummary) => minuteOf(grant.created_at) },
    { title: 'last used', of: (grant: GrantSummary) => minuteOf(grant.last_used_at) },
    { title: 'ended', of: (grant: GrantSummary) => minuteOf(grant.revoked_at) },
  ]
  return table(grants, columns, 'No sign-ins.')
}
