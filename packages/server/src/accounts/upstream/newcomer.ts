// An account for somebody who comes in by an identity and has none yet: what is written together when they first come.
// Whether they may have one is decided by enter.ts for providers, and by ../host.ts for a host application.

import type { Account, Identity, Write } from '@countersign/protocol'
import { audit, byPerson } from '../../audit.ts'
import type { PlainRequest } from '../../http.ts'
import type { Services } from '../../services.ts'
import { accountRecord } from '../accounts.ts'
import { linkedEntry, newIdentity, type Proven } from './identities.ts'

/** The account and its identity as they are once the writes are applied. */
export interface Newcomer {
  readonly account: Account
  readonly identity: Identity
  readonly writes: readonly Write[]
}

export function newcomer(
  services: Services,
  request: PlainRequest,
  proven: Proven,
  { email, admin }: { readonly email: string | undefined; readonly admin: boolean },
): Newcomer {
  const name = proven.person.name ?? ''
  const account = accountRecord(services.system, { email, name, passwordHash: null, admin })
  const { id } = account
  const identity = newIdentity(services, proven, id)
  const by = byPerson(id, request)
  const detail = { admin, via: proven.provider }
  return {
    account: { ...account, version: 1 },
    identity: { ...identity, version: 1 },
    writes: [
      { op: 'insert', kind: 'account', record: account },
      { op: 'insert', kind: 'identity', record: identity },
      audit(services, { event: 'account.added', ...by, accountId: id, detail }),
      linkedEntry(services, identity, by),
    ],
  }
}
