// Records as administrators see them: plain, in the names of the wire, without anything secret.
// What is done with them is admin.ts; the records themselves are those of @countersign/protocol.

import type { Account, Client, Grant, SigningKey } from '@countersign/protocol'

const instant = (seconds: number | null): string | null =>
  seconds === null ? null : new Date(seconds * 1000).toISOString()

export type AccountSummary = ReturnType<typeof accountSummary>
export const accountSummary = ({ id, email, name, admin, createdAt, disabledAt }: Account) => ({
  id,
  email,
  name,
  admin,
  created_at: instant(createdAt),
  disabled_at: instant(disabledAt),
})

export type ClientSummary = ReturnType<typeof clientSummary>
export const clientSummary = (client: Client) => ({
  id: client.id,
  name: client.name,
  publisher: client.publisher,
  public: client.authMethods.includes('none'),
  first_party: client.firstParty,
  grant_types: client.grantTypes,
  scopes: client.scopes,
  resources: client.resources,
  redirect_uris: client.redirectUris,
  access_token_format: client.accessTokenFormat,
  access_token_seconds: client.accessTokenSeconds,
  created_at: instant(client.createdAt),
})

export type KeySummary = ReturnType<typeof keySummary>
export const keySummary = ({ id, alg, createdAt, activeAt, retiresAt }: SigningKey, now: number) => ({
  kid: id,
  alg,
  state:
    activeAt > now ? ('next' as const) : retiresAt === null ? ('active' as const) : ('retiring' as const),
  created_at: instant(createdAt),
  active_at: instant(activeAt),
  retires_at: instant(retiresAt),
})

export type GrantSummary = ReturnType<typeof grantSummary>
export const grantSummary = (grant: Grant) => ({
  id: grant.id,
  account_id: grant.accountId,
  client_id: grant.clientId,
  device_name: grant.deviceName,
  scopes: grant.scopes,
  address: grant.context.observed.address,
  created_at: instant(grant.createdAt),
  last_used_at: instant(grant.lastUsedAt),
  expires_at: instant(grant.expiresAt),
  revoked_at: instant(grant.revokedAt),
  revoked_for: grant.revokedFor,
})
