// `logout`: the server is told first, then what is stored here is removed in any case, and the
// person learns which of the two happened.

import { variable } from '../app.ts'
import type { SignedOut } from '../sign-out.ts'
import { clean, type Exit, exits } from '../terminal/terminal.ts'
import { type Call, type Context, isOn } from './command.ts'
import { storedTarget } from './target.ts'

export async function run({ flags }: Call, context: Context): Promise<Exit> {
  const { keyOf, openStore, signOut } = await import('../index.ts')
  const { terminal, env, system, app } = context
  const store = openStore({ env, app, system })
  const target = storedTarget(flags, context, store)
  const account = store.current(target.issuer, target.clientId)
  const keys = isOn(flags, 'all')
    ? store.list().map(keyOf)
    : account === undefined
      ? []
      : [{ ...target, account }]
  const results: { server: string; result: SignedOut }[] = []
  for (const key of keys) {
    const result = await signOut({ store, key, system })
    if (!result) continue
    results.push({ server: key.issuer, result })
    if (!isOn(flags, 'json')) say(key.issuer, result, context)
  }
  if (isOn(flags, 'json'))
    terminal.printJson({
      signed_out: results.map(({ server, result }) => ({
        account: result.account.email ?? result.account.id,
        server,
        revoked: result.server === 'revoked',
        outcome: result.server,
      })),
    })
  else if (results.length === 0) terminal.say('Nobody is signed in here.')
  const token = variable(app, 'TOKEN')
  if (env[token] && !isOn(flags, 'json'))
    terminal.warn(`${token} is still set in this shell and still works.`)
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
