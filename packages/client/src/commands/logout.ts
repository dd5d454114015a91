// `logout`: the server is told first, then what is stored here is removed in any case, and the
// person learns which of the two happened. The work is ../sign-out.ts.
import { variable } from '../app.ts'
import { type CredentialKey, keyOf } from '../credentials.ts'
import type { SignedOut } from '../sign-out.ts'
import { clean, type Exit, exits } from '../terminal/terminal.ts'
import { type Call, type Context, isOn } from './command.ts'
import { storedTarget } from './target.ts'

type Outcome = { server: string; result: SignedOut }

export async function run({ flags }: Call, context: Context): Promise<Exit> {
  const { terminal, env, app } = context
  const { store, issuer, clientId, account } = await storedTarget(flags, context)
  const all = isOn(flags, 'all')
  const json = isOn(flags, 'json')
  const keys = all ? store.list().map(keyOf) : account === undefined ? [] : [{ issuer, clientId, account }]
  const { outcomes, failure } = await signOutOf(keys, store, context, (outcome) => {
    if (!json) say(outcome, context)
  })
  // They may hold tokens, and nobody can tell which server to ask to revoke them.
  const leftovers = all ? store.removeLeftovers() : 0
  if (failure !== undefined) throw failure
  if (json) {
    const signedOut = outcomes.map(asJson)
    terminal.printJson({ signed_out: signedOut, ...(all ? { unreadable_removed: leftovers } : {}) })
    return exits.ok
  }
  if (outcomes.length === 0 && leftovers === 0) terminal.say('Nobody is signed in here.')
  if (leftovers > 0) terminal.succeed(`Removed ${leftovers} unreadable file${leftovers === 1 ? '' : 's'}.`)
  const token = variable(app, 'TOKEN')
  if (env[token]) terminal.warn(`${token} is still set in this shell and still works.`)
  return exits.ok
}

/** One that cannot be removed does not keep the others signed in; the first failure is told at the end. */
async function signOutOf(
  keys: CredentialKey[],
  store: Awaited<ReturnType<typeof storedTarget>>['store'],
  { system }: Context,
  onOutcome: (outcome: Outcome) => void,
): Promise<{ outcomes: Outcome[]; failure: unknown }> {
  const { signOut } = await import('../sign-out.ts')
  const outcomes: Outcome[] = []
  let failure: unknown
  for (const key of keys) {
    try {
      const result = await signOut({ store, key, system })
      if (!result) continue
      outcomes.push({ server: key.issuer, result })
      onOutcome({ server: key.issuer, result })
    } catch (error) {
      failure ??= error
    }
  }
  return { outcomes, failure }
}

function asJson({ server, result }: Outcome): Record<string, unknown> {
  return {
    account: result.account.email ?? result.account.id,
    server,
    revoked: result.server === 'revoked',
    outcome: result.server,
  }
}

function say({ server, result }: Outcome, { terminal }: Context): void {
  const name = clean(result.account.email ?? result.account.id)
  const trouble = TROUBLE[result.server]
  if (trouble === undefined) {
    const ended =
      result.server === 'revoked' ? 'Access was revoked on the server.' : 'It had ended on the server.'
    terminal.succeed(`Signed out ${name}. ${ended}`)
    return
  }
  const mark = terminal.paint('yellow', '!')
  terminal.succeed(`Removed from this computer. ${mark} The server ${trouble}; revoke at`)
  terminal.say(`  ${clean(server)}/account`)
}

const TROUBLE: Partial<Record<SignedOut['server'], string>> = {
  unreachable: 'could not be told',
  locked: 'could not be told, as the keychain did not answer',
  refused: 'did not revoke the access',
  unsupported: 'did not revoke the access',
}
