// Administration put together of its parts, admin-*.ts: what the commands and the API do alike, in the name of whoever asks.
// How the commands get at a database is admin.ts, who may call the API api-caller.ts.

import { type AccountAdmin, accountAdmin } from './admin-accounts.ts'
import type { AdminBase } from './admin-base.ts'
import { type ClientAdmin, clientAdmin } from './admin-clients.ts'
import { type GrantAdmin, grantAdmin } from './admin-grants.ts'
import { type IdentityAdmin, identityAdmin } from './admin-identities.ts'
import { type AuditAdmin, auditAdmin, type KeyAdmin, keyAdmin } from './admin-keys.ts'
import { type InitialAccessTokenAdmin, initialAccessTokenAdmin } from './initial-access-tokens.ts'
import { type ResourceAdmin, resourceAdmin } from './resources.ts'

/** Results are plain objects without secrets, digests or keys. The calls throw AdminError. */
export interface Administration
  extends AccountAdmin,
    IdentityAdmin,
    ClientAdmin,
    ResourceAdmin,
    InitialAccessTokenAdmin,
    GrantAdmin,
    KeyAdmin,
    AuditAdmin {}

export function administer(base: AdminBase): Administration {
  return {
    ...accountAdmin(base),
    ...identityAdmin(base),
    ...clientAdmin(base),
    ...resourceAdmin(base),
    ...initialAccessTokenAdmin(base),
    ...grantAdmin(base),
    ...keyAdmin(base),
    ...auditAdmin(base),
  }
}
