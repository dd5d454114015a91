// The administration API's things as they travel, in zod: what OpenAPI says of them, and what tests hold every answer to.
// How they are made of records is summaries.ts; what goes in is beside each operation, api-*.ts.

import { z } from 'zod'

/** What OpenAPI says of a schema beyond its own: its name, or how it looks in a query, where all is text. */
export const names = z.registry<{
  id?: string
  type?: string
  minimum?: number
  maximum?: number
  pattern?: undefined
}>()
const named = <S extends z.ZodType>(id: string, schema: S): S => {
  names.add(schema, { id })
  return schema
}

const instant = z.iso.datetime()
// `format` says as much, and its pattern is a line long.
names.add(instant, { pattern: undefined })
const texts = z.array(z.string())

export const account = named(
  'Account',
  z.object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    admin: z.boolean(),
    created_at: instant,
    disabled_at: instant.nullable(),
  }),
)

export const identity = named(
  'Identity',
  z.object({
    id: z.string(),
    provider: z.string(),
    subject: z.string(),
    email: z.string().nullable(),
    name: z.string().nullable(),
    created_at: instant,
    last_used_at: instant.nullable(),
  }),
)

const alg = z.enum(['ES256', 'RS256', 'EdDSA'])
const seconds = z.int().min(0)
const format = z.enum(['jwt', 'opaque'])
const page = z.string().nullable()

export const client = named(
  'Client',
  z.object({
    id: z.string(),
    name: z.string(),
    publisher: z.string().nullable(),
    source: z.enum(['admin', 'registration', 'metadata_document']),
    application_type: z.enum(['web', 'native']),
    public: z.boolean(),
    first_party: z.boolean(),
    skips_consent: z.boolean(),
    authentication: z.array(z.enum(['none', 'basic', 'post', 'private_key_jwt'])),
    credentials: z.array(z.object({ ends_at: instant.nullable() })),
    jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).nullable(),
    jwks_uri: z.string().nullable(),
    grant_types: texts,
    scopes: texts,
    resources: texts,
    redirect_uris: texts,
    post_logout_redirect_uris: texts,
    pages: z.object({ home: page, terms: page, privacy: page }),
    requires_par: z.boolean(),
    requires_dpop: z.boolean(),
    device_network_policy: z.enum(['confirm', 'return-code', 'refuse']).nullable(),
    access_token_format: format,
    access_token_seconds: seconds,
    access_token_alg: alg,
    refresh_idle_seconds: seconds.nullable(),
    refresh_absolute_seconds: seconds.nullable(),
    id_token_alg: alg,
    introspection_alg: alg.nullable(),
    userinfo_alg: alg.nullable(),
    introspects_all: z.boolean(),
    exchange: z.object({ audiences: texts, foreign_tokens: z.boolean() }).nullable(),
    created_at: instant,
    expires_at: instant.nullable(),
  }),
)

export const resource = named(
  'Resource',
  z.object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(
      z.object({
        scope: z.string(),
        words: z.string(),
        risk: z.string().nullable(),
        optional: z.boolean(),
      }),
    ),
    open_to_all: z.boolean(),
    access_token_format: format.nullable(),
    access_token_seconds: seconds.nullable(),
    created_at: instant,
  }),
)

export const registrationToken = named(
  'InitialAccessToken',
  z.object({
    id: z.string(),
    name: z.string(),
    uses_left: z.int().min(0),
    created_at: instant,
    expires_at: instant,
  }),
)

export const grant = named(
  'Grant',
  z.object({
    id: z.string(),
    account_id: z.string(),
    client_id: z.string(),
    device_name: z.string(),
    via: z.enum(['device_code', 'authorization_code', 'jwt_bearer']),
    scopes: texts,
    resources: texts,
    address: z.string(),
    created_at: instant,
    last_used_at: instant,
    expires_at: instant,
    revoked_at: instant.nullable(),
    revoked_for: z.string().nullable(),
  }),
)

export const consent = named(
  'Consent',
  z.object({
    id: z.string(),
    account_id: z.string(),
    client_id: z.string(),
    redirect_target: z.string(),
    resources: texts,
    scopes: texts,
    created_at: instant,
    updated_at: instant,
  }),
)

export const key = named(
  'Key',
  z.object({
    kid: z.string(),
    alg,
    state: z.enum(['next', 'active', 'retiring']),
    created_at: instant,
    active_at: instant,
    retires_at: instant.nullable(),
  }),
)

export const auditEntry = named(
  'AuditEntry',
  z.object({
    sequence: z.int().min(0).nullable(),
    id: z.string(),
    at: instant,
    event: z.string(),
    actor: z.object({
      kind: z.enum(['account', 'client', 'admin', 'server']),
      id: z.string().nullable(),
    }),
    address: z.string().nullable(),
    account_id: z.string().nullable(),
    client_id: z.string().nullable(),
    grant_id: z.string().nullable(),
    detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), texts, z.null()])),
    previous_hash: z.string().nullable(),
    hash: z.string().nullable(),
  }),
)

const head = z.object({ sequence: z.int().min(0), hash: z.string() })

export const verified = named(
  'AuditVerification',
  z.object({
    ok: z.boolean(),
    checked: z.int().min(0),
    head: head.nullable(),
    next: z.int().min(0).nullable(),
    faults: z.array(
      z.object({
        sequence: z.int().min(0),
        fault: z.enum(['missing', 'twice', 'changed', 'moved', 'head', 'noted']),
      }),
    ),
  }),
)

export const problem = named(
  'Problem',
  z.object({
    error: z.string(),
    message: z.string().optional(),
    /** What is wrong with a token, in the words of RFC 6750. */
    error_description: z.string().optional(),
    issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  }),
)

/** A page of a list; `next` is what to ask with for the one behind it. */
export const pageOf = (item: z.ZodType, next: z.ZodType = z.string()) =>
  z.object({ items: z.array(item), next: next.optional() })

const cursor = z.string().max(2048)
const digits = z
  .string()
  .regex(/^\d{1,12}$/, 'a whole number')
  .transform(Number)

const integer = <S extends z.ZodType>(schema: S, minimum: number, maximum: number): S => {
  names.add(schema, { type: 'integer', minimum, maximum, pattern: undefined })
  return schema
}

export const count = (most: number, preset: number) =>
  integer(digits.pipe(z.int().min(1).max(most)).default(preset), 1, most)

/** Where somebody stands in the audit chain. */
const farthest = 999_999_999_999
export const place = integer(digits.clone().optional(), 0, farthest)

export const paging = { after: cursor.optional(), limit: count(200, 50) }
export const filter = z.string().min(1).max(2048).optional()
