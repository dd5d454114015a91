// Records as administrators see them: plain, in the names of the wire, without anything secret.
// What is done with them is admin.ts; the records themselves are those of @countersign/protocol.

import type {
  Account,
  Client,
  Consent,
  Grant,
  Identity,
  InitialAccessToken,
  Resource,
  SigningKey,
} from '@countersign/protocol'

const instant = (seconds: number | null): string | null =>
  seconds === null ? null : new Date(seconds * 1000).toISOString()

/** Enough of a digest to name it by. In hex, as an argument that begins with `-` would be read as an option. */
const shortName = (digest: string): string => Buffer.from(digest, 'base64url').toString('hex', 0, 6)

export type AccountSummary = ReturnType<typeof accountSummary>
export const accountSummary = ({ id, email, name, admin, createdAt, disabledAt }: Account) => ({
  id,
  email,
  name,
  admin,
  created_at: instant(createdAt),
  disabled_at: instant(disabledAt),
})

export type IdentitySummary = ReturnType<typeof identitySummary>
export const identitySummary = (identity: Identity) => ({
  id: shortName(identity.id),
  provider: identity.provider,
  subject: identity.subject,
  email: identity.email,
  name: identity.name,
  created_at: instant(identity.createdAt),
  last_used_at: instant(identity.lastUsedAt),
})

export type ClientSummary = ReturnType<typeof clientSummary>
export const clientSummary = (client: Client) => ({
  id: client.id,
  name: client.name,
  publisher: client.publisher,
  source: client.source,
  application_type: client.applicationType,
  public: client.authMethods.includes('none'),
  first_party: client.firstParty,
  skips_consent: client.skipsConsent,
  /** `none`, `basic`, `post`, `private_key_jwt`. */
  authentication: client.authMethods.map((method) => method.replace(/^client_secret_/, '')),
  /** Until when each of what it authenticates with is good. */
  credentials: client.secrets.map(({ endsAt }) => ({ ends_at: instant(endsAt) })),
  jwks: client.jwks,
  jwks_uri: client.jwksUri,
  grant_types: client.grantTypes,
  scopes: client.scopes,
  resources: client.resources,
  redirect_uris: client.redirectUris,
  post_logout_redirect_uris: client.postLogoutRedirectUris,
  pages: client.pages,
  requires_par: client.requiresPar,
  requires_dpop: client.requiresDpop,
  // Nothing is said in records of before there was such a policy.
  device_network_policy: client.deviceNetworkPolicy ?? null,
  access_token_format: client.accessTokenFormat,
  access_token_seconds: client.accessTokenSeconds,
  access_token_alg: client.accessTokenAlg,
  refresh_idle_seconds: client.refreshIdleSeconds,
  refresh_absolute_seconds: client.refreshAbsoluteSeconds,
  id_token_alg: client.idTokenAlg,
  introspection_alg: client.introspectionAlg,
  userinfo_alg: client.userinfoAlg,
  introspects_all: client.introspectsAll,
  exchange: client.exchange && {
    audiences: client.exchange.audiences,
    foreign_tokens: client.exchange.foreignTokens,
  },
  created_at: instant(client.createdAt),
  /** When it is forgotten if nobody uses it, or its document fetched again. */
  expires_at: instant(client.expiresAt),
})

export type ResourceSummary = ReturnType<typeof resourceSummary>
export const resourceSummary = (resource: Resource) => ({
  id: resource.id,
  name: resource.name,
  scopes: resource.scopes,
  open_to_all: resource.openToAll,
  access_token_format: resource.accessTokenFormat,
  access_token_seconds: resource.accessTokenSeconds,
  created_at: instant(resource.createdAt),
})

export type InitialAccessTokenSummary = ReturnType<typeof initialAccessTokenSummary>
export const initialAccessTokenSummary = (token: InitialAccessToken) => ({
  id: shortName(token.id),
  name: token.name,
  uses_left: token.usesLeft,
  created_at: instant(token.createdAt),
  expires_at: instant(token.expiresAt),
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
  via: grant.via,
  scopes: grant.scopes,
  resources: grant.resources,
  address: grant.context.observed.address,
  created_at: instant(grant.createdAt),
  last_used_at: instant(grant.lastUsedAt),
  expires_at: instant(grant.expiresAt),
  revoked_at: instant(grant.revokedAt),
  revoked_for: grant.revokedFor,
})

export type ConsentSummary = ReturnType<typeof consentSummary>
export const consentSummary = (consent: Consent) => ({
  id: consent.id,
  account_id: consent.accountId,
  client_id: consent.clientId,
  redirect_target: consent.redirectTarget,
  resources: consent.resources,
  scopes: consent.scopes,
  created_at: instant(consent.createdAt),
  updated_at: instant(consent.updatedAt),
})
