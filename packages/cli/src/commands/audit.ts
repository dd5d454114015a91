// `countersign audit`: who decided what, from where; and whether the log is whole.
// How entries are written and chained is @countersign/server.

import { type Exit, exits, UsageError } from '@countersign/client/terminal'
import type { Admin, AuditEntrySummary } from '@countersign/server'
import type { Command } from 'commander'
import { type AdminFlags, adminCommand, defineGroup, judgeWithAdmin, withAdminAfter } from '../admin.ts'
import type { Context } from '../context.ts'
import { parseInstant } from '../instant.ts'
import { minuteOf, table } from '../table.ts'

type Filters = {
  event?: string
  account?: string
  client?: string
  grant?: string
  since?: string
  until?: string
}
type ListFlags = AdminFlags & Filters & { limit?: string }
type ExportFlags = AdminFlags & { after?: string }
type VerifyFlags = AdminFlags & { head?: string }

export function define(program: Command, context: Context): void {
  const audit = defineGroup(program, 'audit', 'read and check the audit log')
  adminCommand(audit, 'list', 'list what was decided, the newest first')
    .option('--event <event>', 'of one sort, such as grant.revoked, or grant for all about grants')
    .option('--account <who>', 'by or about one account, by id or address')
    .option('--client <id>', 'by or about one program')
    .option('--grant <id>', 'about one sign-in')
    .option('--since <time>', 'from a time on, such as 2026-11-21 or 2h')
    .option('--until <time>', 'before a time')
    .option('--limit <n>', 'at most so many', '50')
    .action((flags: ListFlags) => list(flags, context))
  adminCommand(audit, 'export', 'print the log in its order, one JSON object per line')
    .option('--after <sequence>', 'only what comes after that entry')
    .action((flags: ExportFlags) => exportAll(flags, context))
  adminCommand(audit, 'verify', 'check that nothing was changed, removed or moved')
    .option('--head <sequence:hash>', 'an end of the log that was noted before, which must still be in it')
    .action((flags: VerifyFlags) => verify(flags, context))
}

function list(flags: ListFlags, context: Context): Promise<void> {
  const { event, client, grant, since, until, account } = flags
  const now = context.system.now()
  const prepare = async () => ({
    event,
    client,
    grant,
    since: since === undefined ? undefined : parseInstant(since, '--since', now),
    until: until === undefined ? undefined : parseInstant(until, '--until', now),
    limit: wholeNumber(flags.limit ?? '50', '--limit'),
  })
  return withAdminAfter(prepare, flags, context, async (admin, query) => {
    const about = account === undefined ? {} : { account: (await admin.showAccount(account)).id }
    const found: AuditEntrySummary[] = []
    for (let before: number | undefined; found.length < query.limit; ) {
      const page = await admin.listAudit({ ...query, ...about, before, limit: query.limit - found.length })
      found.push(...page.items)
      before = page.next
      if (before === undefined) break
    }
    if (flags.json) return context.terminal.printJson(found)
    context.terminal.print(await tableOf(found, admin))
  })
}

async function tableOf(entries: readonly AuditEntrySummary[], admin: Admin): Promise<string> {
  const emails = new Map((await admin.listAccounts()).map(({ id, email }) => [id, email]))
  const nameOf = (id: string | null) => (id === null ? null : (emails.get(id) ?? id))
  const columns = [
    { title: 'nr', of: ({ sequence }: AuditEntrySummary) => sequence },
    { title: 'when', of: ({ at }: AuditEntrySummary) => minuteOf(at) },
    { title: 'event', of: ({ event }: AuditEntrySummary) => event },
    { title: 'by', of: ({ actor }: AuditEntrySummary) => nameOf(actor.id) ?? actor.kind },
    { title: 'from', of: ({ address }: AuditEntrySummary) => address },
    { title: 'account', of: (entry: AuditEntrySummary) => nameOf(entry.account_id) },
    { title: 'program', of: (entry: AuditEntrySummary) => entry.client_id },
    { title: 'sign-in', of: (entry: AuditEntrySummary) => entry.grant_id },
  ]
  return table(entries, columns, 'No entries.')
}

/** NDJSON with and without --json: it is data either way. */
function exportAll(flags: ExportFlags, context: Context): Promise<void> {
  const prepare = async () => wholeNumber(flags.after ?? '0', '--after')
  return withAdminAfter(prepare, flags, context, async (admin, first) => {
    for (let after = first; ; ) {
      const entries = await admin.exportAudit({ after, limit: linesAtOnce })
      for (const entry of entries) context.terminal.printJson(entry)
      if (entries.length === 0) return
      after = Math.max(after + entries.length, entries.at(-1)?.sequence ?? 0)
    }
  })
}

const linesAtOnce = 1000

function verify(flags: VerifyFlags, context: Context): Promise<void> {
  const prepare = async () => (flags.head === undefined ? undefined : headOf(flags.head))
  return judgeWithAdmin(prepare, flags, context, async (admin, noted): Promise<Exit> => {
    const { terminal } = context
    const verified = await admin.verifyAudit({ noted })
    const { ok, checked, head, faults } = verified
    if (flags.json) terminal.printJson(verified)
    else if (ok) terminal.succeed(`The log is whole: ${checked} ${checked === 1 ? 'entry' : 'entries'}.`)
    else {
      terminal.fail('The log was damaged.')
      for (const { sequence, fault } of faults) terminal.say(`entry ${sequence}: ${words[fault]}`)
    }
    // To be kept elsewhere: only so it shows when the end of the log is cut off.
    if (!flags.json && ok && head !== null) terminal.print(`${head.sequence}:${head.hash}`)
    return ok ? exits.ok : exits.error
  })
}

const words: Record<'missing' | 'twice' | 'changed' | 'moved' | 'head' | 'noted', string> = {
  missing: 'it is missing',
  twice: 'there are two',
  changed: 'it was changed',
  moved: 'it does not follow the one before it',
  head: 'the log ends here, but it did not',
  noted: 'the end that was noted is not there',
}

function headOf(text: string): { sequence: number; hash: string } {
  const [, sequence, hash] = /^(\d{1,12}):([0-9a-f]{64})$/.exec(text) ?? []
  if (sequence === undefined || hash === undefined)
    throw new UsageError('--head takes what "audit verify" printed, such as 12:3f…')
  return { sequence: Number(sequence), hash }
}

function wholeNumber(text: string, flag: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${flag} takes a whole number`)
  return Number(text)
}
