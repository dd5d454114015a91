// How the administration commands reach a server's data: the options they share, opening and closing it,
// reading a secret from stdin. What administering means is in @countersign/server.

import { type Exit, exits, UsageError } from '@countersign/client/terminal'
import type { Admin } from '@countersign/server'
import type { Command } from 'commander'
import type { Context } from './context.ts'

export type AdminFlags = { data?: string; databaseUrl?: string; config?: string; json?: boolean }

/** One noun with several verbs, such as `users add`. */
export function defineGroup(program: Command, name: string, description: string): Command {
  return program.command(name).description(description).showHelpAfterError(true)
}

export function adminCommand(group: Command, usage: string, description: string): Command {
  return group
    .command(usage)
    .description(description)
    .option('--data <dir>', 'the data directory of the embedded database (else COUNTERSIGN_DATA)')
    .option('--database-url <url>', 'a PostgreSQL database instead (else COUNTERSIGN_DATABASE_URL)')
    .option('--config <file>', 'the configuration file of the server')
    .option('--json', 'print the result as JSON')
}

/** Works on the same data as a running server, or on that of one that is stopped. */
export function withAdmin(
  flags: AdminFlags,
  context: Context,
  work: (admin: Admin) => Promise<void>,
): Promise<void> {
  return withAdminAfter(async () => {}, flags, context, work)
}

/** The same, with something to check or read before any data is opened. */
export function withAdminAfter<T>(
  prepare: () => Promise<T>,
  flags: AdminFlags,
  context: Context,
  work: (admin: Admin, prepared: T) => Promise<void>,
): Promise<void> {
  return judgeWithAdmin(prepare, flags, context, async (admin, prepared) => {
    await work(admin, prepared)
    return exits.ok
  })
}

/** The same, where the outcome is an exit code. */
export function judgeWithAdmin<T>(
  prepare: () => Promise<T>,
  flags: AdminFlags,
  context: Context,
  work: (admin: Admin, prepared: T) => Promise<Exit>,
): Promise<void> {
  return context.run(flags, async (): Promise<Exit> => {
    const prepared = await prepare()
    const { openAdmin } = await import('@countersign/server')
    const admin = await openAdmin({
      env: context.env,
      ...(flags.data === undefined ? {} : { data: flags.data }),
      ...(flags.databaseUrl === undefined ? {} : { databaseUrl: flags.databaseUrl }),
      ...(flags.config === undefined ? {} : { config: flags.config }),
    })
    try {
      return await work(admin, prepared)
    } finally {
      await admin.close()
    }
  })
}

/** Secrets come through a pipe: arguments are visible to every user of the machine (CL-17). */
export async function readSecret({ terminal }: Context, flag: string): Promise<string> {
  if (terminal.stdin.isTTY)
    throw new UsageError(
      `${flag} reads from a pipe, for example: printf %s "$SECRET" | countersign … ${flag}`,
    )
  const chunks: Buffer[] = []
  for await (const chunk of terminal.stdin) chunks.push(Buffer.from(chunk))
  // `echo` adds one line end that nobody means.
  const secret = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (secret === '') throw new UsageError(`${flag}: nothing came through the pipe`)
  return secret
}

export function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}
