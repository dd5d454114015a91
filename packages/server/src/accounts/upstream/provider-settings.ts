// How a provider of identities is configured: one entry of the setting `identityProviders`. What each kind does with it is
// oidc.ts, github.ts and orcid.ts; what all settings have in common is ../../settings.ts.

import { readFileSync } from 'node:fs'
import { z } from 'zod'

export const loopbackOrHttps = z
  .url()
  .refine(
    (text) => /^https:|^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/]|$)/.test(text),
    'use https; plain http is for loopback hosts only',
  )
  .refine((text) => !/[?#]/.test(text), 'it has a query or a fragment')

/** A secret as text, or where to find it: in the environment, or in a file such as container platforms mount. */
export const secret = z.union([
  z.string().min(1),
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
])

export const identityProvider = z
  .strictObject({
    /** Part of the redirect URI that is registered at the provider; it never changes. */
    id: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, 'use a-z, 0-9 and dashes'),
    kind: z.enum(['oidc', 'github', 'orcid']).default('oidc'),
    /** What people call it: "Continue with NAME". */
    name: z.string().min(1).max(40),
    /** The issuer (oidc), or another base address: a GitHub Enterprise Server, the sandbox of ORCID. */
    issuer: loopbackOrHttps.optional(),
    /** Where the API of a GitHub Enterprise Server is, if not below its `/api/v3`. */
    apiUrl: loopbackOrHttps.optional(),
    clientId: z.string().min(1),
    clientSecret: secret.optional(),
    scopes: z.array(z.string().min(1)).min(1).optional(),
    /** Who has one of these values in this claim is an administrator, who has not is none. */
    adminClaim: z
      .strictObject({
        claim: z.string().min(1),
        values: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1),
      })
      .optional(),
    /** Whether somebody without an account here gets one. */
    signUp: z.boolean().default(false),
    /** Who gets one only with a verified address in one of these domains. */
    emailDomains: z.array(z.string().min(1).toLowerCase()).min(1).optional(),
    /** Whether the provider may be at a private address, in the same network as this server. */
    privateNetwork: z.boolean().default(false),
  })
  .refine(
    ({ kind, issuer }) => kind !== 'oidc' || issuer !== undefined,
    'an OpenID provider needs its issuer',
  )
  .refine(
    ({ kind, clientSecret }) => kind === 'oidc' || clientSecret !== undefined,
    'this kind of provider needs a clientSecret',
  )
  .refine(({ id }) => id !== 'host', 'the id "host" is taken')

export const identityProviders = z
  .array(identityProvider)
  .max(20)
  .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, 'each id once')
  .default([])

export type IdentityProviderSettings = Readonly<z.infer<typeof identityProvider>>

export type ClientSecret = z.infer<typeof secret>

/** The secret itself; throws where it is not to be had. */
export function clientSecretOf(
  { id, clientSecret }: { readonly id: string; readonly clientSecret?: ClientSecret | undefined },
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (clientSecret === undefined || typeof clientSecret === 'string') return clientSecret
  const found = 'env' in clientSecret ? env[clientSecret.env] : fileText(clientSecret.file)
  const secretText = found?.trim()
  if (secretText) return secretText
  const place = 'env' in clientSecret ? `the variable ${clientSecret.env}` : `the file ${clientSecret.file}`
  throw new TypeError(`the clientSecret of ${id} is not in ${place}`)
}

function fileText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
