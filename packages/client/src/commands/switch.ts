// `switch`: which account is used where neither flag, variable nor project names one. Only this command changes
// that (and a sign-in, which is a choice too). Asks on a terminal; elsewhere the account must be named.
import { type CredentialStore, type Entry, keyOf } from '../credentials.ts'
import { type Asking, type Choice, findAccount, resolveTarget } from '../resolve.ts'
import { hostOf, normalIssuer } from '../server-address.ts'
import { ask } from '../terminal/ask.ts'
import { clean, type Exit, exits, UsageError } from '../terminal/terminal.ts'
import { type Call, type Context, isOn, textFlag } from './command.ts'
import { askingOf } from './target.ts'

export async function run({ flags, args }: Call, context: Context): Promise<Exit> {
  const { terminal, app } = context
  const asking = askingOf(flags, context)
  const { store } = asking
  const server = textFlag(flags, 'server') ?? textFlag(flags, 'issuer')
  const entries = store.list(server && normalIssuer(server), textFlag(flags, 'clientId'))
  if (entries.length === 0) {
    const { SignInRequiredError } = await import('../errors.ts')
    throw new SignInRequiredError('not_signed_in')
  }
  const wanted = args[0] || textFlag(flags, 'account')
  const entry =
    wanted === undefined ? await choose(entries, store, flags, context) : findAccount(entries, wanted)
  if (!entry)
    throw new UsageError(
      wanted === undefined
        ? 'Nothing was chosen; everything stays as it is'
        : `Nobody is signed in as ${clean(wanted)}; there is ${namesOf(entries)}`,
    )
  store.setCurrent(keyOf(entry))
  const overruling = overruledBy(entry, asking)
  if (isOn(flags, 'json'))
    terminal.printJson({
      account: entry.account.email ?? entry.account.id,
      subject: entry.account.id,
      server: entry.issuer,
      shadowed_by: overruling?.detail,
    })
  else {
    terminal.succeed(`${app.name} now uses ${describe(entry)}`)
    if (overruling) terminal.warn(`Not here: ${clean(overruling.detail)} says ${clean(overruling.value)}.`)
  }
  return exits.ok
}

/** What, here and now, outranks the choice that was made. */
function overruledBy(entry: Entry, asking: Asking): Choice | undefined {
  try {
    const { chosen, named } = resolveTarget({ ...asking, flags: {} })
    if (chosen.server !== entry.issuer) return { ...chosen, value: chosen.server }
    return named && named.value !== entry.account.id && named.value !== entry.account.email
      ? named
      : undefined
  } catch {
    // A project file that cannot be used is told by the commands that would use it.
    return undefined
  }
}

async function choose(
  entries: readonly Entry[],
  store: CredentialStore,
  flags: Call['flags'],
  { terminal }: Context,
): Promise<Entry | undefined> {
  if (!terminal.interactive || isOn(flags, 'json'))
    throw new UsageError(`Which account? Name one: ${namesOf(entries)}`)
  const latest = store.latestIssuer()
  for (const [at, entry] of entries.entries()) {
    const inUse = entry.issuer === latest && store.current(entry.issuer, entry.clientId) === entry.account.id
    terminal.say(`${String(at + 1).padStart(2)}  ${describe(entry)}${inUse ? '   (in use)' : ''}`)
  }
  const answer = await ask(terminal, `Which one? [1-${entries.length}] `)
  return /^\d{1,4}$/.test(answer ?? '') ? entries[Number(answer) - 1] : undefined
}

function describe({ account, issuer }: Entry): string {
  return clean(`${account.email ?? account.id}   ${hostOf(issuer)}`)
}

function namesOf(entries: readonly Entry[]): string {
  return entries
    .map(({ account, issuer }) => clean(`${account.email ?? account.id} (${hostOf(issuer)})`))
    .join(', ')
}
