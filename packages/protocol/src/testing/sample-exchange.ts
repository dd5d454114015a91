// Clients and tokens for the tests of token exchange: services that may exchange, and tokens that count at `t0`.
// Nothing here decides anything: what may be exchanged is one folder up.

import type { AccessToken } from '../access-token.ts'
import type { Client } from '../records.ts'
import { client, t0 } from './sample-records.ts'

/** A confidential client that may exchange its own tokens for the audience they have. */
export function service(id: string, changes: Partial<Client> = {}): Client {
  return {
    ...client,
    id,
    authMethods: ['client_secret_basic'],
    grantTypes: ['urn:ietf:params:oauth:grant-type:token-exchange'],
    scopes: ['read', 'write'],
    exchange: { audiences: [], foreignTokens: false },
    ...changes,
  }
}

/** A token of `t0` that lives for 600 s: of Mia's sign-in, or, with `accountId: null`, the client's own. */
export function tokenOf(changes: Partial<AccessToken> & Pick<AccessToken, 'clientId'>): AccessToken {
  const ofPerson = changes.accountId !== null
  return {
    jti: `jti-of-${changes.clientId}`,
    grantId: ofPerson ? 'grant-1' : null,
    accountId: 'usr_mia',
    scopes: ['read', 'write'],
    audience: 'https://api.example',
    issuedAt: t0,
    expiresAt: t0 + 600,
    authTime: ofPerson ? t0 - 100 : null,
    amr: ofPerson ? ['pwd'] : [],
    jkt: null,
    act: null,
    ...changes,
  }
}
