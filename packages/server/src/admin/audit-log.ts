// Reading the audit log: the newest first with filters, or in the order of the chain for who keeps a copy elsewhere.
// Whatever was written until now is linked first (audit-chain.ts); whether the chain holds is audit-verify.ts.

import type { AuditEntry } from '@countersign/protocol'
import {
  type ChainBase,
  type ExportedEntry,
  entriesAt,
  exported,
  lastPlace,
  linkEntries,
} from '../audit-chain.ts'

export interface AuditFilter {
  /** A whole name such as `grant.revoked`, or its first words: `grant`. */
  readonly event?: string | undefined
  /** The account that acted, or that it was about. */
  readonly account?: string | undefined
  readonly client?: string | undefined
  readonly grant?: string | undefined
  /** Seconds since the epoch, the first included, the second not. */
  readonly since?: number | undefined
  readonly until?: number | undefined
}

export interface AuditQuery extends AuditFilter {
  /** The place in the chain before which to go on. */
  readonly before?: number | undefined
  readonly limit: number
}

export interface AuditPage {
  readonly items: readonly ExportedEntry[]
  /** What to give as `before` for the next page. */
  readonly next?: number
}

const step = 200
const mostSteps = 25
/** Entries stand in the order in which they were linked, which is that of their times but for clocks that disagree. */
const disorderSeconds = 86_400

/** The newest first; those that could not be linked before all others, however many. */
export async function listAudit(base: ChainBase, query: AuditQuery): Promise<AuditPage> {
  const { limit, since } = query
  await linkEntries(base)
  const matches = matching(query)
  const items: ExportedEntry[] = []
  let before = query.before
  if (before === undefined) {
    const open = await base.store.find('auditEntry', 'link', 'open')
    items.push(...open.toReversed().filter(matches).map(exported))
    before = (await lastPlace(base)) + 1
  }
  for (let steps = 0; steps < mostSteps && before > 1; steps++) {
    const first: number = Math.max(1, before - step)
    const standing = await entriesAt(base.store, first, before - 1)
    for (const [i, entries] of [...standing.entries()].reverse()) {
      const found = entries.filter(matches)
      if (found.length > 0 && items.length >= limit) return { items, next: first + i + 1 }
      items.push(...found.map(exported))
    }
    before = first
    const [oldest] = standing.flat()
    if (since !== undefined && oldest !== undefined && oldest.at < since - disorderSeconds) return { items }
  }
  return before > 1 ? { items, next: before } : { items }
}

function matching({ event, account, client, grant, since, until }: AuditFilter) {
  return (entry: AuditEntry): boolean =>
    (event === undefined || entry.event === event || entry.event.startsWith(`${event}.`)) &&
    (account === undefined || entry.accountId === account || entry.actor.id === account) &&
    (client === undefined || entry.clientId === client || entry.actor.id === client) &&
    (grant === undefined || entry.grantId === grant) &&
    (since === undefined || entry.at >= since) &&
    (until === undefined || entry.at < until)
}

export interface AuditRange {
  /** The place behind which to begin. */
  readonly after?: number | undefined
  readonly limit: number
}

/** In the order of the chain, from the place behind `after`: at most `limit` entries, fewer at the end. */
export async function exportAudit(
  base: ChainBase,
  { after = 0, limit }: AuditRange,
): Promise<readonly ExportedEntry[]> {
  await linkEntries(base)
  const last = Math.min(after + limit, await lastPlace(base))
  const found: ExportedEntry[] = []
  for (let first = after + 1; first <= last; first += step) {
    const entries = await entriesAt(base.store, first, Math.min(first + step - 1, last))
    found.push(...entries.flat().map(exported))
  }
  return found
}
