// `countersign logout`: the server is told first, then what is stored here is removed in any case, and the
// person learns which of the two happened.
import type { SignedOut } from '@countersign/client'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { storedTarget, type TargetFlags } from '../settings.ts'
import { clean, type Exit, exits } from '../terminal.ts'

type LogoutFlags = TargetFlags & { all?: boolean; json?: boolean }

export function define(program: Command, context: Context): void {
  program
    .command('logout')
    .description('end the sign-in on the server and remove it from this computer')
    .option('--server <url>', 'of this server (else COUNTERSIGN_SERVER, else the latest sign-in)')
    .option('--issuer <url>', 'the same as --server')
    .option('--client-id <id>', 'of this program (else COUNTERSIGN_CLIENT_ID)')
    .option('--all', 'every account of every server on this computer')
    .option('--json', 'print what happened as JSON')
    .action((flags: LogoutFlags) => context.run(flags, () => logout(flags, context)))
}

async function logout(flags: LogoutFlags, context: Context): Promise<Exit> {
  const { keyOf, openStore, signOut } = await import('@countersign/client')
  const { terminal, env, system } = context
  const store = openStore({ env, system })
  const target = storedTarget(flags, env, store)
  const account = store.current(target.issuer, target.clientId)
  const keys = flags.all ? store.list().map(keyOf) : account === undefined ? [] : [{ ...target, account }]
  const results: { server: string; result: SignedOut }[] = []
  for (const key of keys) {
    const result = await signOut({ store, key, system })
    if (!result) continue
    results.push({ server: key.issuer, result })
    if (!flags.json) say(key.issuer, result, context)
  }
  if (flags.json)
    terminal.printJson({
      signed_out: results.map(({ server, result }) => ({
        account: result.account.email ?? result.account.id,
        server,
        revoked: result.server === 'revoked',
        outcome: result.server,
      })),
    })
  else if (results.length === 0) terminal.say('Nobody is signed in here.')
  if (env.COUNTERSIGN_TOKEN && !flags.json)
    terminal.warn('COUNTERSIGN_TOKEN is still set in this shell and still works.')
  return exits.ok
}

function say(issuer: string, result: SignedOut, { terminal }: Context): void {
  const name = clean(result.account.email ?? result.account.id)
  if (result.server === 'revoked' || result.server === 'nothing') {
    const where =
      result.server === 'revoked' ? 'Access was revoked on the server.' : 'It had ended on the server.'
    terminal.succeed(`Signed out ${name}. ${where}`)
    return
  }
  const told = result.server === 'unreachable' ? 'could not be told' : 'did not revoke the access'
  const mark = terminal.paint('yellow', '!')
  terminal.succeed(`Removed from this computer. ${mark} The server ${told}; revoke at`)
  terminal.say(`  ${clean(issuer)}/account`)
}
