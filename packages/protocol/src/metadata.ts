// Authorization server metadata (RFC 8414 §2, OpenID Connect Discovery §3): the document, from the issuer and what is on.
// Where it is served and cached is the server's endpoints/metadata.ts. A member whose list would be empty is left out (MD-05).

import { acrValues } from './authentication.ts'
import type { GrantType } from './records.ts'

export interface MetadataInput {
  readonly issuer: string
  readonly grantTypes: readonly GrantType[]
  readonly scopes: readonly string[]
  readonly idTokenAlgs: readonly string[]
  /** What clients may sign assertions and proofs with; asymmetric only (RFC 9449 §5.1). */
  readonly clientAlgs: readonly string[]
  readonly requirePar: boolean
  readonly registration: boolean
  readonly clientMetadataDocuments: boolean
  /** Whether some issuer of identity assertion authorization grants is trusted. */
  readonly idJag: boolean
}

const secretMethods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']

const claims = [
  'sub',
  'name',
  'email',
  'email_verified',
  'iss',
  'aud',
  'exp',
  'iat',
  'nonce',
  'auth_time',
  'acr',
  'amr',
]

export function metadata(input: MetadataInput): Record<string, unknown> {
  const { issuer, clientAlgs, idTokenAlgs } = input
  const base = issuer.endsWith('/') ? issuer.slice(0, -1) : issuer
  const members: Record<string, unknown> = {
    issuer,
    authorization_endpoint: `${base}/oauth/authorize`,
    pushed_authorization_request_endpoint: `${base}/oauth/par`,
    token_endpoint: `${base}/oauth/token`,
    device_authorization_endpoint: `${base}/oauth/device/authorize`,
    introspection_endpoint: `${base}/oauth/introspect`,
    revocation_endpoint: `${base}/oauth/revoke`,
    userinfo_endpoint: `${base}/oauth/userinfo`,
    end_session_endpoint: `${base}/oauth/logout`,
    ...(input.registration ? { registration_endpoint: `${base}/oauth/register` } : {}),
    jwks_uri: `${base}/oauth/jwks`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    grant_types_supported: input.grantTypes,
    code_challenge_methods_supported: ['S256'],
    scopes_supported: input.scopes,
    token_endpoint_auth_methods_supported: ['none', ...secretMethods],
    token_endpoint_auth_signing_alg_values_supported: clientAlgs,
    introspection_endpoint_auth_methods_supported: secretMethods,
    introspection_endpoint_auth_signing_alg_values_supported: clientAlgs,
    revocation_endpoint_auth_methods_supported: ['none', ...secretMethods],
    revocation_endpoint_auth_signing_alg_values_supported: clientAlgs,
    introspection_signing_alg_values_supported: idTokenAlgs,
    dpop_signing_alg_values_supported: clientAlgs,
    require_pushed_authorization_requests: input.requirePar,
    authorization_response_iss_parameter_supported: true,
    ...(input.clientMetadataDocuments ? { client_id_metadata_document_supported: true } : {}),
    authorization_grant_profiles_supported: input.idJag ? ['urn:ietf:params:oauth:grant-profile:id-jag'] : [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: idTokenAlgs,
    userinfo_signing_alg_values_supported: idTokenAlgs,
    acr_values_supported: acrValues,
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    claims_supported: claims,
    claims_parameter_supported: false,
    request_parameter_supported: false,
    // Left out, it would mean true (OIDC Discovery §3).
    request_uri_parameter_supported: false,
  }
  const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0
  return Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value)))
}
