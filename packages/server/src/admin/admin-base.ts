// What every part of the administration works on, and in whose name.
// The parts are admin-*.ts and audit-log.ts; put together they are administration.ts.

import type { By } from '../audit.ts'
import type { Secrets } from '../secrets.ts'
import type { Store } from '../store/store.ts'
import type { System } from '../system.ts'

export interface AdminBase {
  readonly store: Store
  readonly system: System
  readonly secrets: Secrets
  /** Who asks: it is in every entry of the audit log. */
  readonly by: By
}
