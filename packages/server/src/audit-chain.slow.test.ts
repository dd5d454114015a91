// Processes that link one audit log at once, on SQLite; what must hold is testing/audit-races.ts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { auditRaces } from './testing/audit-races.ts'

auditRaces('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-audit-'))
  return {
    choice: { path: join(folder, 'countersign.db') },
    close: async () => rmSync(folder, { recursive: true }),
  }
})
