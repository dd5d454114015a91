// What an administrator may say of a client: each member by itself in zod, and what has to hold between them.
// Making and changing the record is new-client.ts; what clients may say of themselves, protocol/client-metadata.ts.

import {
  type Client,
  type GrantType,
  isResourceIndicator,
  readKeySet,
  redirectUriFault,
  scopeToken,
} from '@countersign/protocol'
import { z } from 'zod'
import { connectionId } from '../connection-settings.ts'
import { AdminError } from './admin-error.ts'
import { plainText } from './plain-text.ts'

const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'

export const grantTypes = [
  deviceCode,
  'refresh_token',
  'authorization_code',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
] as const satisfies readonly GrantType[]

const shortNames: Readonly<Record<string, GrantType>> = {
  device: deviceCode,
  device_code: deviceCode,
  'token-exchange': 'urn:ietf:params:oauth:grant-type:token-exchange',
  'jwt-bearer': 'urn:ietf:params:oauth:grant-type:jwt-bearer',
}

/** The URNs have short names: `device_code`, `token-exchange`, `jwt-bearer`. */
const grantType = z.preprocess(
  (value) => (typeof value === 'string' ? (shortNames[value] ?? value) : value),
  z.enum(grantTypes),
)

const scope = z.string().regex(scopeToken, 'a scope has no spaces or quotes')
// RFC 8707 §2: what a request may name later has the same form now.
const resource = z.string().refine(isResourceIndicator, 'an absolute URI without a fragment')
const alg = z.enum(['ES256', 'RS256', 'EdDSA'])
const lifetime = (least: number, most: number) => z.number().int().min(least).max(most)
const day = 86_400
// RFC 7591 §2: pages for people; on plain http anybody on the way could write them.
const page = z.url({ protocol: /^https$/, error: 'an https address' }).nullable()
const keySet = z
  .unknown()
  .transform((value) => readKeySet(value))
  .refine((set) => set !== undefined, 'a JWK Set of public keys')
  .transform((set) => set ?? null)

/** Members that may be said at the start and changed later. */
const changeable = {
  name: plainText(100),
  publisher: plainText(100).nullable(),
  applicationType: z.enum(['web', 'native']),
  redirectUris: z.array(z.string()).max(50),
  postLogoutRedirectUris: z.array(z.string()).max(50),
  grants: z.array(grantType),
  scopes: z.array(scope).max(200),
  resources: z.array(resource).max(200),
  pages: z.strictObject({ home: page, terms: page, privacy: page }).partial(),
  /** The keys of `private_key_jwt`, by value or by address; with either it has no secret. */
  jwks: keySet,
  jwksUri: z.url({ protocol: /^https$/, error: 'an https address' }),
  firstParty: z.boolean(),
  /** The person is not asked; no effect for programs whose identity nothing assures. */
  skipsConsent: z.boolean(),
  requiresPar: z.boolean(),
  requiresDpop: z.boolean(),
  /** Where a code is approved from another network than the device's; null for the server's own. */
  deviceNetworkPolicy: z.enum(['confirm', 'return-code', 'refuse']).nullable(),
  accessTokenFormat: z.enum(['jwt', 'opaque']),
  accessTokenSeconds: lifetime(60, 3600),
  accessTokenAlg: alg,
  refreshIdleSeconds: lifetime(60, 365 * day).nullable(),
  refreshAbsoluteSeconds: lifetime(60, 365 * day).nullable(),
  idTokenAlg: alg,
  introspectionAlg: alg.nullable(),
  userinfoAlg: alg.nullable(),
  introspectsAll: z.boolean(),
  exchange: z
    .strictObject({ audiences: z.array(resource).max(200), foreignTokens: z.boolean().default(false) })
    .nullable(),
  /** The providers whose tokens it may have of people who connected an account there (protocol/connection-exchange.ts). */
  connections: z.array(connectionId).max(20),
}

export const newClientInput = z
  .strictObject({
    ...changeable,
    // G-25: a client id can never be mistaken for the `sub` of an account.
    id: z
      .string()
      .regex(
        /^(?!usr_)[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$/,
        'use letters, digits and . _ ~ -, not starting with usr_',
      ),
    public: z.boolean(),
    // A supplied secret is long, so that its plain SHA-256 is as good as a password hash and cheap to check.
    secret: z.string().min(32, 'a secret has at least 32 characters').max(500),
  })
  .partial()
  .required({ id: true, name: true })

export const clientChangesInput = z.strictObject(changeable).partial()

/** The input, or an AdminError that names the member. */
export function parseInput<S extends z.ZodType>(schema: S, given: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = issue?.path.join('.') || (issue?.code === 'unrecognized_keys' ? issue.keys[0] : what)
  throw new AdminError('invalid', `${path ?? what}: ${issue?.message ?? 'wrong'}`)
}

/** What has to hold between the members of a client, however it came to be so. Throws AdminError. */
export function checkClient(client: Client): Client {
  const wrong = faultOf(client)
  if (wrong !== undefined) throw new AdminError('invalid', wrong)
  return client
}

function faultOf(client: Client): string | undefined {
  const { grantTypes: grants, authMethods, redirectUris, postLogoutRedirectUris, applicationType } = client
  const isPublic = authMethods.includes('none')
  const uses = (grant: GrantType) => grants.includes(grant)
  // An administrator who says `native` allows schemes of its own for this one client (standards.md X-22).
  const privateUse = applicationType === 'native'
  const bad = (uris: readonly string[]) =>
    uris.find((uri) => redirectUriFault(uri, { privateUse }) !== undefined)
  const [redirect, logout] = [bad(redirectUris), bad(postLogoutRedirectUris)]
  if (redirect !== undefined) return `redirectUris: ${redirect} cannot be a redirect URI`
  if (logout !== undefined) return `postLogoutRedirectUris: ${logout} cannot be a redirect URI`
  if (uses('authorization_code') && redirectUris.length === 0)
    return 'redirectUris: the authorization code grant needs one'
  // RFC 6749 §4.4: "MUST only be used by confidential clients".
  if (isPublic && uses('client_credentials'))
    return 'grants: a public client has no credentials to get tokens by'
  if (isPublic && client.introspectsAll) return 'introspectsAll: a public client cannot say who it is'
  if (client.jwks !== null && client.jwksUri !== null) return 'jwks: by value or by address, not both'
  if (client.exchange !== null && !uses('urn:ietf:params:oauth:grant-type:token-exchange'))
    return 'exchange: needs the grant token-exchange'
  const { refreshIdleSeconds: idle, refreshAbsoluteSeconds: absolute } = client
  if (idle !== null && absolute !== null && idle > absolute)
    return 'refreshIdleSeconds: longer than refreshAbsoluteSeconds'
  return undefined
}
