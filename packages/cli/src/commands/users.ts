// `countersign users`: accounts of the server, added, shown, switched off, and linked to subjects of trusted issuers without a browser.
// How accounts are kept is @countersign/server.

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

type SubjectFlags = AdminFlags & { issuer: string; subject: string; tenant?: string }

type AddFlags = AdminFlags & { name?: string; admin?: boolean; passwordStdin?: boolean }

export function define(program: Command, context: Context): void {
  const users = defineGroup(program, 'users', 'manage accounts')
  adminCommand(users, 'add <email>', 'add an account; its password comes through stdin')
    .option('--name <name>', 'the name of the person')
    .option('--admin', 'may administer this server')
    .option('--password-stdin', 'read the password from stdin (needed)')
    .action((email: string, flags: AddFlags) => add(email, flags, context))
  adminCommand(users, 'list', 'list all accounts').action((flags: AdminFlags) => list(flags, context))
  adminCommand(users, 'show <who>', 'show an account and whom it is at other providers').action(
    (who: string, flags: AdminFlags) => show(who, flags, context),
  )
  adminCommand(
    users,
    'disconnect <who> <identity>',
    'take an identity from an account, even its last way in; signs its browsers out',
  ).action((who: string, identity: string, flags: AdminFlags) => disconnect(who, identity, flags, context))
  adminCommand(users, 'disable <who>', 'switch an account off (by id or address); ends its sign-ins').action(
    (who: string, flags: AdminFlags) => setDisabled(who, true, flags, context),
  )
  adminCommand(users, 'enable <who>', 'switch an account on again').action((who: string, flags: AdminFlags) =>
    setDisabled(who, false, flags, context),
  )
  adminCommand(users, 'make-admin <who>', 'let an account administer this server').action(
    (who: string, flags: AdminFlags) => setAdmin(who, true, flags, context),
  )
  adminCommand(users, 'remove-admin <who>', 'an account may not administer this server any more').action(
    (who: string, flags: AdminFlags) => setAdmin(who, false, flags, context),
  )
  subjectCommand(users, 'link <who>', 'say whose account a subject of a trusted issuer is').action(
    (who: string, flags: SubjectFlags) => link(who, flags, context),
  )
  subjectCommand(users, 'unlink', 'say that a subject of a trusted issuer is nobody here').action(
    (flags: SubjectFlags) => unlink(flags, context),
  )
}

function subjectCommand(users: Command, usage: string, description: string): Command {
  return adminCommand(users, usage, description)
    .requiredOption('--issuer <url>', 'the issuer, as it is in trustedIssuers')
    .requiredOption('--subject <sub>', 'how its assertions name the person')
    .option('--tenant <tenant>', 'the organization, where it keeps several apart')
}

function subjectOf({ issuer, subject, tenant }: SubjectFlags) {
  return { issuer, subject, tenant: tenant ?? null }
}

function link(who: string, flags: SubjectFlags, context: Context): Promise<void> {
  return withAdmin(flags, context, async (admin) => {
    const account = await admin.linkSubject(who, subjectOf(flags))
    if (flags.json) context.terminal.printJson(account)
    else context.terminal.succeed(`${flags.subject} of ${flags.issuer} is ${account.email} from now on.`)
  })
}

function unlink(flags: SubjectFlags, context: Context): Promise<void> {
  return withAdmin(flags, context, async (admin) => {
    await admin.unlinkSubject(subjectOf(flags))
    if (flags.json) context.terminal.printJson({ unlinked: subjectOf(flags) })
    else context.terminal.succeed(`${flags.subject} of ${flags.issuer} is nobody here any more.`)
  })
}

function add(email: string, flags: AddFlags, context: Context): Promise<void> {
  const readPassword = async (): Promise<string> => {
    if (!flags.passwordStdin) throw new UsageError('--password-stdin is needed: pipe the password in')
    return readSecret(context, '--password-stdin')
  }
  return withAdminAfter(readPassword, flags, context, async (admin, password) => {
    const account = await admin.addAccount({
      email,
      password,
      admin: flags.admin === true,
      ...(flags.name === undefined ? {} : { name: flags.name }),
    })
    if (flags.json) context.terminal.printJson(account)
    else context.terminal.succeed(`Added ${account.email}${flags.admin ? ' as an administrator' : ''}.`)
  })
}

function list(flags: AdminFlags, context: Context): Promise<void> {
  return withAdmin(flags, context, async (admin) => {
    const accounts = await admin.listAccounts()
    if (flags.json) return context.terminal.printJson(accounts)
    const columns = [
      { title: 'email', of: (account: (typeof accounts)[number]) => account.email },
      { title: 'name', of: (account: (typeof accounts)[number]) => account.name },
      { title: 'admin', of: (account: (typeof accounts)[number]) => account.admin },
      { title: 'disabled', of: (account: (typeof accounts)[number]) => account.disabled_at !== null },
      { title: 'since', of: (account: (typeof accounts)[number]) => minuteOf(account.created_at) },
      { title: 'id', of: (account: (typeof accounts)[number]) => account.id },
    ]
    context.terminal.print(table(accounts, columns, 'No accounts yet.'))
  })
}

function show(who: string, flags: AdminFlags, context: Context): Promise<void> {
  return withAdmin(flags, context, async (admin) => {
    const account = await admin.showAccount(who)
    const identities = await admin.listIdentities(account.id)
    if (flags.json) return context.terminal.printJson({ ...account, identities })
    const facts = [
      { title: 'email', of: () => account.email },
      { title: 'name', of: () => account.name },
      { title: 'admin', of: () => account.admin },
      { title: 'disabled', of: () => minuteOf(account.disabled_at) },
      { title: 'since', of: () => minuteOf(account.created_at) },
      { title: 'id', of: () => account.id },
    ]
    context.terminal.print(`${table([account], facts, '')}\n`)
    const columns = [
      { title: 'provider', of: (one: (typeof identities)[number]) => one.provider },
      { title: 'subject', of: (one: (typeof identities)[number]) => one.subject },
      { title: 'name', of: (one: (typeof identities)[number]) => one.name ?? one.email },
      { title: 'last used', of: (one: (typeof identities)[number]) => minuteOf(one.last_used_at) },
      { title: 'identity', of: (one: (typeof identities)[number]) => one.id },
    ]
    context.terminal.print(table(identities, columns, 'Nobody at another provider.'))
  })
}

function disconnect(who: string, identity: string, flags: AdminFlags, context: Context): Promise<void> {
  return withAdmin(flags, context, async (admin) => {
    await admin.disconnectIdentity(who, identity)
    if (flags.json) context.terminal.printJson({ disconnected: identity })
    else context.terminal.succeed(`${who} is not ${identity} any more; its browsers are signed out.`)
  })
}

function setDisabled(who: string, disabled: boolean, flags: AdminFlags, context: Context): Promise<void> {
  return withAdmin(flags, context, async (admin) => {
    const account = await admin.setAccountDisabled(who, disabled)
    if (flags.json) context.terminal.printJson(account)
    else context.terminal.succeed(`${who} is ${disabled ? 'disabled; its sign-ins have ended' : 'enabled'}.`)
  })
}

function setAdmin(who: string, isAdmin: boolean, flags: AdminFlags, context: Context): Promise<void> {
  return withAdmin(flags, context, async (admin) => {
    const account = await admin.setAccountAdmin(who, isAdmin)
    if (flags.json) context.terminal.printJson(account)
    else context.terminal.succeed(`${who} is ${isAdmin ? 'an' : 'no'} administrator.`)
  })
}
