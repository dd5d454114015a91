// A refused sign-in in the audit log: noted, but not so often that whoever guesses could fill the log, or hide in it.
// What brakes the guesses themselves is throttle.ts; the answer to them pages/sign-in.ts.

import type { AuditEntry } from '@countersign/protocol'
import { audit, byPerson } from '../audit.ts'
import type { PlainRequest } from '../http.ts'
import type { Services } from '../services.ts'
import { type Guess, network } from '../throttle.ts'

const hour = 3600

/**
 * Entries per hour: a few for each account, which bounds them by the number of accounts; for names that nobody has, a few per network
 * and a hundred together. The two share no budget, so guessing at made-up names hides no guesses at real ones.
 */
function room(accountId: string | undefined, address: string): readonly Guess[] {
  const few = { limit: 3, windowSeconds: hour }
  if (accountId !== undefined) return [{ id: `audit sign-in ${accountId}`, budget: few }]
  return [
    { id: `audit sign-in network ${network(address)}`, budget: few },
    { id: 'audit sign-in unknown', budget: { limit: 100, windowSeconds: hour } },
  ]
}

/**
 * Begins to note it and does not wait: the time of the answer must not tell which names have accounts. What was typed is not kept,
 * since it may be a password in the wrong field.
 */
export function noteRefusedSignIn(
  services: Services,
  request: PlainRequest,
  accountId: string | undefined,
  method: 'password' | 'passkey' | 'provider',
  more: AuditEntry['detail'] = {},
): void {
  const note = async () => {
    if (await services.throttle.spend(room(accountId, request.address))) return
    const said = audit(services, {
      event: 'browser.sign_in_refused',
      ...byPerson(null, request),
      accountId: accountId ?? null,
      detail: { method, ...more },
    })
    await services.store.apply([said])
  }
  note().catch((error: unknown) => {
    services.log.warn('audit entry lost', { error: error instanceof Error ? error : String(error) })
  })
}
