// What a command does when an API wants more than the sign-in has: on a terminal the person signs in again with what is
// missing, and the command goes on; elsewhere it ends with what to run. Not here: noticing it (../session.ts).
import type { CredentialStore } from '../credentials.ts'
import { MoreAccessError, needsInWords } from '../errors.ts'
import type { OnStepUp } from '../session.ts'
import { exits } from '../terminal/terminal.ts'
import type { Context } from './command.ts'

/** `json` is for commands whose output somebody reads by program: there nobody is asked. */
export function stepUpOnTerminal(context: Context, store: CredentialStore, json = false): OnStepUp {
  return async (needs, key) => {
    const { terminal } = context
    if (!terminal.interactive || json) throw new MoreAccessError(needs)
    const before = store.read(key)
    const { run } = await import('./login.ts')
    const flags = {
      // Said by the login itself, together with what the person is to do.
      stepUp: needsInWords(needs),
      server: key.issuer,
      clientId: key.clientId,
      scope: needs.scope,
      resource: needs.resource,
      acrValues: needs.acrValues,
      maxAge: needs.maxAge?.toString(),
    }
    const exit = await run({ flags, args: [] }, context)
    if (exit !== exits.ok) return 'give-up'
    const after = store.read(key)
    // Somebody else signed in: what was begun as one person is not ended as another.
    if (after?.state !== 'live' || (before && after.signedInAt === before.signedInAt))
      throw new MoreAccessError(needs, before?.account.email)
    return 'retry'
  }
}
