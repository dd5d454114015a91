// Registering a client by hand: what is required, what is refused, and the defaults.
// The client that is there from the first start is own-client.ts; storing and listing is admin.ts.

import {
  type Client,
  type ClientAuthMethod,
  type GrantType,
  isResourceIndicator,
} from '@countersign/protocol'
import { z } from 'zod'
import { digest } from '../secrets.ts'
import type { System } from '../system.ts'
import { AdminError } from './admin-error.ts'

const grantTypes = [
  'urn:ietf:params:oauth:grant-type:device_code',
  'refresh_token',
  'authorization_code',
  'client_credentials',
] as const satisfies readonly GrantType[]

/** `device` and `device_code` are short for the URN of RFC 8628. */
const grantType = z.preprocess(
  (value) => (value === 'device_code' || value === 'device' ? grantTypes[0] : value),
  z.enum(grantTypes),
)

const input = z.strictObject({
  // G-25: a client id can never be mistaken for the `sub` of an account.
  id: z
    .string()
    .regex(
      /^(?!usr_)[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$/,
      'use letters, digits and . _ ~ -, not starting with usr_',
    ),
  name: z.string().trim().min(1).max(100),
  publisher: z.string().trim().min(1).max(100).nullable().default(null),
  redirectUris: z.array(z.url()).default([]),
  grants: z.array(grantType).optional(),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'a scope has no spaces or quotes'))
    .optional(),
  // RFC 8707 §2: what a request may name later has the same form now.
  resources: z
    .array(z.string().refine(isResourceIndicator, 'an absolute URI without a fragment'))
    .default([]),
  public: z.boolean().default(false),
  // A supplied secret is long, so that its plain SHA-256 is as good as a password hash and cheap to check.
  secret: z.string().min(32, 'a secret has at least 32 characters').max(500).optional(),
  firstParty: z.boolean().default(false),
  accessTokenFormat: z.enum(['jwt', 'opaque']).default('jwt'),
  accessTokenSeconds: z.number().int().min(60).max(3600).default(600),
})

export type NewClient = z.input<typeof input>

export function newClient(
  given: NewClient,
  system: System,
): { readonly record: Client; readonly secret: string | undefined } {
  const parsed = input.safeParse(given)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AdminError('invalid', `${issue?.path.join('.') ?? 'client'}: ${issue?.message ?? 'wrong'}`)
  }
  const client = parsed.data
  if (client.public && client.secret !== undefined)
    throw new AdminError('invalid', 'secret: a public client has none')
  const generated =
    client.public || client.secret !== undefined ? undefined : system.random(32).toString('base64url')
  const secret = client.secret ?? generated
  const secretMethods: readonly ClientAuthMethod[] = ['client_secret_basic', 'client_secret_post']
  const record: Client = {
    id: client.id,
    version: 0,
    name: client.name,
    publisher: client.publisher,
    authMethods: client.public ? ['none'] : secretMethods,
    secretHashes: secret === undefined ? [] : [digest(secret)],
    grantTypes: client.grants ?? [grantTypes[0], 'refresh_token'],
    scopes: client.scopes ?? ['openid', 'profile', 'email', 'offline_access'],
    resources: client.resources,
    redirectUris: client.redirectUris,
    firstParty: client.firstParty,
    accessTokenFormat: client.accessTokenFormat,
    accessTokenSeconds: client.accessTokenSeconds,
    idTokenAlg: 'RS256',
    // A confidential first-party client is a resource server of the house: it may ask about every token.
    introspectsAll: client.firstParty && !client.public,
    createdAt: system.now(),
  }
  return { record, secret: generated }
}
