// The settings: what there is, what the defaults are, and their bounds (standards.md section 27).
// Where values come from and how they are checked together is config.ts.

import { z } from 'zod'
import { identityProviders } from './accounts/upstream/provider-settings.ts'
import { connectionProviders } from './connection-settings.ts'

const seconds = (min: number, max: number, preset: number) =>
  z.coerce.number().int().min(min).max(max).default(preset)
const flag = z.union([z.boolean(), z.stringbool()])
const list = z
  .union([
    z.array(z.string()),
    z.string().transform((text) =>
      text
        .split(',')
        .map((entry) => entry.trim())
        .filter(Boolean),
    ),
  ])
  .default([])
const perMinute = (preset: number) => z.coerce.number().int().min(1).max(1_000_000_000).default(preset)

const trustedIssuer = z.strictObject({
  issuer: z.url(),
  jwksUri: z
    .url()
    .refine((uri) => /^https:|^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])[:/]/.test(uri), 'use https'),
  algs: z
    .array(z.enum(['ES256', 'RS256', 'EdDSA', 'PS256']))
    .min(1)
    .default(['ES256', 'RS256']),
  /** Identity assertion authorization grants (ID-JAG), or plain assertions of RFC 7523. */
  kind: z.enum(['id-jag', 'jwt']).default('id-jag'),
  /** Clients that may use it without authenticating; by default none (standards.md X-37). */
  publicClients: z.array(z.string()).default([]),
  /** Whether the first assertion for an unknown subject may be linked to the account with its e-mail address. */
  linkByEmail: z.boolean().default(false),
  /** Whether an assertion may be used again until it expires; by default once (standards.md X-10). */
  reusable: z.boolean().default(false),
  /**
   * The most that its assertions may grant, on top of what the client may have; empty for all of that but the scopes of this
   * server's own API (`countersign:…`), which are granted only where they are named here.
   */
  scopes: z.array(z.string()).default([]),
})

/** Each is also a variable: `refreshIdleSeconds` is COUNTERSIGN_REFRESH_IDLE_SECONDS. */
export const settings = z.strictObject({
  host: z.string().min(1).default('localhost'),
  port: z.coerce.number().int().min(0).max(65_535).default(4000),
  /** The public URL; by default http://localhost with the port that was bound. */
  issuer: z.string().optional(),
  data: z.string().min(1).default('./data'),
  databaseUrl: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
    .optional(),
  store: z.enum(['sqlite', 'postgres', 'memory']).optional(),
  sqliteSynchronous: z.enum(['FULL', 'NORMAL']).default('FULL'),
  /** 32 bytes in base64url or hex; by default a file beside the embedded database. */
  masterKey: z.string().optional(),
  /** Addresses or networks (a.b.c.d/n) of proxies whose X-Forwarded-For is believed. */
  trustedProxies: list,
  authorizationCodeSeconds: seconds(10, 600, 60),
  /** How long a pushed authorization request waits for its browser (RFC 9126 §2.2). */
  parSeconds: seconds(5, 600, 60),
  /** Only pushed authorization requests, from everybody (RFC 9126 §5). */
  requirePar: flag.default(false),
  /** How long a person may take from the authorization request to the decision. */
  authorizationRequestSeconds: seconds(60, 7200, 1800),
  /** Proofs carry a nonce of the server (RFC 9449 §8). */
  dpopNonces: flag.default(true),
  /** How old a DPoP proof may be (RFC 9449 §11.1). */
  dpopProofSeconds: seconds(10, 300, 60),
  /** How far clocks may differ (RFC 7519 §4.1.4). */
  clockToleranceSeconds: seconds(0, 300, 30),
  /** Who may register clients at /oauth/register (RFC 7591): nobody, who has an initial access token, or anybody. */
  registration: z.enum(['off', 'token', 'open']).default('off'),
  /** How many clients open registration makes at most. */
  registrationLimit: z.coerce.number().int().min(1).max(10_000_000).default(10_000),
  /** When a registered client that nobody ever used is forgotten. */
  registrationUnusedSeconds: seconds(60, 365 * 86_400, 7 * 86_400),
  /** Whether a URL may be a client_id: the address of a client id metadata document. */
  clientMetadataDocuments: flag.default(true),
  /** Hosts whose documents are taken (empty: of all) and never taken; `*.example.com` for all below one. */
  clientMetadataHosts: list,
  clientMetadataDeniedHosts: list,
  /** Issuers whose assertions are taken as grants (RFC 7523, ID-JAG); in the config file. */
  trustedIssuers: z
    .array(trustedIssuer)
    .refine((all) => new Set(all.map(({ issuer }) => issuer)).size === all.length, 'each issuer once')
    .default([]),
  /** Where people may sign in beside here: OpenID providers, GitHub, ORCID; in the config file (docs/identity.md). */
  identityProviders,
  /** Where people may connect accounts of theirs for their programs to use; in the config file (docs/connect.md). */
  connections: connectionProviders,
  /** Whether people sign in with a password; without, with passkeys and at providers only. */
  passwords: flag.default(true),
  deviceCodeSeconds: seconds(60, 1800, 600),
  /** Where a code is approved from another network than the device's, for clients whose record says nothing (RFC 10027 §6.1.1). */
  deviceNetworkPolicy: z.enum(['confirm', 'return-code', 'refuse']).default('return-code'),
  /** In place of the return code, for programs that cannot take one. */
  deviceNetworkFallback: z.enum(['confirm', 'refuse']).default('confirm'),
  /** How long a network that was proved by a return code needs none; 0 remembers nothing. */
  networkMemorySeconds: seconds(0, 365 * 86_400, 90 * 86_400),
  pollIntervalSeconds: seconds(1, 60, 5),
  holdSeconds: seconds(0, 30, 25),
  refreshIdleSeconds: seconds(60, 365 * 86_400, 30 * 86_400),
  refreshAbsoluteSeconds: seconds(60, 365 * 86_400, 90 * 86_400),
  refreshGraceSeconds: seconds(0, 30, 30),
  sessionIdleSeconds: seconds(60, 30 * 86_400, 86_400),
  sessionAbsoluteSeconds: seconds(60, 90 * 86_400, 14 * 86_400),
  rateCreatePerAddress: perMinute(60),
  rateCreatePerClient: perMinute(6000),
  rateInvalidPerAddress: perMinute(600),
  logLevel: z.enum(['silent', 'error', 'warn', 'info']).default('info'),
})
