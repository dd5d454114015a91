// Authorization server metadata (RFC 8414 §2, OpenID Connect Discovery §3): the document, from the issuer and what is on.
// Where it is served and cached is the server's endpoints/metadata.ts. A member whose list would be empty is left out (MD-05).

import type { GrantType } from './records.ts'

export interface MetadataInput {
  readonly issuer: string
  readonly grantTypes: readonly GrantType[]
  readonly scopes: readonly string[]
  readonly idTokenAlgs: readonly string[]
}

const authMethods = ['client_secret_basic', 'client_secret_post']

export function metadata({
  issuer,
  grantTypes,
  scopes,
  idTokenAlgs,
}: MetadataInput): Record<string, unknown> {
  const base = issuer.endsWith('/') ? issuer.slice(0, -1) : issuer
  const members: Record<string, unknown> = {
    issuer,
    token_endpoint: `${base}/oauth/token`,
    device_authorization_endpoint: `${base}/oauth/device/authorize`,
    introspection_endpoint: `${base}/oauth/introspect`,
    revocation_endpoint: `${base}/oauth/revoke`,
    userinfo_endpoint: `${base}/oauth/userinfo`,
    jwks_uri: `${base}/oauth/jwks`,
    grant_types_supported: grantTypes,
    scopes_supported: scopes,
    token_endpoint_auth_methods_supported: ['none', ...authMethods],
    introspection_endpoint_auth_methods_supported: authMethods,
    revocation_endpoint_auth_methods_supported: ['none', ...authMethods],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: idTokenAlgs,
    claims_supported: [
      'sub',
      'name',
      'email',
      'email_verified',
      'iss',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'amr',
    ],
  }
  const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0
  return Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value)))
}
