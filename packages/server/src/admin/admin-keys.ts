// Signing keys and the audit log, as administrators see them. How keys are kept and take turns is ../keys.ts, how entries are linked
// ../audit-chain.ts.

import { audit } from '../audit.ts'
import type { ExportedEntry } from '../audit-chain.ts'
import { linkEntries } from '../audit-chain.ts'
import { type Verified, type VerifyOptions, verifyChain } from '../audit-verify.ts'
import { openKeys, rotateKeys } from '../keys.ts'
import type { AdminBase } from './admin-base.ts'
import { AdminError } from './admin-error.ts'
import { type AuditPage, type AuditQuery, type AuditRange, exportAudit, listAudit } from './audit-log.ts'
import { everyRecord } from './every-record.ts'
import { type KeySummary, keySummary } from './summaries.ts'

export interface KeyAdmin {
  listKeys(): Promise<readonly KeySummary[]>
  /** The new keys; they sign after the lead time, and until then there is no other rotation. */
  rotateKeys(): Promise<readonly KeySummary[]>
}

export interface AuditAdmin {
  listAudit(query: AuditQuery): Promise<AuditPage>
  exportAudit(range: AuditRange): Promise<readonly ExportedEntry[]>
  verifyAudit(options?: VerifyOptions): Promise<Verified>
}

export function keyAdmin(base: AdminBase): KeyAdmin {
  const { store, system, by } = base
  return {
    async listKeys() {
      await openKeys(base)
      return (await everyRecord(store, 'signingKey')).map((key) => keySummary(key, system.now()))
    },
    async rotateKeys() {
      await openKeys(base)
      const made = await rotateKeys({
        ...base,
        tell: ({ id, alg }) => [audit(base, { event: 'key.added', ...by, detail: { kid: id, alg } })],
      })
      if (made.length === 0)
        throw new AdminError(
          'refused',
          'The next keys wait for their turn already; rotate again when they sign.',
        )
      return made.map((key) => keySummary(key, system.now()))
    },
  }
}

export function auditAdmin(base: AdminBase): AuditAdmin {
  return {
    listAudit: (query) => listAudit(base, query),
    exportAudit: (range) => exportAudit(base, range),
    async verifyAudit(options) {
      await linkEntries(base)
      return verifyChain(base, options)
    },
  }
}
