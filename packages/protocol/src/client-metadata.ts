// Client metadata (RFC 7591 §2, OIDC Registration §2): from what a client says of itself to the members of its record, or the
// refusal. The way back is client-information.ts; a document that a client id names is client-metadata-document.ts.
// Who may register at all, and what the record has beyond this, is the server's.

import { type MemberReader, type MetadataRefusal, memberReader } from './client-metadata-reader.ts'
import type { Client, ClientAuthMethod, GrantType, SigningAlg } from './records.ts'
import { redirectUriFault } from './redirect-uri.ts'
import type { WireError } from './refusal.ts'
import { chooseScopes } from './scope.ts'

export type { MetadataRefusal }

/** What those may have who register this way. */
export interface MetadataPolicy {
  readonly grantTypes: readonly GrantType[]
  readonly scopes: readonly string[]
  /** What an assertion may be signed with. */
  readonly assertionAlgs: readonly string[]
  /** Whether native programs may be called back by a scheme of their own (standards.md X-22). */
  readonly privateUse: boolean
  /** Whether pages and keys may be at http on a loopback host, as in development. */
  readonly loopbackPages: boolean
}

/** The members of a record that the client chooses itself. */
export type ClientMetadata = Pick<
  Client,
  | 'applicationType'
  | 'authMethods'
  | 'jwks'
  | 'jwksUri'
  | 'grantTypes'
  | 'scopes'
  | 'redirectUris'
  | 'postLogoutRedirectUris'
  | 'pages'
  | 'requiresPar'
  | 'requiresDpop'
  | 'idTokenAlg'
  | 'introspectionAlg'
  | 'userinfoAlg'
> & {
  /** As it was given; null when it was not. */
  readonly name: string | null
  readonly echoed: Readonly<Record<string, unknown>>
}

export type ReadMetadata =
  | { readonly ok: true; readonly metadata: ClientMetadata }
  | { readonly ok: false; readonly refusal: MetadataRefusal }

/** RFC 7591 §3.2.2. */
export function speakMetadataRefusal({ error, member }: MetadataRefusal): WireError {
  return { status: 400, error, description: `The member ${member} is missing or cannot be registered so.` }
}

const methods: readonly ClientAuthMethod[] = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'none',
]
const signingAlgs: readonly SigningAlg[] = ['ES256', 'RS256', 'EdDSA']

/** The longest list of redirect URIs, more than any program has. */
const mostUris = 50

export function readClientMetadata(json: unknown, policy: MetadataPolicy): ReadMetadata {
  const read = memberReader(json, policy.loopbackPages)
  const method = read.oneOf('token_endpoint_auth_method', methods) ?? 'client_secret_basic'
  const grantTypes = grantsOf(read, policy, method)
  const redirects = redirectsOf(read, policy, grantTypes)
  const { jwks, jwksUri } = keysOf(read, method)
  const signingAlg = read.oneOf('token_endpoint_auth_signing_alg', policy.assertionAlgs)
  const metadata: ClientMetadata = {
    ...redirects,
    name: read.text('client_name') ?? null,
    authMethods: [method],
    jwks,
    jwksUri,
    grantTypes,
    scopes: scopesOf(read, policy),
    pages: {
      home: read.page('client_uri') ?? null,
      terms: read.page('tos_uri') ?? null,
      privacy: read.page('policy_uri') ?? null,
    },
    requiresPar: read.flag('require_pushed_authorization_requests'),
    requiresDpop: read.flag('dpop_bound_access_tokens'),
    idTokenAlg: read.oneOf('id_token_signed_response_alg', signingAlgs) ?? 'RS256',
    introspectionAlg: read.oneOf('introspection_signed_response_alg', signingAlgs) ?? null,
    userinfoAlg: read.oneOf('userinfo_signed_response_alg', signingAlgs) ?? null,
    echoed: {
      ...read.repeated(),
      ...(signingAlg === undefined ? {} : { token_endpoint_auth_signing_alg: signingAlg }),
    },
  }
  // Looked at for its form only: pictures from elsewhere are not shown (standards.md CIM-14).
  read.page('logo_uri')
  const refusal = read.fault()
  return refusal === undefined ? { ok: true, metadata } : { ok: false, refusal }
}

// RFC 7591 §2.1: each response type belongs to a grant. What is not offered here is left out of what is registered, and the
// answer says so (§3.2.1: values may be replaced); what does not fit together is refused.
function grantsOf(
  read: MemberReader,
  policy: MetadataPolicy,
  method: ClientAuthMethod,
): readonly GrantType[] {
  const named = read.texts('grant_types') ?? ['authorization_code']
  const grantTypes = policy.grantTypes.filter((grant) => named.includes(grant))
  if (grantTypes.length === 0) read.refuse('grant_types')
  // RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients."
  if (method === 'none' && grantTypes.includes('client_credentials')) read.refuse('grant_types')
  const fallback = named.includes('authorization_code') ? ['code'] : []
  const responseTypes = read.texts('response_types') ?? fallback
  const needs = (type: string) => (type === 'code' ? 'authorization_code' : 'implicit')
  if (!responseTypes.every((type) => named.includes(needs(type)))) read.refuse('response_types')
  if (grantTypes.includes('authorization_code') && !responseTypes.includes('code'))
    read.refuse('response_types')
  return grantTypes
}

type Redirects = Pick<ClientMetadata, 'applicationType' | 'redirectUris' | 'postLogoutRedirectUris'>

function redirectsOf(
  read: MemberReader,
  policy: MetadataPolicy,
  grantTypes: readonly GrantType[],
): Redirects {
  const redirectUris = [...new Set(read.texts('redirect_uris') ?? [])]
  const postLogoutRedirectUris = [...new Set(read.texts('post_logout_redirect_uris') ?? [])]
  const said = read.oneOf('application_type', ['web', 'native'] as const)
  // RFC 8252 §7.1: such a scheme is for programs on somebody's machine, and only for who says that it is one.
  const privateUse = policy.privateUse && said === 'native'
  const isRegistrable = (uri: string) =>
    redirectUriFault(uri, { privateUse }) === undefined && !(said === 'web' && uri.startsWith('http:'))
  const isRequired = grantTypes.includes('authorization_code')
  if (
    (isRequired && redirectUris.length === 0) ||
    redirectUris.length > mostUris ||
    !redirectUris.every(isRegistrable)
  )
    read.refuse('redirect_uris', 'invalid_redirect_uri')
  if (postLogoutRedirectUris.length > mostUris || !postLogoutRedirectUris.every(isRegistrable))
    read.refuse('post_logout_redirect_uris')
  // Who does not say is known by the addresses: only a program on somebody's machine can be called there (REG-14).
  const isLocal = redirectUris.every((uri) => uri.startsWith('http:'))
  return { applicationType: said ?? (isLocal ? 'native' : 'web'), redirectUris, postLogoutRedirectUris }
}

function keysOf(read: MemberReader, method: ClientAuthMethod): Pick<Client, 'jwks' | 'jwksUri'> {
  const jwks = read.keySet('jwks') ?? null
  const jwksUri = read.page('jwks_uri') ?? null
  // RFC 7591 §2: "The jwks_uri and jwks parameters MUST NOT both be present".
  if (jwks !== null && jwksUri !== null) read.refuse('jwks')
  if (method === 'private_key_jwt' && jwks === null && jwksUri === null) read.refuse('jwks')
  return { jwks, jwksUri }
}

// Less than was asked for is allowed (RFC 7591 §2); the scopes of open resources need no registration.
function scopesOf(read: MemberReader, { scopes }: MetadataPolicy): readonly string[] {
  const named = read.text('scope')
  if (named === undefined) return scopes
  const wanted = [...new Set(named.split(' '))]
  if (chooseScopes(named, wanted) === undefined) read.refuse('scope')
  return scopes.filter((scope) => wanted.includes(scope))
}
