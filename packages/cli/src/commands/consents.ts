// `countersign consents`: what people have agreed to, program by program.
// What ends with a consent is @countersign/server.
import type { ConsentSummary } from '@countersign/server'
import type { Command } from 'commander'
import { type AdminFlags, adminCommand, defineGroup, withAdmin } from '../admin.ts'
import type { Context } from '../context.ts'
import { minuteOf, table } from '../table.ts'

type ListFlags = AdminFlags & { account?: string }

export function define(program: Command, context: Context): void {
  const consents = defineGroup(program, 'consents', 'list and withdraw what people agreed to')
  adminCommand(consents, 'list', 'list what people agreed to')
    .option('--account <who>', 'of one account, by id or address')
    .action((flags: ListFlags) => list(flags, context))
  adminCommand(
    consents,
    'withdraw <account> <client>',
    'take back all that an account agreed to with a program; ends its sign-ins',
  ).action((account: string, client: string, flags: AdminFlags) =>
    withAdmin(flags, context, async (admin) => {
      await admin.withdrawConsent(account, client)
      if (flags.json) context.terminal.printJson({ withdrawn: { account, client } })
      else context.terminal.succeed(`${account} has agreed to nothing with ${client} any more.`)
    }),
  )
}

function list(flags: ListFlags, context: Context): Promise<void> {
  return withAdmin(flags, context, async (admin) => {
    const found = await admin.listConsents(flags.account === undefined ? {} : { account: flags.account })
    if (flags.json) return context.terminal.printJson(found)
    const emails = new Map((await admin.listAccounts()).map(({ id, email }) => [id, email]))
    const columns = [
      {
        title: 'account',
        of: (consent: ConsentSummary) => emails.get(consent.account_id) ?? consent.account_id,
      },
      { title: 'program', of: (consent: ConsentSummary) => consent.client_id },
      { title: 'answers go to', of: (consent: ConsentSummary) => consent.redirect_target },
      { title: 'scopes', of: (consent: ConsentSummary) => consent.scopes.join(' ') },
      { title: 'for', of: (consent: ConsentSummary) => consent.resources.join(' ') },
      { title: 'since', of: (consent: ConsentSummary) => minuteOf(consent.created_at) },
    ]
    context.terminal.print(table(found, columns, 'Nobody has agreed to anything yet.'))
  })
}
