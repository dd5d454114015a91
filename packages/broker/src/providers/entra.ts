// Microsoft Entra ID (work, school and personal accounts), and its national clouds by `baseUrl`. The device flow needs "Allow public
// client flows" in the registration. There is no way to revoke one connection from outside.
// Not here: how a flow goes (oauth-device.ts, oauth-code.ts).

import { claimsOf } from '../oauth-claims.ts'
import { accountOf, type RawAnswer, withErrors } from '../oauth-vendor.ts'
import type { Provider } from '../provider.ts'
import { baseOf, type VendorSettings, vendorProvider } from './settings.ts'

export interface EntraSettings extends VendorSettings {
  /** A directory's id or domain, or `common` (the default), `organizations`, `consumers`. */
  readonly tenant?: string | undefined
}

export function entra(settings: EntraSettings): Provider {
  const base = baseOf(settings, 'https://login.microsoftonline.com')
  const tenant = `${base}/${encodeURIComponent(settings.tenant ?? 'common')}`
  return vendorProvider(settings.flow ?? 'device', {
    id: settings.id ?? 'entra',
    aliases: settings.id === undefined ? ['microsoft'] : [],
    name: settings.name ?? 'Microsoft',
    docs: 'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-device-code',
    issuer: `${tenant}/v2.0`,
    // Stated, because the metadata of `common` names no issuer but a pattern of one.
    endpoints: {
      authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
      token_endpoint: `${tenant}/oauth2/v2.0/token`,
      device_authorization_endpoint: `${tenant}/oauth2/v2.0/devicecode`,
    },
    clientId: settings.clientId,
    clientSecret: settings.clientSecret,
    clientAuthentication: 'client_secret_post',
    scopes: settings.scopes ?? ['openid', 'profile', 'email', 'offline_access', 'User.Read'],
    // "The Microsoft identity platform doesn't revoke old refresh tokens when used to fetch new access tokens."
    refreshGraceSeconds: Number.POSITIVE_INFINITY,
    normalise,
    issuerOf: ({ id_token }) => {
      const { tid } = claimsOf(id_token)
      return typeof tid === 'string' && /^[0-9a-f-]{36}$/.test(tid) ? `${base}/${tid}/v2.0` : undefined
    },
    async account(_api, { id_token }) {
      const { tid, oid, sub, preferred_username, email, name } = claimsOf(id_token)
      return accountOf(typeof oid === 'string' ? `${tid}.${oid}` : sub, preferred_username, email, name)
    },
  })
}

function normalise(answer: RawAnswer): RawAnswer {
  const { status, body } = withErrors(answer, {
    authorization_declined: 'access_denied',
    bad_verification_code: 'invalid_grant',
  })
  const { scope, refresh_token } = body
  // It is granted, which the refresh token shows, and never named.
  const isOffline = typeof scope === 'string' && typeof refresh_token === 'string'
  return { status, body: isOffline ? { ...body, scope: `${scope} offline_access` } : body }
}
