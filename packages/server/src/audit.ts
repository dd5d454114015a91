// The audit log: what is written beside every decision that matters, in the same step that makes it true.
// How entries are joined into a chain is audit-chain.ts; how they are read and exported, admin/audit-log.ts. Which events there
// are is listed in docs/operating.md.

import type { AuditEntry, Write } from '@countersign/protocol'
import type { Services } from './services.ts'
import { timePrefix } from './tokens.ts'

export interface Audited extends Pick<AuditEntry, 'event' | 'actor'> {
  readonly address?: string | null
  readonly accountId?: string | null
  readonly clientId?: string | null
  readonly grantId?: string | null
  readonly detail?: AuditEntry['detail']
}

/** Who decided, and from where. */
export type By = Pick<AuditEntry, 'actor' | 'address'>

/** The write that tells of a decision; nothing secret belongs into it. */
export function audit({ system }: Pick<Services, 'system'>, said: Audited): Write {
  const record: AuditEntry = {
    id: timePrefix(system) + system.random(9).toString('base64url'),
    version: 0,
    at: system.now(),
    address: null,
    accountId: null,
    clientId: null,
    grantId: null,
    detail: {},
    ...said,
    link: null,
  }
  return { op: 'insert', kind: 'auditEntry', record }
}

/** The command line on the machine itself: an administrator without a name or an address. */
export const byCommandLine: By = { actor: { kind: 'admin', id: null }, address: null }

/** Somebody who acts in a browser of their own; null while it is not known who. */
export function byPerson(accountId: string | null, { address }: { readonly address: string }): By {
  return { actor: { kind: 'account', id: accountId }, address }
}

/** A client at one of its endpoints. */
export function byClient(clientId: string, { address }: { readonly address: string }): By {
  return { actor: { kind: 'client', id: clientId }, address }
}

/** The writes with an entry for each grant that they end, whatever rule decided so; others pass as they are. */
export function tellOfEnds(
  services: Pick<Services, 'system'>,
  writes: readonly Write[],
  by: By,
): readonly Write[] {
  const told = writes.flatMap((write) => {
    if (write.op !== 'update' || write.kind !== 'grant' || write.record.revokedAt === null) return []
    const { id: grantId, accountId, clientId, revokedFor } = write.record
    const detail = { why: revokedFor }
    return [audit(services, { event: 'grant.revoked', ...by, accountId, clientId, grantId, detail })]
  })
  return told.length === 0 ? writes : [...writes, ...told]
}
