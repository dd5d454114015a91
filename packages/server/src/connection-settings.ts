// How a provider of connections is configured: one entry of the setting `connections`. What each kind needs beyond that is known to
// whoever connects (connections.ts), and said at the start. What all settings have in common is settings.ts.

import { connectionExchange } from '@countersign/protocol'
import { z } from 'zod'
import { loopbackOrHttps, secret } from './accounts/upstream/provider-settings.ts'

/** Such as scopes and token types have it. */
export const connectionId = z
  .string()
  .regex(connectionExchange.connectionProviderId, 'the id of a provider: use a-z, 0-9 and dashes')

const connectionKinds = ['github', 'google', 'entra', 'gitlab', 'slack', 'codex', 'device', 'code'] as const

const connection = z
  .strictObject({
    kind: z.enum(connectionKinds),
    /** Connections are stored under it, and programs ask by it; it never changes. By default that of the vendor. */
    id: connectionId.optional(),
    /** What people call it; by default the vendor's own name. */
    name: z.string().min(1).max(40).optional(),
    /** Where discovery begins, for `device` and `code`: any provider with RFC 8628, or with codes and PKCE. */
    issuer: loopbackOrHttps.optional(),
    /** Where the vendor is, if not at its usual place: a GitHub Enterprise Server, a GitLab of one's own. */
    baseUrl: loopbackOrHttps.optional(),
    clientId: z.string().min(1),
    clientSecret: secret.optional(),
    /** Asked for where a program asks for none in particular. */
    scopes: z.array(z.string().min(1)).optional(),
    /** Whether the person types a code there or the browser goes there and comes back, where the vendor has both. */
    flow: z.enum(['device', 'code']).optional(),
    /** Which directory of Microsoft Entra. */
    tenant: z.string().min(1).optional(),
    /** For `device` and `code`: for how long a used refresh token may be sent again; 0 unless the provider promises more. */
    refreshGraceSeconds: z.number().int().min(0).max(86_400).optional(),
    /** For those two: what goes out with the request that begins it, such as `prompt`; and with every request for tokens. */
    parameters: z.record(z.string(), z.string()).optional(),
    audience: z.record(z.string(), z.string()).optional(),
  })
  .refine(
    ({ kind, id, issuer }) =>
      (kind !== 'device' && kind !== 'code') || (id !== undefined && issuer !== undefined),
    'this kind needs an id and an issuer',
  )

/** What an entry is called in complaints about it. */
export const nameOf = ({ id, kind }: { readonly id?: string | undefined; readonly kind: string }): string =>
  id ?? kind

export const connectionProviders = z
  .array(connection)
  .max(20)
  .refine((all) => new Set(all.map(nameOf)).size === all.length, 'each id once')
  .default([])

export type ConnectionKind = (typeof connectionKinds)[number]

export type ConnectionSettings = Readonly<z.infer<typeof connection>>
