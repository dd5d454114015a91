// A client's record as client metadata: the answer to who registered or manages it (RFC 7591 §3.2.1, RFC 7592 §3).
// Secrets and registration tokens are added by who has just made them; the way in is client-metadata.ts.

import type { Client } from './records.ts'

/** Every registered value, those that were left out or replaced included; members without a value are left out (G-09). */
export function clientInformation(client: Client): Record<string, unknown> {
  const { pages } = client
  const members: Record<string, unknown> = {
    client_id: client.id,
    client_id_issued_at: client.createdAt,
    client_name: client.name === client.id ? undefined : client.name,
    application_type: client.applicationType,
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris:
      client.postLogoutRedirectUris.length > 0 ? client.postLogoutRedirectUris : undefined,
    grant_types: client.grantTypes,
    response_types: client.grantTypes.includes('authorization_code') ? ['code'] : [],
    token_endpoint_auth_method: client.authMethods[0],
    scope: client.scopes.join(' ') || undefined,
    client_uri: pages.home,
    tos_uri: pages.terms,
    policy_uri: pages.privacy,
    jwks: client.jwks,
    jwks_uri: client.jwksUri,
    require_pushed_authorization_requests: client.requiresPar || undefined,
    dpop_bound_access_tokens: client.requiresDpop || undefined,
    id_token_signed_response_alg: client.idTokenAlg,
    introspection_signed_response_alg: client.introspectionAlg,
    userinfo_signed_response_alg: client.userinfoAlg,
    ...client.registration?.echoed,
  }
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && value !== null),
  )
}
