// `countersign token`: an access token on stdout, renewed when needed. The usual case, a token that is still
// good, never comes here (fast-token.ts).
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { storedTarget, type TargetFlags } from '../settings.ts'
import { type Exit, exits } from '../terminal.ts'

type TokenFlags = TargetFlags & { account?: string; json?: boolean }

export function define(program: Command, context: Context): void {
  program
    .command('token')
    .description('print an access token on stdout, renewed if needed (COUNTERSIGN_TOKEN wins)')
    .option('--server <url>', 'of this server (else COUNTERSIGN_SERVER, else the latest sign-in)')
    .option('--issuer <url>', 'the same as --server')
    .option('--client-id <id>', 'of this program (else COUNTERSIGN_CLIENT_ID)')
    .option('--account <id>', 'of this account, by its id or address')
    .option('--json', 'print a JSON object with the token, its end and its account')
    .action((flags: TokenFlags) => context.run(flags, () => printToken(flags, context)))
}

async function printToken(flags: TokenFlags, context: Context): Promise<Exit> {
  const { terminal, env, system } = context
  if (env.COUNTERSIGN_TOKEN) {
    const token = env.COUNTERSIGN_TOKEN
    if (flags.json) terminal.printJson({ access_token: token, source: 'environment' })
    else terminal.print(token)
    return exits.ok
  }
  const { createSession, openStore } = await import('@countersign/client')
  const store = openStore({ env, system })
  const target = storedTarget(flags, env, store)
  const wanted = flags.account
  const found = store
    .list(target.issuer, target.clientId)
    .find(({ account }) => account.id === wanted || account.email === wanted)
  const account = wanted === undefined ? {} : { account: found?.account.id ?? wanted }
  const credential = await createSession({ ...target, ...account, store, system }).credential()
  if (flags.json)
    terminal.printJson({
      access_token: credential.accessToken,
      source: 'stored',
      account: credential.account.email ?? credential.account.id,
      server: credential.issuer,
      expires_at: credential.expiresAt === undefined ? undefined : Math.floor(credential.expiresAt),
    })
  else terminal.print(credential.accessToken)
  return exits.ok
}
